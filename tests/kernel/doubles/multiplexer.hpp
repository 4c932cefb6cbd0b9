// Channels over a stream, as the script says.

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/multiplexer.hpp>

#include <map>
#include <memory>
#include <set>

namespace jackfield::doubles {

class MultiplexerDouble : public Multiplexer {
public:
    /// Named "channel <name>".
    class ChannelRole : public Channel, public Actor {
    public:
        ChannelRole(const std::string& name, std::uint32_t kind, Actor& below)
            : Actor("channel " + name), path_(kind, *this)
        {
            stand_on(below);
        }
        PathDouble& path() override { return path_; }

    private:
        PathDouble path_;
    };

    /// Named "multiplexer".
    class Session : public MultiplexerSession, public Actor {
    public:
        Session(Host host, Path below, bool initiator, MultiplexerListener listener)
            : Session(host, initiator, listener)
        {
            PathDouble::use(below, *this);
        }

        /// Upon no path: a secure channel that is a multiplexer itself.
        Session(Host host, bool initiator, MultiplexerListener listener)
            : MultiplexerSession(host), Actor("multiplexer"), initiator_(initiator), listener_(listener), scope_(host)
        {
            const auto& script = Stage::current().script;
            if (!initiator && script.channel == Play::happens)
                scope_.post([this] { ask("signaling"); });
        }
        ~Session() override
        {
            if (asked_)
                asked_->fail(JF_CANCELLED, "the session is gone");
        }

        void open_channel(std::string_view name, std::uint32_t kind, ChannelDone done) override
        {
            const auto& script = Stage::current().script;
            asked_ = std::make_unique<ChannelDone>(std::move(done));
            asked_name_ = std::string(name);
            asked_kind_ = kind;
            if (script.channel == Play::happens)
                give();
            else if (script.channel == Play::fails)
                std::exchange(asked_, nullptr)->fail(script.status, kScripted);
        }
        std::unique_ptr<Channel> accept(std::uint64_t request) override
        {
            if (withdrawn)
                throw Failure(JF_NOT_FOUND, "withdrawn");
            const auto& [name, kind] = requests_.at(request);
            return std::make_unique<ChannelRole>(name, kind, *this);
        }
        void decline(std::uint64_t request) override { declined.insert(requests_.at(request).first); }
        void ping(Nanoseconds, Completion done) override
        {
            ++pings;
            if (Stage::current().script.pong == Play::happens)
                done.succeed();
            else
                done.fail(JF_TIMEOUT, kScripted);
        }

        bool initiator() const { return initiator_; }

        // --- by hand ---

        void give()
        {
            std::exchange(asked_, nullptr)->succeed(std::make_unique<ChannelRole>(asked_name_, asked_kind_, *this));
        }
        void ask(const std::string& name, std::uint32_t kind = JF_STREAM)
        {
            requests_[++last_request_] = {name, kind};
            listener_.channel_requested(last_request_, name, kind);
        }
        void close(Status status, std::string_view text = kScripted) { listener_.closed(status, text); }

        std::set<std::string> declined;
        int pings = 0;
        bool withdrawn = false;

    private:
        bool initiator_;
        MultiplexerListener listener_;
        std::unique_ptr<ChannelDone> asked_;
        std::string asked_name_;
        std::uint32_t asked_kind_ = JF_STREAM;
        std::map<std::uint64_t, std::pair<std::string, std::uint32_t>> requests_;
        std::uint64_t last_request_ = 0;
        Scope scope_;
    };

    MultiplexerDouble(Host host, std::string_view) : Multiplexer(host) {}

    std::unique_ptr<MultiplexerSession> open(Path below, bool initiator, MultiplexerListener listener) override
    {
        return std::make_unique<Session>(host_, below, initiator, listener);
    }
};

} // namespace jackfield::doubles
