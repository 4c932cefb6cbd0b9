// See handshake.hpp.
#include "handshake.hpp"

#include <asio/read.hpp>
#include <asio/write.hpp>

namespace jackfield::direct {

Handshake::Handshake(tcp::socket socket, const ComponentSetup& setup, bool made, Events events)
    : socket_(std::move(socket)), setup_(setup), made_(made), events_(std::move(events)), limit_(socket_.get_executor())
{}

void Handshake::start(const std::string& remote_password)
{
    remote_password_ = remote_password;
    limit_.expires_after(setup_.options.connect_timeout);
    limit_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (!cancelled)
            self->fail("connected, but silent");
    });
    if (made_) {
        number_ = static_cast<std::uint32_t>(setup_.host.random_number());
        say(Word::ask, number_);
    }
    read(kGreetingHeaderBytes);
}

void Handshake::set_remote_password(const std::string& remote_password)
{
    remote_password_ = remote_password;
    if (to_answer_)
        understand({Word::ask, setup_.number, *std::exchange(to_answer_, std::nullopt), setup_.password});
}

void Handshake::read(std::size_t until)
{
    const std::size_t have = input_.size();
    input_.resize(until);
    asio::async_read(socket_, asio::buffer(input_.data() + have, until - have),
                     [self = shared_from_this()](asio::error_code failed, std::size_t) {
                         if (failed)
                             return self->fail(failed.message());
                         const std::size_t size = greeting_size(self->input_);
                         if (size == 0)
                             return self->fail("what answers there is something else");
                         if (self->input_.size() < size)
                             return self->read(size);
                         const auto greeting = read_greeting(self->input_);
                         if (!greeting || greeting->password != self->setup_.password ||
                             greeting->component != self->setup_.number)
                             return self->fail("whoever answers there means somebody else");
                         self->understand(*greeting);
                     });
}

void Handshake::understand(const Greeting& greeting)
{
    const auto self = shared_from_this();
    if (stopped_)
        return;
    if (greeting.word == Word::choose && !setup_.controlling)
        return events_.chosen(self);
    const bool answer = greeting.word == Word::answer && made_ && greeting.number == number_;
    const bool ask = greeting.word == Word::ask && !made_;
    if (!answer && !ask)
        return fail("its greeting is out of turn");
    if (ask && remote_password_.empty()) {
        to_answer_ = greeting.number;
        return;
    }
    if (ask)
        say(Word::answer, greeting.number);
    if (setup_.controlling)
        return events_.chosen(self);
    input_.clear();
    read(kGreetingHeaderBytes);
}

void Handshake::choose()
{
    say(Word::choose, 0);
}

/// A greeting fits into the empty send buffer of a young connection; if it does not, the connection is of no use.
void Handshake::say(Word word, std::uint32_t number)
{
    asio::error_code failed;
    const Bytes bytes = write_greeting({word, setup_.number, number, remote_password_});
    asio::write(socket_, asio::buffer(bytes), failed);
}

void Handshake::fail(const std::string& why)
{
    if (stopped_)
        return;
    stop();
    events_.failed(shared_from_this(), why);
}

void Handshake::stop()
{
    stopped_ = true;
    limit_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
}

} // namespace jackfield::direct
