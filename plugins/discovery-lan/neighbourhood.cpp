// The board of a local network. See neighbourhood.hpp.
#include "neighbourhood.hpp"

#include "group.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <bit>

namespace discovery_lan {

namespace {

using asio::ip::address_v4;
using asio::ip::tcp;
using asio::ip::udp;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Failure;

} // namespace

struct Neighbourhood::Mouth {
    Mouth(asio::io_context& context, const address_v4& at) : address(at), socket(context, udp::v4()) {}
    address_v4 address;
    udp::socket socket;
    std::array<std::uint8_t, 512> heard{};
    udp::endpoint from;
};

struct Neighbourhood::Asked {
    Asked(asio::io_context& context, std::string about, std::chrono::milliseconds limit, Question::Events events)
        : key(std::move(about)), question(context, limit, std::move(events))
    {}
    std::string key;
    Question question;
};

struct Neighbourhood::Delivery {
    End end; // empty once it was called
    std::size_t running = 0;
    bool asked = false; // the question is over
};

Neighbourhood::Neighbourhood(Options options, StateEvent on_state)
    : options_(std::move(options)),
      on_state_(std::move(on_state)),
      work_(asio::make_work_guard(context_)),
      acceptor_(context_),
      group_(context_)
{}

Neighbourhood::~Neighbourhood()
{
    context_.stop();
    if (thread_.joinable())
        thread_.join();
    *alive_ = false; // what is pending goes with the context, and calls back on its way
}

template <class Task>
auto Neighbourhood::alive(Task task) const
{
    return [still = alive_, task = std::move(task)](auto&&... arguments) mutable {
        if (*still)
            task(std::forward<decltype(arguments)>(arguments)...);
    };
}

void Neighbourhood::open()
{
    asio::error_code failed;
    acceptor_.open(tcp::v4(), failed);
    if (!failed)
        acceptor_.bind({address_v4::any(), 0}, failed);
    if (!failed)
        acceptor_.listen(static_cast<int>(kMostIncoming), failed);
    if (failed)
        throw Failure(JF_BUSY, "cannot listen on any TCP port: " + failed.message());
    tcp_port_ = acceptor_.local_endpoint().port();
    accept();
    open_sockets();
    thread_ = std::thread([this] { context_.run(); });
}

/// The sockets of all interfaces there are now. None is a state, not a failure: one may come.
void Neighbourhood::open_sockets()
{
    asio::error_code failed;
    std::string problem = "there is no interface but the loopback";
    std::vector<address_v4> addresses;
    for (const auto& text : options_.addresses)
        addresses.push_back(asio::ip::make_address_v4(text));
    if (addresses.empty()) {
        for (const auto& one : addresses_of_interfaces())
            addresses.push_back(one.address);
    }
    ++opened_;
    mouths_.clear();
    group_ = udp::socket(context_, udp::v4());
    open_group(group_, options_.port, failed);
    if (failed)
        problem = "UDP port " + std::to_string(options_.port) + ": " + failed.message();
    for (const auto& address : failed ? std::vector<address_v4>() : addresses) {
        asio::error_code refused;
        Mouth& mouth = mouths_.emplace_back(context_, address);
        open_mouth(mouth.socket, group_, address, refused);
        if (refused) {
            problem = address.to_string() + ": " + refused.message();
            mouths_.pop_back();
            continue;
        }
        hear(mouth);
    }
    hear_group();
    const std::string where =
        mouths_.empty() ? "" : mouths_.front().address.to_string() + ":" + std::to_string(tcp_port_);
    {
        const std::lock_guard lock(mutex_);
        listening_ = where;
    }
    on_state_(!mouths_.empty(), mouths_.empty() ? problem : "listening at " + where);
}

std::string Neighbourhood::listening() const
{
    const std::lock_guard lock(mutex_);
    return listening_;
}

void Neighbourhood::close(std::function<void()> done)
{
    if (!thread_.joinable())
        return done();
    asio::post(context_, [this, done = std::move(done)] {
        asio::error_code ignored;
        closed_ = true;
        acceptor_.close(ignored);
        group_.close(ignored);
        mouths_.clear();
        questions_.clear();
        listeners_.clear();
        work_.reset();
        done();
    });
}

void Neighbourhood::look_again()
{
    asio::post(context_, [this] {
        if (closed_)
            return;
        open_sockets();
        for (const auto& [key, value] : kept_)
            say(Kind::changed, key);
        for (const auto& [key, values] : listeners_)
            question(key, kGetLimit, [this, k = key](const Endpoint& at) { fetch_for_listener(k, at); }, [] {});
    });
}

// --- strangers over TCP ---------------------------------------------------------------------------------------------

void Neighbourhood::accept()
{
    acceptor_.async_accept([this](asio::error_code failed, tcp::socket socket) {
        if (closed_)
            return;
        if (!failed)
            admit(std::move(socket));
        accept();
    });
}

void Neighbourhood::admit(tcp::socket socket)
{
    asio::error_code failed;
    const std::string address = socket.remote_endpoint(failed).address().to_string();
    if (failed || incoming_count_ >= kMostIncoming || incoming_[address] >= kMostFromOneAddress)
        return; // the socket closes
    ++incoming_[address];
    ++incoming_count_;
    serve(
        std::move(socket), [this](const Request& request) { return answer(request); }, alive([this, address] {
            --incoming_count_;
            if (--incoming_[address] == 0)
                incoming_.erase(address);
        }));
}

Bytes Neighbourhood::answer(const Request& request)
{
    if (request.wish == Wish::get) {
        const auto kept = kept_.find(request.key);
        return packed_value(kept == kept_.end() ? ByteView() : ByteView(kept->second));
    }
    const auto listener = listeners_.find(request.key);
    if (listener == listeners_.end())
        return {0};
    listener->second(request.value);
    return {1};
}

// --- everybody over UDP ---------------------------------------------------------------------------------------------

void Neighbourhood::hear_group()
{
    if (mouths_.empty())
        return;
    group_.async_receive_from(asio::buffer(heard_), heard_from_,
                              [this, opened = opened_](asio::error_code failed, std::size_t size) {
                                  if (closed_ || opened != opened_ || failed == asio::error::operation_aborted)
                                      return;
                                  if (!failed)
                                      take({heard_.data(), size}, heard_from_);
                                  hear_group();
                              });
}

void Neighbourhood::hear(Mouth& mouth)
{
    mouth.socket.async_receive_from(asio::buffer(mouth.heard), mouth.from,
                                    [this, &mouth, opened = opened_](asio::error_code failed, std::size_t size) {
                                        if (closed_ || opened != opened_ || failed == asio::error::operation_aborted)
                                            return; // the mouth may be gone
                                        if (!failed)
                                            take({mouth.heard.data(), size}, mouth.from);
                                        hear(mouth);
                                    });
}

void Neighbourhood::take(ByteView bytes, const udp::endpoint& from)
{
    const auto datagram = read(bytes);
    if (!datagram)
        return;
    const Endpoint at(from.address(), datagram->port);
    switch (datagram->kind) {
    case Kind::ask:
        if ((datagram->key == kAnybody || kept_.contains(datagram->key) || listeners_.contains(datagram->key)) &&
            may_answer())
            tell(datagram->key, from);
        break;
    case Kind::have: {
        std::vector<Question*> asked; // an answer may end a question
        for (auto& one : questions_) {
            if (one.key == datagram->key)
                asked.push_back(&one.question);
        }
        for (Question* question : asked)
            question->answered(at);
        break;
    }
    case Kind::changed:
        if (listeners_.contains(datagram->key))
            fetch_for_listener(datagram->key, at);
        break;
    }
}

/// To everybody, on every interface.
void Neighbourhood::say(Kind kind, const std::string& key)
{
    const Bytes bytes = write({kind, kind == Kind::ask ? std::uint16_t{0} : tcp_port_, key});
    for (Mouth& mouth : mouths_) {
        asio::error_code lost; // as any datagram may be
        mouth.socket.send_to(asio::buffer(bytes), {kGroup, options_.port}, 0, lost);
    }
}

/// From the interface that is nearest to whoever asked: that is where he can reach us.
void Neighbourhood::tell(const std::string& key, const udp::endpoint& to)
{
    const auto distance = [&to](const Mouth& mouth) {
        return std::bit_width(mouth.address.to_uint() ^ to.address().to_v4().to_uint());
    };
    const auto nearest = std::ranges::min_element(mouths_, {}, distance);
    if (nearest == mouths_.end())
        return;
    asio::error_code lost;
    nearest->socket.send_to(asio::buffer(write({Kind::have, tcp_port_, key})), to, 0, lost);
}

/// A storm of questions makes no storm of answers.
bool Neighbourhood::may_answer()
{
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - std::exchange(answered_at_, now)).count();
    answers_ = std::min(answers_ + seconds * kAnswersPerSecond, kAnswersPerSecond);
    if (answers_ < 1)
        return false;
    answers_ -= 1;
    return true;
}

