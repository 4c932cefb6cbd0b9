// multiplexer/1 as the kernel uses it: a stream goes in, or a secure channel that is a multiplexer itself; channels
// come out. Names that nobody here waits for, even when asked, are declined.
//
// Threads:  [control].
// Lifetime: destroyed before what is below it, and after every channel of it and whatever is stacked upon those.

#pragma once

#include "kernel/bind/layers.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

class MultiplexerLayer;

/// One channel that is asked for, or that the peer shall ask for. Ready when path() has a value; failed when failure()
/// has one.
class ChannelLayer {
public:
    enum class Opening { asked, expected };

    ChannelLayer(MultiplexerLayer& multiplexer, std::string name, std::uint32_t kind, Opening opening,
                 std::function<void()> changed);
    ChannelLayer(const ChannelLayer&) = delete;
    ChannelLayer& operator=(const ChannelLayer&) = delete;
    ~ChannelLayer();

    /// Nobody listens for changes any more. For a layer that outlives the flow that made it.
    void forget_events()
    {
        changed_ = [] {};
    }

    const std::optional<jf_path>& path() const { return path_; }
    const std::optional<Error>& failure() const { return failure_; }

private:
    friend class MultiplexerLayer;
    struct Request; // what the end of our request finds: it may come when the layer has gone

    void ask();
    bool is(std::string_view name, std::uint32_t kind) const;
    void got(jf_channel channel);
    void fail(Error error);

    MultiplexerLayer& multiplexer_;
    std::string name_;
    std::uint32_t kind_;
    std::function<void()> changed_;
    jf_channel channel_{};
    Request* request_ = nullptr; // owned by the plugin's promise to call back
    std::optional<jf_path> path_;
    std::optional<Error> failure_;
};

class MultiplexerLayer {
public:
    MultiplexerLayer(const Plug<jf_multiplexer_methods>& plug, jf_path below, bool initiator,
                     std::function<void()> changed);

    /// For a secure channel that is a multiplexer itself.
    MultiplexerLayer(SecureLayer& secure, bool initiator, std::function<void()> changed);

    MultiplexerLayer(const MultiplexerLayer&) = delete;
    MultiplexerLayer& operator=(const MultiplexerLayer&) = delete;
    ~MultiplexerLayer();

    /// Nobody listens for changes of the channel of signaling any more.
    void forget_events() { signaling_->forget_events(); }

    /// Asked about a channel that nobody here expects yet: it may make a ChannelLayer that does, at once.
    /// Those that the peer has asked for since the channel of signaling is there have waited for this.
    void on_newcomer(std::function<void(const std::string& name, std::uint32_t kind)> newcomer);

    /// Asks the peer for a sign of life. JF_TIMEOUT if none comes, JF_CLOSED if the link ended.
    void ping(std::chrono::nanoseconds patience, jf_done done);

    /// The channel that is there from the start: whoever opened the link asks for it.
    const std::optional<jf_path>& signaling() const { return signaling_->path(); }
    const std::optional<Error>& failure() const { return signaling_->failure(); }

private:
    friend class ChannelLayer;

    static const jf_multiplexer_listener_methods kListener;
    void begin(bool initiator, std::function<void()> changed);
    void requested(std::uint64_t request, std::string_view name, std::uint32_t kind);
    void fail(const Error& error);

    jf_multiplexer_session session_{};
    std::vector<ChannelLayer*> channels_; // those that are alive
    struct Early {
        std::uint64_t request;
        std::string name;
        std::uint32_t kind;
    };
    std::function<void(const std::string&, std::uint32_t)> newcomer_;
    std::vector<Early> early_; // bounded by what the plugin lets wait
    std::optional<Error> over_;
    std::unique_ptr<ChannelLayer> signaling_;
};

} // namespace jackfield::kernel
