// @ID@: a signaling. One JSON object a line, UTF-8:
//
//     {"verb": "invite", "call": 2, "mine": true, "name": "Alice", "offer": {..}}
//     {"verb": "ring", "call": 2, "mine": false}        who placed the call has numbered it; "mine" says who that is
//     answer, confirm, refuse, cancel, update, update_answer, bye; message, info and their receipt
//
// States:   ours:   invite -> ring* -> answer (we confirm) | refuse            theirs: the same, seen from there
//           running: update -> update_answer, by either end, one at a time; bye by either. The end of the stream ends
//           all.
// Threads:  everything is on the control thread; lines come on the stream's own thread, and are posted from there.
// Errors:   a verb of no call gives JF_NOT_FOUND, one out of turn JF_BAD_INPUT, any after the end JF_CLOSED. A message
//           of the peer about a call that is over is nothing: the two cross each other. One that makes no sense ends
//           the stream.
// Lifetime: the kernel releases the session before the stream.
#include <jackfield/output_queue.hpp>
#include <jackfield/plugin.hpp>
#include <jackfield/signaling.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <map>

namespace {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Completion;
using jackfield::Failure;
using jackfield::Status;
using nlohmann::json;

constexpr std::size_t kLongestLine = 256 * 1024;
constexpr std::size_t kLargestBody = 64 * 1024;
constexpr std::size_t kMostWaiting = 1024 * 1024; // bytes that the stream does not take yet
constexpr int kMostUnheard = 1000;                // lines that the control thread has not come to yet
constexpr int kDeepest = 32;                      // braces within braces
constexpr std::size_t kMostReceipts = 64;

/// A line of a stranger: its depth is bounded, too, for whoever walks through it.
json parsed(std::string_view line)
{
    const json message = json::parse(
        line,
        [](int depth, json::parse_event_t, json&) {
            if (depth > kDeepest)
                throw Failure(JF_BAD_INPUT, "the peer's message is too deep");
            return true;
        },
        /*allow_exceptions=*/false);
    if (!message.is_object() || !message.value("verb", json()).is_string())
        throw Failure(JF_BAD_INPUT, "the peer says what is no message");
    return message;
}

/// A media description, as far as we look into it: who has to agree on it reads the rest.
json description(std::string_view text)
{
    json made = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!made.is_object() || !made.value("media", json()).is_array())
        throw Failure(JF_BAD_INPUT, "this is no media description");
    return made;
}

std::string text_in(const json& message, const char* name)
{
    const json value = message.value(name, json(""));
    return value.is_string() ? value.get<std::string>() : "";
}
std::uint64_t number_in(const json& message, const char* name)
{
    const json value = message.value(name, json(0));
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}
std::uint32_t reason_in(const json& message)
{
    const auto reason = number_in(message, "reason");
    return reason <= JF_REASON_NO_SUCH_CALL ? static_cast<std::uint32_t>(reason) : std::uint32_t{JF_REASON_FAILED};
}
/// Empty if there is none.
std::string description_in(const json& message, const char* name)
{
    return message.contains(name) ? description(message[name].dump()).dump() : "";
}

/// A body may hold any bytes, JSON may not. Twice as long as it must be: base64 is the better way.
std::string hex(ByteView bytes)
{
    std::string text;
    for (const std::uint8_t byte : bytes)
        text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    return text;
}
Bytes from_hex(std::string_view text)
{
    const auto value = [](char digit) {
        const auto found = std::string_view("0123456789abcdef").find(digit);
        if (found == std::string_view::npos)
            throw Failure(JF_BAD_INPUT, "the peer sends a body that is none");
        return static_cast<unsigned>(found);
    };
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(value(text[i]) << 4 | value(text[i + 1])));
    return bytes;
}

class Session final : public jackfield::SignalingSession, private jackfield::PathReceiver {
public:
    Session(jackfield::Host host, jackfield::Path stream, std::string name, std::size_t most,
            jackfield::SignalingListener listener)
        : SignalingSession(host), stream_(stream), name_(std::move(name)), most_(most), listener_(listener)
    {
        stream_.open(*this);
    }
    ~Session() override
    {
        scope_.end();
        stream_.close(); // no call of ours is under way any more
    }

    // --- what the kernel says
    // -----------------------------------------------------------------------------------------

