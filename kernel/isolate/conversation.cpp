// Questions and answers between processes. See conversation.hpp.

#include "kernel/isolate/conversation.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace jackfield::kernel::isolate {

namespace {

constexpr std::size_t kMostWaiting = 1024; // messages for control

struct Label {
    std::uint32_t word;
    std::uint32_t session;
    std::uint32_t call;
    std::int32_t status;
};

std::expected<Message, Error> outcome(Message answer)
{
    if (answer.status != JF_OK)
        return std::unexpected(Error{answer.status, text_of(answer.body)});
    return answer;
}

/// Room for the one descriptor that may come along.
union Ancillary {
    cmsghdr align;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

} // namespace

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Conversation::Conversation(Descriptor socket, Control control, std::function<void(Message)> heard,
                           std::function<bool(Message&)> at_once)
    : socket_(std::move(socket)), control_(std::move(control)), heard_(std::move(heard)), at_once_(std::move(at_once))
{}

std::expected<Message, Error> Conversation::call(Word word, std::uint32_t session, std::span<const std::byte> body,
                                                 std::chrono::milliseconds limit, int memory)
{
    const bool on_control = control_.is_current();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    const std::uint32_t call = ++last_call_;
    waiting_[call];
    lock.unlock();
    const bool sent = send({word, session, call, JF_OK, {}, {}}, body, memory);
    const bool too_long = !sent && errno == EMSGSIZE;
    lock.lock();
    bool in_time = true;
    while (sent && in_time && !closed_ && !waiting_[call].answer) {
        if (on_control && !heard_messages_.empty()) {
            lock.unlock();
            work_off();
            lock.lock();
            continue;
        }
        in_time = changed_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    }
    auto answer = std::move(waiting_[call].answer);
    waiting_.erase(call);
    lock.unlock();
    if (answer)
        return outcome(std::move(*answer));
    if (too_long)
        return std::unexpected(Error{JF_EXHAUSTED, "more than 64 KiB cannot be told to another process"});
    if (!in_time)
        return std::unexpected(Error{JF_TIMEOUT, "its process does not answer"});
    return std::unexpected(Error{JF_CLOSED, "its process has gone"});
}

void Conversation::ask(Word word, std::uint32_t session, std::span<const std::byte> body, int memory,
                       std::function<void(const Message&)> answered)
{
    std::unique_lock lock(mutex_);
    const std::uint32_t call = ++last_call_;
    waiting_[call].answered = std::move(answered);
    lock.unlock();
    send({word, session, call, JF_OK, {}, {}}, body, memory);
}

void Conversation::tell(Word word, std::uint32_t session, std::span<const std::byte> body, jf_status status)
{
    send({word, session, 0, status, {}, {}}, body, -1);
}

void Conversation::answer(const Message& question, jf_status status, std::span<const std::byte> body)
{
    if (question.call != 0)
        send({Word::kAnswer, question.session, question.call, status, {}, {}}, body, -1);
}

/// False, with errno, if it did not go.
bool Conversation::send(const Message& message, std::span<const std::byte> body, int memory)
{
    if (body.size() > kMostBytes) {
        errno = EMSGSIZE;
        return false;
    }
    Label label{static_cast<std::uint32_t>(message.word), message.session, message.call, message.status};
    std::array<iovec, 2> parts{{{&label, sizeof(label)}, {const_cast<std::byte*>(body.data()), body.size()}}};
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = parts.size();
    Ancillary room{};
    if (memory >= 0) {
        header.msg_control = &room;
        header.msg_controllen = sizeof(room);
        cmsghdr* const about = CMSG_FIRSTHDR(&header);
        about->cmsg_level = SOL_SOCKET;
        about->cmsg_type = SCM_RIGHTS;
        about->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(about), &memory, sizeof(memory));
    }
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

void Conversation::read()
{
    while (auto message = receive())
        take(std::move(*message));
    close();
}

std::optional<Message> Conversation::receive()
{
    Label label{};
    Message message;
    message.body.resize(kMostBytes);
    std::array<iovec, 2> parts{{{&label, sizeof(label)}, {message.body.data(), message.body.size()}}};
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = parts.size();
    Ancillary room{};
    header.msg_control = &room;
    header.msg_controllen = sizeof(room);
    ssize_t size = -1;
    do {
        size = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    for (cmsghdr* about = size >= 0 ? CMSG_FIRSTHDR(&header) : nullptr; about != nullptr;
         about = CMSG_NXTHDR(&header, about)) {
        int number = -1;
        if (about->cmsg_level == SOL_SOCKET && about->cmsg_type == SCM_RIGHTS)
            std::memcpy(&number, CMSG_DATA(about), sizeof(number));
        message.memory = Descriptor(number);
    }
    if (size < static_cast<ssize_t>(sizeof(label)) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        label.word > static_cast<std::uint32_t>(Word::kAnswer) || label.status > JF_OK)
        return std::nullopt;
    message.word = static_cast<Word>(label.word);
    message.session = label.session;
    message.call = label.call;
    message.status = label.status;
    message.body.resize(static_cast<std::size_t>(size) - sizeof(label));
    message.body.shrink_to_fit();
    return message;
}

void Conversation::take(Message message)
{
    if (message.word == Word::kAnswer)
        return take_answer(std::move(message));
    if (at_once_(message))
        return;
    {
        const std::lock_guard lock(mutex_);
        if (heard_messages_.size() == kMostWaiting)
            return void(::shutdown(socket_.get(), SHUT_RDWR)); // nobody says so much who means well
        heard_messages_.push_back(std::move(message));
    }
    changed_.notify_all(); // somebody on control may be waiting for an answer
    control_.post([this] { work_off(); });
}

void Conversation::take_answer(Message message)
{
    std::function<void(const Message&)> answered;
    {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(message.call);
        if (found == waiting_.end())
            return; // too late
        if (!found->second.answered) {
            found->second.answer = std::move(message);
            changed_.notify_all();
            return;
        }
        answered = std::move(found->second.answered);
        waiting_.erase(found);
    }
    control_.post([answered, kept = std::make_shared<Message>(std::move(message))] { answered(*kept); });
}

/// What has been heard so far, in its order. [control]
void Conversation::work_off()
{
    std::unique_lock lock(mutex_);
    while (!heard_messages_.empty()) {
        Message message = std::move(heard_messages_.front());
        heard_messages_.pop_front();
        lock.unlock();
        heard_(std::move(message));
        lock.lock();
    }
}

void Conversation::close()
{
    ::shutdown(socket_.get(), SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

} // namespace jackfield::kernel::isolate
