// A path decorator in another process. See isolated_decorator.hpp.

#include "kernel/isolate/isolated_decorator.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/path_words.hpp"
#include "kernel/isolate/stream_flow.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>

namespace jackfield::kernel::isolate {

/// One path: the lower one is ours to use, the upper one is what the kernel gets.
class IsolatedDecorator::Session {
public:
    Session(IsolatedDecorator& owner, std::uint32_t id, std::shared_ptr<HostedProcess> process, jf_path below,
            bool stream)
        : owner_(owner), id_(id), process_(std::move(process)), below_(below), stream_(stream)
    {}

    std::expected<void, Error> open(const jf_decorator_options& options, const jf_path_info& below)
    {
        const auto answer = process_->call(Word::kOpen, id_, words([&](Packer& packer) {
                                               put_options(packer, options);
                                               put_info(packer, below);
                                           }),
                                           kAnswerLimit);
        if (!answer)
            return std::unexpected(answer.error());
        Unpacker unpacker(answer->body);
        above_info_ = take_info(unpacker);
        return {};
    }

    jf_path above() { return {&kAbove, this}; }
    bool is_in(const HostedProcess& process) const { return process_.get() == &process; }

    /// [control] What the plugin asks of the path below.
    void asked(const Message& message)
    {
        if (message.word == Word::kCloseBelow)
            return close_below();
        jf_status status = JF_BUSY;
        ErrorSlot error;
        if (message.word == Word::kOpenBelow && !below_open_ && !below_closed_) {
            status = below_.methods->open(below_.self, {&kBelow, this}, &error);
            below_open_ = status == JF_OK;
        }
        process_->talk().answer(message, status, bytes_of(error.error(status).text));
    }

    /// [media]
    void packet(const Record& record)
    {
        if (record.event == Event::kSend)
            return send_below(record.bytes);
        const std::lock_guard lock(above_mutex_); // close waits for us
        if (above_closed_ || !receiver_)
            return;
        if (record.event == Event::kReceived) {
            const jf_packet packet{sizeof(packet), record.detail, record.bytes, record.time_ns};
            receiver_->methods->received(receiver_->self, &packet);
        } else if (record.event == Event::kTaken ? credit_.refund(record.detail)
                                                 : record.event == Event::kWritable && blocked_.exchange(false)) {
            receiver_->methods->writable(receiver_->self);
        } else if (record.event == Event::kClosed) {
            end(static_cast<jf_status>(record.detail),
                text_of(std::as_bytes(std::span(record.bytes.data, record.bytes.size))));
        }
    }

    /// [media] The ring down has room.
    void has_room()
    {
        tell();
        packet({Event::kWritable, id_, 0, 0, {}});
    }

    /// [media] There is no process any more.
    void lost(const Error& reason)
    {
        const std::lock_guard lock(above_mutex_);
        if (!above_closed_ && receiver_)
            end(reason.status, owner_.plugin_id_ + ": " + reason.text);
    }

    /// [control] Ends us, too, unless a packet is on its way through.
    void release()
    {
        close_above();
        process_->talk().tell(Word::kRelease, id_, {});
        close_below();
        owner_.forget(id_);
    }

private:
    static Session& of(void* self) { return *static_cast<Session*>(self); }

    static const jf_path_methods kAbove;
    static const jf_path_receiver_methods kBelow;

    void describe(jf_path_info& info) const
    {
        const std::uint32_t size = info.struct_size;
        std::memcpy(&info, &above_info_, std::min<std::size_t>(size, sizeof(above_info_)));
        info.struct_size = size;
    }

    jf_status open_above(jf_path_receiver receiver, jf_error* error)
    {
        {
            const std::lock_guard lock(above_mutex_);
            if (receiver_ || above_closed_)
                return JF_BUSY;
            receiver_ = receiver; // what comes up may be here before the answer
        }
        const auto answer = process_->call(Word::kOpenAbove, id_, {}, kAnswerLimit);
        if (!answer) {
            const std::lock_guard lock(above_mutex_);
            receiver_.reset();
        }
        return status_of(answer, error);
    }

    jf_status send(const jf_bytes* parts, std::size_t part_count)
    {
        std::size_t size = 0;
        for (std::size_t i = 0; i < part_count; ++i)
            size += parts[i].size;
        if (size > above_info_.max_datagram_bytes)
            return JF_BAD_INPUT;
        if (over_)
            return JF_CLOSED;
        if (stream_ && !credit_.spend(size))
            return JF_WOULD_BLOCK;
        jf_status status = process_->push({Event::kSend, id_, 0, 0, {}}, parts, part_count);
        if (status == JF_WOULD_BLOCK) {
            blocked_ = true; // by the ring
            if (stream_)
                credit_.refund(size);
        }
        return status;
    }

