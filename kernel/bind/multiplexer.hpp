// multiplexer/1 as the kernel uses it: a stream goes in, the channel for signaling comes out. Whoever opened the link
// asks for that channel; names that nobody here serves are declined.
//
// Threads:  [control].
// Lifetime: destroyed before the path below it, and after whatever is stacked upon its channels.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/error.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace jackfield::kernel {

/// Ready when signaling() has a value; failed when failure() has one.
class MultiplexerLayer {
public:
    MultiplexerLayer(const Plug<jf_multiplexer_methods>& plug, jf_path below, bool initiator,
                     std::function<void()> changed);
    MultiplexerLayer(const MultiplexerLayer&) = delete;
    MultiplexerLayer& operator=(const MultiplexerLayer&) = delete;
    ~MultiplexerLayer();

    /// Nobody listens for changes any more. For a layer that outlives the flow that made it.
    void forget_events()
    {
        changed_ = [] {};
    }

    const std::optional<jf_path>& signaling() const { return signaling_; }
    const std::optional<Error>& failure() const { return failure_; }

private:
    /// What the end of our request finds: it may come when the layer has gone.
    struct Request {
        MultiplexerLayer* layer;
    };

    static const jf_multiplexer_listener_methods kListener;
    void ask_for_channel();
    void requested(std::uint64_t request, std::string_view name, std::uint32_t kind);
    void got(jf_channel channel);
    void fail(Error error);

    bool initiator_;
    std::function<void()> changed_;
    jf_multiplexer_session session_{};
    jf_channel channel_{};
    Request* request_ = nullptr; // owned by the plugin's promise to call back
    std::optional<jf_path> signaling_;
    std::optional<Error> failure_;
};

} // namespace jackfield::kernel
