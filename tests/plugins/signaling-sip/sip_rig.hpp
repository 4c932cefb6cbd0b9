// What the tests of signaling-sip share: two sessions of the real plugin joined in memory, what crosses between them,
// and a peer that is nothing but text.
//
// Threads: the test's thread is the control thread; bytes come on the link's. Lifetime: sessions go before their link.
#pragma once

#include "../signaling/signaling_rig.hpp"

namespace jackfield::sip::testing {

using namespace signaling_test;

/// What crosses a link, message by message, as it is seen from outside: "A INVITE", "B 180".
class Ladder {
public:
    explicit Ladder(MemoryLink& link)
    {
        link.set_filter([this](int end, Bytes& packet) {
            const std::string text(as_text(packet));
            const std::lock_guard lock(mutex_);
            messages_.push_back(text);
            steps_.push_back((end == 0 ? "A " : "B ") + name_of(text));
            return !drop_ || !drop_(end, text);
        });
    }

    /// Drops the messages for which f holds.
    void drop(std::function<bool(int, const std::string&)> f)
    {
        const std::lock_guard lock(mutex_);
        drop_ = std::move(f);
    }

    std::string steps() const
    {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const auto& step : steps_)
            text += (text.empty() ? "" : ", ") + step;
        return text;
    }
    bool has(const std::string& step) const
    {
        const std::lock_guard lock(mutex_);
        return std::find(steps_.begin(), steps_.end(), step) != steps_.end();
    }
    std::size_t count(const std::string& step) const
    {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::count(steps_.begin(), steps_.end(), step));
    }
    /// The whole text of the first message of that step.
    std::string text_of(const std::string& step) const
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find(steps_.begin(), steps_.end(), step);
        return found == steps_.end() ? "" : messages_[static_cast<std::size_t>(found - steps_.begin())];
    }

private:
    static std::string name_of(const std::string& text)
    {
        return text.starts_with("SIP/2.0 ") ? text.substr(8, 3) : text.substr(0, text.find(' '));
    }

    mutable std::mutex mutex_;
    std::vector<std::string> steps_;
    std::vector<std::string> messages_;
    std::function<bool(int, const std::string&)> drop_;
};

/// Alice and Bob, each a session of the plugin.
class TwoSessions : public ::testing::Test {
protected:
    explicit TwoSessions(Clock clock = Clock::manual, const std::string& config = "{}")
        : host(clock),
          plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip", JF_SIGNALING_INTERFACE, config),
          link(JF_STREAM),
          ladder(link),
          alice(plugin, link.path(0), kAlice, kBob, "Alice \"A\" Ö"),
          bob(plugin, link.path(1), kBob, kAlice, "Bob")
    {}
    ~TwoSessions() override
    {
        alice.release();
        bob.release();
    }

    ::testing::AssertionResult heard(SessionUnderTest& session, const std::string& event)
    {
        if (host.run_until([&] { return session.log.has(event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure()
               << "no \"" << event << "\" among: " << session.log.all() << "\nladder: " << ladder.steps();
    }
    ::testing::AssertionResult seen(const std::string& step, std::size_t times = 1)
    {
        if (host.run_until([&] { return ladder.count(step) >= times; }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no " << step << " in: " << ladder.steps();
    }

    /// A running call of Alice's, number 2 there and 1 at Bob's.
    void establish()
    {
        ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
        ASSERT_TRUE(heard(bob, "invited 1 Alice \"A\" Ö"));
        ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
        ASSERT_TRUE(heard(alice, "answered 2"));
        ASSERT_TRUE(heard(bob, "confirmed 1"));
    }

    FakeHost host;
    InstanceUnderTest<jf_signaling_methods> plugin;
    MemoryLink link;
    Ladder ladder;
    SessionUnderTest alice;
    SessionUnderTest bob;
};

/// Fills in what a request needs; the parts a test is about are given.
struct RequestText {
    std::string method = "INVITE";
    std::string uri = "sip:bob-device@jackfield.invalid;transport=tls";
    std::string version = "SIP/2.0";
    std::string from_user = "alice-account";
    std::string from_tag = "at";
    std::string to_tag;
    std::string call_id = "call-1";
    std::string cseq = "1";
    std::string cseq_method; ///< the method if empty
    std::string branch = "z9hG4bK1";
    std::string more; ///< further header lines, each ended
    std::string content_type;
    std::string body;

    std::string text() const
    {
        std::string out = method + " " + uri + " " + version + "\r\n" +
                          "Via: SIP/2.0/TLS peer.invalid;branch=" + branch + "\r\nMax-Forwards: 70\r\n" +
                          "From: \"Alice\" <sip:" + from_user + "@jackfield.invalid>;tag=" + from_tag +
                          "\r\nTo: <sip:bob-account@jackfield.invalid>" + (to_tag.empty() ? "" : ";tag=" + to_tag) +
                          "\r\nCall-ID: " + call_id + "\r\nCSeq: " + cseq + " " +
                          (cseq_method.empty() ? method : cseq_method) + "\r\n" + more;
        if (method == "INVITE" && more.find("Contact:") == std::string::npos)
            out += "Contact: <sip:alice-device@peer.invalid;transport=tls>\r\n";
        if (!content_type.empty())
            out += "Content-Type: " + content_type + "\r\n";
        return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
};

inline const std::string kSdp =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh\r\n";

inline RequestText invite_text()
{
    RequestText request;
    request.content_type = "application/sdp";
    request.body = kSdp;
    return request;
}

/// Bob, a session of the plugin, before a peer of text.
class OneSession : public ::testing::Test {
protected:
    explicit OneSession(const std::string& config = "{}", bool hears_moves = false)
        : host(Clock::manual),
          plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip", JF_SIGNALING_INTERFACE, config),
          link(JF_STREAM),
          peer(link.path(0)),
          bob(plugin, link.path(1), kBob, kAlice, "Bob", nullptr, true, hears_moves)
    {}
    ~OneSession() override { bob.release(); }

    ::testing::AssertionResult heard(const std::string& event)
    {
        if (host.run_until([&] { return bob.log.has(event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no \"" << event << "\" among: " << bob.log.all() << "\n"
                                             << peer.text();
    }
    ::testing::AssertionResult got(const std::string& part)
    {
        if (host.run_until([&] { return peer.got(part); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "the peer did not get \"" << part << "\" but:\n"
                                             << peer.text() << "\nevents: " << bob.log.all();
    }
    /// Everything sent before has been read when this returns.
    ::testing::AssertionResult settled()
    {
        RequestText probe;
        probe.method = "OPTIONS";
        probe.call_id = "probe-" + std::to_string(++probes_);
        probe.branch = "z9hG4bKprobe" + std::to_string(probes_);
        peer.send(probe.text());
        return got("Call-ID: " + probe.call_id);
    }
    /// The To tag Bob gave in what the peer got, of the last message with that Call-ID.
    std::string bobs_tag(const std::string& call_id = "call-1") const
    {
        const std::string all = peer.text();
        const std::size_t at = all.rfind("Call-ID: " + call_id);
        const std::size_t to = all.rfind("To: ", at);
        const std::size_t tag = all.find(";tag=", to);
        return tag > at ? "" : all.substr(tag + 5, all.find('\r', tag) - tag - 5);
    }

    FakeHost host;
    InstanceUnderTest<jf_signaling_methods> plugin;
    MemoryLink link;
    TextPeer peer;
    SessionUnderTest bob;

private:
    int probes_ = 0;
};

} // namespace jackfield::sip::testing
