// What the tests of every signaling plugin share: a listener that writes down what it hears, and a session of the real
// plugin over the C boundary.
//
// Threads: the test's thread is the control thread; bytes come on the link's. Lifetime: sessions go before their link.
#pragma once

#include <jackfield/signaling.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::signaling_test {

using jackfield::testing::Clock;
using jackfield::testing::FakeHost;
using jackfield::testing::InstanceUnderTest;
using jackfield::testing::MemoryLink;

/// Each event as one word per part: "invited 1 Alice".
class ListenerLog {
public:
    std::vector<std::string> events;
    std::map<std::string, std::string> json;                 ///< the last description of each event
    std::vector<std::pair<std::string, std::string>> bodies; ///< content type, body
    Status delivery_status = JF_OK;
    std::function<void(const std::string&)> react; ///< called with each event

    bool has(const std::string& event) const { return std::find(events.begin(), events.end(), event) != events.end(); }
    bool has_prefix(const std::string& start) const
    {
        return std::any_of(events.begin(), events.end(), [&](const auto& event) { return event.starts_with(start); });
    }
    std::string all() const
    {
        std::string text;
        for (const auto& event : events)
            text += event + "; ";
        return text;
    }

    jf_signaling_listener handle()
    {
        static const jf_signaling_listener_methods methods{
            sizeof(jf_signaling_listener_methods),
            0,
            [](void* self, std::uint64_t call, jf_text offer, jf_text name) {
                of(self).hear("invited " + std::to_string(call) + " " + std::string(view(name)), "invited", offer);
            },
            [](void* self, std::uint64_t call, jf_text answer) {
                of(self).hear("ringing " + std::to_string(call), "ringing", answer);
            },
            [](void* self, std::uint64_t call, jf_text answer) {
                of(self).hear("answered " + std::to_string(call), "answered", answer);
            },
            [](void* self, std::uint64_t call) { of(self).hear("confirmed " + std::to_string(call)); },
            [](void* self, std::uint64_t call, std::uint32_t reason, std::uint32_t code, jf_text text) {
                of(self).texts.push_back(std::string(view(text)));
                of(self).hear("refused " + std::to_string(call) + " " + std::to_string(reason) + " " +
                              std::to_string(code));
            },
            [](void* self, std::uint64_t call, std::uint32_t reason) {
                of(self).hear("cancelled " + std::to_string(call) + " " + std::to_string(reason));
            },
            [](void* self, std::uint64_t call, jf_text offer) {
                of(self).hear("updated " + std::to_string(call), "updated", offer);
            },
            [](void* self, std::uint64_t call, jf_text answer) {
                const bool refused = answer.size == 0;
                of(self).hear((refused ? "update_refused " : "update_answered ") + std::to_string(call),
                              "update_answered", answer);
            },
            [](void* self, std::uint64_t call, std::uint32_t reason, jf_text text) {
                of(self).texts.push_back(std::string(view(text)));
                of(self).hear("ended " + std::to_string(call) + " " + std::to_string(reason));
            },
            [](void* self, std::uint64_t call, jf_text type, jf_bytes body) {
                return of(self).take("message", call, type, body);
            },
            [](void* self, std::uint64_t call, jf_text type, jf_bytes body) {
                return of(self).take("info", call, type, body);
            },
            [](void* self, Status status, const jf_error* error) {
                of(self).texts.push_back(error != nullptr ? error->text : "");
                of(self).hear("closed " + std::to_string(status));
            },
            [](void* self, std::uint64_t call, jf_text target, const jf_referral* referral) {
                of(self).replaces = view(referral->replaces);
                of(self).hear("referred " + std::to_string(call) + " " + std::string(view(target)) + " by " +
                              std::string(view(referral->referred_by)));
            },
            [](void* self, std::uint64_t call, std::uint32_t code, jf_text text) {
                of(self).texts.push_back(std::string(view(text)));
                of(self).hear("refer_progressed " + std::to_string(call) + " " + std::to_string(code));
            },
            [](void* self, std::uint64_t call, jf_text offer, jf_text name, const jf_referral* referral) {
                of(self).replaces = view(referral->replaces);
                of(self).hear("invited " + std::to_string(call) + " " + std::string(view(name)) + " by " +
                                  std::string(view(referral->referred_by)),
                              "invited", offer);
            },
            nullptr, // its calls end with their stream (JF-SIG-12 has the others)
            nullptr};
        static jf_signaling_listener_methods older = methods;
        older.struct_size = offsetof(jf_signaling_listener_methods, invited_referred);
        static jf_signaling_listener_methods moving = methods;
        moving.stranded = [](void* self, std::uint64_t call) { of(self).hear("stranded " + std::to_string(call)); };
        moving.taken_over = [](void* self, std::uint64_t call, void*, std::uint64_t from) {
            of(self).hear("taken_over " + std::to_string(call) + " " + std::to_string(from));
        };
        if (hears_moves)
            return {&moving, this};
        return {knows_referred_calls ? &methods : &older, this};
    }

