// Calls on every cell of the stack matrix, one after the other, and prints the table that is kept in STACKS.md.
//
//     build/release/bench/stack_matrix > tests/scenarios/stack_matrix/STACKS.md
//
// Exit code: 0 if every stack called, 1 if one did not, 2 for a command line that is none.

#include "cells.hpp"

#include <cstdio>
#include <iostream>

int main(int argc, char**)
{
    using namespace scenarios;
    if (argc > 1) {
        std::cerr << "usage: stack_matrix > tests/scenarios/stack_matrix/STACKS.md\n";
        return 2;
    }
    const auto factors = factors_of_plugins_there();
    const auto cells = cells_of(factors);
    std::cout
        << "# Any stack calls\n\n"
           "Written by `build/release/bench/stack_matrix`: a pairwise covering array over all slots. Every two plugins "
           "of\n"
           "every two slots meet in some row, and each row is a call between two processes on loopback with sound and\n"
           "pictures both ways. Times are milliseconds from dialling, at the caller, of one call each.\n\n"
           "identity-pkcs11 is not among them: not every secure channel can use a key that stays in a token. "
           "quic-ngtcp2 "
           "meets\n"
           "neither tcp-only nor a multiplexer, since it is one, over UDP; and only over QUIC go media without paths "
           "of "
           "their own.\n\n|";
    for (const auto& factor : factors)
        std::cout << ' ' << factor.slot << " |";
    std::cout << " ringing | first sound | first picture | result |\n|";
    for (std::size_t column = 0; column < factors.size() + 4; ++column)
        std::cout << " --- |";
    std::cout << '\n';
    int failed = 0;
    for (std::size_t number = 0; number < cells.size(); ++number) {
        std::cerr << "cell " << number + 1 << " of " << cells.size() << '\n';
        World world;
        const auto result = call_on(cells[number], world);
        failed += result.worked ? 0 : 1;
        char times[96];
        std::snprintf(times, sizeof(times), "%.1f | %.1f | %.1f", result.ringing_ms, result.sound_ms,
                      result.pictures_ms);
        std::cout << "| " << cells[number].name() << " | " << times << " | "
                  << (result.worked ? "works" : result.problem) << " |\n"
                  << std::flush;
    }
    return failed == 0 ? 0 : 1;
}
