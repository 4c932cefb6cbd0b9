// What a session costs once it is connected: its thread sleeps.
#include "ice_session.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace jackfield::ice_test {
namespace {

class Rest : public ::testing::TestWithParam<std::tuple<std::uint32_t, std::uint32_t>> {
protected:
    std::uint32_t kind() const { return std::get<0>(GetParam()); }
    std::uint32_t components() const { return std::get<1>(GetParam()); }
};

/// How often the plugin's thread has gone to sleep, by the kernel's count.
long sleeps_of_the_ice_thread()
{
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string word;
        std::ifstream(task.path() / "comm") >> word;
        if (word != "jf-ice")
            continue;
        std::ifstream status(task.path() / "status");
        while (status >> word) {
            if (long count = 0; word == "voluntary_ctxt_switches:" && status >> count)
                return count;
        }
    }
    return -1;
}

/// libnice's pacing timer, a millisecond on loopback, went on for five seconds: half of the processor time of a call.
bool comes_to_rest(FakeHost& host)
{
    using Clock = std::chrono::steady_clock;
    long before = sleeps_of_the_ice_thread();
    EXPECT_GE(before, 0);
    Clock::time_point since = Clock::now();
    const auto rests = [&] {
        const auto now = Clock::now();
        if (now - since < std::chrono::milliseconds(200))
            return false;
        const long count = sleeps_of_the_ice_thread();
        since = now;
        return count - std::exchange(before, count) < 20;
    };
    return host.run_until(rests, std::chrono::seconds(3));
}

TEST_P(Rest, ComesOnceEveryComponentIsReady)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, kind(), components());
    ASSERT_TRUE(call.connect(host, components()));
    EXPECT_TRUE(comes_to_rest(host));
}

std::string of_component_one(const std::string& description)
{
    std::istringstream lines(description);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        const auto field = line.find(' ');
        if (field == std::string::npos || line.compare(field, 3, " 1 ") == 0)
            kept += line + "\n";
    }
    return kept;
}

// A call whose media are bundled uses one component of the four that were gathered.
TEST_P(Rest, ComesOnceTheComponentsThatThePeerUsesAreReady)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, kind(), components());
    call.a.gather();
    call.b.gather();
    call.b.set_remote(of_component_one(call.a.description()));
    call.a.set_remote(of_component_one(call.b.description()));
    ASSERT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
    EXPECT_TRUE(comes_to_rest(host));
}

INSTANTIATE_TEST_SUITE_P(IceLibnice, Rest,
                         ::testing::Combine(::testing::Values(JF_DATAGRAM, JF_STREAM), ::testing::Values(1, 4)),
                         [](const auto& test) {
                             return std::string(std::get<0>(test.param) == JF_DATAGRAM ? "Udp" : "Tcp") +
                                    std::to_string(std::get<1>(test.param));
                         });

} // namespace
} // namespace jackfield::ice_test
