// What libraries keep until the process ends, by their own design, so that the search for leaks of a build with
// AddressSanitizer (LeakSanitizer, at the end of the kit) speaks of plugins alone.

#ifdef __SANITIZE_ADDRESS__
/// SDL keeps the modes of a screen that it has closed, and libdbus, which it asks for a screen saver, its connections.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions()
{
    return "leak:libSDL2-2.0.so.0\n"
           "leak:libdbus-1.so.3\n";
}
#endif
