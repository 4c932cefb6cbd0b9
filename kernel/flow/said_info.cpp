// What is said beside the media of a call. See said_info.hpp.

#include "kernel/flow/said_info.hpp"

namespace jackfield::kernel {

namespace {

/// Whether the peer may not have heard it. Anything else is its answer.
bool lost(const Error& receipt)
{
    return receipt.status == JF_CLOSED || receipt.status == JF_CANCELLED || receipt.status == JF_TIMEOUT ||
           receipt.status == JF_UNREACHABLE;
}

} // namespace

void SaidInfo::say(SignaledCall& signaled, std::string_view content_type, std::string body)
{
    info_ =
        Info{std::string(content_type), std::move(body), signaled.moves(), std::make_shared<std::optional<Error>>()};
    try {
        signaled.info(info_->content_type, info_->body, [call = call_, receipt = info_->receipt](const Error& end) {
            *receipt = end;
            call->bell.ring();
        });
    } catch (const Failure& failure) {
        *info_->receipt = failure.error();
    }
}

void SaidInfo::look(SignaledCall& signaled)
{
    if (!info_ || !*info_->receipt || signaled.stranded())
        return;
    const Error receipt = **info_->receipt;
    const bool moved = signaled.moves() != info_->moves;
    if (lost(receipt) && moved)
        return say(signaled, std::string(info_->content_type), std::move(info_->body));
    const bool session_ended = receipt.status == JF_CLOSED || receipt.status == JF_CANCELLED;
    if (!session_ended || moved)
        info_.reset(); // else the call will move, or is over
}

} // namespace jackfield::kernel
