// What comes in over the account's wire, and whose it is (RFC 3261 section 18.2.1).
//
// Threads: control. Strangers write this; it has been bounded and filtered by its source before.
#include "account.hpp"
#include "via.hpp"

#include <shared/sip/header_value.hpp>

namespace discovery_sip {

using jackfield::Failure;
using shared_sip::Message;

void Account::on_message(std::string text, const HostPort& source)
{
    try {
        const Message message = Message::read(std::move(text));
        if (message.is_request())
            return on_request(message.with_top_via(stamped_via(message.top_via(), source)));
        if (!registration_.take(message))
            links_->deliver_to_call(message); // one of nobody's is dropped
    } catch (const Failure& failure) {
        if (host_.log_enabled(JF_LOG_DEBUG))
            host_.debug("dropped what came from " + source.text() + ": " + failure.what());
    }
}

void Account::on_request(const Message& request)
{
    const Verdict verdict = judge(request, links_->knows_call(request.call_id()));
    switch (verdict.kind) {
    case Verdict::Kind::to_call:
        links_->deliver_to_call(request);
        return;
    case Verdict::Kind::to_peer:
        return bring_to_peer(request);
    case Verdict::Kind::reply:
        return reply(request, verdict);
    case Verdict::Kind::drop:
        return;
    }
}

/// The kernel gets a link for somebody who writes for the first time; if it does not keep it, the request has an answer
/// all the same.
void Account::bring_to_peer(const Message& request)
{
    const std::string remote = sender_of(request);
    const std::string peer = shared_sip::canonical_uri(remote);
    if (stopped_)
        return;
    if (links_->has(peer)) {
        links_->deliver_to_peer(peer, request);
        return;
    }
    if (links_->full())
        return reply(request, {Verdict::Kind::reply, 503, "Service Unavailable", "Retry-After: 30\r\n"});
    auto carrier = links_->open(peer, remote);
    links_->deliver_to_peer(peer, request);
    listener_.carried({peer, peer}, std::move(carrier));
    if (!links_->has(peer))
        reply(request, {Verdict::Kind::reply, 480, "Temporarily Unavailable", {}});
}

/// Without a transaction: the same request gets the same answer, tag included (RFC 3261 section 8.2.7).
void Account::reply(const Message& request, const Verdict& verdict)
{
    const std::string what = tag_secret_ + request.call_id() + request.from_tag() + request.branch();
    const std::string tag =
        shared_sip::hash_hex(shared_sip::DigestHash::sha256, jackfield::as_bytes(what)).substr(0, 16);
    network_.send(shared_sip::make_response(request, verdict.code, verdict.reason, tag, verdict.more),
                  response_target(request.top_via()));
}

} // namespace discovery_sip
