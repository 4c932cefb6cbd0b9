// The transaction state machines of libosip2: see the header.
//
// Threads: the control thread. libosip2 forbids running a machine from inside its own callbacks, so these only take
// notes, and the user hears of it when the machine has returned.
#include "sip_transactions.hpp"

#include <optional>

namespace jackfield::sip {
namespace {

type_t incoming_type(const osip_message_t& message)
{
    if (message.status_code == 0) {
        const std::string_view method = message.sip_method;
        return method == "INVITE" ? RCV_REQINVITE : method == "ACK" ? RCV_REQACK : RCV_REQUEST;
    }
    return message.status_code < 200 ? RCV_STATUS_1XX : message.status_code < 300 ? RCV_STATUS_2XX : RCV_STATUS_3456XX;
}

type_t outgoing_type(const osip_message_t& message)
{
    if (message.status_code == 0)
        return std::string_view(message.sip_method) == "INVITE" ? SND_REQINVITE : SND_REQUEST;
    return message.status_code < 200 ? SND_STATUS_1XX : message.status_code < 300 ? SND_STATUS_2XX : SND_STATUS_3456XX;
}

bool has_ended(state_t state)
{
    return state == ICT_TERMINATED || state == IST_TERMINATED || state == NICT_TERMINATED || state == NIST_TERMINATED;
}

/// Callbacks that mean: the user must hear of it.
bool is_news(int type)
{
    return (type >= OSIP_ICT_STATUS_1XX_RECEIVED && type <= OSIP_ICT_STATUS_6XX_RECEIVED &&
            type != OSIP_ICT_STATUS_2XX_RECEIVED_AGAIN) ||
           (type >= OSIP_NICT_STATUS_1XX_RECEIVED && type <= OSIP_NICT_STATUS_6XX_RECEIVED &&
            type != OSIP_NICT_STATUS_2XX_RECEIVED_AGAIN) ||
           type == OSIP_ICT_STATUS_TIMEOUT || type == OSIP_NICT_STATUS_TIMEOUT;
}

osip_event_t* make_event(type_t type, osip_message_t* message)
{
    auto* event = static_cast<osip_event_t*>(osip_malloc(sizeof(osip_event_t)));
    if (event == nullptr)
        throw std::bad_alloc();
    *event = {type, 0, message};
    return event;
}

} // namespace

Transactions::Stay::~Stay()
{
    if (--owner_.depth_ == 0)
        owner_.free_ended();
}

Transactions::Transactions(Deadlines& deadlines, TransactionUser& user, TransactionTimeouts timeouts, bool reliable)
    : deadlines_(deadlines), user_(user), timeouts_(timeouts), reliable_(reliable)
{
    if (!reliable_) // timers B, F and H
        timeouts_.request = timeouts_.invite = 64 * kT1;
    prepare_osip();
    osip_t* osip = nullptr;
    if (osip_init(&osip) != 0)
        throw std::bad_alloc();
    osip_.reset(osip);
    osip_set_application_context(osip, this);
    osip_set_cb_send_message(osip, &Transactions::send);
    for (int type = 0; type < OSIP_MESSAGE_CALLBACK_COUNT; ++type)
        osip_set_message_callback(osip, type, &Transactions::note);
}

Transactions::~Transactions()
{
    while (!open_.empty())
        end(*open_.begin()->second);
    free_ended();
}

TransactionId Transactions::start(OsipMessage request, std::string body, AnswerHandler handler)
{
    if (count(ICT, NICT) >= kMaxClient)
        throw Failure(JF_EXHAUSTED, std::to_string(kMaxClient) + " requests are waiting for the peer already");
    const Stay stay(*this);
    const bool invite = outgoing_type(*request) == SND_REQINVITE;
    Transaction& transaction = add(invite ? ICT : NICT, *request);
    transaction.request_body = std::move(body);
    transaction.handler = std::move(handler);
    const TransactionId id = transaction.id;
    transaction.deadline =
        deadlines_.start(invite ? timeouts_.invite : timeouts_.request, [this, id] { time_out(id); });
    const type_t type = outgoing_type(*request);
    run(transaction, type, std::move(request));
    settle(transaction);
    return id;
}

void Transactions::receive(OsipMessage message, const Frame& frame)
{
    const Stay stay(*this);
    if (message->status_code == 0)
        receive_request(std::move(message), frame);
    else
        receive_response(std::move(message), frame);
}

void Transactions::receive_request(OsipMessage message, const Frame& frame)
{
    const type_t type = incoming_type(*message);
    osip_event_t probe{type, 0, message.get()};
    auto* list = type == RCV_REQUEST ? &osip_->osip_nist_transactions : &osip_->osip_ist_transactions;
    if (osip_transaction_t* machine = osip_transaction_find(list, &probe)) {
        Transaction& transaction = of(*machine); // an ACK of a refusal, or a request sent twice
        run(transaction, type, std::move(message));
        return settle(transaction);
    }
    if (type == RCV_REQACK)
        return user_.on_ack({*message, frame});

    if (count(IST, NIST) >= kMaxServer)
        throw Failure(JF_EXHAUSTED, "the peer has " + std::to_string(kMaxServer) + " requests open at once");
    Transaction& transaction = add(type == RCV_REQINVITE ? IST : NIST, *message);
    run(transaction, type, std::move(message));
    user_.on_request(transaction.id, {*transaction.machine->orig_request, frame});
}

void Transactions::receive_response(OsipMessage message, const Frame& frame)
{
    const bool invite = std::string_view(message->cseq->method) == "INVITE";
    osip_event_t probe{incoming_type(*message), 0, message.get()};
    auto* list = invite ? &osip_->osip_ict_transactions : &osip_->osip_nict_transactions;
    osip_transaction_t* machine = osip_transaction_find(list, &probe);
    if (machine == nullptr) {
        if (invite && probe.type == RCV_STATUS_2XX) // repeated until it is acknowledged: RFC 3261 section 13.2.2.4
            user_.on_stray_success({*message, frame});
        return;
    }
    Transaction& transaction = of(*machine);
    const int noted = run(transaction, probe.type, std::move(message));
    if (noted >= 0) {
        const Received received{*machine->last_response, frame};
        if (invite || received.code() >= 200) // a provisional answer does not stop timer F: section 17.1.2.2
            deadlines_.stop(transaction.deadline);
        answer(transaction, {received.code(), &received});
    }
    settle(transaction);
}

void Transactions::respond(TransactionId id, OsipMessage response, std::string body)
{
    const auto found = open_.find(id);
    if (found == open_.end())
        return;
    const Stay stay(*this);
    Transaction& transaction = *found->second;
    transaction.response_body = std::move(body);
    const type_t type = outgoing_type(*response);
    run(transaction, type, std::move(response));
    if (transaction.machine->state == IST_COMPLETED && transaction.deadline == 0) // timer H: the ACK is awaited
        transaction.deadline = deadlines_.start(timeouts_.request, [this, id] { time_out(id); });
    settle(transaction);
}

const osip_message_t* Transactions::request_of(TransactionId id) const
{
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second->machine->orig_request;
}

void Transactions::ignore(TransactionId id, AnswerHandler instead)
{
    const auto found = open_.find(id);
    if (found == open_.end())
        return;
    found->second->handler = std::move(instead);
    if (found->second->deadline == 0) // an INVITE that has rung has no deadline of its own
        found->second->deadline = deadlines_.start(timeouts_.request, [this, id] { drop(id); });
}

void Transactions::drop(TransactionId id)
{
    const Stay stay(*this);
    if (const auto found = open_.find(id); found != open_.end())
        end(*found->second);
}

/// Called by a machine. Returns 0 for sent; a negative number ends the transaction.
int Transactions::send(osip_transaction_t* machine, osip_message_t* message, char*, int, int)
{
    auto& self = *static_cast<Transactions*>(osip_get_application_context(static_cast<osip_t*>(machine->config)));
    const Transaction& transaction = self.of(*machine);
    const bool ack = message->status_code == 0 && std::string_view(message->sip_method) == "ACK";
    const std::string* body = message->status_code != 0 ? &transaction.response_body : &transaction.request_body;
    try {
        if (ack)
            add_header(*message, "Max-Forwards", "70"); // libosip2 leaves out what RFC 3261 section 8.1.1 requires
        return self.user_.send_message(write_message(*message, ack ? std::string_view() : *body)) ? 0 : -1;
    } catch (const std::exception&) {
        return -1; // no exception through C
    }
}

/// Called by a machine.
void Transactions::note(int type, osip_transaction_t* machine, osip_message_t*)
{
    auto& self = *static_cast<Transactions*>(osip_get_application_context(static_cast<osip_t*>(machine->config)));
    if (is_news(type))
        self.noted_ = type;
}

Transactions::Transaction& Transactions::add(osip_fsm_type_t type, osip_message_t& request)
{
    auto transaction = std::make_unique<Transaction>();
    transaction->id = ++last_id_;
    if (osip_transaction_init(&transaction->machine, type, osip_.get(), &request) != 0)
        throw Failure(JF_BAD_INPUT, "libosip2 cannot make a transaction of this request");
    osip_transaction_set_your_instance(transaction->machine, transaction.get());
    return *open_.emplace(transaction->id, std::move(transaction)).first->second;
}

Transactions::Transaction& Transactions::of(osip_transaction_t& machine)
{
    return *static_cast<Transaction*>(osip_transaction_get_your_instance(&machine));
}

std::size_t Transactions::count(osip_fsm_type_t one, osip_fsm_type_t other) const
{
    std::size_t number = 0;
    for (const auto& [id, transaction] : open_) {
        const bool counts = transaction->machine->ctx_type == one || transaction->machine->ctx_type == other;
        number += counts && !lingering(transaction->machine->state) ? 1 : 0;
    }
    return number;
}

/// One event through the machine, which takes over the message. The news it had, or -1.
int Transactions::run(Transaction& transaction, type_t type, OsipMessage message)
{
    noted_ = -1;
    osip_event_t* event = make_event(type, message.release());
    osip_transaction_execute(transaction.machine, event);
    return noted_;
}

/// Does at once what only an unreliable transport would wait for, and ends the transaction when its machine has.
void Transactions::settle(Transaction& transaction)
{
    if (transaction.machine == nullptr)
        return;
    const auto rest = lingering(transaction.machine->state);
    if (rest && reliable_)
        run(transaction, rest->timer, nullptr);
    if (has_ended(transaction.machine->state))
        end(transaction);
    else if (!reliable_)
        keep_time(transaction);
}

void Transactions::time_out(TransactionId id)
{
    const auto found = open_.find(id);
    if (found == open_.end())
        return;
    const Stay stay(*this);
    Transaction& transaction = *found->second;
    transaction.deadline = 0;
    const auto type = transaction.machine->ctx_type;
    const int noted = run(transaction, type == ICT ? TIMEOUT_B : type == NICT ? TIMEOUT_F : TIMEOUT_H, nullptr);
    if (noted >= 0)
        answer(transaction, {408, nullptr}); // RFC 3261 section 8.1.3.1
    settle(transaction);
}

void Transactions::answer(Transaction& transaction, const Answer& answer)
{
    if (!transaction.handler)
        return;
    const AnswerHandler handler = transaction.handler; // it may end the transaction
    handler(answer);
}

void Transactions::end(Transaction& transaction)
{
    const auto found = open_.find(transaction.id);
    if (found == open_.end())
        return;
    for (Deadlines::Id* timer : {&transaction.deadline, &transaction.repeat, &transaction.linger})
        deadlines_.stop(*timer);
    osip_remove_transaction(osip_.get(), transaction.machine);
    ended_.push_back(std::move(found->second));
    open_.erase(found);
}

void Transactions::free_ended()
{
    for (const auto& transaction : ended_)
        osip_transaction_free2(transaction->machine);
    ended_.clear();
}

} // namespace jackfield::sip
