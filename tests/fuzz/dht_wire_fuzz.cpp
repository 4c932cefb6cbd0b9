// Packets of strangers to a DHT node, as we look at them before OpenDHT does: what is found in one lies in it, and a
// question that we write in place of another is one; as the answer to an early question, it brings no more than it may.
//
// Threads: one.
// links: discovery_opendht_parts
#include "fuzz.hpp"

#include "dht_wire.hpp"
#include "early_questions.hpp"

#include <cstdlib>

namespace {

using namespace discovery_opendht;

bool lies_in(jackfield::ByteView part, jackfield::ByteView packet)
{
    return part.empty() || (part.data() >= packet.data() && part.data() + part.size() <= packet.data() + packet.size());
}

std::vector<std::uint8_t> bytes_of(std::string_view text)
{
    return {text.begin(), text.end()};
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    using namespace std::string_view_literals;
    NodeId id{};
    id.fill(7);
    std::vector<std::vector<std::uint8_t>> inputs{make_ping(id, 0, 1), make_ping(id, 7, 0xfedcba98U), make_farewell(),
                                                  make_empty_answer(id, 0, 5)};
    for (auto& packet : make_put(id, 0, 9, id, Bytes(1500, 5), Bytes(32, 3)))
        inputs.push_back(std::move(packet));
    // {"r": {"id": .., "n4": [one node], "token": "abcd"}, "t": 7, "y": "r"}
    inputs.push_back(bytes_of("\x83\xa1r\x83\xa2id\xc4\x14"
                              "11111111111111111111"
                              "\xa2n4\xc4\x1a"
                              "22222222222222222222\xc0\x00\x02\x07\x10\x7e"
                              "\xa5token\xc4\x04"
                              "abcd\xa1t\x07\xa1y\xa1r"sv));
    // {"a": {"id": .., "h": .., "q": {"s": [1], "w": []}}, "q": "get", "t": 7, "y": "q"}
    inputs.push_back(bytes_of("\x84\xa1"
                              "a\x83\xa2id\xc4\x14"
                              "11111111111111111111"
                              "\xa1h\xc4\x14"
                              "33333333333333333333\xa1q\x82\xa1s\x91\x01\xa1w\x90\xa1q\xa3get\xa1t\x07\xa1y\xa1q"sv));
    // {"r": {"id": .., "values": [30, {"id": 5, "dat": {"body": {"type": 0, "data": "abc"}}}]}, "t": 7, "y": "r"}
    inputs.push_back(bytes_of("\x83\xa1r\x82\xa2id\xc4\x14"
                              "11111111111111111111"
                              "\xa6values\x92\x1e\x82\xa2id\x05\xa3"
                              "dat\x81\xa4"
                              "body\x82\xa4type\x00\xa4"
                              "data\xc4\x03"
                              "abc\xa1t\x07\xa1y\xa1r"sv));
    return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const jackfield::ByteView packet(data, size);
    const auto before = glance_at(packet);
    if (before) {
        if (before->named.size() > kMostNamed || before->token.size() > kLargestToken ||
            !lies_in(before->token, packet))
            std::abort();
        for (const NamedNode& node : before->named) {
            if ((node.ip.size() != 4 && node.ip.size() != 16) || !lies_in(node.ip, packet))
                std::abort();
        }
    }
    const auto whole = ask_for_values(packet);
    const auto after = whole ? glance_at(whole->packet) : std::nullopt;
    if (before && whole && (!after || after->question != before->question || after->transaction != before->transaction))
        std::abort();
    EarlyQuestions early;
    early.asked(1, {}, [](const EarlyValue&) {}, {});
    std::size_t found = 0;
    for (int twice = 0; twice < 2; ++twice) // pieces come after what announces them
        found += early.take({}, 1, packet, {}).values.size();
    if (found > 4 * EarlyQuestions::kMostValues)
        std::abort();
    return 0;
}
