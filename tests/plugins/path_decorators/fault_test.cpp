// path-fault breaks what it is told to break, and that alone.
#include "decorated_link.hpp"

namespace jackfield::decorator_test {
namespace {

void send_five(const Path& path)
{
    for (std::uint8_t number = 1; number <= 5; ++number)
        path.send(packet_of(number));
}

TEST(PathFault, EndsThePathAtThePacketItIsTold)
{
    DecoratedLink link("path-fault", R"({"action": "fail", "at_packet": 3})", JF_DATAGRAM);
    link.open();
    EXPECT_EQ(link.near().send(packet_of(1)), JF_OK);
    EXPECT_EQ(link.near().send(packet_of(2)), JF_OK);
    EXPECT_EQ(link.near().send(packet_of(3)), JF_CLOSED);
    ASSERT_TRUE(link.host().run_until([&] { return link.at_near().heard().closed == 1; }));
    EXPECT_EQ(link.at_near().heard().status, JF_UNREACHABLE);
    ASSERT_TRUE(link.at_far().wait_for_packets(2));
    EXPECT_EQ(link.at_far().heard().packets.size(), 2U);
}

TEST(PathFault, EndsThePathAtTheByteItIsTold)
{
    DecoratedLink link("path-fault", R"({"action": "fail", "at_byte": 101})", JF_STREAM);
    link.open();
    EXPECT_EQ(link.near().send(packet_of(1, 100)), JF_OK);
    EXPECT_EQ(link.near().send(packet_of(2, 1)), JF_CLOSED);
}

TEST(PathFault, EndsThePathWhenThatPacketIsReceived)
{
    DecoratedLink link("path-fault", R"({"action": "fail", "direction": "receive", "at_packet": 2})", JF_DATAGRAM);
    link.open();
    send_five(link.far());
    ASSERT_TRUE(link.host().run_until([&] { return link.at_near().heard().closed == 1; }));
    EXPECT_EQ(link.at_near().heard().packets.front(), packet_of(1));
}

TEST(PathFault, LosesOnePacketAndNoOther)
{
    DecoratedLink link("path-fault", R"({"action": "drop", "at_packet": 2})", JF_DATAGRAM);
    link.open();
    send_five(link.near());
    ASSERT_TRUE(link.at_far().wait_for_packets(4));
    EXPECT_EQ(link.at_far().heard().packets,
              (std::vector<Bytes>{packet_of(1), packet_of(3), packet_of(4), packet_of(5)}));
}

TEST(PathFault, LosesAllFromThereOnIfTold)
{
    DecoratedLink link("path-fault", R"({"action": "drop", "at_packet": 4, "count": 0, "direction": "receive"})",
                       JF_DATAGRAM);
    link.open();
    send_five(link.far());
    link.near().send(packet_of(9)); // behind it nothing can come any more
    ASSERT_TRUE(link.at_far().wait_for_packets(1));
    ASSERT_TRUE(link.at_near().wait_for_packets(3));
    EXPECT_EQ(link.at_near().heard().packets.back(), packet_of(3));
}

TEST(PathFault, FlipsOneBitOfAPacketInEitherDirection)
{
    for (const std::string direction : {"send", "receive"}) {
        DecoratedLink link("path-fault", R"({"action": "corrupt", "at_packet": 2, "direction": ")" + direction + "\"}",
                           JF_DATAGRAM);
        link.open();
        const bool sends = direction == "send";
        send_five(sends ? link.near() : link.far());
        PathEar& ear = sends ? link.at_far() : link.at_near();
        ASSERT_TRUE(ear.wait_for_packets(5));
        Bytes corrupted = packet_of(2);
        corrupted[50] ^= 0x10;
        EXPECT_EQ(ear.heard().packets,
                  (std::vector<Bytes>{packet_of(1), corrupted, packet_of(3), packet_of(4), packet_of(5)}))
            << direction;
    }
}

TEST(PathFault, StallsAStreamWithoutAWord)
{
    DecoratedLink link("path-fault", R"({"action": "stall", "at_packet": 2})", JF_STREAM);
    link.open();
    EXPECT_EQ(link.near().send(packet_of(1)), JF_OK);
    EXPECT_EQ(link.near().send(packet_of(2)), JF_WOULD_BLOCK);
    EXPECT_EQ(link.near().send(packet_of(3)), JF_WOULD_BLOCK);
    ASSERT_TRUE(link.at_far().wait_for_packets(1));
    EXPECT_EQ(link.at_near().heard().closed, 0);
}

TEST(PathFault, LeavesOtherComponentsAlone)
{
    DecoratedLink link("path-fault", R"({"action": "drop", "at_packet": 1, "count": 0, "component": 2})", JF_DATAGRAM,
                       1);
    link.open();
    send_five(link.near());
    EXPECT_TRUE(link.at_far().wait_for_packets(5));
}

TEST(PathFault, RefusesAConfigurationThatDoesNotSayWhen)
{
    for (const char* config : {"{}", R"({"at_packet": 1, "at_byte": 1})"}) {
        try {
            const DecoratedLink link("path-fault", config, JF_DATAGRAM);
            ADD_FAILURE() << config;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_NE(std::string(failure.what()).find("one of at_packet and at_byte would work"), std::string::npos)
                << failure.what();
        }
    }
}

} // namespace
} // namespace jackfield::decorator_test
