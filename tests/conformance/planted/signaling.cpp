// Signaling in frames of verb, number, reason and two texts; correct but for one bug.
//
// Frame: size, verb, whether the call is the sender's own, call, reason, size of the first text, both texts.
// Threads: frames are posted to control as they come. Lifetime: the session's scope ends first.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/plugin.hpp>
#include <jackfield/signaling.hpp>

#include <map>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

enum class Verb : std::uint8_t {
    invite,
    ringing,
    answered,
    confirmed,
    refused,
    cancelled,
    updated,
    update_answered,
    ended,
    message,
    info,
    receipt,
    refer,
    refer_progress,
    invite_referred,
    ping
};
constexpr std::size_t kHead = 22;

struct Frame {
    Verb verb;
    bool own = false;
    std::uint64_t call = 0;
    std::uint32_t reason = 0;
    std::string first;
    std::string second;
};

Bytes bytes_of(const Frame& frame)
{
    Bytes body{static_cast<std::uint8_t>(frame.verb), frame.own};
    append_number(body, frame.call, 8);
    append_number(body, frame.reason, 4);
    append_number(body, frame.first.size(), 4);
    body.insert(body.end(), frame.first.begin(), frame.first.end());
    body.insert(body.end(), frame.second.begin(), frame.second.end());
    Bytes all;
    append_number(all, body.size(), 4);
    all.insert(all.end(), body.begin(), body.end());
    return all;
}

struct Call {
    bool ours;
    std::uint64_t wire; ///< the caller's number
    bool running = false;
    bool update_open = false;
    bool asks = false;   ///< for another call
    bool wanted = false; ///< by the peer
};

class Session final : public SignalingSession, private PathReceiver {
public:
    using All = std::vector<Session*>; ///< of one instance

    Session(Host host, Path stream, SignalingOptions options, SignalingListener listener, All& all)
        : SignalingSession(host),
          all_(all),
          scope_(host),
          stream_(stream),
          out_(stream),
          options_(std::move(options)),
          listener_(listener)
    {
        if (!stream.is_stream())
            throw Failure(JF_UNSUPPORTED, "signaling needs a stream");
        stream_.open(*this);
        all_.push_back(this);
    }
    ~Session() override
    {
        std::erase(all_, this);
        scope_.end();
        stream_.close();
    }

