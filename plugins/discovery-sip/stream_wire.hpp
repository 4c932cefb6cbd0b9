// One connection to the server, by TCP or TLS: messages by Content-Length (RFC 3261 section 18.3), pings by empty lines
// (RFC 5626 section 4.4.1).
//
// A server that has answered a ping once has to answer the next within ten seconds; one that never did is not asked to.
//
// Threads: the network's. Lifetime: see wire.hpp.
#pragma once

#include "wire.hpp"

#include <shared/sip/stream_reader.hpp>

#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <deque>

namespace discovery_sip {

/// Stream: a TCP socket, or TLS over one. The derived class has the handshake.
template <class Stream>
class StreamWire : public Wire, public std::enable_shared_from_this<StreamWire<Stream>> {
public:
    template <class... More>
    StreamWire(asio::io_context& context, const WireOptions& options, WireEvents events, More&... more)
        : options_(options),
          stream_(context, more...),
          events_(std::move(events)),
          resolver_(context),
          limit_(context),
          keep_alive_(context)
    {}

    void start() override
    {
        limit_.expires_after(kConnectLimit);
        limit_.async_wait([self = this->shared_from_this()](asio::error_code cancelled) {
            if (!cancelled)
                self->fail(self->at_server("no connection in 10 s"));
        });
        resolver_.async_resolve(options_.server.host, std::to_string(options_.server.port),
                                [self = this->shared_from_this()](asio::error_code failed, const auto& found) {
                                    if (!self->over_)
                                        self->resolved(failed, found);
                                });
    }

    void send(std::string text, const std::optional<HostPort>&) override // everything goes to the server
    {
        if (over_)
            return events_.left(text.size());
        const std::size_t size = text.size();
        out_.push_back({std::move(text), size});
        if (up_ && !writing_)
            write();
    }

    void resume() override
    {
        if (std::exchange(paused_, false) && !over_)
            take();
    }

    void close() override
    {
        if (!std::exchange(over_, true))
            stop();
    }

protected:
    /// Calls `shaken` in the end.
    virtual void shake_hands() = 0;
    virtual asio::ip::tcp::socket& socket() = 0;

    void shaken(const std::string& problem)
    {
        if (over_)
            return;
        if (!problem.empty())
            return fail(at_server(problem));
        limit_.cancel();
        asio::error_code failed;
        const auto local = socket().local_endpoint(failed);
        if (failed)
            return fail(at_server(failed.message()));
        up_ = true;
        events_.up(host_port(local.address(), local.port()));
        if (over_)
            return;
        if (!out_.empty())
            write();
        read();
        wait_for_keep_alive();
    }

    std::string at_server(const std::string& problem) const { return options_.server.text() + ": " + problem; }

    const WireOptions options_;
    Stream stream_;
    bool over_ = false;

private:
    struct Outgoing {
        std::string text;
        std::size_t counted; ///< bytes that were given to `send`: none of a ping
    };

    void resolved(asio::error_code failed, const asio::ip::tcp::resolver::results_type& found)
    {
        if (failed)
            return fail(options_.server.host + ": " + failed.message());
        endpoints_.assign(found.begin(), found.end());
        connect(0);
    }

    /// One address after the other; our own is bound where the options say so.
    void connect(std::size_t number)
    {
        using asio::ip::tcp;
        if (number == endpoints_.size())
            return fail(at_server(problem_));
        const tcp::endpoint& server = endpoints_[number];
        asio::error_code failed;
        socket().close(failed);
        socket().open(server.protocol(), failed);
        if (!failed && (!options_.bind.empty() || options_.port != 0))
            bind(server, failed);
        if (failed) {
            problem_ = failed.message();
            return connect(number + 1);
        }
        socket().async_connect(server, [self = this->shared_from_this(), number](asio::error_code refused) {
            if (self->over_)
                return;
            if (refused) {
                self->problem_ = refused.message();
                return self->connect(number + 1);
            }
            asio::error_code ignored;
            self->socket().set_option(tcp::no_delay(true), ignored);
            self->shake_hands();
        });
    }

