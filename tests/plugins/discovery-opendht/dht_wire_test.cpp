// What is read in packets of OpenDHT's, and that no packet at all does harm.
//
// Threads: the test's.
#include "dht_wire.hpp"

#include <gtest/gtest.h>

#include <random>

namespace discovery_opendht {
namespace {

using jackfield::Bytes;

NodeId id_of(std::uint8_t fill)
{
    NodeId id;
    id.fill(fill);
    return id;
}

void append(Bytes& out, std::initializer_list<int> bytes)
{
    for (const int byte : bytes)
        out.push_back(static_cast<std::uint8_t>(byte));
}

void append(Bytes& out, std::string_view text)
{
    out.insert(out.end(), text.begin(), text.end());
}

/// {"r": {"id": 1.., "n4": [2.. at 192.0.2.7:4222, 3.. at 127.0.0.1:5], "token": "abcd"}, "t": 7, "y": "r", "v":
/// "RNG1"}
Bytes answer_that_names_two()
{
    Bytes out;
    append(out, {0x84, 0xa1});
    append(out, "r");
    append(out, {0x83, 0xa2});
    append(out, "id");
    append(out, {0xc4, 20});
    out.insert(out.end(), 20, 1);
    append(out, {0xa2});
    append(out, "n4");
    append(out, {0xc4, 52});
    out.insert(out.end(), 20, 2);
    append(out, {192, 0, 2, 7, 4222 >> 8, 4222 & 0xff});
    out.insert(out.end(), 20, 3);
    append(out, {127, 0, 0, 1, 0, 5});
    append(out, {0xa5});
    append(out, "token");
    append(out, {0xc4, 4});
    append(out, "abcd");
    append(out, {0xa1});
    append(out, "t");
    append(out, {7, 0xa1});
    append(out, "y");
    append(out, {0xa1});
    append(out, "r");
    append(out, {0xa1});
    append(out, "v");
    append(out, {0xa4});
    append(out, "RNG1");
    return out;
}

TEST(DhtWire, ReadsWhoAnswersAndWhomItNames)
{
    const Bytes packet = answer_that_names_two();
    const auto glance = glance_at(packet);
    ASSERT_TRUE(glance);
    EXPECT_EQ(glance->sender, id_of(1));
    EXPECT_EQ(glance->question, Question::none);
    EXPECT_EQ(glance->transaction, 7U);
    ASSERT_EQ(glance->named.size(), 2U);
    EXPECT_EQ(glance->named[0].id, id_of(2));
    EXPECT_EQ(Bytes(glance->named[0].ip.begin(), glance->named[0].ip.end()), (Bytes{192, 0, 2, 7}));
    EXPECT_EQ(glance->named[0].port, 4222);
    EXPECT_EQ(glance->named[1].id, id_of(3));
    EXPECT_EQ(glance->named[1].port, 5);
}

TEST(DhtWire, ReadsWhatItWrites)
{
    for (const std::uint32_t network : {0U, 7U, 0xffff'ffffU}) {
        const auto ping = glance_at(make_ping(id_of(9), network, 0xfedc'ba98U));
        ASSERT_TRUE(ping);
        EXPECT_EQ(ping->sender, id_of(9));
        EXPECT_EQ(ping->question, Question::ping);
        EXPECT_EQ(ping->transaction, 0xfedc'ba98U);
        const auto answer = glance_at(make_empty_answer(id_of(8), network, 5));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->sender, id_of(8));
        EXPECT_EQ(answer->question, Question::none);
        EXPECT_EQ(answer->transaction, 5U);
        EXPECT_TRUE(answer->named.empty());
    }
}

TEST(DhtWire, ReadsTheTokenOfAnAnswer)
{
    const Bytes packet = answer_that_names_two();
    const auto glance = glance_at(packet);
    ASSERT_TRUE(glance);
    EXPECT_EQ(jackfield::as_text(glance->token), "abcd");
    EXPECT_TRUE(glance_at(make_empty_answer(id_of(8), 0, 5))->token.empty());
}

TEST(DhtWire, WritesAPutInPiecesOfOpenDhtsSize)
{
    const Bytes value(3000, 5);
    const auto packets = make_put(id_of(1), 7, 99, id_of(2), value, Bytes(32, 3));
    ASSERT_EQ(packets.size(), 4U);
    const auto question = glance_at(packets[0]);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->sender, id_of(1));
    EXPECT_EQ(question->question, Question::other);
    EXPECT_EQ(question->transaction, 99U);
    EXPECT_EQ(question->token.size(), 32U);
    for (const auto& packet : packets) {
        ASSERT_TRUE(glance_at(packet));
        EXPECT_EQ(glance_at(packet)->transaction, 99U);
        EXPECT_LE(packet.size(), 1400U);
    }
}

TEST(DhtWire, WritesLookUpsAndListens)
{
    for (const std::uint32_t network : {0U, 7U}) {
        const auto get = glance_at(make_get(id_of(1), network, 99, id_of(2)));
        ASSERT_TRUE(get);
        EXPECT_EQ(get->sender, id_of(1));
        EXPECT_EQ(get->question, Question::look_up);
        EXPECT_EQ(get->transaction, 99U);
        const Bytes listen_packet = make_listen(id_of(1), network, 98, id_of(2), Bytes(32, 3));
        const auto listen = glance_at(listen_packet);
        ASSERT_TRUE(listen);
        EXPECT_EQ(listen->sender, id_of(1));
        EXPECT_EQ(listen->question, Question::listen);
        EXPECT_EQ(listen->transaction, 98U);
        EXPECT_EQ(Bytes(listen->token.begin(), listen->token.end()), Bytes(32, 3));
    }
}

TEST(DhtWire, KnowsAFarewell)
{
    const auto glance = glance_at(make_farewell());
    ASSERT_TRUE(glance);
    EXPECT_TRUE(glance->farewell);
    EXPECT_FALSE(glance_at(answer_that_names_two())->farewell);
}

TEST(DhtWire, TakesAPacketThatIsCutOffForNone)
{
    const Bytes whole = answer_that_names_two();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes part(whole.begin(),
                         whole.begin() + static_cast<std::ptrdiff_t>(size)); // its own memory: ASan looks
        EXPECT_FALSE(glance_at(part)) << size;
    }
}

TEST(DhtWire, IsNotHarmedByWhatAPacketClaimsToHold)
{
    EXPECT_FALSE(glance_at(Bytes{0xdf, 0xff, 0xff, 0xff, 0xff}));                     // a map of four billion
    EXPECT_FALSE(glance_at(Bytes{0x81, 0xa1, 'x', 0xdd, 0xff, 0xff, 0xff, 0xff}));    // an array of as many
    EXPECT_FALSE(glance_at(Bytes{0x81, 0xa1, 'x', 0xc6, 0xff, 0xff, 0xff, 0xff}));    // bytes
    EXPECT_FALSE(glance_at(Bytes{0x81, 0xa1, 'x', 0xc9, 0xff, 0xff, 0xff, 0xff, 1})); // an extension
    EXPECT_FALSE(glance_at(Bytes(60'000, 0x91)));                                     // arrays in arrays
    EXPECT_FALSE(glance_at(Bytes(60'000, 0x81)));                                     // maps as keys
    Bytes deep{0x81, 0xa1, 'x'};
    deep.insert(deep.end(), 60'000, 0x91);
    EXPECT_FALSE(glance_at(deep));

    std::minstd_rand random(1);
    const Bytes good = answer_that_names_two();
    for (int i = 0; i < 100'000; ++i) {
        Bytes bad = good;
        for (int change = 0; change < 3; ++change)
            bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
        const auto glance = glance_at(bad);
        EXPECT_TRUE(!glance || glance->named.size() <= kMostNamed);
    }
}

} // namespace
} // namespace discovery_opendht
