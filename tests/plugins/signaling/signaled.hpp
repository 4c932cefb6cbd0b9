// Alice and Bob, each a session of one signaling plugin after the other, joined in memory.
//
// Threads: the test's thread is control.
#pragma once

#include "signaling_rig.hpp"

#include <sstream>

namespace jackfield::signaling_test {

inline std::vector<std::string> plugins()
{
    std::vector<std::string> ids;
    std::stringstream list(JACKFIELD_SIGNALING_PLUGINS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

/// The parts of an event with a code of the wire at its end, without it: "refused 2 4".
inline bool has_event(const ListenerLog& log, const std::string& event)
{
    return log.has(event) || log.has_prefix(event + " ");
}

class Signaled : public ::testing::TestWithParam<std::string> {
protected:
    ~Signaled() override
    {
        alice.release();
        bob.release();
    }

    ::testing::AssertionResult heard(SessionUnderTest& session, const std::string& event)
    {
        if (host.run_until([&] { return has_event(session.log, event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no \"" << event << "\" among: " << session.log.all();
    }

    void invited()
    {
        ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
        ASSERT_TRUE(heard(bob, "invited 1"));
    }

    /// A running call of Alice's, number 2 there and 1 at Bob's.
    void establish()
    {
        invited();
        ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
        ASSERT_TRUE(heard(alice, "answered 2"));
        ASSERT_TRUE(heard(bob, "confirmed 1"));
    }

    /// Everything that is on its way arrives: a message there and its receipt back.
    void settle()
    {
        const auto before = alice.done_statuses.size();
        alice.message(0, "text/plain", "are you there?");
        ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() > before; }));
    }

    FakeHost host{Clock::manual};
    InstanceUnderTest<jf_signaling_methods> plugin{host, JACKFIELD_TEST_PLUGIN_DIR, GetParam(), JF_SIGNALING_INTERFACE,
                                                   "{}"};
    MemoryLink link{JF_STREAM};
    SessionUnderTest alice{plugin, link.path(0), kAlice, kBob, "Alice \"A\" Ö"};
    SessionUnderTest bob{plugin, link.path(1), kBob, kAlice, "Bob"};
};

inline std::string name_of_test(const ::testing::TestParamInfo<std::string>& test)
{
    std::string name = test.param;
    std::erase(name, '-');
    return name;
}

} // namespace jackfield::signaling_test