    void bind(const asio::ip::tcp::endpoint& server, asio::error_code& failed)
    {
        const char* const any = server.address().is_v6() ? "::" : "0.0.0.0";
        const auto address = asio::ip::make_address(options_.bind.empty() ? any : options_.bind.c_str(), failed);
        socket().set_option(asio::ip::tcp::socket::reuse_address(true), failed);
        socket().bind({address, options_.port}, failed);
    }

    void read()
    {
        stream_.async_read_some(
            asio::buffer(input_), [self = this->shared_from_this()](asio::error_code failed, std::size_t size) {
                if (self->over_)
                    return;
                if (failed)
                    return self->fail(self->at_server(failed == asio::error::eof ? "the server closed the connection"
                                                                                 : failed.message()));
                self->reader_.feed(jackfield::as_bytes({self->input_.data(), size}));
                self->take();
            });
    }

    void take()
    {
        const std::size_t lines = reader_.empty_lines();
        try {
            while (!paused_ && !over_) {
                auto text = reader_.next();
                if (!text)
                    break;
                paused_ = !events_.message(std::move(*text), options_.server);
            }
        } catch (const jackfield::Failure& failure) {
            return fail(at_server(std::string("the server does not speak SIP: ") + failure.what()));
        }
        if (reader_.empty_lines() != lines) {
            answers_pings_ = answers_pings_ || pinged_;
            pinged_ = false;
        }
        if (!paused_ && !over_)
            read();
    }

    void write()
    {
        writing_ = true;
        asio::async_write(stream_, asio::buffer(out_.front().text),
                          [self = this->shared_from_this()](asio::error_code failed, std::size_t) {
                              self->writing_ = false;
                              self->events_.left(self->out_.front().counted);
                              self->out_.pop_front();
                              if (self->over_)
                                  return self->give_up_output();
                              if (failed)
                                  return self->fail(self->at_server(failed.message()));
                              if (!self->out_.empty())
                                  self->write();
                          });
    }

    void wait_for_keep_alive()
    {
        constexpr std::chrono::seconds kPongLimit{10};
        if (options_.keep_alive.count() == 0)
            return;
        const bool expects_pong = pinged_ && answers_pings_;
        keep_alive_.expires_after(expects_pong ? std::chrono::milliseconds(kPongLimit)
                                               : keep_alive_pause(options_.keep_alive));
        keep_alive_.async_wait([self = this->shared_from_this(), expects_pong](asio::error_code cancelled) {
            if (cancelled || self->over_)
                return;
            if (expects_pong && self->pinged_)
                return self->fail(self->at_server("the server does not answer pings any more"));
            if (!expects_pong) {
                self->out_.push_back({"\r\n\r\n", 0});
                self->pinged_ = true;
                if (!self->writing_)
                    self->write();
            }
            self->wait_for_keep_alive();
        });
    }

    void fail(const std::string& why)
    {
        if (std::exchange(over_, true))
            return;
        stop();
        asio::post(stream_.get_executor(), [self = this->shared_from_this(), why] { self->events_.down(why); });
    }

    void stop()
    {
        asio::error_code ignored;
        limit_.cancel();
        keep_alive_.cancel();
        resolver_.cancel();
        socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        socket().close(ignored);
        give_up_output();
    }

    /// The one that is being written is told of when its write ends.
    void give_up_output()
    {
        while (out_.size() > (writing_ ? 1U : 0U)) {
            events_.left(out_.back().counted);
            out_.pop_back();
        }
    }

    const WireEvents events_;
    asio::ip::tcp::resolver resolver_;
    asio::steady_timer limit_;
    asio::steady_timer keep_alive_;
    std::vector<asio::ip::tcp::endpoint> endpoints_;
    std::string problem_ = "it has no address";
    shared_sip::StreamReader reader_;
    std::array<char, 16 * 1024> input_{};
    std::deque<Outgoing> out_; // the first is being written
    bool up_ = false;
    bool writing_ = false;
    bool paused_ = false;
    bool pinged_ = false;
    bool answers_pings_ = false;
};

} // namespace discovery_sip
