// jackfield.multiplexer/1: derive from Multiplexer, MultiplexerSession and Channel.
//
// Threads: every method runs on the control thread, and so must every call of the listener. Paths have their own rules.
#pragma once

#include <jackfield/abi/multiplexer.h>
#include <jackfield/completion.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// A named channel. Destroying it closes its path.
class Channel {
public:
    virtual ~Channel() = default;
    virtual PathBase& path() = 0;

    static const jf_channel_methods kMethods;

    static jf_channel release(std::unique_ptr<Channel> channel) { return {&kMethods, channel.release()}; }
};

inline constexpr jf_channel_methods Channel::kMethods{
    sizeof(jf_channel_methods), 0, [](void* self) { return static_cast<Channel*>(self)->path().handle(); },
    [](void* self) { delete static_cast<Channel*>(self); }};

/// The end of one open_channel; gives up with JF_CANCELLED. [any]
class ChannelDone {
public:
    ChannelDone(Host host, jf_channel_done done) : host_(host), done_(done) {}
    ChannelDone(ChannelDone&& other) noexcept : host_(other.host_), done_(std::exchange(other.done_, {})) {}
    ChannelDone& operator=(ChannelDone&&) = delete;
    ~ChannelDone()
    {
        if (done_.call != nullptr &&
            !detail::ThrowScope::keep([host = host_, done = done_](Status status, std::string_view text) {
                ChannelDone(host, done).fail(status, text);
            }))
            fail(JF_CANCELLED, "the channel was given up");
    }

    void succeed(std::unique_ptr<Channel> channel)
    {
        host_.post([done = std::exchange(done_, {}), channel = std::move(channel)]() mutable {
            done.call(done.self, JF_OK, Channel::release(std::move(channel)), nullptr);
        });
    }

    void fail(Status status, std::string_view text)
    {
        if (done_.call == nullptr)
            return;
        host_.post([done = std::exchange(done_, {}), error = make_error(status, text)] {
            done.call(done.self, error.status, {nullptr, nullptr}, &error);
        });
    }

private:
    Host host_;
    jf_channel_done done_;
};

/// The kernel's ear. [control]
class MultiplexerListener {
public:
    explicit MultiplexerListener(jf_multiplexer_listener raw) : raw_(raw) {}

    void channel_requested(std::uint64_t request, std::string_view name, std::uint32_t kind) const
    {
        raw_.methods->channel_requested(raw_.self, request, to_text(name), kind);
    }
    void closed(Status status, std::string_view text) const
    {
        const jf_error error = make_error(status, text);
        raw_.methods->closed(raw_.self, status, &error);
    }

private:
    jf_multiplexer_listener raw_;
};

class MultiplexerSession {
public:
    explicit MultiplexerSession(Host host) : host_(host) {}
    virtual ~MultiplexerSession() = default;

    virtual void open_channel(std::string_view name, std::uint32_t kind, ChannelDone done) = 0;
    virtual std::unique_ptr<Channel> accept(std::uint64_t request) = 0;
    virtual void decline(std::uint64_t request) = 0;
    virtual void ping(Nanoseconds timeout, Completion done) = 0;

    Host host() const { return host_; }
    static const jf_multiplexer_session_methods kMethods;

protected:
    Host host_;
};

class Multiplexer : public Instance {
public:
    using Interface = Multiplexer;
    static constexpr std::string_view kInterfaceId = JF_MULTIPLEXER_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<MultiplexerSession> open(Path below, bool initiator, MultiplexerListener listener) = 0;

    static const jf_multiplexer_methods kMethods;
};

namespace detail {
inline MultiplexerSession& multiplexer_session(void* self)
{
    return *static_cast<MultiplexerSession*>(self);
}
} // namespace detail

inline constexpr jf_multiplexer_session_methods MultiplexerSession::kMethods{
    sizeof(jf_multiplexer_session_methods),
    0,
    [](void* self, jf_text name, std::uint32_t kind, jf_channel_done done) {
        auto& session = detail::multiplexer_session(self);
        run_method([&] { session.open_channel(view(name), kind, ChannelDone(session.host(), done)); });
    },
    [](void* self, std::uint64_t request, jf_channel* channel, jf_error* error) {
        return guarded(error, [&] { *channel = Channel::release(detail::multiplexer_session(self).accept(request)); });
    },
    [](void* self, std::uint64_t request) {
        guarded(nullptr, [&] { detail::multiplexer_session(self).decline(request); });
    },
    [](void* self, std::int64_t timeout_ns, jf_done done) {
        auto& session = detail::multiplexer_session(self);
        start_guarded(session.host(), done,
                      [&](Completion& end) { session.ping(Nanoseconds(timeout_ns), std::move(end)); });
    },
    [](void* self) { delete static_cast<MultiplexerSession*>(self); }};

inline constexpr jf_multiplexer_methods Multiplexer::kMethods{
    sizeof(jf_multiplexer_methods), 0,
    [](void* self, jf_path below, std::uint32_t initiator, jf_multiplexer_listener listener,
       jf_multiplexer_session* session, jf_error* error) {
        return guarded(error, [&] {
            auto made =
                static_cast<Multiplexer*>(self)->open(Path(below), initiator != 0, MultiplexerListener(listener));
            *session = {&MultiplexerSession::kMethods, made.release()};
        });
    }};

} // namespace jackfield