    bool knows_referred_calls = true; ///< false: a kernel from before there were any
    bool hears_moves = false;         ///< its calls outlive their stream
    std::string replaces;             ///< of the last referral

    std::vector<std::string> texts; ///< of refused, ended, closed

private:
    static ListenerLog& of(void* self) { return *static_cast<ListenerLog*>(self); }

    void hear(const std::string& event, const std::string& name = {}, jf_text document = {})
    {
        if (!name.empty())
            json[name] = std::string(view(document));
        events.push_back(event);
        if (react)
            react(event);
    }

    Status take(const std::string& kind, std::uint64_t call, jf_text type, jf_bytes body)
    {
        bodies.emplace_back(std::string(view(type)), std::string(as_text(view(body))));
        hear(kind + " " + std::to_string(call));
        return delivery_status;
    }
};

inline const Device kAlice("alice-account", "alice-device");
inline const Device kBob("bob-account", "bob-device");
inline const Device kCarol("carol-account", "carol-device");

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

/// A session of the plugin over the C boundary.
class SessionUnderTest {
public:
    SessionUnderTest(const InstanceUnderTest<jf_signaling_methods>& plugin, Path path, const Device& local,
                     const Device& remote, std::string_view name = {}, const jf_carrier* carrier = nullptr,
                     bool knows_referred_calls = true, bool hears_moves = false)
    {
        log.knows_referred_calls = knows_referred_calls;
        log.hears_moves = hears_moves;
        const jf_device us = local.raw();
        const jf_device them = remote.raw();
        jf_signaling_options options{sizeof(options), 1, &us, &them, to_text(name), carrier};
        jf_error error = no_error();
        check(plugin->open(plugin.self(), path.raw(), &options, log.handle(), &session_, &error), error);
    }
    SessionUnderTest(const SessionUnderTest&) = delete;
    SessionUnderTest& operator=(const SessionUnderTest&) = delete;
    ~SessionUnderTest() { release(); }

    void release()
    {
        if (session_.methods != nullptr)
            std::exchange(session_.methods, nullptr)->release(session_.self);
    }

