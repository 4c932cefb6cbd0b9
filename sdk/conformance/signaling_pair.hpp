// The two ends of a link that signaling is tested on: what each said, and what its listener heard.
//
// Threads: the test's; bytes come on the link's. Lifetime: sessions are released before their link.
#pragma once

#include "path_tests.hpp"
#include "process_watch.hpp"

#include <jackfield/signaling.hpp>

#include <algorithm>
#include <map>

namespace jackfield::conformance::signaling {

inline const std::string kOffer = R"({"ice":{"ufrag":"0d04b935","pwd":"7c33834e7cf944bf0e367b42","candidates":[
    "H1 1 UDP 2130706431 192.0.2.10 4000 typ host","H1 2 UDP 2130706430 192.0.2.10 4001 typ host"]},
    "media":[{"kind":"audio","direction":"sendrecv","profile":"RTP/SAVP","rtp_component":1,"rtcp_component":2,
    "codecs":[{"payload_type":104,"name":"opus","clock_rate_hz":48000,"channels":2}],
    "keys":[{"tag":1,"suite":"AES_CM_128_HMAC_SHA1_80","key":"c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh"}]}]})";
inline const std::string kAnswer = R"({"ice":{"ufrag":"9a8b7c6d","pwd":"00112233445566778899aabb","candidates":[
    "H2 1 UDP 2130706431 192.0.2.20 5000 typ host","H2 2 UDP 2130706430 192.0.2.20 5001 typ host"]},
    "media":[{"kind":"audio","direction":"sendrecv","profile":"RTP/SAVP","rtp_component":1,"rtcp_component":2,
    "codecs":[{"payload_type":104,"name":"opus","clock_rate_hz":48000,"channels":2}],
    "keys":[{"tag":1,"suite":"AES_CM_128_HMAC_SHA1_80","key":"YW5vdGhlciBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0"}]}]})";

/// One end: a session, and what its listener heard, each event as "name call" or "name call reason".
class End {
public:
    End(Bench& bench, int number, Path stream) : End(bench.make(JF_SIGNALING_INTERFACE, number), number, stream) {}

    /// One more session of the same instance.
    End(Life& life, int number, Path stream) : life_(life)
    {
        static const Device devices[] = {{"alice-account", "alice-device"}, {"bob-account", "bob-device"}};
        const jf_device local = devices[number].raw();
        const jf_device remote = devices[1 - number].raw();
        const jf_signaling_options options{
            sizeof(options), number == 0 ? 1U : 0U, &local, &remote, to_text(number == 0 ? "Alice \"A\" Ö" : "Bob"),
            nullptr};
        jf_error error = no_error();
        check(life_.methods<jf_signaling_methods>().open(life_.self(), stream.raw(), &options, {&kListener, this},
                                                         &session_, &error),
              error);
    }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    bool heard(const std::string& event) const { return std::ranges::find(events, event) != events.end(); }
    std::string all() const
    {
        std::string text;
        for (const auto& event : events)
            text += event + "; ";
        return text;
    }