    /// What the plugin sends. [media]
    void send_below(jf_bytes bytes)
    {
        std::unique_lock lock(below_mutex_);
        if (!below_open_ || below_closed_)
            return;
        if (!stream_)
            return void(below_.methods->send(below_.self, &bytes, 1)); // what would block is lost
        const std::size_t taken = backlog_.send(below_, bytes);
        const bool too_much = backlog_.size() > 2 * Credit::kMost;
        lock.unlock();
        say_taken(taken);
        if (too_much)
            process_->condemn("sent more on a stream than it may");
    }

    /// On the thread of the path below.
    void below_writable()
    {
        std::unique_lock lock(below_mutex_);
        const std::size_t taken = below_closed_ ? 0 : backlog_.send_on(below_);
        lock.unlock();
        say_taken(taken);
    }

    void below_received(const jf_packet& packet)
    {
        const Record record{Event::kReceived, id_, packet.ecn, packet.arrival_ns, {}};
        if (!stream_)
            return void(process_->push(record, &packet.bytes, 1)); // what the ring has no room for is lost
        const std::lock_guard lock(tell_mutex_);
        if (arrived_.empty() && process_->push(record, &packet.bytes, 1) != JF_WOULD_BLOCK)
            return;
        arrived_.emplace_back(reinterpret_cast<const char*>(packet.bytes.data), packet.bytes.size);
        arrived_bytes_ += packet.bytes.size;
        if (arrived_bytes_ > kMostArrived)
            process_->condemn("did not take what arrived on a stream");
    }

    void close_above()
    {
        over_ = true;
        const std::lock_guard lock(above_mutex_);
        if (!std::exchange(above_closed_, true) && receiver_)
            process_->talk().tell(Word::kCloseAbove, id_, {});
    }

    /// Under above_mutex_: the last that the receiver hears.
    void end(jf_status status, const std::string& text)
    {
        over_ = true;
        above_closed_ = true;
        jf_error error{};
        error.struct_size = sizeof(error);
        fill(&error, {status, text});
        receiver_->methods->closed(receiver_->self, status, &error);
    }

    void close_below()
    {
        {
            const std::lock_guard lock(below_mutex_);
            if (std::exchange(below_closed_, true))
                return;
        }
        below_.methods->close(below_.self);
    }

    /// The path below has ended. On its thread.
    void below_ended(jf_status status, const jf_error* error)
    {
        {
            const std::lock_guard lock(tell_mutex_);
            below_end_ = error_of(status, error);
        }
        tell();
    }

    void say_taken(std::size_t bytes)
    {
        if (bytes == 0)
            return;
        {
            const std::lock_guard lock(tell_mutex_);
            taken_ += static_cast<std::uint32_t>(bytes);
        }
        tell();
    }

    /// What the plugin has to hear, as far as the ring has room; the rest when it has some.
    void tell()
    {
        const std::lock_guard lock(tell_mutex_);
        if (taken_ != 0 && process_->push({Event::kTaken, id_, taken_, 0, {}}, nullptr, 0) != JF_WOULD_BLOCK)
            taken_ = 0;
        for (; !arrived_.empty(); arrived_.pop_front()) {
            const jf_bytes part{reinterpret_cast<const std::uint8_t*>(arrived_.front().data()),
                                arrived_.front().size()};
            if (process_->push({Event::kReceived, id_, JF_ECN_UNKNOWN, monotonic_ns(), {}}, &part, 1) == JF_WOULD_BLOCK)
                return;
            arrived_bytes_ -= part.size;
        }
        if (!below_end_)
            return;
        const jf_bytes text{reinterpret_cast<const std::uint8_t*>(below_end_->text.data()), below_end_->text.size()};
        const Record record{Event::kClosed, id_, static_cast<std::uint32_t>(below_end_->status), 0, {}};
        if (process_->push(record, &text, 1) != JF_WOULD_BLOCK)
            below_end_.reset();
    }

    IsolatedDecorator& owner_;
    const std::uint32_t id_;
    const std::shared_ptr<HostedProcess> process_;
    const jf_path below_;
    const bool stream_;
    jf_path_info above_info_{};
    std::atomic<bool> over_{false};    // nothing can be sent
    std::atomic<bool> blocked_{false}; // somebody waits for room in the ring
    Credit credit_;                    // of a stream: what was sent, and the plugin has not taken

    std::mutex above_mutex_; // held while the receiver is called
    std::optional<jf_path_receiver> receiver_;
    bool above_closed_ = false;

