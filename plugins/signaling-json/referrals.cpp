// One end asks the other to call somebody else: our wish, then the peer's.
//
// Threads: control.
#include "session.hpp"

#include <algorithm>
#include <chrono>

namespace jackfield::json_signaling {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 180s;             // for the next word about a call that we asked for
constexpr std::uint32_t kMostOfPeer = 16; // in one call, one after the other

} // namespace

bool is_target(std::string_view text)
{
    return !text.empty() && text.size() <= kMaxTargetBytes &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

/// Who wanted it is left out if it cannot be said; what it replaces cannot be.
void add_referral(Json& message, const CallReferral& referral)
{
    if (is_target(referral.referred_by))
        message["referred_by"] = std::string(referral.referred_by);
    if (referral.replaces.empty())
        return;
    if (!is_target(referral.replaces))
        throw Failure(JF_BAD_INPUT, "no call is named \"" + cut_text(referral.replaces, 80) + "\"");
    message["replaces"] = std::string(referral.replaces);
}

// --- our wish --------------------------------------------------------------------------------------------------------

void Session::refer(std::uint64_t number, std::string_view target, std::string_view replaces, Completion done)
{
    Call& call = call_of(number);
    if (call.state != CallState::running)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    if (call.asks)
        throw Failure(JF_BUSY, "a transfer of call " + std::to_string(number) + " has not ended yet");
    if (!is_target(target))
        throw Failure(JF_BAD_INPUT, "nobody can be called at \"" + cut_text(target, 80) + "\"");
    Json message{{"type", "refer"}, {"call", call.id}, {"target", std::string(target)}};
    add_referral(message, {us_.local.account_id, replaces});
    call.asking = await_taken(std::move(message), std::move(done), options_.answer_timeout);
    call.asks = true;
}

void Session::refer_is_taken(std::uint64_t delivery, bool taken)
{
    const auto found = std::ranges::find_if(
        calls_, [&](const auto& entry) { return entry.second.asks && entry.second.asking == delivery; });
    if (found == calls_.end())
        return;
    found->second.asks = taken;
    if (taken)
        expect_referral(found->second);
}

void Session::expect_referral(Call& call)
{
    deadlines_.stop(call.asking_deadline);
    call.asking_deadline = deadlines_.start(kQuiet, [this, number = call.number] {
        Call& silent = calls_.at(number); // forget stops this deadline
        silent.asks = false;
        listener_.refer_progressed(number, 0, "the peer has not said for a long time how it goes");
    });
}

void Session::on_referral(Call& call, const Message& message)
{
    const std::uint64_t code = message.number("code");
    if (code < 100 || code > 699)
        throw Failure(JF_BAD_INPUT, "the peer says a status that is none: " + std::to_string(code));
    if (!call.asks)
        return;
    end_delivery(call.asking, JF_OK, {});
    call.asks = code < 200;
    if (call.asks)
        expect_referral(call);
    else
        deadlines_.stop(call.asking_deadline);
    listener_.refer_progressed(call.number, static_cast<std::uint32_t>(code),
                               message.optional_text("text", kMaxTextBytes));
}

// --- the peer's wish -------------------------------------------------------------------------------------------------

void Session::on_refer(const Message& message)
{
    const std::uint64_t id = message.number("id");
    const std::string target = message.text("target", kMaxTargetBytes);
    const std::string by = message.optional_text("referred_by", kMaxTargetBytes);
    const std::string replaces = message.optional_text("replaces", kMaxTargetBytes);
    Call* const call = find(message.call());
    const char* status = "ok";
    if (call == nullptr || call->unheard)
        status = "no-call";
    else if (call->state != CallState::running || call->wanted)
        status = "busy";
    else if (!is_target(target) || (!replaces.empty() && !is_target(replaces)) || call->times_wanted >= kMostOfPeer)
        status = "refused";
    else if (!listener_.hears_referrals())
        status = "unsupported";
    send({{"type", "taken"}, {"id", id}, {"status", status}});
    if (std::string_view(status) != "ok")
        return;
    call->wanted = true;
    ++call->times_wanted;
    listener_.referred(call->number, target, {is_target(by) ? by : std::string(), replaces});
}

void Session::refer_progress(std::uint64_t number, std::uint32_t code, std::string_view text)
{
    Call& call = call_of(number);
    if (!call.wanted)
        throw Failure(JF_BAD_INPUT, "the peer of call " + std::to_string(number) + " wants nobody called");
    if (code < 100 || code > 699)
        throw Failure(JF_BAD_INPUT, "a status is 100 to 699, not " + std::to_string(code));
    Json message{{"type", "referral"}, {"call", call.id}, {"code", code}};
    if (!text.empty())
        message["text"] = cut_text(text, kMaxTextBytes);
    send(message);
    call.wanted = code < 200;
}

// --- calls that take the place of others -----------------------------------------------------------------------------

/// Whoever invited has made it up at random, and nobody but the two ends knows it.
std::string Session::name_dialog(std::uint64_t number)
{
    const Call& call = call_of(number);
    if (call.state != CallState::running && call.state != CallState::accepted)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    return call.id;
}

Status Session::match_dialog(std::uint64_t number, std::string_view name)
{
    return name_dialog(number) == name ? JF_OK : JF_NOT_FOUND;
}

} // namespace jackfield::json_signaling
