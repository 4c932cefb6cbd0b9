// The four transaction state machines of libosip2 (RFC 3261 section 17) over our stream, with deadlines of our host.
//
// Threads: the control thread. Lifetime: one per session. A transaction is freed when its state machine has ended and
// no call of ours is on the stack that could still look at its messages.
#pragma once

#include "sip_message.hpp"

#include <shared/signaling/deadlines.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::sip {

using namespace signaling;

// RFC 3261 section 17.1.1.1, where the path may lose messages.
inline constexpr std::chrono::milliseconds kT1{500};
inline constexpr std::chrono::milliseconds kT2{4000};
inline constexpr std::chrono::milliseconds kT4{5000};

/// Names a transaction; never 0.
using TransactionId = std::uint64_t;

/// What a client transaction reports. Without a message: the deadline passed (408).
struct Answer {
    int code = 0;
    const Received* received = nullptr;

    bool provisional() const { return code < 200; }
    bool success() const { return code >= 200 && code < 300; }
};

using AnswerHandler = std::function<void(const Answer&)>;

/// Who decides about what comes in.
class TransactionUser {
public:
    virtual void on_request(TransactionId id, const Received& request) = 0;
    virtual void on_ack(const Received& ack) = 0;              ///< of a 2xx: it is no part of the transaction
    virtual void on_stray_success(const Received& answer) = 0; ///< a 2xx to INVITE whose transaction has ended
    virtual bool send_message(std::string bytes) = 0;          ///< false: the stream is gone

protected:
    ~TransactionUser() = default;
};

struct TransactionTimeouts {
    std::chrono::milliseconds request{5000}; ///< non-INVITE, and the ACK of a refusal (timers F and H)
    std::chrono::milliseconds invite{32000}; ///< until the first sign of life (timer B)
};

/// How a machine that has done its work ends, and how long it waits before that for what may come twice, unless the
/// path is reliable (RFC 3261 section 17).
struct Lingering {
    type_t timer;
    std::chrono::milliseconds time;
};

/// Nothing in a state in which something is still to be done.
std::optional<Lingering> lingering(state_t state);

class Transactions {
public:
    /// Server transactions that may be open at once; a peer with more of them is not answered any more.
    static constexpr std::size_t kMaxServer = 64;
    static constexpr std::size_t kMaxClient = 256;
    /// Answered ones that still wait for what might come twice; with more of them the oldest go.
    static constexpr std::size_t kMaxLingering = 512;

    /// `reliable`: the path loses nothing, so nothing is ever sent twice and nothing waits for what might come twice.
    Transactions(Deadlines& deadlines, TransactionUser& user, TransactionTimeouts timeouts, bool reliable);
    Transactions(const Transactions&) = delete;
    Transactions& operator=(const Transactions&) = delete;
    ~Transactions();

    /// Sends a request that has its Via. The handler is called for each response, the last time for a final one.
    /// Throws Failure JF_EXHAUSTED if too many are open.
    TransactionId start(OsipMessage request, std::string body, AnswerHandler handler);

    /// Takes what arrived. Throws Failure if the peer opened too many.
    void receive(OsipMessage message, const Frame& frame);

    /// Answers a request; nothing if the transaction has ended.
    void respond(TransactionId id, OsipMessage response, std::string body);

    /// The request of a server or client transaction that has not ended, else null.
    const osip_message_t* request_of(TransactionId id) const;

    /// The handler is not called any more, but this one is; the state machine goes on for a while, to say ACK to what
    /// still comes.
    void ignore(TransactionId id, AnswerHandler instead = nullptr);

    /// Ends it at once.
    void drop(TransactionId id);

    /// How long an answer, or its ACK, is waited for (timers F and H).
    Nanoseconds patience() const { return timeouts_.request; }

private:
    struct Transaction {
        TransactionId id = 0;
        osip_transaction_t* machine = nullptr;
        AnswerHandler handler;
        std::string request_body;
        std::string response_body;
        Deadlines::Id deadline = 0;
        Deadlines::Id repeat = 0;  ///< timers A, E and G
        Deadlines::Id linger = 0;  ///< timers D, I, J and K
        Nanoseconds interval{kT1}; ///< until the next repetition
    };
    struct OsipDelete {
        void operator()(osip_t* osip) const { osip_release(osip); }
    };
    /// While one exists, ended transactions are kept.
    struct Stay {
        explicit Stay(Transactions& owner) : owner_(owner) { ++owner_.depth_; }
        ~Stay();
        Transactions& owner_;
    };

    static int send(osip_transaction_t* machine, osip_message_t* message, char* host, int port, int socket);
    static void note(int type, osip_transaction_t* machine, osip_message_t* message);

    Transaction& add(osip_fsm_type_t type, osip_message_t& request);
    Transaction& of(osip_transaction_t& machine);
    std::size_t count(osip_fsm_type_t one,
                      osip_fsm_type_t other) const; ///< of those that are not over but for lingering
    void receive_request(OsipMessage message, const Frame& frame);
    void receive_response(OsipMessage message, const Frame& frame);
    int run(Transaction& transaction, type_t type, OsipMessage message);
    void settle(Transaction& transaction);

    // sip_transaction_timers.cpp
    void keep_time(Transaction& transaction);
    void repeat(TransactionId id);
    void linger_over(TransactionId id);
    void make_room();

    void time_out(TransactionId id);
    void answer(Transaction& transaction, const Answer& answer);
    void end(Transaction& transaction);
    void free_ended();

    Deadlines& deadlines_;
    TransactionUser& user_;
    TransactionTimeouts timeouts_;
    bool reliable_;
    std::unique_ptr<osip_t, OsipDelete> osip_;
    std::map<TransactionId, std::unique_ptr<Transaction>> open_;
    std::vector<std::unique_ptr<Transaction>> ended_;
    TransactionId last_id_ = 0;
    int depth_ = 0;
    int noted_ = -1; ///< the callback type of the state machine that ran last, -1 if the event meant nothing to it
};

} // namespace jackfield::sip