    std::mutex below_mutex_; // held while the path below is sent on
    std::atomic<bool> below_open_{false};
    bool below_closed_ = false;
    Backlog backlog_; // of a stream: what the plugin sent, and the path below has not taken

    static constexpr std::size_t kMostArrived = 8 * 1024 * 1024;
    std::mutex tell_mutex_; // of all below, which the plugin has not been told yet
    std::uint32_t taken_ = 0;
    std::deque<std::string> arrived_; // of a stream
    std::size_t arrived_bytes_ = 0;
    std::optional<Error> below_end_;
};

const jf_path_methods IsolatedDecorator::Session::kAbove{
    sizeof(jf_path_methods),
    0,
    [](void* self, jf_path_info* info) { of(self).describe(*info); },
    [](void* self, jf_path_receiver receiver, jf_error* error) { return of(self).open_above(receiver, error); },
    [](void* self, const jf_bytes* parts, std::size_t count) { return of(self).send(parts, count); },
    [](void* self) { of(self).close_above(); }};

const jf_path_receiver_methods IsolatedDecorator::Session::kBelow{
    sizeof(jf_path_receiver_methods), 0, [](void* self, const jf_packet* packet) { of(self).below_received(*packet); },
    [](void* self) { of(self).below_writable(); },
    [](void* self, jf_status status, const jf_error* error) { of(self).below_ended(status, error); }};

const jf_path_decorator_methods IsolatedDecorator::kMethods{
    sizeof(jf_path_decorator_methods), 0,
    [](void* self, jf_path below, const jf_decorator_options* options, jf_path* above, jf_decorator_session* session,
       jf_error* error) {
        static constexpr jf_decorator_session_methods kSession{sizeof(jf_decorator_session_methods), 0,
                                                               [](void* it) { static_cast<Session*>(it)->release(); }};
        auto opened = static_cast<IsolatedDecorator*>(self)->open(below, *options);
        if (opened) {
            *above = (*opened)->above();
            *session = {&kSession, *opened};
        }
        return status_of(opened, error);
    }};

IsolatedDecorator::IsolatedDecorator(const Hosting& hosting, const jf_host& host)
    : plugin_id_(hosting.plugin_id),
      supervisor_(hosting, host,
                  {[this](const Message& message) { asked(message); }, [this](const Record& record) { packet(record); },
                   [this](const HostedProcess& process, const Error& reason) { packets_end(process, reason); },
                   [](const Error&) {}},
                  [](const std::shared_ptr<HostedProcess>&) {})
{}

std::expected<void, Error> IsolatedDecorator::start()
{
    const auto said = supervisor_.start();
    return said ? std::expected<void, Error>() : std::unexpected(said.error());
}

std::expected<IsolatedDecorator::Session*, Error> IsolatedDecorator::open(jf_path below,
                                                                          const jf_decorator_options& options)
{
    jf_path_info info{};
    info.struct_size = sizeof(info);
    below.methods->describe(below.self, &info);
    auto process = supervisor_.running();
    if (!process)
        return std::unexpected(process.error());
    std::unique_lock lock(mutex_);
    const auto id = ++last_id_;
    const auto session = std::make_shared<Session>(*this, id, std::move(*process), below, info.kind == JF_STREAM);
    sessions_[id] = session;
    lock.unlock();
    if (auto opened = session->open(options, info); !opened) {
        forget(id);
        return std::unexpected(opened.error());
    }
    return session.get();
}

void IsolatedDecorator::asked(const Message& message)
{
    if (const auto session = find(message.session))
        session->asked(message);
}

void IsolatedDecorator::packet(const Record& record)
{
    if (record.event != Event::kRoom) {
        if (const auto session = find(record.session))
            session->packet(record);
        return;
    }
    for (const auto& [id, session] : all())
        session->has_room();
}

void IsolatedDecorator::packets_end(const HostedProcess& process, const Error& reason)
{
    for (const auto& [id, session] : all()) {
        if (session->is_in(process))
            session->lost(reason);
    }
}

std::shared_ptr<IsolatedDecorator::Session> IsolatedDecorator::find(std::uint32_t id)
{
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    return found != sessions_.end() ? found->second : nullptr;
}

std::map<std::uint32_t, std::shared_ptr<IsolatedDecorator::Session>> IsolatedDecorator::all()
{
    const std::lock_guard lock(mutex_);
    return sessions_;
}

void IsolatedDecorator::forget(std::uint32_t id)
{
    std::unique_lock lock(mutex_);
    const auto last = sessions_.extract(id); // ends after the lock
    lock.unlock();
}

} // namespace jackfield::kernel::isolate
