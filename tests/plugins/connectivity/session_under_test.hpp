// A session of a connectivity plugin as a test sees it: what its listener heard, and a receiver for each path.
//
// Threads: the test's thread is control; Ear is called on the plugin's thread and locks.
#pragma once

#include <jackfield/connectivity.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

namespace jackfield::connectivity_test {

using testing::FakeHost;
using Instance = testing::InstanceUnderTest<jf_connectivity_methods>;

inline std::unique_ptr<Instance> make_instance(FakeHost& host, const std::string& plugin, std::string_view config)
{
    return std::make_unique<Instance>(host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_CONNECTIVITY_INTERFACE, config);
}

/// Receives on one path and remembers.
class Ear final : public PathReceiver {
public:
    void received(const jf_packet& packet) noexcept override
    {
        const std::lock_guard lock(mutex_);
        if (keep_) {
            packets_.emplace_back(packet.bytes.data, packet.bytes.data + packet.bytes.size);
            stream_.insert(stream_.end(), packet.bytes.data, packet.bytes.data + packet.bytes.size);
        }
        ++count_;
        bytes_ += packet.bytes.size;
        last_arrival_ns_ = packet.arrival_ns;
        if (answer_)
            answer_(packet);
        changed_.notify_all();
    }
    void writable() noexcept override
    {
        const std::lock_guard lock(mutex_);
        ++writable_;
        changed_.notify_all();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        const std::lock_guard lock(mutex_);
        ++closed_;
        status_ = status;
        text_ = text;
        changed_.notify_all();
    }

    template <class Condition>
    bool wait(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, deadline, [&] { return condition(*this); });
    }
    bool wait_for_bytes(std::size_t bytes)
    {
        return wait([&](const Ear& ear) { return ear.bytes_ >= bytes; });
    }
    bool wait_for_packets(std::size_t count)
    {
        return wait([&](const Ear& ear) { return ear.count_ >= count; });
    }

    std::vector<Bytes> packets_;
    Bytes stream_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    int writable_ = 0;
    int closed_ = 0;
    Status status_ = JF_OK;
    std::string text_;
    std::int64_t last_arrival_ns_ = 0;
    bool keep_ = true;
    std::function<void(const jf_packet&)> answer_; // on the path's thread
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// One end. Candidates are trickled to `peer` if one is set.
class IceSession {
public:
    IceSession(Instance& instance, std::uint32_t role, std::uint32_t kind, std::uint32_t components = 1,
               std::string_view label = "test")
    {
        static constexpr jf_connectivity_listener_methods methods{
            sizeof(jf_connectivity_listener_methods),
            0,
            [](void* self, jf_text line) { of(self).on_candidate(view(line)); },
            [](void* self) { ++of(self).gathered_; },
            [](void* self, std::uint32_t component, jf_path path) {
                of(self).ready_order_.push_back(component);
                of(self).paths_[component] = Path(path);
            },
            [](void* self, const jf_selected_pair* pair) { of(self).on_pair(*pair); },
            [](void* self, Status status, const jf_error* error) {
                ++of(self).failed_;
                of(self).status_ = status;
                of(self).text_ = error_text(error);
            },
            [](void* self) { ++of(self).enough_; }};
        jf_connectivity_options options{};
        options.struct_size = sizeof(options);
        options.role = role;
        options.kind = kind;
        options.component_count = components;
        options.label = to_text(label);
        jf_error error = no_error();
        check(instance->open(instance.self(), &options, {&methods, this}, &raw_, &error), error);
    }
    IceSession(const IceSession&) = delete;
    IceSession& operator=(const IceSession&) = delete;
    ~IceSession() { release(); }

    void release()
    {
        if (raw_.methods != nullptr)
            std::exchange(raw_.methods, nullptr)->release(raw_.self);
    }

