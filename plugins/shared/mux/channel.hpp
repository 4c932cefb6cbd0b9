// A channel as the kernel holds it: a path, and the stream behind it.
//
// Threads: sends on any thread, the rest on control. Lifetime: the kernel's.
#pragma once

#include <jackfield/multiplexer.hpp>

#include <memory>

namespace shared_mux {

/// Core: what the session and its channels share; it has describe, and open, send and finish of a stream.
template <class Core, class Stream>
class CoreChannel final : public jackfield::Channel, private jackfield::PathBase {
public:
    CoreChannel(std::shared_ptr<Core> core, std::shared_ptr<Stream> stream)
        : core_(std::move(core)), stream_(std::move(stream))
    {}
    ~CoreChannel() override { close(); }

    jackfield::PathBase& path() override { return *this; }

private:
    jf_path_info describe() const noexcept override { return shape(); }
    void open(jf_path_receiver receiver) override { core_->open(*stream_, receiver); }
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override { return core_->send(*stream_, parts); }
    void close() noexcept override { core_->finish(*stream_); }

    jf_path_info shape() const
    {
        if constexpr (requires { core_->describe(*stream_); })
            return core_->describe(*stream_); // channels of several kinds
        else
            return core_->describe();
    }

    std::shared_ptr<Core> core_;     // second owner: the session
    std::shared_ptr<Stream> stream_; // second owner: the core
};

} // namespace shared_mux
