// A path decorator, on its own side of the wall. The path below is ours to give, the one above is the plugin's.
//
// Threads:  packets on a thread of our own, which is [media] for the plugin; the rest on control.
#include "hosted.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/hosted_process.hpp"
#include "kernel/isolate/packet_ring.hpp"
#include "kernel/isolate/path_words.hpp"
#include "kernel/isolate/stream_flow.hpp"

#include <jackfield/abi/path_decorator.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

namespace jackfield::isolated {

namespace {

using isolate::Backlog;
using isolate::Credit;
using isolate::Event;
using isolate::PacketRing;
using isolate::Record;
using kernel::ErrorSlot;

constexpr std::size_t kAtOnce = 32;                 // packets, between two looks whether the kernel sleeps
constexpr std::chrono::milliseconds kPatience{100}; // for room: the kernel may have given up the session meanwhile

/// The way up, for all threads of the plugin.
class Up {
public:
    explicit Up(std::span<std::byte> part) : ring_(part) {}

    /// Waits for room; the kernel makes some, or ends this process.
    jf_status push(const Record& record, const jf_bytes* parts, std::size_t part_count)
    {
        const std::lock_guard lock(mutex_);
        jf_status status = ring_.push_unheard(record, parts, part_count);
        while (status == JF_WOULD_BLOCK) {
            ring_.wake_sleeper();
            ring_.wait_for_room(kPatience);
            status = ring_.push_unheard(record, parts, part_count);
        }
        if (std::this_thread::get_id() != pump_)
            ring_.wake_sleeper();
        return status;
    }

    /// This is the thread that handles packets one after the other: it wakes the kernel once for many.
    void pushes_many() { pump_ = std::this_thread::get_id(); }
    void flush() { ring_.wake_sleeper(); }

private:
    std::mutex mutex_;
    PacketRing ring_;
    std::atomic<std::thread::id> pump_{};
};

class Session {
public:
    Session(Hosted& hosted, Up& up, std::uint32_t id, const jf_path_info& below)
        : hosted_(hosted), up_(up), id_(id), below_info_(below)
    {}

    std::vector<std::byte> open(const jf_path_decorator_methods& methods, void* decorator,
                                const jf_decorator_options& options)
    {
        ErrorSlot error;
        const jf_status status = methods.open(decorator, {&kBelow, this}, &options, &above_, &session_, &error);
        if (status != JF_OK)
            throw Failure(error.error(status));
        jf_path_info info{};
        info.struct_size = sizeof(info);
        above_.methods->describe(above_.self, &info);
        return isolate::words([&](isolate::Packer& packer) { put_info(packer, info); });
    }

    void open_above()
    {
        ErrorSlot error;
        const jf_status status = above_.methods->open(above_.self, {&kAbove, this}, &error);
        if (status != JF_OK)
            throw Failure(error.error(status));
        const std::lock_guard lock(media_mutex_); // what was written so far is seen by that thread
    }

    void close_above() { above_.methods->close(above_.self); }

    void release()
    {
        {
            const std::lock_guard lock(media_mutex_); // nothing is on its way through the plugin
            released_ = true;
        }
        session_.methods->release(session_.self);
    }

    /// [media]
    void packet(const Record& record)
    {
        const std::lock_guard lock(media_mutex_);
        if (released_)
            return;
        if (record.event == Event::kSend)
            return send_above(record.bytes);
        if (!receiver_ || below_closed_)
            return;
        if (record.event == Event::kReceived) {
            const jf_packet packet{sizeof(packet), record.detail, record.bytes, record.time_ns};
            receiver_->methods->received(receiver_->self, &packet);
        } else if (record.event == Event::kTaken) {
            if (credit_.refund(record.detail))
                receiver_->methods->writable(receiver_->self);
        } else if (record.event == Event::kClosed) {
            jf_error error{};
            error.struct_size = sizeof(error);
            const auto status = static_cast<jf_status>(record.detail);
            isolate::fill(&error,
                          {status, isolate::text_of(std::as_bytes(std::span(record.bytes.data, record.bytes.size)))});
            receiver_->methods->closed(receiver_->self, status, &error);
        }
    }

private:
    static Session& of(void* self) { return *static_cast<Session*>(self); }

    static const jf_path_methods kBelow;
    static const jf_path_receiver_methods kAbove;

    jf_status open_below(jf_path_receiver receiver, jf_error* error)
    {
        {
            const std::lock_guard lock(media_mutex_);
            if (receiver_ || below_closed_)
                return JF_BUSY;
            receiver_ = receiver;
        }
        const auto answer = hosted_.talk().call(isolate::Word::kOpenBelow, id_, {}, isolate::kAnswerLimit);
        return isolate::status_of(answer, error);
    }

    jf_status send_below(const jf_bytes* parts, std::size_t part_count)
    {
        std::size_t size = 0;
        for (std::size_t i = 0; i < part_count; ++i)
            size += parts[i].size;
        if (size > below_info_.max_datagram_bytes)
            return JF_BAD_INPUT;
        if (below_closed_)
            return JF_CLOSED;
        if (is_stream() && !credit_.spend(size))
            return JF_WOULD_BLOCK;
        return up_.push({Event::kSend, id_, 0, 0, {}}, parts, part_count);
    }

    bool is_stream() const { return below_info_.kind == JF_STREAM; }

    /// What the kernel sends.
    void send_above(jf_bytes bytes)
    {
        if (is_stream())
            say_taken(backlog_.send(above_, bytes));
        else
            above_.methods->send(above_.self, &bytes, 1); // what would block is lost
    }

