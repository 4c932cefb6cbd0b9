// The account's wire as control sees it: see the header.
//
// Threads: as each function says.
#include "network.hpp"

#include <asio/post.hpp>

namespace discovery_sip {

using jackfield::Status;

Network::Network(jackfield::Host host, Events events)
    : host_(host),
      events_(std::move(events)),
      work_(asio::make_work_guard(context_)),
      thread_([this] { context_.run(); })
{}

Network::~Network()
{
    context_.stop();
    thread_.join();
}

void Network::connect(WireOptions options)
{
    const std::uint64_t generation = ++generation_;
    state_ = State::connecting;
    asio::post(context_, [this, options = std::move(options), generation] { make(options, generation); });
}

void Network::disconnect()
{
    ++generation_;
    state_ = State::down;
    asio::post(context_, [this] {
        if (wire_)
            wire_->close();
        wire_.reset();
    });
}

void Network::make(const WireOptions& options, std::uint64_t generation)
{
    if (wire_)
        wire_->close();
    wire_.reset();
    const WireEvents events = wire_events(generation);
    try {
        wire_ = make_wire(context_, options, events);
        wire_->start();
    } catch (const std::exception& failure) { // nothing comes from a wire that was not made
        events.down(failure.what());
    }
}

/// On the network's thread, brought to control.
WireEvents Network::wire_events(std::uint64_t generation)
{
    const auto post = [this, generation](auto event) {
        host_.post([this, generation, event = std::move(event)]() mutable {
            if (generation == generation_)
                event();
        });
    };
    return {[this, post, generation](HostPort local) {
                auto connecting = State::connecting;
                if (generation == generation_)
                    state_.compare_exchange_strong(connecting, State::up);
                post([this, local] { events_.up(local); });
            },
            [this, post](std::string why) {
                post([this, why] {
                    state_ = State::down;
                    events_.down(why);
                });
            },
            [this, generation](std::string text, HostPort source) {
                return bring(generation, std::move(text), std::move(source));
            },
            [this](std::size_t bytes) { left(bytes); }};
}

/// Over UDP what is too much is lost, as on the way; a connection is read no further until control has caught up.
bool Network::bring(std::uint64_t generation, std::string text, HostPort source)
{
    if (in_is_full())
        return false;
    const std::size_t bytes = text.size();
    ++in_count_;
    in_bytes_ += bytes;
    host_.post([this, generation, bytes, text = std::move(text), source = std::move(source)]() mutable {
        const bool was_full = in_is_full();
        brought(bytes);
        if (was_full)
            asio::post(context_, [this] {
                if (wire_)
                    wire_->resume();
            });
        if (generation == generation_)
            events_.message(std::move(text), std::move(source));
    });
    return !in_is_full();
}

void Network::brought(std::size_t bytes)
{
    --in_count_;
    in_bytes_ -= bytes;
}

Status Network::send(std::string text, std::optional<HostPort> to)
{
    if (state_ == State::down)
        return JF_UNREACHABLE;
    if (out_bytes_ + text.size() > kMostOut_bytes) {
        blocked_ = true;
        if (out_bytes_ + text.size() > kMostOut_bytes) // still: what leaves from now on sees that somebody waits
            return JF_WOULD_BLOCK;
    }
    out_bytes_ += text.size();
    asio::post(context_, [this, text = std::move(text), to = std::move(to)]() mutable {
        const std::size_t bytes = text.size();
        wire_ ? wire_->send(std::move(text), to) : left(bytes);
    });
    return JF_OK;
}

void Network::left(std::size_t bytes)
{
    out_bytes_ -= bytes;
    if (bytes > 0 && blocked_.exchange(false))
        host_.post([this] { events_.writable(); });
}

} // namespace discovery_sip
