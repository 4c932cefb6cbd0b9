// The wish of a call's peer that we call somebody else. See referral.hpp.

#include "kernel/flow/referral.hpp"

#include "kernel/flow/call.hpp"

namespace jackfield::kernel {

bool Referral::decide()
{
    return !std::exchange(decided_, true);
}

bool Referral::take_up()
{
    if (!decide())
        return false;
    tell(100, "");
    return true;
}

bool Referral::refuse()
{
    if (!decide())
        return false;
    tell(603, "");
    return true;
}

void Referral::rings()
{
    tell(180, "");
}

void Referral::answered()
{
    tell(200, "");
}

void Referral::ended(const CallEnd& end)
{
    tell(status_code_of(end), end.error.text);
}

std::optional<ReferProgress> Referral::take_news()
{
    if (news_.empty())
        return std::nullopt;
    auto next = std::move(news_.front());
    news_.pop_front();
    return next;
}

/// The peer's call may be over: then nobody asks any more.
void Referral::tell(std::uint32_t code, std::string text)
{
    if (over_)
        return;
    over_ = code >= 200;
    news_.push_back({code, std::move(text)});
    if (const auto call = call_.lock())
        call->bell.ring();
}

std::uint32_t status_code_of(const CallEnd& end)
{
    switch (end.error.status) {
    case JF_BUSY:
        return 486;
    case JF_NOT_FOUND:
        return 404;
    case JF_TIMEOUT:
    case JF_UNREACHABLE:
        return 480;
    case JF_CANCELLED:
        return 487;
    case JF_UNSUPPORTED:
    case JF_BAD_INPUT:
        return 488;
    case JF_REFUSED:
        return end.reason == JF_REASON_NO_ANSWER        ? 480
               : end.reason == JF_REASON_NOT_ACCEPTABLE ? 488
               : end.reason == JF_REASON_NO_SUCH_CALL   ? 481
                                                        : 603;
    default:
        return 500;
    }
}

} // namespace jackfield::kernel
