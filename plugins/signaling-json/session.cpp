// The session: its stream, the verbs, and what is said beside calls.
//
// Threads: control.
#include "session.hpp"

#include <shared/signaling/media_description.hpp>

#include <algorithm>

namespace jackfield::json_signaling {

namespace {

constexpr std::size_t kMaxDeliveries = 256;

std::string random_id(const Host& host)
{
    std::string id;
    for (std::uint64_t bits = host.random_number(), i = 0; i < 16; ++i, bits >>= 4U)
        id += "0123456789abcdef"[bits & 15U];
    return id;
}

void must_be_undecided(const Call& call)
{
    if (call.state != CallState::proceeding)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(call.number) + " does not wait for our answer");
}

} // namespace

OwnDescription::OwnDescription(std::string_view json_text)
{
    const auto description = signaling::read_description(json_text);
    json = Json::parse(signaling::write_description(description));
    lines = description.media.size();
}

Session::Session(Host host, const Options& options, Path stream, SignalingOptions us, SignalingListener listener,
                 std::shared_ptr<Siblings> siblings)
    : SignalingSession(host),
      options_(options),
      us_(std::move(us)),
      listener_(listener),
      scope_(host),
      deadlines_(host),
      lines_(options.max_message_bytes),
      place_(std::move(siblings), *this),
      stream_(host, stream, options.max_waiting_bytes, *this)
{
    if (!stream.is_stream())
        throw Failure(JF_BAD_INPUT, "JSON lines need a stream path, not datagrams");
    stream_.open();
}

Session::~Session()
{
    stream_.close();
}

// --- the stream ------------------------------------------------------------------------------------------------------

void Session::on_bytes(ByteView bytes)
{
    if (failed_)
        return;
    try {
        lines_.feed(bytes);
        while (!failed_) {
            const auto line = lines_.next();
            if (!line)
                break;
            on_message(Message(*line));
        }
    } catch (const Failure& failure) {
        fail(failure.status(), failure.what());
    } catch (const std::exception& exception) {
        fail(JF_INTERNAL, exception.what());
    }
}

void Session::on_stream_end(Status status, const std::string& text)
{
    if (lines_.in_the_middle() && status == JF_CLOSED)
        fail(JF_BAD_INPUT, "the stream ended in the middle of a line");
    else
        fail(status, text);
}

void Session::send(const Json& message)
{
    if (failed_)
        return;
    std::string line = line_of(message);
    if (line.size() > options_.max_message_bytes)
        throw Failure(JF_BAD_INPUT, "too large for one message: " + std::to_string(line.size()) + " of at most " +
                                        std::to_string(options_.max_message_bytes) + " bytes");
    const Status status = stream_.send(std::move(line));
    if (status == JF_EXHAUSTED)
        fail(status, "the peer does not read: " + std::to_string(options_.max_waiting_bytes) + " bytes wait for it");
    else if (status != JF_OK)
        fail(status, "the stream does not take messages any more");
}

/// The session is over. The rest happens on a turn of its own: this may be called from inside a verb.
void Session::fail(Status status, const std::string& text)
{
    if (failed_)
        return;
    failed_.emplace(status, text);
    scope_.post([this] { finish(); });
}

void Session::finish()
{
    stream_.close();
    strand_calls();
    deadlines_.stop_all();
    for (auto& [id, delivery] : deliveries_)
        delivery.done.fail(JF_CLOSED, failed_->second);
    deliveries_.clear();
    listener_.closed(failed_->first, failed_->second);
}

void Session::check_open() const
{
    if (failed_)
        throw Failure(JF_CLOSED, "the session has ended: " + failed_->second);
}

Call& Session::call_of(std::uint64_t number)
{
    check_open();
    const auto found = calls_.find(number);
    if (found == calls_.end() || found->second.unheard)
        throw Failure(JF_NOT_FOUND, "there is no call " + std::to_string(number) + " any more");
    return found->second;
}

Call* Session::find(const std::string& id)
{
    const auto found =
        std::find_if(calls_.begin(), calls_.end(), [&](const auto& entry) { return entry.second.id == id; });
    return found == calls_.end() ? nullptr : &found->second;
}

void Session::forget(Call& call)
{
    deadlines_.stop(call.deadline);
    deadlines_.stop(call.update_deadline);
    deadlines_.stop(call.asking_deadline);
    if (call.asks)
        end_delivery(call.asking, JF_CLOSED, "the call has ended");
    calls_.erase(call.number);
}

// --- the verbs -------------------------------------------------------------------------------------------------------

void Session::invite(std::uint64_t number, std::string_view offer)
{
    invite_referred(number, offer, {});
}

void Session::invite_referred(std::uint64_t number, std::string_view offer, const CallReferral& referral)
{
    check_open();
    if (number == 0 || number % 2 != 0 || calls_.contains(number))
        throw Failure(JF_BAD_INPUT, "the number of a new call is even and not in use: " + std::to_string(number));
    if (calls_.size() >= options_.max_calls)
        throw Failure(JF_EXHAUSTED,
                      "there are " + std::to_string(options_.max_calls) + " calls with this peer already");
    const OwnDescription description(offer);
    Call call;
    call.number = number;
    call.id = random_id(host_);
    call.offered_lines = description.lines;
    Json message{{"type", "invite"}, {"call", call.id}, {"offer", description.json}};
    if (!us_.local_name.empty())
        message["name"] = cut_text(us_.local_name, kMaxNameBytes);
    add_referral(message, referral);
    send(message);
    call.deadline = deadlines_.start(options_.invite_timeout, [this, number] {
        Call& late = calls_.at(number); // forget stops this deadline
        give_up(late, JF_REASON_FAILED, "the peer's program did not answer in time");
    });
    calls_.emplace(number, std::move(call));
}