    void invite(std::uint64_t call, std::string_view offer) override
    {
        open_or_throw();
        if (call % 2 != 0 || calls_.contains(call))
            throw Failure(JF_BAD_INPUT, "a call of ours has an even number, and a new one");
        json message{{"verb", "invite"}, {"name", name_}, {"offer", description(offer)}};
        const Call its{State::asked, true, call};
        say(its, std::move(message));
        calls_[call] = its;
    }

    void ring(std::uint64_t call, std::string_view answer) override
    {
        Call& its = in_turn(call, State::asked, false);
        json message{{"verb", "ring"}};
        if (!answer.empty())
            message["answer"] = description(answer);
        say(its, std::move(message));
    }

    void answer(std::uint64_t call, std::string_view answer) override
    {
        Call& its = in_turn(call, State::asked, false);
        say(its, {{"verb", "answer"}, {"answer", description(answer)}});
        its.state = State::answered;
    }

    void refuse(std::uint64_t call, std::uint32_t reason) override
    {
        say(in_turn(call, State::asked, false), {{"verb", "refuse"}, {"reason", reason}});
        calls_.erase(call);
    }

    /// If the answer is on its way already the peer takes this for bye.
    void cancel(std::uint64_t call, std::uint32_t reason) override
    {
        say(in_turn(call, State::asked, true), {{"verb", "cancel"}, {"reason", reason}});
        calls_.erase(call);
        scope_.post([this, call] { listener_.refused(call, JF_REASON_CANCELLED, 0, "cancelled"); });
    }

    void update(std::uint64_t call, std::string_view offer) override
    {
        Call& its = running(call);
        if (its.ours_open || its.theirs_open)
            throw Failure(JF_BUSY, "another offer is open");
        const std::uint64_t number = its.updates + 1;
        say(its, {{"verb", "update"}, {"number", number}, {"offer", description(offer)}});
        its.updates = number;
        its.ours_open = true;
    }

    void answer_update(std::uint64_t call, std::string_view answer) override
    {
        Call& its = running(call);
        if (!its.theirs_open)
            throw Failure(JF_BAD_INPUT, "no offer of the peer is open");
        json message{{"verb", "update_answer"}, {"number", its.their_update}};
        if (!answer.empty())
            message["answer"] = description(answer);
        say(its, std::move(message));
        its.theirs_open = false;
    }

    void bye(std::uint64_t call, std::uint32_t reason) override
    {
        say(running(call), {{"verb", "bye"}, {"reason", reason}});
        calls_.erase(call);
    }

    void message(std::uint64_t call, std::string_view type, ByteView body, Completion done) override
    {
        deliver("message", call, type, body, std::move(done));
    }
    void info(std::uint64_t call, std::string_view type, ByteView body, Completion done) override
    {
        deliver("info", call, type, body, std::move(done));
    }

private:
    enum class State { asked, answered, running };

    struct Call {
        State state;
        bool ours;            // we have placed it
        std::uint64_t number; // of who has placed it
        std::uint64_t updates = 0;
        std::uint64_t their_update = 0;
        bool ours_open = false;
        bool theirs_open = false;
    };

    void open_or_throw() const
    {
        if (over_)
            throw Failure(JF_CLOSED, "the stream has ended");
    }
    Call& known(std::uint64_t call)
    {
        open_or_throw();
        const auto found = calls_.find(call);
        if (found == calls_.end())
            throw Failure(JF_NOT_FOUND, "there is no such call in this session");
        return found->second;
    }
    Call& in_turn(std::uint64_t call, State state, bool ours)
    {
        Call& its = known(call);
        if (its.state != state || its.ours != ours)
            throw Failure(JF_BAD_INPUT, "that is not this end's to say now");
        return its;
    }
    /// For who has answered a call runs, whether or not the peer knows it yet.
    Call& running(std::uint64_t call)
    {
        Call& its = known(call);
        if (its.state == State::asked)
            throw Failure(JF_BAD_INPUT, "the call does not run yet");
        return its;
    }

    void deliver(const char* verb, std::uint64_t call, std::string_view type, ByteView body, Completion done)
    {
        open_or_throw(); // what is thrown becomes the end of `done`
        if (body.size() > kLargestBody)
            throw Failure(JF_BAD_INPUT, "a body of more than 64 KiB");
        if (receipts_.size() == kMostReceipts)
            throw Failure(JF_BUSY, "too many messages without a receipt");
        json message{{"verb", verb}, {"id", next_receipt_}, {"type", type}, {"hex", hex(body)}};
        if (call != 0)
            say(known(call), std::move(message));
        else
            write(message);
        receipts_.emplace(next_receipt_++, std::move(done));
    }

