// One WebSocket. See board_session.hpp.
#include "tools/rendezvous/board_session.hpp"

#include <Poco/Net/NetException.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace jackfield::rendezvous {

namespace {

using Poco::Net::WebSocket;

constexpr std::size_t kMostRefused = 1000; // in a row; then the connection ends
constexpr std::chrono::milliseconds kFarewell{2000};
constexpr std::uint16_t kTryAgainLater = 1013; // IANA's registry of WebSocket close codes

} // namespace

BoardSession::BoardSession(WebSocket socket, std::string address, Desk& desk, Hub& hub, Deadlines& deadlines)
    : socket_(std::move(socket)),
      descriptor_(socket_.impl()->sockfd()),
      address_(std::move(address)),
      desk_(desk),
      hub_(hub),
      deadlines_(deadlines),
      bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      frame_(0)
{
    if (bell_ < 0)
        throw std::system_error(errno, std::generic_category(), "no descriptor left for an event");
    socket_.setMaxPayloadSize(static_cast<int>(kLargestMessage_bytes));
    socket_.setNoDelay(true);
    hub_.join(*this);
}

BoardSession::~BoardSession()
{
    hub_.leave(*this, keys_);
    ::close(bell_);
}

void BoardSession::run()
{
    while (open_) {
        switch (wait()) {
        case Wake::message:
            read_frame();
            break;
        case Wake::outbox:
            send_outbox();
            break;
        case Wake::silence:
            close(WebSocket::WS_ENDPOINT_GOING_AWAY, "nothing was heard for too long");
            break;
        }
    }
}