    // Each returns the status; the text of a failure is in `problem`.
    Status invite(std::uint64_t call, std::string_view offer = kOffer)
    {
        return run([&](jf_error* e) { return session_.methods->invite(session_.self, call, to_text(offer), e); });
    }
    Status ring(std::uint64_t call, std::string_view answer = {})
    {
        return run([&](jf_error* e) { return session_.methods->ring(session_.self, call, to_text(answer), e); });
    }
    Status answer(std::uint64_t call, std::string_view answer = kAnswer)
    {
        return run([&](jf_error* e) { return session_.methods->answer(session_.self, call, to_text(answer), e); });
    }
    Status refuse(std::uint64_t call, std::uint32_t reason)
    {
        return run([&](jf_error* e) { return session_.methods->refuse(session_.self, call, reason, e); });
    }
    Status cancel(std::uint64_t call, std::uint32_t reason = JF_REASON_CANCELLED)
    {
        return run([&](jf_error* e) { return session_.methods->cancel(session_.self, call, reason, e); });
    }
    Status update(std::uint64_t call, std::string_view offer = kOffer)
    {
        return run([&](jf_error* e) { return session_.methods->update(session_.self, call, to_text(offer), e); });
    }
    Status answer_update(std::uint64_t call, std::string_view answer = kAnswer)
    {
        return run(
            [&](jf_error* e) { return session_.methods->answer_update(session_.self, call, to_text(answer), e); });
    }
    Status bye(std::uint64_t call, std::uint32_t reason = JF_REASON_NORMAL)
    {
        return run([&](jf_error* e) { return session_.methods->bye(session_.self, call, reason, e); });
    }
    void message(std::uint64_t call, std::string_view type, std::string_view body)
    {
        session_.methods->message(session_.self, call, to_text(type), to_bytes(as_bytes(body)), done());
    }
    void info(std::uint64_t call, std::string_view type, std::string_view body)
    {
        session_.methods->info(session_.self, call, to_text(type), to_bytes(as_bytes(body)), done());
    }

    void refer(std::uint64_t call, std::string_view target, std::string_view replaces = {})
    {
        session_.methods->refer(session_.self, call, to_text(target), to_text(replaces), done());
    }
    Status invite_referred(std::uint64_t call, std::string_view by, std::string_view replaces)
    {
        const jf_referral referral = CallReferral(by, replaces).raw();
        return run([&](jf_error* e) {
            return session_.methods->invite_referred(session_.self, call, to_text(kOffer), &referral, e);
        });
    }
    /// Empty if it has none; the status is in `name_status`.
    std::string name_of(std::uint64_t call)
    {
        std::string name;
        const jf_writer writer{&name, [](void* self, const std::uint8_t* data, std::size_t size) {
                                   static_cast<std::string*>(self)->append(as_text({data, size}));
                               }};
        name_status = run([&](jf_error* e) { return session_.methods->name_dialog(session_.self, call, writer, e); });
        return name;
    }
    void ping(Nanoseconds patience) { session_.methods->ping(session_.self, patience.count(), done()); }
    Status matches(std::uint64_t call, std::string_view name)
    {
        return session_.methods->match_dialog(session_.self, call, to_text(name));
    }
    Status refer_progress(std::uint64_t call, std::uint32_t code, std::string_view text = {})
    {
        return run(
            [&](jf_error* e) { return session_.methods->refer_progress(session_.self, call, code, to_text(text), e); });
    }

    ListenerLog log;
    std::string problem;
    std::vector<Status> done_statuses; ///< of message, info and refer, in the order they came
    std::string done_text;
    Status name_status = JF_OK;

private:
    template <class F>
    Status run(F&& f)
    {
        jf_error error = no_error();
        const Status status = std::forward<F>(f)(&error);
        problem = error.text;
        return status;
    }

    jf_done done()
    {
        return {this, [](void* self, Status status, const jf_error* error) {
                    auto& session = *static_cast<SessionUnderTest*>(self);
                    session.done_statuses.push_back(status);
                    session.done_text = error != nullptr ? error->text : "";
                }};
    }

    jf_signaling_session session_{nullptr, nullptr};
};

/// The far end of a link as text: what it gets is collected, what it sends is written by the test.
class TextPeer final : private PathReceiver {
public:
    explicit TextPeer(Path path) : path_(path) { path_.open(*this); }
    TextPeer(const TextPeer&) = delete;
    TextPeer& operator=(const TextPeer&) = delete;
    ~TextPeer() override { path_.close(); }

    void send(std::string_view text) { EXPECT_EQ(path_.send(as_bytes(text)), JF_OK); }

    std::string text() const
    {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    bool got(const std::string& part) const { return text().find(part) != std::string::npos; }
    bool is_closed() const
    {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        const std::lock_guard lock(mutex_);
        text_.append(as_text(view(packet.bytes)));
    }
    void closed(Status, std::string_view) noexcept override
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

    Path path_;
    mutable std::mutex mutex_;
    std::string text_;
    bool closed_ = false;
};

} // namespace jackfield::signaling_test
