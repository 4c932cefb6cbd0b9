// Two ends of one multiplexed link, and the tests of its channels: for a multiplexer, and for a secure channel that
// is one.
//
// Threads: the test's; ears are called on the link's. Lifetime: ends are released before their link.
#pragma once

#include "path_tests.hpp"
#include "process_watch.hpp"

#include <jackfield/multiplexer.hpp>

#include <jackfield/testing/discovery_record.hpp>

#include <map>
#include <optional>

namespace jackfield::conformance::multiplexers {

/// One end of a multiplexed link and everything that was said to it.
class End {
public:
    explicit End(Life& life) : life_(life) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    jf_multiplexer_listener listener() { return {&kListener, this}; }
    void take(jf_multiplexer_session session) { session_ = session; }
    void release()
    {
        for (auto& [name, channel] : std::exchange(channels, {}))
            channel.methods->release(channel.self);
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    void ask(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        asked_.push_back(std::make_unique<Asked>(Asked{*this, name}));
        session_.methods->open_channel(session_.self, to_text(name), kind, {asked_.back().get(), &Asked::done});
    }
    Status accept(const std::string& name)
    {
        jf_error error = no_error();
        jf_channel channel{};
        const Status status = session_.methods->accept(session_.self, requests.at(name), &channel, &error);
        if (status == JF_OK)
            channels[name] = channel;
        return status;
    }
    void decline(const std::string& name) { session_.methods->decline(session_.self, requests.at(name)); }
    void ping(std::chrono::nanoseconds timeout, testing::DoneRecord& end)
    {
        session_.methods->ping(session_.self, timeout.count(), end.done());
    }
    void release_channel(const std::string& name)
    {
        const jf_channel channel = channels.at(name);
        channels.erase(name);
        channel.methods->release(channel.self);
    }
    Path path(const std::string& name) const
    {
        const jf_channel channel = channels.at(name);
        return Path(channel.methods->path(channel.self));
    }
    Life& life() { return life_; }

    std::map<std::string, std::uint64_t> requests;
    std::map<std::string, std::uint32_t> kinds;
    std::map<std::string, jf_channel> channels;
    std::map<std::string, Status> refused;
    std::map<std::string, int> answers; ///< how often an open_channel ended
    std::vector<Status> closed;

private:
    struct Asked {
        End& end;
        std::string name;

        static void done(void* self, jf_status status, jf_channel channel, const jf_error*)
        {
            ProcessWatch::heard();
            const auto& asked = *static_cast<Asked*>(self);
            ++asked.end.answers[asked.name];
            if (status == JF_OK)
                asked.end.channels[asked.name] = channel;
            else
                asked.end.refused[asked.name] = status;
        }
    };

    static constexpr jf_multiplexer_listener_methods kListener{
        sizeof(jf_multiplexer_listener_methods), 0,
        [](void* self, std::uint64_t request, jf_text name, std::uint32_t kind) {
            ProcessWatch::heard();
            static_cast<End*>(self)->requests[std::string(view(name))] = request;
            static_cast<End*>(self)->kinds[std::string(view(name))] = kind;
        },
        [](void* self, jf_status status, const jf_error*) {
            ProcessWatch::heard();
            static_cast<End*>(self)->closed.push_back(status);
        }};

    Life& life_;
    jf_multiplexer_session session_{};
    std::vector<std::unique_ptr<Asked>> asked_;
};

/// Two ends over a link in memory, however they came to be.
class Pair {
public:
    Pair(Bench& bench, std::uint32_t kind_below, Life& at_a_life, Life& at_b_life)
        : bench_(bench), link(kind_below, 1200, kind_below == JF_STREAM ? 64 : 4096), a(at_a_life), b(at_b_life)
    {}
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    virtual ~Pair() = default;

    /// What a session is released with.
    virtual void release_a() { a.release(); }
    virtual void release_b() { b.release(); }

    bool until(const std::function<bool()>& done) { return bench_.until(done); }
    Bench& bench() { return bench_; }

    void asked(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        a.ask(name, kind);
        require(until([&] { return b.requests.contains(name); }),
                "the peer does not hear that channel \"" + name + "\" is asked for");
    }
    /// A channel that a asked for and b accepted.
    void connect(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        asked(name, kind);
        require_status(b.accept(name), JF_OK, "accept of \"" + name + "\"");
        require(until([&] { return a.channels.contains(name); }), "channel \"" + name + "\" was accepted; nobody told");
    }
    /// Same, with an ear at both ends.
    void open(const std::string& name)
    {
        connect(name);
        a.path(name).open(at_a[name]);
        b.path(name).open(at_b[name]);
    }

    /// How a channel that a asked for came to nothing: said by open_channel, or, if that had given it before the peer
    /// answered, by its path. Nothing yet if neither has said so.
    std::optional<Status> came_to_nothing(const std::string& name)
    {
        if (a.refused.contains(name))
            return a.refused[name];
        if (!a.channels.contains(name))
            return std::nullopt;
        if (!at_a.contains(name))
            a.path(name).open(at_a[name]);
        if (at_a[name].closed_count() == 0)
            return std::nullopt;
        return at_a[name].heard().status;
    }

protected:
    /// Of whoever derives, in its destructor: while what it adds is still there.
    void end()
    {
        release_a();
        release_b();
        bench_.run_pending(); // whoever still asked hears the answer
    }

private:
    Bench& bench_;

public:
    std::map<std::string, Ear> at_a;
    std::map<std::string, Ear> at_b;
    testing::MemoryLink link;
    End a;
    End b;
};

/// Makes a pair. Throws Skipped if the plugin has none of that sort.
using Pairer = std::function<std::unique_ptr<Pair>(Bench&)>;

/// A channel of a pair, for the tests of paths.
class ChannelJoint final : public Joint {
public:
    ChannelJoint(std::unique_ptr<Pair> pair, std::uint32_t of_kind) : pair_(std::move(pair))
    {
        pair_->connect("channel", of_kind);
        kind = of_kind;
        near = pair_->a.path("channel");
        far = pair_->b.path("channel");
        link = &pair_->link;
    }
    ~ChannelJoint() override { release(); }
    void release() override
    {
        pair_->release_a();
        pair_->release_b();
    }

private:
    std::unique_ptr<Pair> pair_;
};

/// Adds the tests of JF-MUX. declared: what the manifest of a plugin must say true for them, or empty.
void add_channel_tests(std::vector<Test>& list, const std::string& interface_id, const std::string& declared,
                       const Pairer& make);

} // namespace jackfield::conformance::multiplexers
