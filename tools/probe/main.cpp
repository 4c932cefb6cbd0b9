// jackfield-probe LIBRARY: opens a plugin's library and ends. Whoever asks does it in this process, because code of the
// library runs while it is opened: it may crash, hang or end the process.
//
// Says "loaded", or "refused" if the loader does not take the library, which is for the one who asks to say in words.
// Anything else means that the library did not let us come so far.
#include <dlfcn.h>
#include <unistd.h>

#include <cstring>

namespace {

void say(const char* word)
{
    if (write(STDOUT_FILENO, word, std::strlen(word)) < 0)
        _exit(2);
}

} // namespace

int main(int count, char** arguments)
{
    if (count != 2 || arguments[1][0] == '-') {
        static constexpr char kUsage[] = "usage: jackfield-probe LIBRARY\n"
                                         "Opens the library of a plugin, as Jackfield would, and says whether that "
                                         "ends well.\n";
        return write(STDERR_FILENO, kUsage, sizeof kUsage - 1) < 0 || count != 2 ? 2 : 0;
    }
    say(dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) != nullptr ? "loaded\n" : "refused\n");
    _exit(0); // nothing of the library is to run at the end
}
