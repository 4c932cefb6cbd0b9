// Calls that somebody else has wanted (RFC 3892), and those that take the place of another (RFC 3891).
//
// Threads: the control thread.
#include "sip_session.hpp"
#include "sip_text.hpp"

namespace jackfield::sip {

/// A peer that does not know Replaces refuses the call: to let it ring would leave two.
void SipSession::add_referral(osip_message_t& request, const Call& call, const CallReferral& referral) const
{
    if (!referral.referred_by.empty()) {
        const std::string by = uri_of(call, referral.referred_by);
        const bool ours = addresses_.carried() && referral.referred_by.find(':') == std::string_view::npos;
        if (!ours && is_uri_text(by) && read_refer_target("<" + by + ">")) // else nobody there could know it
            add_header(request, "Referred-By", "<" + by + ">");
    }
    if (referral.replaces.empty())
        return;
    const auto name = read_dialog_name(referral.replaces);
    if (!name)
        throw Failure(JF_BAD_INPUT, "no call is named \"" + std::string(cut_utf8(referral.replaces, 80)) + "\"");
    add_header(request, "Require", "replaces");
    add_header(request, "Replaces", write_dialog_name(*name));
}

std::string SipSession::referred_by(const Call& call, const Received& request) const
{
    const auto by = read_refer_target(request.frame.header("Referred-By", 'b').value_or(""));
    return by ? target_of(call, *by) : std::string();
}

/// The call that an INVITE is to replace, empty if none. Nothing if that makes no sense: then it has been answered.
std::optional<std::string> SipSession::replaced_by(TransactionId id, const Received& request)
{
    const auto values = request.frame.headers("Replaces");
    if (values.empty())
        return "";
    const auto name = values.size() == 1 ? read_dialog_name(values.front()) : std::nullopt;
    if (!name)
        reply(id, 400, {{"Warning", warning(config_.domain, "one Replaces with a call and its two tags")}});
    else if (!listener_.hears_replacements())
        reply(id, 481);
    else
        return write_dialog_name(*name);
    return std::nullopt;
}

/// As the peer sees it, whose tag stands in To of what it gets.
std::string SipSession::name_dialog(std::uint64_t number)
{
    const Call& call = call_of(number);
    if (call.state != CallState::confirmed && call.state != CallState::accepted)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    return write_dialog_name({call.call_id, call.remote_tag, call.local_tag});
}

Status SipSession::match_dialog(std::uint64_t number, std::string_view text)
{
    const Call& call = call_of(number);
    const auto name = read_dialog_name(text);
    const bool runs = call.state == CallState::confirmed || call.state == CallState::accepted;
    if (!name || !runs || name->call_id != call.call_id || name->to_tag != call.local_tag ||
        name->from_tag != call.remote_tag)
        return JF_NOT_FOUND;
    return name->early_only ? JF_BUSY : JF_OK;
}

} // namespace jackfield::sip
