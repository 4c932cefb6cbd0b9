// One end of what is punched: a Puncher on a thread of its own, and a socket that stands for libnice's.
//
// Threads: the test's, and one. Lifetime: the object's.
#pragma once

#include "tests/plugins/shared/port_mapping/doubles.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <puncher.hpp>

namespace jackfield::ice {

class End {
public:
    struct Punched {
        Endpoint remote;
        Endpoint stand_in;
    };

    End(bool stream, bool controlling, const std::string& address = "127.0.0.1")
        : libnice(stream ? SOCK_STREAM : SOCK_DGRAM, address)
    {
        if (stream)
            listen(libnice.socket(), 4);
        Puncher::Events events;
        events.mapped = [this](const PunchPlace&, std::optional<Endpoint> place, std::uint16_t) { mapped.put(place); };
        events.punched = [this](unsigned, const Endpoint& remote, const Endpoint& stand_in) {
            punched.put({remote, stand_in});
        };
        events.refused = [this](unsigned, const Endpoint& remote) { refused.put(remote); };
        puncher = std::make_shared<Puncher>(
            context_, Puncher::Options{stream, controlling, {}, std::chrono::seconds(10)}, std::move(events));
    }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End()
    {
        puncher->close();
        work_.reset();
        thread_.join();
    }

    void start(const std::optional<Endpoint>& server) { puncher->start({{1, libnice.place()}}, server); }

    shared_port_mapping::test::Door libnice;
    shared_port_mapping::test::Mailbox<std::optional<Endpoint>> mapped;
    shared_port_mapping::test::Mailbox<Punched> punched;
    shared_port_mapping::test::Mailbox<Endpoint> refused;

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);

public:
    std::shared_ptr<Puncher> puncher;

private:
    std::thread thread_{[this] { context_.run(); }};
};

} // namespace jackfield::ice
