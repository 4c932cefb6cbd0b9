// Requests that are sent once more because of their answer: with credentials (RFC 3261 section 22.2) or to another
// place (section 8.1.3.4). Only on links that a service carries; a peer of ours asks for neither.
//
// Threads: the control thread.
#include "sip_session.hpp"
#include "sip_text.hpp"

#include <algorithm>

namespace jackfield::sip {
namespace {

constexpr std::size_t kMostAgain = 6; // a challenge or two, and redirections

struct Challenge {
    const char* asked_by;
    const char* answered_by;
};

/// RFC 3261 sections 22.2 and 22.3.
std::optional<Challenge> challenge_of(int code)
{
    if (code == 401)
        return Challenge{"WWW-Authenticate", "Authorization"};
    if (code == 407)
        return Challenge{"Proxy-Authenticate", "Proxy-Authorization"};
    return std::nullopt;
}

} // namespace

/// A request and what is needed to send it again.
struct SipSession::Asked {
    std::uint64_t call = 0; ///< 0: outside a call
    OsipMessage request;    ///< as it was sent last
    std::string body;
    AnswerHandler handler;
    Resent resent;                    ///< hears of each further transaction
    std::vector<std::string> targets; ///< where it has been sent to
    std::size_t again = 0;
};

TransactionId SipSession::start_request(std::uint64_t call, OsipMessage request, std::string body,
                                        AnswerHandler handler, Resent resent)
{
    if (!addresses_.carried())
        return transactions_.start(std::move(request), std::move(body), std::move(handler));
    auto asked = std::make_shared<Asked>();
    asked->call = call;
    asked->request = clone_message(*request);
    asked->body = body;
    asked->handler = std::move(handler);
    asked->resent = std::move(resent);
    asked->targets.push_back(request_uri(*request));
    return transactions_.start(std::move(request), std::move(body),
                               [this, asked](const Answer& answer) { on_carried_answer(asked, answer); });
}

void SipSession::on_carried_answer(const std::shared_ptr<Asked>& asked, const Answer& answer)
{
    if (answer.received != nullptr && !failed_ && wants_again(*asked)) {
        try {
            if (add_credentials(*asked, answer) || redirect(*asked, answer))
                return send_again(asked);
        } catch (const Failure& failure) {
            host_.warning(std::string("a request is not sent again: ") + failure.what());
        }
    }
    if (asked->handler)
        asked->handler(answer);
}

/// Nobody asks again for a call that is given up.
bool SipSession::wants_again(const Asked& asked) const
{
    if (asked.again >= kMostAgain)
        return false;
    const auto found = calls_.find(asked.call);
    return asked.call == 0 || (found != calls_.end() && !found->second.cancelling);
}

/// The first challenge that the service's credentials answer: the order is the service's preference (RFC 8760
/// section 2.4).
bool SipSession::add_credentials(Asked& asked, const Answer& answer)
{
    const auto challenge = challenge_of(answer.code);
    if (!challenge)
        return false;
    for (const std::string_view value : answer.received->frame.headers(challenge->asked_by)) {
        try {
            const std::string credentials = addresses_.carrier().answer_challenge(
                value, asked.request->sip_method, request_uri(*asked.request), as_bytes(std::string_view(asked.body)));
            replace_header(*asked.request, challenge->answered_by, credentials);
            if (const auto call = calls_.find(asked.call); call != calls_.end())
                call->second.credentials = {challenge->answered_by, credentials};
            return true;
        } catch (const Failure& failure) {
            host_.debug(std::string("a challenge is not answered: ") + failure.what());
        }
    }
    return false;
}

/// To the first place that was not tried yet.
bool SipSession::redirect(Asked& asked, const Answer& answer)
{
    if (answer.code < 300 || answer.code > 399 || std::string_view(asked.request->sip_method) != "INVITE")
        return false;
    const std::string target = answer.received->contact_uri();
    if (target.empty() || std::ranges::find(asked.targets, target) != asked.targets.end())
        return false;
    asked.targets.push_back(target);
    set_request_uri(*asked.request, target);
    return true;
}

/// RFC 3261 section 8.1.3.5: the same Call-ID and tags, the next number, a branch of its own.
void SipSession::send_again(const std::shared_ptr<Asked>& asked)
{
    ++asked->again;
    const auto call = calls_.find(asked->call);
    const std::uint32_t cseq = call != calls_.end() ? ++call->second.local_cseq : cseq_of(*asked->request) + 1;
    const std::string branch = new_branch();
    set_cseq(*asked->request, cseq);
    replace_via(*asked->request, via_of(addresses_.way(), branch));
    const TransactionId id =
        transactions_.start(clone_message(*asked->request), asked->body,
                            [this, asked](const Answer& answer) { on_carried_answer(asked, answer); });
    if (asked->resent && call != calls_.end())
        asked->resent(call->second, id, branch, cseq);
}

} // namespace jackfield::sip