    // --- to the peer
    // --------------------------------------------------------------------------------------------------

    void say(const Call& its, json message)
    {
        message["call"] = its.number;
        message["mine"] = its.ours;
        write(message);
    }

    void write(const json& message)
    {
        const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
        if (line.size() > kLongestLine)
            throw Failure(JF_BAD_INPUT, "a message that is too long for a line");
        if (!waiting_.push(jackfield::as_bytes(line)))
            throw Failure(JF_EXHAUSTED, "the peer does not read what it is told");
        flush();
    }

    void flush()
    {
        while (!waiting_.empty() && !over_) {
            const ByteView piece = waiting_.front(JF_STREAM_SEND_MAX);
            if (stream_.send(piece) != JF_OK)
                return; // `writable` or `closed` follows
            waiting_.pop(piece.size());
        }
    }

    // --- from the peer
    // ------------------------------------------------------------------------------------------------

    /// On the stream's thread: cut into lines, and no more.
    void received(const jf_packet& packet) noexcept override
    {
        jf_error error = jackfield::no_error();
        const Status status = jackfield::guarded(&error, [&] {
            std::string_view rest = jackfield::as_text(jackfield::view(packet.bytes));
            for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
                line_ += rest.substr(0, end);
                rest.remove_prefix(end + 1);
                if (++unheard_ > kMostUnheard)
                    throw Failure(JF_EXHAUSTED, "the peer says more than can be heard");
                scope_.post([this, line = std::exchange(line_, {})] { heard(line); });
            }
            line_ += rest;
            if (line_.size() > kLongestLine)
                throw Failure(JF_BAD_INPUT, "the peer's line has no end");
        });
        if (status != JF_OK)
            closed(status, error.text);
    }
    void writable() noexcept override
    {
        scope_.post([this] { flush(); });
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        scope_.post([this, status, text = std::string(text)] { end(status, text); });
    }

    void end(Status status, std::string_view text)
    {
        if (std::exchange(over_, true))
            return;
        stream_.close();
        calls_.clear();
        for (auto& [id, done] : std::exchange(receipts_, {}))
            done.fail(status, text);
        scope_.post([this, status, text = std::string(text)] { listener_.closed(status, text); }); // the last event
    }

    void heard(const std::string& line)
    {
        --unheard_;
        if (over_)
            return;
        jf_error error = jackfield::no_error();
        const Status status = jackfield::guarded(&error, [&] {
            const json message = parsed(line);
            const std::string verb = text_in(message, "verb");
            if (verb == "receipt")
                return receipt(message);
            if (verb == "message" || verb == "info")
                return body(verb, message);
            if (verb == "invite")
                return invited(message);
            if (const std::uint64_t call = find(message); call != 0)
                (calls_.at(call).ours ? answered(verb, call, message) : asked(verb, call, message));
        });
        if (status != JF_OK)
            end(status, error.text);
    }

    /// Ours has the number that we gave it, the peer's the odd one that we gave it. 0: there is none.
    std::uint64_t find(const json& message) const
    {
        const bool ours = message.value("mine", json()) != true;
        for (const auto& [call, its] : calls_) {
            if (its.ours == ours && its.number == number_in(message, "call"))
                return call;
        }
        return 0;
    }

    void invited(const json& message)
    {
        const std::uint64_t number = number_in(message, "call");
        const std::string offer = description_in(message, "offer");
        if (number == 0 || offer.empty() || find(message) != 0)
            throw Failure(JF_BAD_INPUT, "the peer invites to no call, or twice");
        const Call its{State::asked, false, number};
        if (calls_.size() >= most_)
            return say(its, {{"verb", "refuse"}, {"reason", JF_REASON_BUSY}});
        const std::uint64_t call = std::exchange(next_call_, next_call_ + 2);
        calls_[call] = its;
        listener_.invited(call, offer, text_in(message, "name"));
    }

    /// Of a call that we have placed.
    void answered(const std::string& verb, std::uint64_t call, const json& message)
    {
        Call& its = calls_.at(call);
        if (its.state != State::asked)
            return changed(verb, call, message);
        if (verb == "ring")
            return listener_.ringing(call, description_in(message, "answer"));
        if (verb == "refuse") {
            calls_.erase(call);
            return listener_.refused(call, reason_in(message), 0, "");
        }
        if (verb != "answer")
            throw Failure(JF_BAD_INPUT, "the peer says \"" + verb + "\" out of turn");
        const std::string answer = description(message.value("answer", json()).dump()).dump();
        say(its, {{"verb", "confirm"}});
        its.state = State::running;
        listener_.answered(call, answer);
    }

    /// Of a call that the peer has placed.
    void asked(const std::string& verb, std::uint64_t call, const json& message)
    {
        Call& its = calls_.at(call);
        if (verb == "cancel") {
            const bool rings = its.state == State::asked;
            calls_.erase(call);
            return rings ? listener_.cancelled(call, reason_in(message))
                         : listener_.ended(call, reason_in(message), "cancelled"); // it crossed our answer
        }
        if (verb == "confirm" && its.state == State::answered) {
            its.state = State::running;
            return listener_.confirmed(call);
        }
        if (its.state == State::asked)
            throw Failure(JF_BAD_INPUT, "the peer says \"" + verb + "\" out of turn");
        changed(verb, call, message);
    }

    /// In a call that runs, by either end.
    void changed(const std::string& verb, std::uint64_t call, const json& message)
    {
        Call& its = calls_.at(call);
        if (verb == "bye") {
            calls_.erase(call);
            return listener_.ended(call, reason_in(message), "");
        }
        if (verb == "update_answer" && its.ours_open && number_in(message, "number") == its.updates) {
            its.ours_open = false;
            return listener_.update_answered(call, description_in(message, "answer"));
        }
        if (verb != "update")
            return; // a late answer, or what later versions say
        const std::string offer = description_in(message, "offer");
        its.their_update = number_in(message, "number");
        if (offer.empty() || its.theirs_open)
            throw Failure(JF_BAD_INPUT, "the peer changes the call without an offer, or twice at once");
        // Both at once: that of who has placed the call counts, the other one is refused (RFC 3261 section 14.1).
        if (its.ours_open && its.ours)
            return say(its, {{"verb", "update_answer"}, {"number", its.their_update}});
        its.theirs_open = true;
        if (std::exchange(its.ours_open, false))
            listener_.update_answered(call, "");
        listener_.updated(call, offer);
    }

    void body(const std::string& verb, const json& message)
    {
        const std::uint64_t call = message.contains("call") ? find(message) : 0;
        const Bytes bytes = from_hex(text_in(message, "hex"));
        Status taken = JF_NOT_FOUND;
        if (call != 0 || !message.contains("call"))
            taken = verb == "info" ? listener_.info(call, text_in(message, "type"), bytes)
                                   : listener_.message(call, text_in(message, "type"), bytes);
        write({{"verb", "receipt"}, {"id", number_in(message, "id")}, {"taken", taken == JF_OK}});
    }

    void receipt(const json& message)
    {
        auto found = receipts_.extract(number_in(message, "id"));
        if (found.empty())
            return;
        if (message.value("taken", json()) == true)
            found.mapped().succeed(); // posted by the SDK
        else
            found.mapped().fail(JF_REFUSED, "the peer did not take it");
    }

    jackfield::Path stream_;
    std::string name_;
    std::size_t most_;
    jackfield::SignalingListener listener_;
    jackfield::OutputQueue waiting_{/*keep_boundaries=*/false, kMostWaiting};
    std::map<std::uint64_t, Call> calls_;
    std::map<std::uint64_t, Completion> receipts_;
    std::uint64_t next_call_ = 1;
    std::uint64_t next_receipt_ = 1;
    bool over_ = false;

    std::string line_;            // of the stream's thread: the beginning of one
    std::atomic<int> unheard_{0}; // lines that are posted
    jackfield::Scope scope_{host_};
};

class MySignaling final : public jackfield::Signaling {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MySignaling(jackfield::Host host, std::string_view config_json) : Signaling(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json most = config.value("max_calls", json(16));
        if (!most.is_number_integer() || most.get<double>() < 1 || most.get<double>() > 256)
            throw jackfield::ConfigError("/max_calls: expected a number from 1 to 256; 16 would work");
        most_ = most.get<std::size_t>();
    }

    /// One peer device, which the secure channel has proven: options.remote says which it is.
    std::unique_ptr<jackfield::SignalingSession> open(jackfield::Path stream, jackfield::SignalingOptions options,
                                                      jackfield::SignalingListener listener) override
    {
        if (options.carrier)
            throw Failure(JF_UNSUPPORTED, "the service that carries this link speaks another language");
        return std::make_unique<Session>(host_, stream, options.local_name, most_, listener);
    }

private:
    std::size_t most_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MySignaling)
