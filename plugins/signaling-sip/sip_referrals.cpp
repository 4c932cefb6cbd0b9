// One end asks the other to call somebody else: REFER, and the implicit subscription by which the other says what
// became of it (RFC 3515, 6665). First our wish, then the peer's.
//
// Threads: the control thread.
#include "sip_session.hpp"
#include "sip_text.hpp"

#include <chrono>

namespace jackfield::sip {
namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 180s;             // for the next word about a call that we asked for
constexpr const char* kExpires = "600";   // of a subscription of the peer: longer than any call takes to be placed
constexpr std::uint32_t kMostOfPeer = 16; // in one call, one after the other
constexpr std::size_t kMostNotices = 32;  // that wait
constexpr const char* kFragmentType = "message/sipfrag";

std::string host_of(const std::string& uri)
{
    const auto target = read_refer_target("<" + uri + ">");
    return target ? target->host : "";
}

bool says_no_subscription(const Received& message)
{
    const auto value = message.frame.header("Refer-Sub"); // RFC 4488
    return value && equals_ignoring_case(trim(value->substr(0, value->find(';'))), "false");
}

bool is_over(const Received& notice)
{
    const auto state = notice.frame.header("Subscription-State");
    return state && equals_ignoring_case(trim(state->substr(0, state->find(';'))), "terminated");
}

Status status_of_refusal(const Answer& answer)
{
    if (answer.received == nullptr)
        return JF_TIMEOUT;
    if (answer.code == 405 || answer.code == 501)
        return JF_UNSUPPORTED;
    return answer.code == 491 ? JF_BUSY : JF_REFUSED;
}

} // namespace

// --- our wish --------------------------------------------------------------------------------------------------------

void SipSession::refer(std::uint64_t number, std::string_view target, std::string_view replaces, Completion done)
{
    Call& call = call_of(number);
    if (call.state != CallState::confirmed)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    if (call.asked.open)
        throw Failure(JF_BUSY, "a transfer of call " + std::to_string(number) + " has not ended yet");
    if (!replaces.empty() && !read_dialog_name(replaces))
        throw Failure(JF_BAD_INPUT, "no call is named \"" + std::string(cut_utf8(replaces, 80)) + "\"");
    const std::string uri =
        refer_to(call, target) + (replaces.empty() ? "" : "?Replaces=" + escape_user(replaces)); // RFC 3891 section 5
    std::string branch;
    OsipMessage request = request_in(call, "REFER", branch);
    add_contact(*request, contact());
    add_header(*request, "Refer-To", "<" + uri + ">");
    add_header(*request, "Referred-By", "<" + call.local_uri + ">"); // RFC 3892
    add_header(*request, "Allow", kAllow);
    const auto on_answer = [this, number](const Answer& answer) { on_refer_answer(number, answer); };
    const auto resent = [](Call& again, TransactionId, const std::string&, std::uint32_t cseq) {
        again.asked.cseq = cseq;
    };
    start_request(number, std::move(request), {}, on_answer, resent);
    call.asked = {.open = true, .ever = true, .cseq = call.local_cseq, .delivery = ++last_delivery_};
    deliveries_.emplace(call.asked.delivery, std::move(done));
}

/// An account has the form that it has in From and To of this call; a URI is as it is.
std::string SipSession::refer_to(const Call& call, std::string_view target) const
{
    const bool uri = target.find(':') != std::string_view::npos;
    if (!uri && addresses_.carried())
        throw Failure(JF_UNSUPPORTED, "a telephone can call URIs like sip:bob@example.net, and no account like " +
                                          std::string(cut_utf8(target, 80)));
    std::string written = uri_of(call, target);
    const auto read = read_refer_target("<" + written + ">");
    if (target.empty() || !read || !is_uri_text(written) || read->uri.empty() || !read->method.empty() ||
        read->has_headers || !read->replaces.empty())
        throw Failure(JF_BAD_INPUT, "nobody can be called at \"" + std::string(cut_utf8(target, 80)) +
                                        "\": an account or a URI like sip:bob@example.net would work");
    return written;
}

