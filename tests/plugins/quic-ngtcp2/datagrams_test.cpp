// Channels of datagrams: boundaries, flows, sizes, their turn before streams, and how much may wait.
#include "quic_pair.hpp"

namespace jackfield::quic_test {
namespace {

TEST(QuicDatagrams, KeepTheirBoundariesBothWays)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("media", JF_DATAGRAM));
    EXPECT_EQ(pair.server.requests.at("media").kind, static_cast<std::uint32_t>(JF_DATAGRAM));
    for (std::size_t size : {1U, 100U, 1000U}) {
        ASSERT_EQ(pair.client.path("media").send(pattern(size, 1)), JF_OK);
        ASSERT_EQ(pair.server.path("media").send(pattern(size, 2)), JF_OK);
    }
    ASSERT_TRUE(pair.at_server["media"].wait_for_packets(3));
    ASSERT_TRUE(pair.at_client["media"].wait_for_packets(3));
    EXPECT_EQ(pair.at_server["media"].heard().packets[1], pattern(100, 1));
    EXPECT_EQ(pair.at_client["media"].heard().packets[2], pattern(1000, 2));
}

TEST(QuicDatagrams, SayWhatTheyCarryAndThatItIsEncrypted)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("media", JF_DATAGRAM));
    const Path path = pair.client.path("media");
    const jf_path_info info = path.describe();
    EXPECT_EQ(info.kind, static_cast<std::uint32_t>(JF_DATAGRAM));
    EXPECT_EQ(info.secured, 1U);
    EXPECT_EQ(info.reliable, 0U);
    EXPECT_EQ(info.max_datagram_bytes, 1200U - info.overhead_bytes);
    EXPECT_GE(info.max_datagram_bytes, 1112U) << "an RTP packet of the kernel's must fit";
    ASSERT_EQ(path.send(pattern(info.max_datagram_bytes, 3)), JF_OK);
    ASSERT_TRUE(pair.at_server["media"].wait_for_packets(1));
    EXPECT_EQ(pair.at_server["media"].heard().packets[0], pattern(info.max_datagram_bytes, 3));
    EXPECT_EQ(path.send(pattern(info.max_datagram_bytes + 1, 3)), JF_BAD_INPUT);
    EXPECT_EQ(path.send(Bytes()), JF_BAD_INPUT);
}

TEST(QuicDatagrams, OfSeveralChannelsAreKeptApart)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("audio", JF_DATAGRAM));
    ASSERT_TRUE(pair.join("file", JF_STREAM));
    ASSERT_TRUE(pair.join("video", JF_DATAGRAM));
    ASSERT_EQ(pair.client.path("audio").send(pattern(50, 1)), JF_OK);
    ASSERT_EQ(pair.client.path("video").send(pattern(60, 2)), JF_OK);
    ASSERT_TRUE(pair.at_server["audio"].wait_for_packets(1));
    ASSERT_TRUE(pair.at_server["video"].wait_for_packets(1));
    EXPECT_EQ(pair.at_server["audio"].heard().packets[0], pattern(50, 1));
    EXPECT_EQ(pair.at_server["video"].heard().packets[0], pattern(60, 2));
    EXPECT_EQ(pair.at_server["file"].heard().bytes, 0U);
}

TEST(QuicDatagrams, EndWithTheirChannelAndNotWithAnother)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("one", JF_DATAGRAM));
    ASSERT_TRUE(pair.join("two", JF_DATAGRAM));
    pair.client.release_channel("one");
    ASSERT_TRUE(pair.at_server["one"].wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(pair.at_server["one"].heard().status, JF_CLOSED);
    EXPECT_EQ(pair.server.path("one").send(pattern(10, 1)), JF_CLOSED);
    ASSERT_EQ(pair.client.path("two").send(pattern(10, 1)), JF_OK);
    EXPECT_TRUE(pair.at_server["two"].wait_for_packets(1));
}

/// What is on its way to the server is not more than it may be: a queue of media would only be late.
TEST(QuicDatagrams, ThatWaitAreFewAndToldWhenThereIsRoom)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("media", JF_DATAGRAM));
    pair.link.hold(true);
    int taken = 0;
    while (pair.client.path("media").send(pattern(1000, 1)) == JF_OK)
        ASSERT_LT(++taken, 1000) << "no end";
    EXPECT_GE(taken, 64);
    pair.link.hold(false);
    EXPECT_TRUE(pair.at_client["media"].wait([](const auto& heard) { return heard.writable == 1; }));
    EXPECT_TRUE(pair.at_server["media"].wait_for_packets(static_cast<std::size_t>(taken)));
}

/// Looks, when its datagram comes, how much of the file has come before.
struct Watcher final : PathReceiver {
    explicit Watcher(PathEar& of_file) : file(of_file) {}
    void received(const jf_packet&) noexcept override { file_before = file.heard().bytes; }
    void closed(Status, std::string_view) noexcept override {}

    PathEar& file;
    std::atomic<std::size_t> file_before{SIZE_MAX};
};

TEST(QuicDatagrams, GoBeforeAllThatWaitsOnStreams)
{
    PathEar ear_of_file;
    Watcher watcher(ear_of_file);
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.make("media", JF_DATAGRAM));
    pair.server.path("media").open(watcher);
    ASSERT_TRUE(pair.make("file", JF_STREAM));
    pair.server.path("file").open(ear_of_file);
    pair.link.hold(true);
    std::size_t taken = 0;
    while (pair.client.path("file").send(pattern(10'000, 1)) == JF_OK)
        taken += 10'000;
    ASSERT_GT(taken, 100'000U) << "more than the congestion window lets out";
    ASSERT_EQ(pair.client.path("media").send(pattern(100, 2)), JF_OK);
    pair.link.hold(false);
    ASSERT_TRUE(ear_of_file.wait([&](const auto& heard) { return heard.bytes == taken; }));
    EXPECT_LT(watcher.file_before, taken / 2);
}

TEST(QuicDatagrams, ThatComeBeforeTheChannelIsOpenedWait)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.make("media", JF_DATAGRAM));
    ASSERT_EQ(pair.client.path("media").send(pattern(100, 1)), JF_OK);
    ASSERT_TRUE(pair.join("behind", JF_STREAM));
    pair.server.path("media").open(pair.at_server["media"]);
    EXPECT_TRUE(pair.at_server["media"].wait_for_packets(1));
}

} // namespace
} // namespace jackfield::quic_test
