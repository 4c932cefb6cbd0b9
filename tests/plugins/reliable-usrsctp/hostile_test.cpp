// Paths that carry anything but SCTP, and paths that cannot carry it: refused or ignored, never believed.
//
// Threads: the test's thread is control, the link has its own. Lifetime: the fixture's.
#include "stream_end.hpp"

#include <random>

namespace {

using namespace reliable_test;

class ReliableUsrsctpHostile : public Streams {};

std::string refusal(FakeHost& host, const InstanceUnderTest<jf_reliable_stream_methods>& plugin, Path below)
{
    try {
        StreamEnd end(host, plugin, below, true);
        return "";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        return failure.what();
    }
}

TEST_F(ReliableUsrsctpHostile, RefusesAStreamBelow)
{
    MemoryLink stream(JF_STREAM);
    EXPECT_EQ(refusal(host, plugin, stream.path(0)),
              "the path below is a stream already; reliable-usrsctp takes datagrams");
}

TEST_F(ReliableUsrsctpHostile, RefusesAPathOfTinyDatagrams)
{
    MemoryLink tiny(JF_DATAGRAM, 575);
    EXPECT_EQ(refusal(host, plugin, tiny.path(0)), "the path below carries 575 bytes a datagram; SCTP needs 576");
}

TEST_F(ReliableUsrsctpHostile, RefusesAPathThatIsOpenAlready)
{
    MemoryLink used(JF_DATAGRAM);
    StreamEnd first(host, plugin, used.path(0), true);
    try {
        StreamEnd second(host, plugin, used.path(0), true);
        FAIL() << "opened twice";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BUSY);
    }
}

TEST_F(ReliableUsrsctpHostile, FailsWithATimeoutWhenNobodyAnswers)
{
    FakeHost turned(Clock::manual);
    InstanceUnderTest<jf_reliable_stream_methods> patient(turned, JACKFIELD_TEST_PLUGIN_DIR, "reliable-usrsctp",
                                                          JF_RELIABLE_STREAM_INTERFACE,
                                                          R"({"handshake_timeout_ms": 3000})");
    MemoryLink silent(JF_DATAGRAM);
    StreamEnd end(turned, patient, silent.path(0), true);
    turned.advance(std::chrono::milliseconds(2999));
    EXPECT_FALSE(end.failure());
    turned.advance(std::chrono::milliseconds(1));
    turned.run_pending();
    ASSERT_TRUE(end.failure());
    EXPECT_EQ(end.failure()->status, JF_TIMEOUT);
    EXPECT_STREQ(end.failure()->text, "no SCTP handshake within 3000 ms");
}

TEST_F(ReliableUsrsctpHostile, FailsWhenThePathEndsDuringTheHandshake)
{
    MemoryLink silent(JF_DATAGRAM);
    StreamEnd end(host, plugin, silent.path(0), true);
    silent.break_link(JF_CLOSED, "the other end closed");
    ASSERT_TRUE(host.run_until([&] { return end.failure().has_value(); }));
    EXPECT_EQ(end.failure()->status, JF_UNREACHABLE);
    EXPECT_FALSE(end.established());
}

TEST_F(ReliableUsrsctpHostile, MayBeReleasedDuringTheHandshake)
{
    for (int i = 0; i < 20; ++i) {
        MemoryLink pair(JF_DATAGRAM);
        StreamEnd one(host, plugin, pair.path(0), true);
        StreamEnd other(host, plugin, pair.path(1), false);
        host.run_pending();
    }
}

