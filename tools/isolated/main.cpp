// jackfield-isolated PLUGIN: the process in which a plugin runs whose slot says "isolate": true. Started by Jackfield
// alone, with a socket to it as descriptor 3; PLUGIN is for who looks at a list of processes.
#include "hosted.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace {

constexpr int kSocket = 3;

bool is_socket(int descriptor)
{
    int kind = 0;
    socklen_t size = sizeof(kind);
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
}

} // namespace

int main()
{
    if (!is_socket(kSocket)) {
        std::fputs("usage: started by Jackfield for plugins with \"isolate\": true; there is nothing to do by hand\n",
                   stderr);
        return 2;
    }
    close_range(kSocket + 1, ~0U, 0);
    for (const int number : {SIGINT, SIGHUP, SIGPIPE}) // from a terminal: whoever started us says when it is over
        std::signal(number, SIG_IGN);
    static jackfield::isolated::Hosted hosted{jackfield::kernel::Descriptor(kSocket)};
    hosted.run();
    _exit(0); // threads of the plugin may still run, and nothing of ours is to end under them
}
