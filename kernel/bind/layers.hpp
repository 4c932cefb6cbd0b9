// secure_channel/1 and reliable_stream/1 as the kernel uses them: a path goes in, a path comes out.
//
// Threads:  [control].
// Lifetime: a layer is destroyed before the path below it, and after whatever is stacked upon its own path.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/identity.hpp"
#include "kernel/error.hpp"

#include <functional>
#include <optional>
#include <string>

namespace jackfield::kernel {

struct SecureInfo {
    std::string protocol;
    std::string cipher;
    std::string group;
    Device peer;         // as expected if nobody is proven
    bool proven = false; // the peer has shown that it is that device
};

/// What becomes of a channel that says it has proven nobody.
enum class Unproven { kRefused, kAllowed };

/// One handshake. Ready when path() has a value; failed when failure() has one.
class SecureLayer {
public:
    /// Throws Failure if the handshake cannot even begin. role: JF_TLS_CLIENT or JF_TLS_SERVER.
    SecureLayer(const Plug<jf_secure_channel_methods>& plug, jf_path below, std::uint32_t role, const Device& expected,
                Unproven unproven, std::function<void()> changed);
    SecureLayer(const SecureLayer&) = delete;
    SecureLayer& operator=(const SecureLayer&) = delete;
    ~SecureLayer();

    /// Nobody listens for changes any more. For a layer that outlives the flow that made it.
    void forget_events()
    {
        changed_ = [] {};
    }

    const std::optional<jf_path>& path() const { return path_; }
    const SecureInfo& info() const { return info_; }

    /// Whether channels come of it by itself; then nothing else stands upon it.
    bool multiplexes() const { return JF_HAS(session_.methods, multiplexer); }

    /// Once, when it is secured. Throws Failure.
    jf_multiplexer_session multiplexer(jf_multiplexer_listener listener);
    const std::optional<Error>& failure() const { return failure_; }

private:
    bool settled() const { return path_ || failure_; } // the first result counts
    static const jf_secure_listener_methods kListener;

    std::string plugin_id_;
    Device expected_;
    Unproven unproven_;
    std::function<void()> changed_;
    jf_secure_session session_{};
    std::optional<jf_path> path_;
    SecureInfo info_;
    std::optional<Error> failure_;
};

/// A stream of datagrams. Ready when path() has a value; failed when failure() has one.
class ReliableLayer {
public:
    ReliableLayer(const Plug<jf_reliable_stream_methods>& plug, jf_path below, bool initiator,
                  std::function<void()> changed);
    ReliableLayer(const ReliableLayer&) = delete;
    ReliableLayer& operator=(const ReliableLayer&) = delete;
    ~ReliableLayer();

    /// Nobody listens for changes any more. For a layer that outlives the flow that made it.
    void forget_events()
    {
        changed_ = [] {};
    }

    const std::optional<jf_path>& path() const { return path_; }
    const std::optional<Error>& failure() const { return failure_; }

private:
    bool settled() const { return path_ || failure_; } // the first result counts
    static const jf_reliable_listener_methods kListener;

    std::function<void()> changed_;
    jf_reliable_session session_{};
    std::optional<jf_path> path_;
    std::optional<Error> failure_;
};

} // namespace jackfield::kernel
