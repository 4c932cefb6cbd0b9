// How long signaling takes by itself: no network, no cryptography. Prints figures; the bound is generous, so that only
// a mistake - a timer on the path, a wait - breaks it.
//
// Threads: the test's thread is control, the link has its own.
#include "sip_rig.hpp"

#include <iostream>

namespace jackfield::sip::testing {
namespace {

TEST(SipSpeed, FromInviteToRingingIsFarBelowAMillisecond)
{
    constexpr int kRounds = 200;
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_STREAM);
    SessionUnderTest alice(plugin, link.path(0), kAlice, kBob);
    SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
    bool ringing = false;
    std::uint64_t incoming = 0;
    bob.log.react = [&](const std::string& event) {
        if (event.starts_with("invited"))
            bob.ring(incoming = std::stoull(event.substr(8)));
    };
    alice.log.react = [&](const std::string& event) { ringing = ringing || event.starts_with("ringing"); };

    std::vector<double> micros;
    for (int round = 0; round < kRounds; ++round) {
        ringing = false;
        const auto begin = std::chrono::steady_clock::now();
        ASSERT_EQ(alice.invite(2 * static_cast<std::uint64_t>(round) + 2), JF_OK);
        while (!ringing) // spinning: what is measured is ours, not how fast a sleeping thread wakes up
            host.run_pending();
        micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
        bob.refuse(incoming, JF_REASON_BUSY);
        const std::string refused = "refused " + std::to_string(2 * round + 2) + " 2 486";
        ASSERT_TRUE(host.run_until([&] { return alice.log.has(refused); }));
    }
    std::sort(micros.begin(), micros.end());
    const double median = micros[kRounds / 2];
    std::cout << "INVITE to 180: median " << median << " us, best " << micros.front() << " us, worst " << micros.back()
              << " us of " << kRounds << "\n";
    ::testing::Test::RecordProperty("median_us", std::to_string(median));
    EXPECT_LT(median, 20000.0);
    alice.release();
    bob.release();
}

} // namespace
} // namespace jackfield::sip::testing