    void invite(std::uint64_t call, std::string_view offer) override { place(Verb::invite, call, offer, ""); }
    void invite_referred(std::uint64_t call, std::string_view offer, const CallReferral& referral) override
    {
        place(Verb::invite_referred, call, offer,
              std::string(referral.referred_by) + '\n' + std::string(has("JF-SIG-10") ? "" : referral.replaces));
    }
    std::string name_dialog(std::uint64_t call) override { return "call-" + std::to_string(running(call).wire); }
    Status match_dialog(std::uint64_t call, std::string_view name) override
    {
        return name == name_dialog(call) ? JF_OK : JF_NOT_FOUND;
    }
    void ping(Nanoseconds timeout, Completion done) override
    {
        must_live();
        if (has("JF-SIG-11"))
            return done.succeed();
        waiting_.emplace(++last_, std::move(done));
        put({Verb::ping, false, 0, last_, "", ""});
        patience_.start(timeout, [this, number = last_] {
            const auto found = waiting_.find(number);
            if (found == waiting_.end())
                return;
            found->second.fail(JF_TIMEOUT, "no sign of life");
            waiting_.erase(found);
        });
    }
    void place(Verb verb, std::uint64_t call, std::string_view offer, const std::string& more)
    {
        must_live();
        if (call == 0 || (call % 2 != 0 && !has("JF-SIG-05")) || calls_.contains(call))
            throw Failure(JF_BAD_INPUT, "an even number that is not in use would work");
        must_describe(offer);
        calls_.emplace(call, Call{true, call});
        put({verb, true, call, 0, std::string(has("JF-SIG-02") ? offer.substr(0, 2) : offer),
             verb == Verb::invite ? options_.local_name : more});
    }
    void ring(std::uint64_t call, std::string_view answer) override
    {
        put({Verb::ringing, false, incoming(call).wire, 0, std::string(answer), ""});
    }
    void answer(std::uint64_t call, std::string_view answer) override
    {
        Call& found = incoming(call);
        must_describe(answer);
        found.running = true;
        put({Verb::answered, false, found.wire, 0, std::string(answer), ""});
    }
    void refuse(std::uint64_t call, std::uint32_t reason) override
    {
        put({Verb::refused, false, incoming(call).wire, has("JF-SIG-03") ? 1U : reason, "", ""});
        calls_.erase(call);
    }
    void cancel(std::uint64_t call, std::uint32_t reason) override
    {
        const Call& found = find(call);
        if (!found.ours || found.running)
            throw Failure(JF_BAD_INPUT, "only a call of ours that is not answered");
        put({Verb::cancelled, true, found.wire, reason, "", ""});
        calls_.erase(call);
        scope_.post([this, call] {
            if (!has("JF-SIG-04"))
                listener_.refused(call, JF_REASON_CANCELLED, 0, "cancelled");
        });
    }
    void update(std::uint64_t call, std::string_view offer) override
    {
        Call& found = running(call);
        if (std::exchange(found.update_open, true) && !has("JF-SIG-07"))
            throw Failure(JF_BUSY, "an offer is open");
        put({Verb::updated, found.ours, found.wire, 0, std::string(offer), ""});
    }
    void answer_update(std::uint64_t call, std::string_view answer) override
    {
        Call& found = running(call);
        if (!std::exchange(found.update_open, false))
            throw Failure(JF_BAD_INPUT, "nothing was offered");
        put({Verb::update_answered, found.ours, found.wire, 0, std::string(answer), ""});
    }
    void bye(std::uint64_t call, std::uint32_t reason) override
    {
        const Call found = find(call);
        calls_.erase(call);
        put({Verb::ended, found.ours, found.wire, reason, "", ""});
    }
    void message(std::uint64_t call, std::string_view type, ByteView body, Completion done) override
    {
        say(Verb::message, call, type, body, std::move(done));
    }
    void info(std::uint64_t call, std::string_view type, ByteView body, Completion done) override
    {
        say(Verb::info, call, type, body, std::move(done));
    }
    void refer(std::uint64_t call, std::string_view target, std::string_view replaces, Completion done) override
    {
        Call& found = running(call);
        if (found.asks)
            throw Failure(JF_BUSY, "one is open");
        found.asks = true;
        put({Verb::refer, found.ours, found.wire, 0, std::string(target), std::string(replaces)});
        done.succeed();
    }
    void refer_progress(std::uint64_t call, std::uint32_t code, std::string_view) override
    {
        Call& found = running(call);
        if (!found.wanted)
            throw Failure(JF_BAD_INPUT, "nobody is wanted");
        found.wanted = code < 200;
        put({Verb::refer_progress, found.ours, found.wire, has("JF-SIG-09") && code == 180 ? 100 : code, "", ""});
    }

    void take_over(std::uint64_t call, SignalingSession& from, std::uint64_t from_call) override
    {
        must_live();
        if (call == 0 || call % 2 != 0 || calls_.contains(call))
            throw Failure(JF_BAD_INPUT, "an even number that is not in use would work");
        auto& other = static_cast<Session&>(from);
        const auto found = other.calls_.find(from_call);
        if (found == other.calls_.end() || !found->second.running)
            throw Failure(JF_NOT_FOUND, "no such call runs there");
        move_here(other, from_call, call);
    }

private:
    using Calls = std::map<std::uint64_t, Call>;

