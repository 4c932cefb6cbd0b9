// One end of a stream under test: the plugin's session, what its listener heard, what its receiver got.
//
// Threads: the test's thread is control; received bytes come from the link's thread.
// Lifetime: destroy it before the link whose path it uses.
#pragma once

#include "tests/plugins/impaired.hpp"

#include <jackfield/reliable_stream.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

namespace reliable_test {

using namespace jackfield;
using jackfield::testing::Clock;
using jackfield::testing::FakeHost;
using jackfield::testing::Impaired;
using jackfield::testing::InstanceUnderTest;
using jackfield::testing::MemoryLink;

class StreamEnd final : public PathReceiver {
public:
    StreamEnd(FakeHost& host, const InstanceUnderTest<jf_reliable_stream_methods>& plugin, Path below, bool initiator,
              bool open_at_once = true)
        : host_(host), open_at_once_(open_at_once)
    {
        const jf_reliable_options options{sizeof(options), initiator ? 1U : 0U};
        jf_error error = no_error();
        check(plugin->open(plugin.self(), below.raw(), &options, listener(), &session_, &error), error);
    }
    StreamEnd(const StreamEnd&) = delete;
    StreamEnd& operator=(const StreamEnd&) = delete;
    ~StreamEnd() override { release(); }

    void release()
    {
        const jf_reliable_session session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }

    bool established() const { return established_; }
    std::optional<jf_error> failure() const { return failure_; }
    Path stream() const { return stream_; }

    std::size_t received_bytes() const { return count_; }
    Bytes received_so_far() const
    {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }
    std::optional<jf_error> end() const
    {
        const std::lock_guard lock(mutex_);
        return end_;
    }

    /// Sends all of it, waiting for writable where it must. How often it had to wait, or nothing if the stream ended.
    std::optional<int> send_all(ByteView bytes, std::size_t piece)
    {
        int waits = 0;
        while (!bytes.empty()) {
            const ByteView next = bytes.first(std::min(piece, bytes.size()));
            writable_ = false;
            const Status status = stream_.send(next);
            if (status == JF_OK) {
                bytes = bytes.subspan(next.size());
                continue;
            }
            if (status != JF_WOULD_BLOCK || !host_.run_until([&] { return writable_.load() || end(); }) || end())
                return std::nullopt;
            ++waits;
        }
        return waits;
    }

    std::atomic<bool> writable_{false};
    std::function<void()> on_received; ///< on the link's thread

private:
    jf_reliable_listener listener()
    {
        static constexpr jf_reliable_listener_methods methods{sizeof(jf_reliable_listener_methods), 0,
                                                              [](void* self, jf_path stream) {
                                                                  auto& us = *static_cast<StreamEnd*>(self);
                                                                  us.stream_ = Path(stream);
                                                                  us.established_ = true;
                                                                  if (us.open_at_once_)
                                                                      us.stream_.open(us);
                                                              },
                                                              [](void* self, Status status, const jf_error* error) {
                                                                  static_cast<StreamEnd*>(self)->failure_ =
                                                                      make_error(status, error_text(error));
                                                              }};
        return {&methods, this};
    }

    void received(const jf_packet& packet) noexcept override
    {
        {
            const std::lock_guard lock(mutex_);
            bytes_.insert(bytes_.end(), packet.bytes.data, packet.bytes.data + packet.bytes.size);
            EXPECT_FALSE(end_);
            EXPECT_GT(packet.arrival_ns, 0);
            count_ = bytes_.size();
        }
        if (on_received)
            on_received();
    }
    void writable() noexcept override { writable_ = true; }
    void closed(Status status, std::string_view text) noexcept override
    {
        const std::lock_guard lock(mutex_);
        EXPECT_FALSE(end_);
        end_ = make_error(status, text);
    }

    FakeHost& host_;
    bool open_at_once_;
    jf_reliable_session session_{};
    std::atomic<bool> established_{false};
    std::optional<jf_error> failure_;
    Path stream_;
    mutable std::mutex mutex_;
    Bytes bytes_;
    std::atomic<std::size_t> count_{0};
    std::optional<jf_error> end_;
};

/// A filter that may look at the test's own variables: it is gone before they are.
class ScopedFilter {
public:
    ScopedFilter(MemoryLink& link, MemoryLink::Filter filter) : link_(link) { link_.set_filter(std::move(filter)); }
    ScopedFilter(const ScopedFilter&) = delete;
    ScopedFilter& operator=(const ScopedFilter&) = delete;
    ~ScopedFilter() { link_.set_filter({}); }

private:
    MemoryLink& link_;
};

/// The plugin, a link of datagrams, and a stream with two ends over it.
class Streams : public ::testing::Test {
protected:
    explicit Streams(Clock clock = Clock::real) : host(clock) {}
    ~Streams() override
    {
        a.reset();
        b.reset();
    }

    void connect(std::uint32_t max_datagram_bytes = 1200)
    {
        if (!link)
            link = std::make_unique<MemoryLink>(JF_DATAGRAM, max_datagram_bytes);
        a = std::make_unique<StreamEnd>(host, plugin, link->path(0), true);
        b = std::make_unique<StreamEnd>(host, plugin, link->path(1), false);
        ASSERT_TRUE(host.run_until([&] { return a->established() && b->established(); }));
    }

    static Bytes pattern(std::size_t size)
    {
        Bytes bytes(size);
        std::uint32_t state = 1;
        for (auto& byte : bytes)
            byte = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24);
        return bytes;
    }

    FakeHost host;
    InstanceUnderTest<jf_reliable_stream_methods> plugin{host, JACKFIELD_TEST_PLUGIN_DIR, "reliable-usrsctp",
                                                         JF_RELIABLE_STREAM_INTERFACE, R"({"timeout_ms": 2000})"};
    std::unique_ptr<MemoryLink> link;
    std::unique_ptr<StreamEnd> a;
    std::unique_ptr<StreamEnd> b;
};

} // namespace reliable_test
