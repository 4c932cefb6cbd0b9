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

TEST_P(EveryDecorator, SendsWhatWasSentBeforeItCloses)
{
    link_.open();
    ASSERT_EQ(link_.near().send(packet_of(9)), JF_OK);
    link_.near().close();
    EXPECT_TRUE(link_.at_far().wait_for_packets(1));
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