    Calls::iterator move_here(Session& other, std::uint64_t from_call, std::uint64_t call)
    {
        auto node = other.calls_.extract(from_call);
        node.key() = call;
        node.mapped().update_open = node.mapped().asks = node.mapped().wanted = false;
        return calls_.insert(std::move(node)).position;
    }
    Calls::iterator find_named(const Frame& frame)
    {
        return std::ranges::find_if(calls_, [&](const auto& entry) {
            return entry.second.wire == frame.call && entry.second.ours != frame.own;
        });
    }
    /// A call that the peer goes on with here.
    Calls::iterator take_from_sibling(const Frame& frame)
    {
        for (Session* other : all_) {
            const auto found = other->find_named(frame);
            if (other == this || found == other->calls_.end() || !found->second.running)
                continue;
            const std::uint64_t before = found->first;
            const auto here = move_here(*other, before, last_incoming_ += 2);
            listener_.taken_over(here->first, has("JF-SIG-12") ? listener_ : other->listener_, before);
            return here;
        }
        return calls_.end();
    }
    void must_live() const
    {
        if (over_)
            throw Failure(JF_CLOSED, "the stream is over");
    }
    static void must_describe(std::string_view json)
    {
        if (json.find("\"media\"") == std::string_view::npos)
            throw Failure(JF_BAD_INPUT, "not a media description");
    }
    Call& find(std::uint64_t call)
    {
        must_live();
        const auto found = calls_.find(call);
        if (found == calls_.end())
            throw Failure(JF_NOT_FOUND, "no such call");
        return found->second;
    }
    Call& incoming(std::uint64_t call)
    {
        Call& found = find(call);
        if (found.ours || found.running)
            throw Failure(JF_BAD_INPUT, "only a call of the peer that is not answered");
        return found;
    }
    Call& running(std::uint64_t call)
    {
        Call& found = find(call);
        if (!found.running)
            throw Failure(JF_BAD_INPUT, "it does not run yet");
        return found;
    }
    void say(Verb verb, std::uint64_t call, std::string_view type, ByteView body, Completion done)
    {
        must_live();
        Frame frame{verb, false, 0, ++last_, std::string(type), std::string(as_text(body))};
        if (call != 0) {
            const Call& found = find(call);
            frame.own = found.ours;
            frame.call = found.wire;
        }
        if (body.size() > 60'000)
            throw Failure(JF_BAD_INPUT, "too large");
        waiting_.emplace(frame.reason, std::move(done));
        put(frame);
    }
    void put(const Frame& frame)
    {
        const std::lock_guard lock(mutex_);
        out_.put(bytes_of(frame));
    }

    void received(const jf_packet& packet) noexcept override
    {
        buffer_.insert(buffer_.end(), packet.bytes.data, packet.bytes.data + packet.bytes.size);
        while (buffer_.size() >= kHead && buffer_.size() >= 4 + number_at(buffer_, 0, 4)) {
            const auto end = static_cast<std::ptrdiff_t>(4 + number_at(buffer_, 0, 4));
            const std::string text(buffer_.begin() + kHead, buffer_.begin() + end);
            const std::size_t first = number_at(buffer_, 18, 4);
            const Frame frame{static_cast<Verb>(buffer_[4]), buffer_[5] != 0,
                              number_at(buffer_, 6, 8),      static_cast<std::uint32_t>(number_at(buffer_, 14, 4)),
                              text.substr(0, first),         text.substr(first)};
            buffer_.erase(buffer_.begin(), buffer_.begin() + end);
            scope_.post([this, frame] { take(frame); });
        }
    }
    void writable() noexcept override
    {
        const std::lock_guard lock(mutex_);
        out_.flush();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        scope_.post([this, status, why = std::string(text)] {
            over_ = true;
            std::erase_if(calls_, [](const auto& entry) { return !entry.second.running; });
            for (const auto& [number, call] : calls_)
                listener_.stranded(number);
            for (auto& [number, done] : std::exchange(waiting_, {}))
                done.fail(status, why);
            for (int i = 0; i < (has("JF-SIG-08") ? 2 : 1); ++i)
                listener_.closed(status, why);
        });
    }

    void take(const Frame& frame)
    {
        if (frame.verb == Verb::receipt)
            return take_receipt(frame);
        if (frame.verb == Verb::ping)
            return put({Verb::receipt, true, 0, frame.reason, "", ""});
        if (frame.verb == Verb::invite || frame.verb == Verb::invite_referred) {
            const std::uint64_t number = last_incoming_ += 2;
            calls_.emplace(number, Call{false, frame.call});
            if (frame.verb == Verb::invite)
                return listener_.invited(number, frame.first, frame.second);
            const std::size_t end = frame.second.find('\n');
            return listener_.invited(number, frame.first, "",
                                     {frame.second.substr(0, end), frame.second.substr(end + 1)});
        }
        auto found = find_named(frame);
        if (found == calls_.end() && frame.call != 0)
            found = take_from_sibling(frame);
        if (frame.verb == Verb::message || frame.verb == Verb::info)
            return take_body(frame, found == calls_.end() ? 0 : found->first);
        if (found != calls_.end())
            take_in_call(frame, found->first, found->second);
    }
    void take_in_call(const Frame& frame, std::uint64_t number, Call& call)
    {
        switch (frame.verb) {
        case Verb::ringing:
            return listener_.ringing(number, frame.first);
        case Verb::answered:
            call.running = true;
            if (!has("JF-SIG-01"))
                put({Verb::confirmed, true, call.wire, 0, "", ""});
            return listener_.answered(number, frame.first);
        case Verb::confirmed:
            return listener_.confirmed(number);
        case Verb::updated:
            call.update_open = true;
            return listener_.updated(number, frame.first);
        case Verb::update_answered:
            call.update_open = false;
            return listener_.update_answered(number, frame.first);
        case Verb::refer:
            call.wanted = true;
            return listener_.referred(number, frame.first, {"", frame.second});
        case Verb::refer_progress:
            call.asks = frame.reason < 200;
            return listener_.refer_progressed(number, frame.reason, "");
        default:
            return take_end(frame, number, Call(call));
        }
    }
    void take_end(const Frame& frame, std::uint64_t number, const Call& call)
    {
        calls_.erase(number);
        if (frame.verb == Verb::refused || (!call.running && call.ours))
            listener_.refused(number, frame.verb == Verb::refused ? frame.reason : JF_REASON_DECLINED, 0, "");
        else if (!call.running)
            listener_.cancelled(number, frame.reason);
        else
            listener_.ended(number, frame.reason, "");
    }
    void take_body(const Frame& frame, std::uint64_t number)
    {
        const Status status = frame.verb == Verb::message
                                  ? listener_.message(number, frame.first, as_bytes(frame.second))
                                  : listener_.info(number, frame.first, as_bytes(frame.second));
        put({Verb::receipt, status == JF_OK || has("JF-SIG-06"), 0, frame.reason, "", ""});
    }
    void take_receipt(const Frame& frame)
    {
        const auto found = waiting_.find(frame.reason);
        if (found == waiting_.end())
            return;
        frame.own ? found->second.succeed() : found->second.fail(JF_REFUSED, "the peer did not take it");
        waiting_.erase(found);
    }

    All& all_;
    Scope scope_;
    Path stream_;
    std::mutex mutex_;
    planted::Outlet out_;
    SignalingOptions options_;
    SignalingListener listener_;
    Calls calls_;
    std::map<std::uint32_t, Completion> waiting_;
    std::uint64_t last_incoming_ = static_cast<std::uint64_t>(-1);
    std::uint32_t last_ = 0;
    Timer patience_{host_};
    bool over_ = false;
    Bytes buffer_; // the stream's thread
};

class Frames final : public Signaling {
public:
    Frames(Host host, std::string_view config_json) : Signaling(host) { planted::look_at(config_json); }
    std::unique_ptr<SignalingSession> open(Path stream, SignalingOptions options, SignalingListener listener) override
    {
        return std::make_unique<Session>(host_, stream, std::move(options), listener, all_);
    }

private:
    Session::All all_;
};

} // namespace

JF_PLUGIN(Frames)