    void gather()
    {
        jf_error error = no_error();
        check(raw_.methods->gather(raw_.self, &error), error);
    }
    std::string description() const
    {
        std::string text;
        jf_error error = no_error();
        check(raw_.methods->local_description(raw_.self, append_to(text), &error), error);
        return text;
    }
    void set_remote(std::string_view text)
    {
        jf_error error = no_error();
        check(raw_.methods->set_remote(raw_.self, to_text(text), &error), error);
    }
    Status add(std::string_view line)
    {
        jf_error error = no_error();
        return raw_.methods->add_remote_candidate(raw_.self, to_text(line), &error);
    }
    void end() { raw_.methods->end_of_candidates(raw_.self); }
    void restart()
    {
        jf_error error = no_error();
        check(raw_.methods->restart(raw_.self, &error), error);
    }

    std::string tried() const
    {
        std::string text;
        jf_error error = no_error();
        check(raw_.methods->tried(raw_.self, append_to(text), &error), error);
        return text;
    }

    /// What the plugin says to it; `path_early_` is filled.
    Status send_early(const std::vector<Bytes>& datagrams, std::uint32_t component = 1)
    {
        std::vector<jf_bytes> parts;
        for (const auto& datagram : datagrams)
            parts.push_back(to_bytes(datagram));
        path_early_.struct_size = sizeof(path_early_);
        jf_error error = no_error();
        return raw_.methods->send_early(raw_.self, component, parts.data(), parts.size(), &path_early_, &error);
    }

    std::size_t ready() const { return paths_.size(); }
    Path path(std::uint32_t component = 1) const { return paths_.at(component); }

    struct Pair {
        std::string local;
        std::string remote;
        bool relayed;
        std::int64_t round_trip_ns;
    };

    std::vector<std::string> candidates_; // reported ones
    int gathered_ = 0;
    int enough_ = 0; // before that
    std::vector<std::uint32_t> ready_order_;
    std::map<std::uint32_t, Path> paths_;
    std::map<std::uint32_t, Pair> pairs_;
    int pair_events_ = 0;
    int failed_ = 0;
    Status status_ = JF_OK;
    std::string text_;
    IceSession* peer_ = nullptr;
    jf_path_info path_early_{};

private:
    static IceSession& of(void* self) { return *static_cast<IceSession*>(self); }

    void on_candidate(std::string_view line)
    {
        candidates_.emplace_back(line);
        if (peer_ != nullptr) {
            EXPECT_EQ(peer_->add(line), JF_OK) << line;
        }
    }
    void on_pair(const jf_selected_pair& pair)
    {
        ++pair_events_;
        pairs_[pair.component] = {std::string(view(pair.local_candidate)), std::string(view(pair.remote_candidate)),
                                  pair.relayed != 0, pair.round_trip_ns};
    }

    jf_connectivity_session raw_{};
};

inline std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        lines.push_back(text.substr(begin, end - begin));
        begin = end == std::string::npos ? text.size() : end + 1;
    }
    return lines;
}

/// A caller and a called, both with their descriptions exchanged once `connect` is through.
struct Call {
    Call(Instance& left, Instance& right, std::uint32_t kind, std::uint32_t components = 1)
        : a(left, JF_CONTROLLING, kind, components, "caller"), b(right, JF_CONTROLLED, kind, components, "called")
    {
        a.peer_ = &b;
        b.peer_ = &a;
    }

    void exchange()
    {
        a.gather();
        b.gather();
        b.set_remote(a.description());
        a.set_remote(b.description());
    }

    bool connect(FakeHost& host, std::size_t components)
    {
        exchange();
        return host.run_until([&] {
            return (a.ready() == components && b.ready() == components) || a.failed_ != 0 || b.failed_ != 0;
        }) && a.failed_ == 0 &&
               b.failed_ == 0;
    }

    IceSession a;
    IceSession b;
};

inline Bytes pattern(std::size_t size, unsigned seed = 0)
{
    Bytes bytes(size);
    std::uint32_t state = 2463534242U + seed * 7919U;
    for (auto& byte : bytes) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        byte = static_cast<std::uint8_t>(state);
    }
    return bytes;
}

} // namespace jackfield::connectivity_test
