// What every decorator promises when it is told to do nothing: the path above is as good as the one below.
#include "decorated_link.hpp"

#include <map>
#include <sstream>

namespace jackfield::decorator_test {
namespace {

std::vector<std::string> decorators()
{
    std::vector<std::string> ids;
    std::istringstream list(JACKFIELD_DECORATORS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

/// A configuration with which it does nothing that a peer could see.
std::string idle_config(const std::string& id)
{
    if (id == "path-fault")
        return R"({"at_packet": 1000000})";
    if (id == "path-trace")
        return R"({"file": ")" + ::testing::TempDir() + R"(every_decorator.pcapng"})";
    return "{}";
}

class EveryDecorator : public ::testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {
protected:
    EveryDecorator() : link_(std::get<0>(GetParam()), idle_config(std::get<0>(GetParam())), kind()) {}
    std::uint32_t kind() const { return std::get<1>(GetParam()); }

    DecoratedLink link_;
};

TEST_P(EveryDecorator, YieldsAPathOfTheSameKind)
{
    const jf_path_info above = link_.near().describe();
    const jf_path_info below = link_.link().path(0).describe();
    EXPECT_EQ(above.kind, kind());
    EXPECT_EQ(above.reliable, below.reliable);
    EXPECT_EQ(above.max_datagram_bytes, below.max_datagram_bytes);
}

TEST_P(EveryDecorator, CarriesPacketsBothWaysInOrder)
{
    link_.open();
    Bytes sent;
    for (std::uint8_t number = 1; number <= 50; ++number) {
        const Bytes packet = packet_of(number);
        sent.insert(sent.end(), packet.begin(), packet.end());
        ASSERT_EQ(link_.near().send(packet), JF_OK);
        ASSERT_EQ(link_.far().send(packet), JF_OK);
    }
    ASSERT_TRUE(link_.at_far().wait([&](const auto& heard) { return heard.bytes == sent.size(); }));
    ASSERT_TRUE(link_.at_near().wait([&](const auto& heard) { return heard.bytes == sent.size(); }));
    EXPECT_EQ(link_.at_far().heard().stream(), sent);
    EXPECT_EQ(link_.at_near().heard().stream(), sent);
}

TEST_P(EveryDecorator, SendsAGatherListAsOnePacket)
{
    link_.open();
    const Bytes head = packet_of(1, 12);
    const Bytes body = packet_of(2, 160);
    const jf_bytes parts[] = {to_bytes(head), to_bytes(body)};
    ASSERT_EQ(link_.near().send(parts), JF_OK);
    ASSERT_TRUE(link_.at_far().wait([&](const auto& heard) { return heard.bytes == 172; }));
    EXPECT_TRUE(kind() == JF_STREAM || link_.at_far().heard().packets.size() == 1);
}

TEST_P(EveryDecorator, HandsUpWhatArrivedBeforeItWasOpened)
{
    link_.far().open(link_.at_far());
    ASSERT_EQ(link_.far().send(packet_of(7)), JF_OK);
    link_.near().open(link_.at_near());
    EXPECT_TRUE(link_.at_near().wait_for_packets(1));
}

TEST_P(EveryDecorator, SaysThatThePathEndedOnceAndWhy)
{
    link_.open();
    link_.link().break_link(JF_UNREACHABLE, "cut");
    ASSERT_TRUE(link_.at_near().wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(link_.at_near().heard().status, JF_UNREACHABLE);
    EXPECT_EQ(link_.at_near().heard().text, "cut");
    link_.release();
    EXPECT_EQ(link_.at_near().heard().closed, 1);
}

TEST_P(EveryDecorator, ClosesThePathBelowAndSaysNothingAfterwards)
{
    link_.open();
    link_.near().close();
    link_.near().close();
    if (kind() == JF_STREAM) { // nobody hears of the end of datagrams
        EXPECT_TRUE(link_.at_far().wait([](const auto& heard) { return heard.closed == 1; }));
    }
    EXPECT_EQ(link_.at_near().heard().closed, 0);
    EXPECT_NE(link_.near().send(packet_of(1)), JF_OK);
}

TEST_P(EveryDecorator, SendsWhatWasSentBeforeItCloses)
{
    link_.open();
    ASSERT_EQ(link_.near().send(packet_of(9)), JF_OK);
    link_.near().close();
    EXPECT_TRUE(link_.at_far().wait_for_packets(1));
}

TEST_P(EveryDecorator, MayBeReleasedUnopened)
{
    link_.release();
}

TEST_P(EveryDecorator, TellsThatASendMayBeTriedAgain)
{
    link_.open();
    link_.link().hold(true);
    Status status = JF_OK;
    for (int i = 0; i < 20'000 && status == JF_OK; ++i)
        status = link_.near().send(packet_of(1));
    if (status == JF_OK)
        return; // it takes what it may lose
    ASSERT_EQ(status, JF_WOULD_BLOCK);
    EXPECT_EQ(link_.at_near().heard().writable, 0) << "nothing was refused before";
    link_.link().hold(false);
    ASSERT_TRUE(link_.at_near().wait([](const auto& heard) { return heard.writable > 0; }));
    EXPECT_EQ(link_.near().send(packet_of(2)), JF_OK);
}

INSTANTIATE_TEST_SUITE_P(Paths, EveryDecorator,
                         ::testing::Combine(::testing::ValuesIn(decorators()),
                                            ::testing::Values(JF_DATAGRAM, JF_STREAM)),
                         [](const auto& test) {
                             std::string name = std::get<0>(test.param);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name + (std::get<1>(test.param) == JF_STREAM ? "_stream" : "_datagrams");
                         });

} // namespace
} // namespace jackfield::decorator_test
