// The candidates of a peer: a whole description, and one line as it trickles in. What is read is written so that it
// reads the same, and there is no more of it than was said.
//
// Threads: one.
// links: shared_ice
#include "fuzz.hpp"

#include <shared/ice/description.hpp>

#include <jackfield/basic.hpp>

#include <cstdlib>
#include <optional>

namespace {

using namespace jackfield::ice;

void expect_the_same_again(const Candidate& candidate)
{
    const auto line = write_candidate(candidate);
    const auto again = parse_candidate(line);
    if (!again || write_candidate(*again) != line || again->type != candidate.type ||
        again->component != candidate.component || !(again->address == candidate.address))
        std::abort();
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::string credentials = "0d04b935\n7c33834e7cf944bf0e367b42\n";
    const std::string host = "H6e6ca382 1 UDP 2130706431 2001:db8::1 14133 typ host\n";
    const std::string other = "Sc0a8027e 1 UDP 1694498815 198.51.100.7 32589 typ srflx raddr 192.0.2.1 rport 5000\n"
                              "Hc0a8007e 2 TCP 2130706431 192.0.2.123 9 typ host tcptype active generation 0\n"
                              "R1 1 udp 16777215 203.0.113.9 50000 typ relay raddr 0.0.0.0 rport 0 network-id 1\n";
    std::vector<std::vector<std::uint8_t>> inputs;
    std::string many = credentials;
    for (std::size_t line = 0; line < kMaxRemoteCandidates + 6; ++line)
        many += host;
    for (const auto& text :
         {credentials + host + other, host, many, std::string("-\n-\n1 1 UDP 1 127.0.0.1 5004 typ host\n")})
        inputs.emplace_back(text.begin(), text.end());
    return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto candidate = parse_candidate(text))
        expect_the_same_again(*candidate);
    std::optional<Description> read;
    try {
        read = parse_description(text);
    } catch (const jackfield::Failure&) {
        return 0;
    }
    if (read->candidates.size() > kMaxRemoteCandidates)
        std::abort();
    std::vector<std::string> lines;
    for (const Candidate& candidate : read->candidates) {
        expect_the_same_again(candidate);
        lines.push_back(write_candidate(candidate));
    }
    const auto again = parse_description(write_description(read->credentials, lines));
    if (!(again.credentials == read->credentials) || again.candidates.size() != lines.size() ||
        again.skipped_lines != 0)
        std::abort();
    for (const unsigned component : {1U, 2U}) {
        if (const auto plain = read->plain_address(component); plain && plain->component != component)
            std::abort();
    }
    return 0;
}