    using TextVerb = jf_status (*jf_signaling_session_methods::*)(void*, std::uint64_t, jf_text, jf_error*);
    using ReasonVerb = jf_status (*jf_signaling_session_methods::*)(void*, std::uint64_t, std::uint32_t, jf_error*);
    using BodyVerb = void (*jf_signaling_session_methods::*)(void*, std::uint64_t, jf_text, jf_bytes, jf_done);
    Status say(TextVerb verb, std::uint64_t call, std::string_view text)
    {
        jf_error error = no_error();
        return (session_.methods->*verb)(session_.self, call, to_text(text), &error);
    }
    Status say(ReasonVerb verb, std::uint64_t call, std::uint32_t reason)
    {
        jf_error error = no_error();
        return (session_.methods->*verb)(session_.self, call, reason, &error);
    }
    void tell(BodyVerb verb, std::uint64_t call, std::string_view type, std::string_view body)
    {
        (session_.methods->*verb)(session_.self, call, to_text(type), to_bytes(as_bytes(body)),
                                  {this, [](void* self, Status status, const jf_error*) {
                                       static_cast<End*>(self)->receipts.push_back(status);
                                   }});
    }
    /// False if the plugin has no transfers.
    bool refer(std::uint64_t call, std::string_view target, std::string_view replaces = {})
    {
        if (!JF_HAS(session_.methods, refer) || !JF_HAS(session_.methods, refer_progress))
            return false;
        session_.methods->refer(session_.self, call, to_text(target), to_text(replaces),
                                {this, [](void* self, Status status, const jf_error*) {
                                     static_cast<End*>(self)->receipts.push_back(status);
                                 }});
        return true;
    }
    Status refer_progress(std::uint64_t call, std::uint32_t code)
    {
        jf_error error = no_error();
        return session_.methods->refer_progress(session_.self, call, code, to_text("as it goes"), &error);
    }
    Status invite_referred(std::string_view by, std::string_view replaces)
    {
        if (!JF_HAS(session_.methods, invite_referred))
            return JF_UNSUPPORTED;
        jf_error error = no_error();
        const jf_referral referral = CallReferral(by, replaces).raw();
        return session_.methods->invite_referred(session_.self, 4, to_text(kOffer), &referral, &error);
    }
    /// Empty if the plugin has no names.
    std::string name_of(std::uint64_t call)
    {
        std::string name;
        if (!JF_HAS(session_.methods, name_dialog) || !JF_HAS(session_.methods, match_dialog))
            return name;
        jf_error error = no_error();
        session_.methods->name_dialog(
            session_.self, call,
            {&name, [](void* self, const std::uint8_t* data,
                       std::size_t size) { static_cast<std::string*>(self)->append(as_text({data, size})); }},
            &error);
        return name;
    }
    Status matches(std::uint64_t call, std::string_view name)
    {
        return session_.methods->match_dialog(session_.self, call, to_text(name));
    }
    void ping(Nanoseconds patience)
    {
        const jf_done done{this, [](void* self, Status status, const jf_error*) {
                               static_cast<End*>(self)->receipts.push_back(status);
                           }};
        if (JF_HAS(session_.methods, ping))
            session_.methods->ping(session_.self, patience.count(), done);
        else
            receipts.push_back(JF_UNSUPPORTED);
    }
    /// A running call of another session goes on in this one; false if the language cannot do that.
    Status take_over(std::uint64_t call, const End& from, std::uint64_t from_call)
    {
        if (!JF_HAS(session_.methods, take_over))
            return JF_UNSUPPORTED;
        jf_error error = no_error();
        return session_.methods->take_over(session_.self, call, from.session_.self, from_call, &error);
    }
    Life& life() { return life_; }

    std::string referred_by; ///< of the last referral
    std::string named;       ///< the call that it replaces
    std::vector<std::string> events;
    std::map<std::string, std::string> json; ///< the last description of each event
    std::string display_name;
    std::vector<std::pair<std::string, std::string>> bodies;
    std::vector<Status> receipts;
    const End* taken_from = nullptr; ///< whose call was taken over last
    Status takes = JF_OK;            ///< what it answers to messages

private:
    static End& of(void* self)
    {
        ProcessWatch::heard();
        return *static_cast<End*>(self);
    }
    void hear(const std::string& name, std::uint64_t call, jf_text document)
    {
        json[name] = view(document);
        events.push_back(name + " " + std::to_string(call));
    }
    void hear(const std::string& name, std::uint64_t call, std::uint32_t reason)
    {
        events.push_back(name + " " + std::to_string(call) + " " + std::to_string(reason));
    }
    Status take(const std::string& name, std::uint64_t call, jf_text type, jf_bytes body)
    {
        bodies.emplace_back(view(type), as_text(view(body)));
        events.push_back(name + " " + std::to_string(call));
        return takes;
    }
    static const jf_signaling_listener_methods kListener;

    Life& life_;
    jf_signaling_session session_{};
};

