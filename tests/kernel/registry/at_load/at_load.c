/* Libraries that do something while they are being loaded: AT_LOAD says what. None is a plugin; whoever comes so far as to
 * look for one has loaded it.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((unused)) static void crashes(void)
{
    abort();
}

__attribute__((unused)) static void exits(void)
{
    _exit(0);
}

__attribute__((unused)) static void hangs(void)
{
    for (;;)
        pause();
}

__attribute__((unused)) static void talks(void)
{
    static const char words[] = "loaded, surely\n";
    if (write(STDOUT_FILENO, words, sizeof words - 1) > 0)
        raise(SIGKILL);
}

__attribute__((constructor)) static void at_load(void)
{
    AT_LOAD();
}