std::string SipSession::uri_of(const Call& call, std::string_view account) const
{
    const bool uri = account.find(':') != std::string_view::npos;
    return uri ? std::string(account) : "sip:" + escape_user(account) + "@" + host_of(call.local_uri);
}

void SipSession::on_refer_answer(std::uint64_t number, const Answer& answer)
{
    const auto found = calls_.find(number);
    if (answer.provisional() || found == calls_.end() || failed_)
        return;
    Call& call = found->second;
    if (!call.asked.open || !deliveries_.contains(call.asked.delivery))
        return; // a notification was faster, and counts
    if (!answer.success()) {
        call.asked.open = false;
        return end_delivery(call.asked.delivery, status_of_refusal(answer),
                            answer.received != nullptr ? "the peer answered " + std::to_string(answer.code)
                                                       : "the peer's program did not answer in time");
    }
    end_delivery(call.asked.delivery, JF_OK, {});
    if (says_no_subscription(*answer.received))
        return end_refer(call, {0, "the peer says nothing about it"});
    expect_notice(call);
}

void SipSession::expect_notice(Call& call)
{
    deadlines_.stop(call.asked.deadline);
    call.asked.deadline = deadlines_.start(kQuiet, [this, number = call.number] {
        Call& silent = calls_.at(number); // forget stops this deadline
        silent.asked.deadline = 0;
        end_refer(silent, {0, "the peer has not said for a long time how it goes"});
    });
}

void SipSession::end_refer(Call& call, const Fragment& last)
{
    deadlines_.stop(call.asked.deadline);
    call.asked.open = false;
    listener_.refer_progressed(call.number, last.code, last.text);
}

void SipSession::on_notify(TransactionId id, const Received& request, Call& call)
{
    const auto event = read_refer_event(request.frame.header("Event", 'o').value_or(""));
    if (!event) // RFC 6665 section 4.1.3
        return reply(id, 489, {{"Allow-Events", "refer"}}, &call);
    const bool over = is_over(request);
    if (!call.asked.open || (event->id && *event->id != call.asked.cseq))
        return reply(id, call.asked.ever && over ? 200 : 481, {},
                     &call); // after the last word there may be a last state
    const auto fragment = read_fragment(request.frame.body());
    if (!request.frame.body().empty() && !request.has_content_type(kFragmentType))
        return reply(id, 415, {{"Accept", kFragmentType}}, &call);
    if (!request.frame.body().empty() && !fragment)
        return reply(id, 400, {}, &call);
    reply(id, 200, {}, &call);
    end_delivery(call.asked.delivery, JF_OK, {}); // it may overtake the answer to our REFER
    expect_notice(call);
    if (fragment && fragment->code >= 200)
        return end_refer(call, *fragment);
    if (over)
        return end_refer(call, {0, "the peer says no more about it"});
    if (fragment)
        listener_.refer_progressed(call.number, fragment->code, fragment->text);
}

/// Nobody hears any more how either goes.
void SipSession::end_referrals(Call& call)
{
    deadlines_.stop(call.asked.deadline);
    end_delivery(call.asked.delivery, JF_CLOSED, "the call has ended");
    call.asked.open = false;
    call.wanted.open = false;
    call.wanted.notices.clear();
}

// --- the peer's wish -------------------------------------------------------------------------------------------------