// --- the board ------------------------------------------------------------------------------------------------------

void Neighbourhood::question(const std::string& key, std::chrono::milliseconds limit,
                             std::function<void(const Endpoint&)> found, std::function<void()> over)
{
    const auto at = questions_.emplace(questions_.end(), context_, key, limit,
                                       Question::Events{[this, key] { say(Kind::ask, key); }, std::move(found), {}});
    at->question.on_over([this, at, over = std::move(over)] {
        const auto end = over;
        questions_.erase(at);
        end();
    });
    at->question.ask_again();
}

void Neighbourhood::put(std::string key, Bytes value, bool keep_it, End end)
{
    asio::post(context_,
               [this, key = std::move(key), value = std::move(value), keep_it, end = std::move(end)]() mutable {
                   if (closed_)
                       return end(JF_CLOSED, "discovery was stopped");
                   keep_it ? keep(key, std::move(value), end) : bring(key, std::move(value), std::move(end));
               });
}

/// Who listens is told twice. What takes the place of another, the last word of a node that stops among it, is done
/// when they have had the time to fetch it.
void Neighbourhood::keep(const std::string& key, Bytes value, const End& end)
{
    const bool replaces = !kept_.insert_or_assign(key, std::move(value)).second;
    say(Kind::changed, key);
    const auto again = std::make_shared<asio::steady_timer>(context_, kReplaced / 2);
    again->async_wait([this, key, again](asio::error_code) {
        if (!closed_)
            say(Kind::changed, key);
    });
    if (!replaces)
        return end(JF_OK, {});
    const auto fetched = std::make_shared<asio::steady_timer>(context_, kReplaced);
    fetched->async_wait([end, fetched](asio::error_code) { end(JF_OK, {}); });
}

