// Calls between every two kinds of NAT, one after the other, and prints the table that is kept in NAT_PAIRS.md.
//
//     build/release/bench/nat_pairs > tests/laboratory/NAT_PAIRS.md
//     build/release/bench/nat_pairs "symmetric" "open"        one pair
//
// Exit code: 0 if every call went the best way there is, 1 if one did not, 2 for a command line that is none, 77 if
// this kernel lets nobody make a network.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <cstdio>
#include <iostream>

namespace {

using namespace laboratory;

PairResult call_in_a_new_laboratory(const Side& caller, const Side& callee)
{
    PairLaboratory laboratory;
    return laboratory.call(caller, callee);
}

std::string row(const Side& caller, const Side& callee, const PairResult& result)
{
    char times[64];
    std::snprintf(times, sizeof(times), "%.0f | %.0f", result.ringing_ms, result.media_ms);
    const Way best = best_way(caller, callee);
    return "| " + caller.name + " | " + callee.name + " | " + std::string(name_of(result.media)) +
           (result.media == best ? "" : " (" + std::string(name_of(best)) + " is possible)") + " | " +
           std::string(name_of(result.control)) + (result.control == Way::none ? "" : ", " + result.control_transport) +
           " | " + times + " | " + result.problem + " |\n";
}

void print_head()
{
    std::cout
        << "# Calls between every two kinds of NAT\n\n"
           "Written by `build/release/bench/nat_pairs`. Each row is one call between two real processes, each in a "
           "network\n"
           "namespace behind its NAT, with a DHT node, a rendezvous server and a relay (coturn) in a public network; "
           "every NAT\n"
           "was found to be what it is called by a probe (RFC 5780) before the call. Cables have no delay here, so "
           "times are what\n"
           "is waited for and computed. Milliseconds from dialling, at the caller. The control path is the one that "
           "came first; "
           "it may find a\n"
           "direct way later. Whoever lets nothing but the web out has his relay over TLS on port 443.\n\n"
           "| caller behind | callee behind | sound goes | control path | ringing | first sound | what went wrong |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n";
}

} // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() != 0 && words.size() != 2) {
        std::cerr << "usage: nat_pairs > tests/laboratory/NAT_PAIRS.md\n       nat_pairs CALLER CALLEE\n";
        return 2;
    }
    if (const auto reason = enter_private_world(); !reason.empty()) {
        std::cerr << "nat_pairs: " << reason << "\n";
        return 77;
    }
    print_head();
    int worse = 0;
    for (const auto& caller : sides()) {
        for (const auto& callee : sides()) {
            if (!words.empty() && (words[0] != caller.name || words[1] != callee.name))
                continue;
            const auto result = call_in_a_new_laboratory(caller, callee);
            worse += result.media == best_way(caller, callee) && result.problem.empty() ? 0 : 1;
            std::cout << row(caller, callee, result) << std::flush;
        }
    }
    return worse == 0 ? 0 : 1;
}