inline const jf_signaling_listener_methods End::kListener{
    sizeof(jf_signaling_listener_methods),
    0,
    [](void* self, std::uint64_t call, jf_text offer, jf_text name) {
        of(self).display_name = view(name);
        of(self).hear("invited", call, offer);
    },
    [](void* self, std::uint64_t call, jf_text answer) { of(self).hear("ringing", call, answer); },
    [](void* self, std::uint64_t call, jf_text answer) { of(self).hear("answered", call, answer); },
    [](void* self, std::uint64_t call) { of(self).events.push_back("confirmed " + std::to_string(call)); },
    [](void* self, std::uint64_t call, std::uint32_t reason, std::uint32_t, jf_text) {
        of(self).hear("refused", call, reason);
    },
    [](void* self, std::uint64_t call, std::uint32_t reason) { of(self).hear("cancelled", call, reason); },
    [](void* self, std::uint64_t call, jf_text offer) { of(self).hear("updated", call, offer); },
    [](void* self, std::uint64_t call, jf_text answer) { of(self).hear("update_answered", call, answer); },
    [](void* self, std::uint64_t call, std::uint32_t reason, jf_text) { of(self).hear("ended", call, reason); },
    [](void* self, std::uint64_t call, jf_text type, jf_bytes body) {
        return of(self).take("message", call, type, body);
    },
    [](void* self, std::uint64_t call, jf_text type, jf_bytes body) { return of(self).take("info", call, type, body); },
    [](void* self, Status, const jf_error*) { of(self).events.push_back("closed"); },
    [](void* self, std::uint64_t call, jf_text target, const jf_referral* referral) {
        of(self).named = view(referral->replaces);
        of(self).events.push_back("referred " + std::to_string(call) + " " + std::string(view(target)));
    },
    [](void* self, std::uint64_t call, std::uint32_t code, jf_text) {
        of(self).events.push_back("refer_progressed " + std::to_string(call) + " " + std::to_string(code));
    },
    [](void* self, std::uint64_t call, jf_text offer, jf_text, const jf_referral* referral) {
        of(self).referred_by = view(referral->referred_by);
        of(self).named = view(referral->replaces);
        of(self).hear("invited", call, offer);
    },
    [](void* self, std::uint64_t call) { of(self).events.push_back("stranded " + std::to_string(call)); },
    [](void* self, std::uint64_t call, void* from, std::uint64_t from_call) {
        of(self).taken_from = &of(from);
        of(self).events.push_back("taken_over " + std::to_string(call) + " " + std::to_string(from_call));
    }};

using Verbs = jf_signaling_session_methods;

struct Pair {
    explicit Pair(Bench& its_bench)
        : bench(its_bench), link(JF_STREAM), alice(bench, 0, link.path(0)), bob(bench, 1, link.path(1))
    {}

    void wait(const End& end, const std::string& event)
    {
        require(bench.until([&] { return end.heard(event); }), "\"" + event + "\" is not heard among: " + end.all());
    }
    /// A call of Alice's, 2 there and 1 at Bob's.
    void invite()
    {
        require_status(alice.say(&Verbs::invite, 2, kOffer), JF_OK, "invite");
        wait(bob, "invited 1");
    }
    void establish()
    {
        invite();
        require_status(bob.say(&Verbs::answer, 1, kAnswer), JF_OK, "answer");
        wait(alice, "answered 2");
        wait(bob, "confirmed 1");
    }
    /// What is on its way arrives: a message there and its receipt back.
    void settle()
    {
        const auto before = alice.receipts.size();
        alice.tell(&Verbs::message, 0, "text/plain", "are you there?");
        require(bench.until([&] { return alice.receipts.size() > before; }), "a message has no receipt");
    }

    Bench& bench;
    testing::MemoryLink link;
    End alice;
    End bob;
};

inline void require_same(const std::string& got, const std::string& sent, const std::string& what)
{
    for (const char* part : {"/media", "/ice/candidates", "/ice/pwd"})
        require(json_part(got, part) == json_part(sent, part), what + " arrives changed: " + json_part(got, part));
}

} // namespace jackfield::conformance::signaling