TEST_F(ReliableUsrsctpHostile, IgnoresGarbageFromThePath)
{
    connect();
    std::mt19937 random(3);
    std::atomic<int> made{0};
    std::mutex mutex;
    const ScopedFilter filter(*link, [&](int, Bytes& packet) {
        const std::lock_guard lock(mutex);
        if (random() % 4 != 0)
            return true;
        if (random() % 2 == 0) { // noise of any length
            packet.resize(random() % 1200);
            for (auto& byte : packet)
                byte = static_cast<std::uint8_t>(random());
        } else { // or some bits turned
            for (int i = 0; i < 3; ++i)
                packet[random() % packet.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
        }
        ++made;
        return true;
    });
    const Bytes bytes = pattern(100'000);
    ASSERT_TRUE(a->send_all(bytes, 10'000));
    ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == bytes.size() || b->end() || a->end(); }));
    EXPECT_EQ(b->received_so_far(), bytes);
    EXPECT_FALSE(a->end()) << a->end()->text;
    EXPECT_GT(made, 20);
}

/// CRC32c as SCTP uses it (RFC 9260 appendix A), so that changed packets are believed to be the peer's.
std::uint32_t crc32c(const Bytes& packet)
{
    std::uint32_t crc = ~0U;
    for (std::size_t i = 0; i < packet.size(); ++i) {
        crc ^= i >= 8 && i < 12 ? 0 : packet[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    }
    return ~crc;
}

void seal(Bytes& packet)
{
    const std::uint32_t crc = crc32c(packet);
    for (std::size_t i = 0; i < 4; ++i)
        packet[8 + i] = static_cast<std::uint8_t>(crc >> (8 * i));
}

TEST_F(ReliableUsrsctpHostile, EndsOrGoesOnButNeverBreaksWhenAPeerSendsWrongChunks)
{
    for (unsigned seed = 1; seed <= 40; ++seed) {
        a.reset();
        b.reset();
        link.reset();
        connect();
        auto random = std::make_shared<std::mt19937>(seed);
        link->set_filter([random](int end, Bytes& packet) {
            if (end == 0 && packet.size() > 16) { // the peer's tag stays right, its chunks do not
                for (unsigned i = 0; i < 1 + (*random)() % 6; ++i)
                    packet[12 + (*random)() % (packet.size() - 12)] = static_cast<std::uint8_t>((*random)());
                seal(packet);
            }
            return true;
        });
        for (int i = 0; i < 10; ++i)
            a->stream().send(pattern(700));
        host.run_until([&] { return b->end() || b->received_bytes() >= 7000; }, std::chrono::milliseconds(100));
        EXPECT_LE(b->received_bytes(), 8000U);
    }
}

TEST_F(ReliableUsrsctpHostile, RefusesAMessageOfAnotherProtocol)
{
    connect();
    std::atomic<bool> changed{false};
    const ScopedFilter filter(*link, [&](int end, Bytes& packet) {
        constexpr std::size_t kProtocol = 12 + 12; // of the first chunk, if that is DATA
        if (end == 0 && packet.size() > 28 && packet[12] == 0) {
            packet[kProtocol] ^= 1;
            seal(packet);
            changed = true;
        }
        return true;
    });
    ASSERT_EQ(a->stream().send(pattern(10)), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return b->end().has_value() && a->end().has_value(); }));
    EXPECT_TRUE(changed);
    EXPECT_EQ(b->end()->status, JF_BAD_INPUT) << b->end()->text;
    EXPECT_EQ(b->received_bytes(), 0U);
    EXPECT_EQ(a->end()->status, JF_REFUSED);
    EXPECT_STREQ(a->end()->text, "the peer broke the stream off: that message does not belong into this stream");
}

TEST_F(ReliableUsrsctpHostile, RefusesAWrongConfiguration)
{
    try {
        InstanceUnderTest<jf_reliable_stream_methods>(host, JACKFIELD_TEST_PLUGIN_DIR, "reliable-usrsctp",
                                                      JF_RELIABLE_STREAM_INTERFACE, R"({"timeout_ms": 5})");
        FAIL() << "accepted";
    } catch (const Failure& failure) {
        EXPECT_STREQ(failure.what(), "/timeout_ms: must be from 1000 to 120000 milliseconds");
    }
}

} // namespace