    /// The plugin takes more.
    void above_writable()
    {
        if (is_stream())
            say_taken(backlog_.send_on(above_));
        else
            up_.push({Event::kWritable, id_, 0, 0, {}}, nullptr, 0);
    }

    void say_taken(std::size_t bytes)
    {
        if (bytes != 0)
            up_.push({Event::kTaken, id_, static_cast<std::uint32_t>(bytes), 0, {}}, nullptr, 0);
    }

    void close_below()
    {
        if (below_closed_.exchange(true))
            return;
        hosted_.talk().tell(isolate::Word::kCloseBelow, id_, {});
        const std::lock_guard lock(media_mutex_); // a call that is under way is waited for
    }

    Hosted& hosted_;
    Up& up_;
    const std::uint32_t id_;
    const jf_path_info below_info_;
    Credit credit_;   // of a stream: what the plugin sent, and the path below has not taken
    Backlog backlog_; // of a stream: what the kernel sent, and the plugin has not taken
    jf_path above_{};
    jf_decorator_session session_{};

    std::mutex media_mutex_; // held while the plugin is called on the media thread; of both below
    bool released_ = false;
    std::optional<jf_path_receiver> receiver_;
    std::atomic<bool> below_closed_{false};
};

const jf_path_methods Session::kBelow{
    sizeof(jf_path_methods),
    0,
    [](void* self, jf_path_info* info) {
        const std::uint32_t size = info->struct_size;
        std::memcpy(info, &of(self).below_info_, std::min<std::size_t>(size, sizeof(jf_path_info)));
        info->struct_size = size;
    },
    [](void* self, jf_path_receiver receiver, jf_error* error) { return of(self).open_below(receiver, error); },
    [](void* self, const jf_bytes* parts, std::size_t count) { return of(self).send_below(parts, count); },
    [](void* self) { of(self).close_below(); }};

const jf_path_receiver_methods Session::kAbove{
    sizeof(jf_path_receiver_methods), 0,
    [](void* self, const jf_packet* packet) {
        of(self).up_.push({Event::kReceived, of(self).id_, packet->ecn, packet->arrival_ns, {}}, &packet->bytes, 1);
    },
    [](void* self) { of(self).above_writable(); },
    [](void* self, jf_status status, const jf_error* error) {
        const auto text = kernel::error_of(status, error).text;
        const jf_bytes bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
        of(self).up_.push({Event::kClosed, of(self).id_, static_cast<std::uint32_t>(status), 0, {}}, &bytes, 1);
    }};

class HostedDecorator final : public Role {
public:
    HostedDecorator(Hosted& hosted, const Instance& instance, isolate::SharedMemory& rings)
        : hosted_(hosted),
          methods_(*instance.methods<jf_path_decorator_methods>()),
          self_(instance.self()),
          down_(rings.bytes().subspan(0, PacketRing::kRingBytes)),
          up_(rings.bytes().subspan(PacketRing::kRingBytes))
    {
        std::thread([this] { pump(); }).detach(); // until the process ends
    }

    void heard(isolate::Message message) override
    {
        try {
            hosted_.talk().answer(message, JF_OK, done(message));
        } catch (const Failure& failure) {
            hosted_.talk().answer(message, failure.status(), isolate::bytes_of(failure.what()));
        }
    }

    bool idle() override
    {
        const std::lock_guard lock(mutex_);
        return sessions_.empty();
    }

private:
    std::vector<std::byte> done(const isolate::Message& message)
    {
        if (message.word == isolate::Word::kOpen)
            return open(message);
        const auto session = find(message.session);
        if (session == nullptr)
            throw Failure(JF_CLOSED, "no such session");
        if (message.word == isolate::Word::kOpenAbove)
            session->open_above();
        else if (message.word == isolate::Word::kCloseAbove)
            session->close_above();
        else if (message.word == isolate::Word::kRelease)
            release(message.session, *session);
        return {};
    }

    std::vector<std::byte> open(const isolate::Message& message)
    {
        isolate::Unpacker unpacker(message.body);
        const auto options = isolate::take_options(unpacker);
        const auto below = isolate::take_info(unpacker);
        const auto session = std::make_shared<Session>(hosted_, up_, message.session, below);
        auto answer = session->open(methods_, self_, options);
        const std::lock_guard lock(mutex_);
        sessions_[message.session] = session;
        return answer;
    }

    void release(std::uint32_t id, Session& session)
    {
        session.release();
        const std::lock_guard lock(mutex_);
        sessions_.erase(id);
    }

    std::shared_ptr<Session> find(std::uint32_t id)
    {
        const std::lock_guard lock(mutex_);
        const auto found = sessions_.find(id);
        return found != sessions_.end() ? found->second : nullptr;
    }

    void pump()
    {
        up_.pushes_many();
        for (;;) {
            for (std::size_t number = 1; const auto record = down_.pop(); ++number) {
                if (const auto session = find(record->session))
                    session->packet(*record);
                if (number % kAtOnce == 0)
                    up_.flush();
            }
            if (down_.made_room())
                up_.push({Event::kRoom, 0, 0, 0, {}}, nullptr, 0);
            up_.flush();
            down_.wait_for_more();
        }
    }

    Hosted& hosted_;
    const jf_path_decorator_methods& methods_;
    void* self_;
    PacketRing down_;
    Up up_;
    std::mutex mutex_;
    std::map<std::uint32_t, std::shared_ptr<Session>> sessions_;
};

} // namespace

std::unique_ptr<Role> hosted_decorator(Hosted& hosted, const Instance& instance, isolate::SharedMemory& rings)
{
    return std::make_unique<HostedDecorator>(hosted, instance, rings);
}

} // namespace jackfield::isolated
