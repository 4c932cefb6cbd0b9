// One server of ours. See link.hpp.
#include "link.hpp"

#include <algorithm>

namespace discovery_rendezvous {

using namespace jackfield::rendezvous;
using boost::system::error_code;

Link::Link(boost::asio::io_context& context, Server server, Events events)
    : context_(context),
      server_(std::move(server)),
      events_(std::move(events)),
      retry_(context),
      word_(context),
      again_(context)
{}

void Link::close()
{
    closed_ = true;
    up_ = false;
    retry_.cancel();
    word_.cancel();
    again_.cancel();
    if (connection_)
        connection_->close();
    connection_.reset();
}

void Link::connect()
{
    connection_ = Connection::make(context_, server_,
                                   {[this] { connected(); }, [this](std::string_view message) { take(message); },
                                    [this] { unanswered_ == 0 ? void(word_.cancel()) : expect_word(); },
                                    [this](const std::string& why) { lost(why); }});
}

void Link::connected()
{
    up_ = true;
    up_since_ = std::chrono::steady_clock::now();
    unanswered_ = 0;
    events_.up(*this);
}

void Link::lost(const std::string& why)
{
    if (closed_)
        return;
    if (std::exchange(up_, false) && std::chrono::steady_clock::now() - up_since_ >= kProven)
        failures_ = 0;
    connection_.reset();
    word_.cancel();
    why_ = name() + ": " + why;
    const std::chrono::milliseconds pause = failures_ == 0
                                                ? std::chrono::milliseconds(0)
                                                : std::min(kFirstRetry * (1 << std::min(failures_ - 1, 6)), kLastRetry);
    ++failures_;
    retry_.expires_after(pause * std::uniform_int_distribution<int>(80, 120)(jitter_) / 100);
    retry_.async_wait([this](error_code cancelled) {
        if (!cancelled && !closed_ && !connection_)
            connect();
    });
    events_.down(*this);
}

void Link::look_again()
{
    if (closed_)
        return;
    if (up_) {
        connection_->ping();
        return expect_word();
    }
    failures_ = 0;
    retry_.cancel();
    if (connection_)
        connection_->close(); // an attempt that began on the old network
    connect();
}

void Link::send(const Request& request)
{
    if (!up_)
        return;
    if (unanswered_++ == 0)
        expect_word();
    connection_->send(write(request));
}

void Link::take(std::string_view message)
{
    const auto read = read_server_message(message);
    if (unanswered_ > 0)
        expect_word(); // it is at work
    if (const auto* reply = std::get_if<Reply>(&read)) {
        if (unanswered_ > 0 && --unanswered_ == 0)
            word_.cancel();
        events_.reply(*this, *reply);
    } else if (const auto* value = std::get_if<Value>(&read)) {
        events_.value(*this, *value);
    }
    // What cannot be read is passed over: a later version may say more than we know.
}

void Link::expect_word()
{
    word_.expires_after(kAnswerLimit);
    word_.async_wait([this](error_code cancelled) {
        if (cancelled || closed_ || !up_)
            return;
        connection_->close();
        lost("it does not answer");
    });
}

void Link::start_over(std::chrono::milliseconds after)
{
    if (std::exchange(again_waits_, true))
        return;
    again_.expires_after(std::clamp<std::chrono::milliseconds>(after, std::chrono::milliseconds(50), kLastRetry));
    again_.async_wait([this](error_code cancelled) {
        again_waits_ = false;
        if (!cancelled && !closed_ && up_)
            events_.again(*this);
    });
}

} // namespace discovery_rendezvous