BoardSession::Wake BoardSession::wait()
{
    if (socket_.available() > 0) // it may have been read together with what came before
        return Wake::message;
    std::array<pollfd, 2> waiting{{{bell_, POLLIN, 0}, {descriptor_, POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(desk_.limits().silence.count()));
    if (ready == 0)
        return Wake::silence;
    return waiting[1].revents != 0 ? Wake::message : Wake::outbox;
}

// --- in -------------------------------------------------------------------------------------------------------------

void BoardSession::read_frame()
{
    int flags = 0;
    int size = 0;
    frame_.resize(0);
    {
        const Deadlines::Guard guard(deadlines_, descriptor_, desk_.limits().request_time);
        try {
            size = socket_.receiveFrame(frame_, flags);
        } catch (const Poco::Net::WebSocketException& wrong) {
            const bool large = wrong.code() == WebSocket::WS_ERR_PAYLOAD_TOO_BIG;
            return close(large ? WebSocket::WS_PAYLOAD_TOO_BIG : WebSocket::WS_PROTOCOL_ERROR, wrong.message());
        }
    }
    if (size <= 0 && flags == 0) { // the client has gone without a word
        open_ = false;
        return;
    }
    const std::string_view text(frame_.begin(), static_cast<std::size_t>(std::max(size, 0)));
    switch (flags & WebSocket::FRAME_OP_BITMASK) {
    case WebSocket::FRAME_OP_PING: {
        if (desk_.admit(0, address_).code != Code::ok)
            return close(WebSocket::WS_POLICY_VIOLATION, "too many pings");
        const Deadlines::Guard guard(deadlines_, descriptor_, desk_.limits().answer_time);
        socket_.sendFrame(text.data(), static_cast<int>(text.size()),
                          static_cast<int>(WebSocket::FRAME_FLAG_FIN) | static_cast<int>(WebSocket::FRAME_OP_PONG));
        return;
    }
    case WebSocket::FRAME_OP_PONG:
        return;
    case WebSocket::FRAME_OP_CLOSE:
        return close(WebSocket::WS_NORMAL_CLOSE, "");
    case WebSocket::FRAME_OP_TEXT:
        message_.clear();
        break;
    case WebSocket::FRAME_OP_CONT:
        break;
    default:
        return close(WebSocket::WS_PAYLOAD_NOT_ACCEPTABLE, "messages are JSON texts");
    }
    if (message_.size() + text.size() > kLargestMessage_bytes)
        return close(WebSocket::WS_PAYLOAD_TOO_BIG, "the message is too large");
    message_ += text;
    if ((flags & WebSocket::FRAME_FLAG_FIN) != 0)
        take(std::exchange(message_, {}));
}

void BoardSession::take(std::string_view message)
{
    const auto read = read_request(message);
    const auto* request = std::get_if<Request>(&read);
    Reply reply = desk_.admit(request != nullptr ? request->id : std::get<Malformed>(read).id, address_);
    if (request == nullptr && reply.code == Code::ok)
        reply = {reply.id, Code::bad_request, std::get<Malformed>(read).text};
    if (reply.code == Code::ok) {
        refused_in_a_row_ = 0;
        return answer(*request);
    }
    send(write(reply));
    if (++refused_in_a_row_ >= kMostRefused)
        close(WebSocket::WS_POLICY_VIOLATION, "too much was refused");
}

void BoardSession::answer(const Request& request)
{
    Reply reply{request.id, Code::ok};
    switch (request.op) {
    case Op::put:
        reply = desk_.put(request);
        break;
    case Op::get: {
        std::vector<std::string> values;
        reply = desk_.get(request, values);
        send_values(request, values);
        break;
    }
    case Op::listen:
        reply = listen(request);
        break;
    case Op::unlisten:
        keys_.erase(request.key);
        hub_.unlisten(request.key, *this);
        break;
    }
    send(write(reply));
}

/// First the ear, then what lies there already: nothing falls between. A value may come twice.
Reply BoardSession::listen(const Request& request)
{
    if (!keys_.contains(request.key) && keys_.size() >= desk_.limits().listens_per_connection)
        return {request.id, Code::full,
                "a connection listens to at most " + std::to_string(desk_.limits().listens_per_connection) + " keys"};
    keys_.insert(request.key);
    hub_.listen(request.key, *this);
    std::vector<std::string> values;
    Reply reply = desk_.get(request, values);
    send_values(request, values);
    return reply;
}

// --- out ------------------------------------------------------------------------------------------------------------

void BoardSession::send_values(const Request& request, const std::vector<std::string>& values)
{
    const Deadlines::Guard guard(deadlines_, descriptor_, desk_.limits().answer_time);
    for (const std::string& one : values) {
        Value value{std::nullopt, request.key, {one.begin(), one.end()}};
        if (request.op == Op::get)
            value.id = request.id;
        send(write(value));
    }
}

void BoardSession::hear(const SharedText& message)
{
    const std::lock_guard lock(mutex_);
    if (outbox_bytes_ + message->size() > desk_.limits().outbox_bytes) {
        // It reads too slowly. Its thread may be stuck in a write, and must not wait for the end of that.
        cut_ = true;
        outbox_.clear();
        ::shutdown(descriptor_, SHUT_RDWR);
    }
    if (cut_)
        return;
    outbox_.push_back(message);
    outbox_bytes_ += message->size();
    ring();
}

void BoardSession::cut()
{
    const std::lock_guard lock(mutex_);
    cut_ = true;
    ring();
}

void BoardSession::ring() const
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof(one));
}

void BoardSession::send_outbox()
{
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(bell_, &count, sizeof(count));
    std::deque<SharedText> messages;
    bool is_cut = false;
    {
        const std::lock_guard lock(mutex_);
        messages.swap(outbox_);
        outbox_bytes_ = 0;
        is_cut = cut_;
    }
    if (is_cut)
        return close(kTryAgainLater, "connect anew");
    for (const SharedText& message : messages)
        send(*message);
}

void BoardSession::send(const std::string& message)
{
    const Deadlines::Guard guard(deadlines_, descriptor_, desk_.limits().answer_time);
    socket_.sendFrame(message.data(), static_cast<int>(message.size()), WebSocket::FRAME_TEXT);
}

/// A client that is still sending would lose the close frame if we closed on it: some more is read, and thrown away.
void BoardSession::close(std::uint16_t code, const std::string& reason)
{
    open_ = false;
    const Deadlines::Guard guard(deadlines_, descriptor_, std::min(desk_.limits().answer_time, kFarewell));
    socket_.shutdown(code, reason.substr(0, 120)); // a control frame has at most 125 bytes (RFC 6455 section 5.5)
    ::shutdown(descriptor_, SHUT_WR);
    std::array<char, 4096> rest{};
    for (std::size_t drained = 0; drained < kMostDrained_bytes;) {
        const auto size = ::recv(descriptor_, rest.data(), rest.size(), 0);
        if (size <= 0)
            return;
        drained += static_cast<std::size_t>(size);
    }
}

} // namespace jackfield::rendezvous