void Session::ring(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    Json message{{"type", "ringing"}, {"call", call.id}};
    if (!answer.empty()) {
        const OwnDescription description(answer);
        if (description.lines != call.offered_lines)
            throw Failure(JF_BAD_INPUT, "the answer has other media lines than the offer");
        message["answer"] = description.json;
    }
    send(message);
}

void Session::answer(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    const OwnDescription description(answer);
    if (description.lines != call.offered_lines)
        throw Failure(JF_BAD_INPUT, "the answer has other media lines than the offer");
    send({{"type", "answer"}, {"call", call.id}, {"answer", description.json}});
    call.state = CallState::accepted;
    expect_confirm(call);
}

/// A peer that never confirms is not in the call.
void Session::expect_confirm(Call& call)
{
    call.deadline = deadlines_.start(options_.answer_timeout, [this, number = call.number] {
        Call& late = calls_.at(number); // forget stops this deadline
        send({{"type", "bye"}, {"call", late.id}, {"reason", word_of_reason(JF_REASON_FAILED)}});
        forget(late);
        listener_.ended(number, JF_REASON_FAILED, "the peer did not confirm our answer");
    });
}

void Session::refuse(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    if (reason != JF_REASON_DECLINED && reason != JF_REASON_BUSY && reason != JF_REASON_NO_ANSWER &&
        reason != JF_REASON_NOT_ACCEPTABLE && reason != JF_REASON_FAILED && reason != JF_REASON_NO_SUCH_CALL)
        throw Failure(JF_BAD_INPUT, "a call is refused as declined, busy, no answer, not acceptable, failed or as one "
                                    "that replaces none");
    send({{"type", "refuse"}, {"call", call.id}, {"reason", word_of_reason(reason)}});
    forget(call);
}

void Session::cancel(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    if (call.state != CallState::calling || call.cancelling)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not waiting for an answer");
    send({{"type", "cancel"}, {"call", call.id}, {"reason", word_of_reason(reason)}});
    call.cancelling = true;
    call.cancel_reason = reason;
    deadlines_.stop(call.deadline);
    call.deadline = deadlines_.start(options_.answer_timeout, [this, number] {
        Call& late = calls_.at(number);
        give_up(late, JF_REASON_CANCELLED, "cancelled; the peer did not confirm it");
    });
}

/// Our call comes to nothing.
void Session::give_up(Call& call, std::uint32_t reason, const std::string& text)
{
    const std::uint64_t number = call.number;
    const bool unheard = call.unheard;
    forget(call);
    if (!unheard)
        listener_.refused(number, reason, 0, text);
}

void Session::bye(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    if (call.state == CallState::proceeding) { // hung up before it was taken
        send({{"type", "refuse"}, {"call", call.id}, {"reason", word_of_reason(JF_REASON_DECLINED)}});
        return forget(call);
    }
    if (call.state == CallState::calling) { // given up before it was answered, without another word to the kernel
        if (!call.cancelling)
            cancel(number, reason);
        call.unheard = true;
        return;
    }
    send({{"type", "bye"}, {"call", call.id}, {"reason", word_of_reason(reason)}});
    forget(call);
}

// --- beside the call -------------------------------------------------------------------------------------------------

void Session::message(std::uint64_t call, std::string_view content_type, ByteView body, Completion done)
{
    deliver("message", call, content_type, body, std::move(done));
}

void Session::info(std::uint64_t call, std::string_view content_type, ByteView body, Completion done)
{
    deliver("info", call, content_type, body, std::move(done));
}

void Session::deliver(const char* type, std::uint64_t number, std::string_view content_type, ByteView body,
                      Completion done)
{
    check_open();
    if (content_type.find('/') == std::string_view::npos || content_type.size() > kMaxContentTypeBytes)
        throw Failure(JF_BAD_INPUT, "not a media type: " + cut_text(content_type, 60));
    Json message{{"type", type}, {"content_type", std::string(content_type)}};
    if (number != 0)
        message["call"] = call_of(number).id;
    put_body(message, body);
    await_taken(std::move(message), std::move(done), options_.answer_timeout);
}

void Session::ping(Nanoseconds timeout, Completion done)
{
    check_open();
    await_taken({{"type", "ping"}}, std::move(done), timeout);
}

/// Gives the message the number that `taken` repeats.
std::uint64_t Session::await_taken(Json message, Completion done, Nanoseconds patience)
{
    if (deliveries_.size() >= kMaxDeliveries)
        throw Failure(JF_EXHAUSTED, std::to_string(kMaxDeliveries) + " messages wait for the peer's word already");
    const std::uint64_t id = last_delivery_ + 1;
    message["id"] = id;
    send(message);
    last_delivery_ = id;
    const auto deadline = deadlines_.start(
        patience, [this, id] { end_delivery(id, JF_TIMEOUT, "the peer's program did not answer in time"); });
    deliveries_.emplace(id, Delivery{std::move(done), deadline});
    return id;
}

void Session::end_delivery(std::uint64_t id, Status status, const std::string& text)
{
    const auto found = deliveries_.find(id);
    if (found == deliveries_.end())
        return;
    deadlines_.stop(found->second.deadline);
    if (status == JF_OK)
        found->second.done.succeed();
    else
        found->second.done.fail(status, text);
    deliveries_.erase(found);
    refer_is_taken(id, status == JF_OK);
}

} // namespace jackfield::json_signaling
