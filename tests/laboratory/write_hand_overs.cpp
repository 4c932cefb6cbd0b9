// Each hand-over once, one after the other; prints the table that is kept in HAND_OVER.md.
//
//     build/release/bench/hand_overs > tests/laboratory/HAND_OVER.md
//     build/release/bench/hand_overs UdpIsBlocked        one of them
//
// Exit code: 0 if every gap is within its bound, 1 if one is not, 2 for a command line that is none, 77 if this kernel
// lets nobody make a network.

#include "hand_overs.hpp"
#include "private_world.hpp"

#include <cstdio>
#include <iostream>

namespace {

using namespace laboratory;

std::string row(const HandOver& what, const HandOverResult& result)
{
    char numbers[128];
    std::snprintf(numbers, sizeof(numbers), "%.0f | %.0f | %.0f | ", result.gap_ms, result.beyond_ms,
                  static_cast<double>(what.bound.count()));
    char noticed[32];
    std::snprintf(noticed, sizeof(noticed), "%.0f", result.reconnected_ms);
    return "| " + what.name + " | " + what.caller + ", " + what.callee + " | " + result.before + " | " + result.after +
           " | " + numbers + (result.reconnected_ms > 0 ? noticed : "") + " | " + result.problem + " |\n";
}

void print_head()
{
    std::cout
        << "# Hand-overs of running calls\n\n"
           "Written by `build/release/bench/hand_overs`. Each row is one call between two real processes in a network "
           "of\n"
           "namespaces, as in NAT_PAIRS.md, to whose network that happens at alice's side. The gap is the longest "
           "time\n"
           "without a packet of sound at either end, in milliseconds (`longest_gap_ms` of the timeline); what it is "
           "beyond\n"
           "the outage itself must be within the bound. It is 60 ms from alice to bob and back. Relays are reached "
           "over UDP, TCP and\n"
           "TLS; where one dies, over UDP and TCP. The last column but one is what alice says: from when she knew that "
           "the\n"
           "way was lost until both ends had another, while sound may have gone on meanwhile.\n\n"
           "| what happens | behind | before | after | gap | beyond the outage | bound | reconnected after | what went "
           "wrong |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
}

} // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() > 1) {
        std::cerr << "usage: hand_overs > tests/laboratory/HAND_OVER.md\n       hand_overs NAME\n";
        return 2;
    }
    if (const auto reason = enter_private_world(); !reason.empty()) {
        std::cerr << "hand_overs: " << reason << "\n";
        return 77;
    }
    print_head();
    int worse = 0;
    for (const auto& what : hand_overs()) {
        if (!words.empty() && words.front() != what.label)
            continue;
        const auto result = try_hand_over(what);
        worse += result.beyond_ms <= static_cast<double>(what.bound.count()) && result.problem.empty() ? 0 : 1;
        std::cout << row(what, result) << std::flush;
    }
    return worse == 0 ? 0 : 1;
}
