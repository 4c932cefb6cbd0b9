// Links, their paths and their calls: see the header.
//
// Threads: control, but for what a path may be asked on any thread.
#include "links.hpp"

#include "via.hpp"

#include <atomic>

namespace discovery_sip {

using jackfield::ByteView;
using jackfield::Failure;
using jackfield::Status;
using shared_sip::HostPort;
using shared_sip::Message;

/// One whole message a datagram, in both directions.
class LinkPath final : public jackfield::PathBase {
public:
    LinkPath(std::shared_ptr<Links> links, std::string peer) : links_(std::move(links)), peer_(std::move(peer)) {}

    jf_path_info describe() const noexcept override { return links_->info_; }
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    void close() noexcept override { gate_.shut(); }

    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        return jackfield::guarded(nullptr, [&]() -> Status {
            if (gate_.over())
                return JF_CLOSED;
            if (jackfield::total_size(parts) > links_->info_.max_datagram_bytes)
                return JF_BAD_INPUT;
            std::string text;
            for (const auto& part : parts)
                text.append(jackfield::as_text(jackfield::view(part)));
            const Status status = links_->send(peer_, std::move(text));
            if (status == JF_WOULD_BLOCK)
                blocked_ = true;
            return status;
        });
    }

    jackfield::ReceiverGate& gate() { return gate_; }
    bool take_blocked() { return blocked_.exchange(false); }

private:
    const std::shared_ptr<Links> links_; // second owner: the account
    const std::string peer_;
    jackfield::ReceiverGate gate_;
    std::atomic<bool> blocked_{false};
};

class SipCarrier final : public jackfield::CarrierBase {
public:
    SipCarrier(std::shared_ptr<Links> links, std::string peer, std::string remote)
        : links_(std::move(links)), peer_(std::move(peer)), remote_(std::move(remote)), path_(links_, peer_)
    {
        links_->paths_.emplace(peer_, &path_);
    }
    ~SipCarrier() override
    {
        path_.close();
        links_->remove(peer_);
    }

    std::string describe() override { return service().describe_link(remote_); }
    std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                 ByteView body) override
    {
        return service().answer_challenge(challenge, method, uri, body);
    }
    jackfield::PathBase& path() override { return path_; }

private:
    CarrierService& service() const
    {
        if (links_->service_ == nullptr)
            throw Failure(JF_CLOSED, "the account is gone");
        return *links_->service_;
    }

    const std::shared_ptr<Links> links_; // second owner: the account
    const std::string peer_;
    const std::string remote_;
    LinkPath path_;
};

std::unique_ptr<jackfield::CarrierBase> Links::open(const std::string& peer, const std::string& remote)
{
    if (has(peer))
        throw Failure(JF_BUSY, "there is a link to " + peer + " already");
    if (full())
        throw Failure(JF_EXHAUSTED, std::to_string(kMostLinks) + " links are open; another can be when one has ended");
    return std::make_unique<SipCarrier>(shared_from_this(), peer, remote);
}

void Links::remove(const std::string& peer)
{
    paths_.erase(peer);
    const std::lock_guard lock(mutex_);
    std::erase_if(calls_, [&](const auto& call) { return call.second == peer; });
    std::erase_if(calls_in_order_, [&](const std::string& call_id) { return !calls_.contains(call_id); });
}

bool Links::knows_call(const std::string& call_id) const
{
    const std::lock_guard lock(mutex_);
    return calls_.contains(call_id);
}

void Links::note_call(const std::string& call_id, const std::string& peer)
{
    const std::lock_guard lock(mutex_);
    if (!calls_.emplace(call_id, peer).second)
        return;
    calls_in_order_.push_back(call_id);
    if (calls_in_order_.size() > kMostCalls) {
        calls_.erase(calls_in_order_.front());
        calls_in_order_.pop_front();
    }
}

/// [any] A response goes where its Via says, everything else to the server.
Status Links::send(const std::string& peer, std::string text)
{
    const Message message = Message::read(std::move(text));
    note_call(message.call_id(), peer);
    std::optional<HostPort> to;
    if (!message.is_request())
        to = response_target(message.top_via());
    const std::lock_guard lock(mutex_);
    return service_ == nullptr ? JF_CLOSED : service_->transmit(message.text(), std::move(to));
}

bool Links::deliver_to_call(const Message& message)
{
    std::string peer;
    {
        const std::lock_guard lock(mutex_);
        const auto call = calls_.find(message.call_id());
        if (call == calls_.end())
            return false;
        peer = call->second;
    }
    return deliver_to_peer(peer, message);
}

bool Links::deliver_to_peer(const std::string& peer, const Message& message)
{
    const auto path = paths_.find(peer);
    if (path == paths_.end())
        return false;
    note_call(message.call_id(), peer);
    return deliver(*path->second, message);
}

bool Links::deliver(LinkPath& path, const Message& message) const
{
    const ByteView bytes = jackfield::as_bytes(message.text());
    return path.gate().deliver(jackfield::make_packet(bytes, host_.now_ns())) == JF_OK;
}

void Links::writable()
{
    for (const auto& [peer, path] : paths_) {
        if (path->take_blocked())
            path->gate().writable();
    }
}

void Links::close(std::string_view why)
{
    {
        const std::lock_guard lock(mutex_);
        service_ = nullptr;
    }
    for (const auto& [peer, path] : paths_)
        path->gate().ended(JF_CLOSED, why);
}

} // namespace discovery_sip