void SipSession::on_refer(TransactionId id, const Received& request, Call& call)
{
    const auto refuse = [&](int code, const char* why) {
        reply(id, code, {{"Warning", warning(config_.domain, why)}}, &call);
    };
    if (call.hung_up)
        return reply(id, 481, {}, &call);
    if (call.state != CallState::confirmed || call.wanted.open)
        return refuse(491, "one transfer after the other, in a call that runs");
    if (!listener_.hears_referrals() || call.wanted.count >= kMostOfPeer)
        return reply(id, 603, {}, &call);
    const auto values = request.frame.headers("Refer-To", 'r');
    const auto target = values.size() == 1 ? read_refer_target(values.front()) : std::nullopt;
    if (!target) // RFC 3515 section 2.4.2
        return refuse(400, "one Refer-To with one URI");
    if (target->uri.empty())
        return reply(id, 416, {}, &call);
    if (target->has_headers || (!target->method.empty() && target->method != "INVITE"))
        return refuse(403, "only an INVITE, and nothing but Replaces that somebody else puts into it");
    call.wanted.open = true;
    call.wanted.pending = true;
    call.wanted.silent = says_no_subscription(request);
    call.wanted.cseq = request.cseq();
    ++call.wanted.count;
    reply(id, 202, call.wanted.silent ? Headers{{"Refer-Sub", "false"}} : Headers{}, &call);
    tell_peer(call, {100, {}});
    const std::string by = referred_by(call, request);
    listener_.referred(call.number, target_of(call, *target), {by, target->replaces});
}

/// The account, if it is one of this link's, else the URI.
std::string SipSession::target_of(const Call& call, const ReferTarget& target) const
{
    const bool account = !addresses_.carried() && !target.user.empty() &&
                         (target.host == host_of(call.local_uri) || target.host == host_of(call.remote_uri));
    return account ? target.user : target.uri;
}

void SipSession::refer_progress(std::uint64_t number, std::uint32_t code, std::string_view text)
{
    Call& call = call_of(number);
    if (!call.wanted.open)
        throw Failure(JF_BAD_INPUT, "the peer of call " + std::to_string(number) + " wants nobody called");
    if (code < 100 || code > 699)
        throw Failure(JF_BAD_INPUT, "a status is 100 to 699, not " + std::to_string(code));
    call.wanted.pending = false;
    tell_peer(call, {code, std::string(text)});
    call.wanted.open = code < 200;
}

/// RFC 3515 section 2.4.4: pending until somebody has decided; the last word ends the subscription. The first REFER of
/// a call may go without its number, and some know no other.
void SipSession::tell_peer(Call& call, const Fragment& fragment)
{
    const auto& wanted = call.wanted;
    if (wanted.silent || wanted.notices.size() >= kMostNotices)
        return;
    const std::string state = fragment.code >= 200
                                  ? "terminated;reason=noresource"
                                  : std::string(wanted.pending ? "pending" : "active") + ";expires=" + kExpires;
    call.wanted.notices.push_back(
        {wanted.count == 1 ? "refer" : "refer;id=" + std::to_string(wanted.cseq), state, write_fragment(fragment)});
    send_notice(call);
}

/// One at a time: they may overtake each other.
void SipSession::send_notice(Call& call)
{
    if (call.wanted.telling || call.wanted.notices.empty())
        return;
    const Notice notice = std::move(call.wanted.notices.front());
    call.wanted.notices.pop_front();
    std::string branch;
    OsipMessage request = request_in(call, "NOTIFY", branch);
    add_contact(*request, contact());
    add_header(*request, "Event", notice.event);
    add_header(*request, "Subscription-State", notice.state);
    set_content_type(*request, std::string(kFragmentType) + ";version=2.0");
    call.wanted.telling = true;
    start_request(call.number, std::move(request), notice.body, [this, number = call.number](const Answer& answer) {
        const auto found = calls_.find(number);
        if (answer.provisional() || found == calls_.end() || failed_)
            return;
        PeerReferral& wanted = found->second.wanted;
        wanted.telling = false;
        if (!answer.success()) { // RFC 6665 section 4.2.2: it does not want to hear
            wanted.silent = true;
            wanted.notices.clear();
        }
        if (!found->second.hung_up)
            send_notice(found->second);
    });
}

} // namespace jackfield::sip
