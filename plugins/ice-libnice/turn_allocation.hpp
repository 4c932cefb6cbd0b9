// Asks a relay for an allocation, with long-term credentials (RFC 8656 section 7, RFC 8489 section 9.2), to see what it
// says: no socket, no clock. Whoever has the connection sends what there is to send and hands in what comes.
//
// Threads: one at a time. Lifetime: a value.
#pragma once

#include <shared/stun/message.hpp>

#include <functional>

namespace jackfield::ice {

struct AllocationAnswer {
    bool granted = false;
    shared_stun::ErrorCode refusal;               // else, and why
    bool with_credentials = false;                // it refused what it had asked us to prove
    std::optional<shared_stun::Endpoint> relayed; // where peers would find us
};

class TurnAllocation {
public:
    using Random = std::function<void(std::span<std::uint8_t>)>;

    TurnAllocation(std::string username, std::string password, Random random);

    /// What is to go out until an answer comes: the same again, if nothing comes.
    const Bytes& request() const { return request_; }

    /// True if this was an answer to it: there is another request then, or an answer. Strangers' packets do no harm.
    bool receive(ByteView packet);

    const std::optional<AllocationAnswer>& answer() const { return answer_; }

    /// Gives back what was granted: Refresh with a lifetime of 0 (section 7). Nobody waits for what it says.
    Bytes farewell();

private:
    void ask();
    Bytes signed_message(shared_stun::Message message) const;
    void refused(const shared_stun::Message& message);

    std::string username_;
    std::string password_;
    Random random_;
    std::string realm_;
    Bytes nonce_;
    int stale_ = 0; // nonces so far
    shared_stun::TransactionId id_{};
    Bytes request_;
    std::optional<AllocationAnswer> answer_;
};

} // namespace jackfield::ice