void Neighbourhood::bring(const std::string& key, Bytes value, End end)
{
    const auto delivery = std::make_shared<Delivery>(Delivery{std::move(end)});
    const auto shared_value = std::make_shared<const Bytes>(std::move(value));
    const auto settle = [delivery](bool taken) {
        if (taken && delivery->end)
            std::exchange(delivery->end, {})(JF_OK, {});
        else if (delivery->end && delivery->asked && delivery->running == 0)
            std::exchange(delivery->end, {})(JF_UNREACHABLE, "nobody on the local network listens for it");
    };
    question(
        key, kPutLimit,
        [this, key, delivery, shared_value, settle](const Endpoint& to) {
            ++delivery->running;
            deliver(context_, to, key, *shared_value, alive([delivery, settle](bool taken) {
                        --delivery->running;
                        settle(taken);
                    }));
        },
        [delivery, settle] {
            delivery->asked = true;
            settle(false);
        });
}

void Neighbourhood::get(std::string key, Values values, End end)
{
    asio::post(context_, [this, key = std::move(key), values = std::move(values), end = std::move(end)]() mutable {
        if (closed_)
            return end(JF_CLOSED, "discovery was stopped");
        const auto delivery = std::make_shared<Delivery>(Delivery{std::move(end)});
        const auto settle = [delivery] {
            if (delivery->end && delivery->asked && delivery->running == 0)
                std::exchange(delivery->end, {})(JF_OK, {});
        };
        question(
            key, kGetLimit,
            [this, key, delivery, values, settle](const Endpoint& from) {
                ++delivery->running;
                fetch(context_, from, key, alive([delivery, values, settle](const std::optional<Bytes>& value) {
                          --delivery->running;
                          if (value && !value->empty())
                              values(*value);
                          settle();
                      }));
            },
            [delivery, settle] {
                delivery->asked = true;
                settle();
            });
    });
}

void Neighbourhood::listen(std::string key, Values values)
{
    asio::post(context_, [this, key = std::move(key), values = std::move(values)] {
        if (closed_)
            return;
        listeners_[key] = values;
        question(key, kGetLimit, [this, key](const Endpoint& at) { fetch_for_listener(key, at); }, [] {});
    });
}

void Neighbourhood::fetch_for_listener(const std::string& key, const Endpoint& from)
{
    if (fetches_ >= kMostFetches)
        return; // the next announcement tells again
    ++fetches_;
    fetch(context_, from, key, alive([this, key](const std::optional<Bytes>& value) {
              --fetches_;
              const auto listener = listeners_.find(key);
              if (value && !value->empty() && listener != listeners_.end())
                  listener->second(*value);
          }));
}

void Neighbourhood::unlisten(std::string key)
{
    asio::post(context_, [this, key = std::move(key)] { listeners_.erase(key); });
}

} // namespace discovery_lan
