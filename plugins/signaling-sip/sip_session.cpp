// The session: its stream, the building blocks of its messages, and what is said beside calls.
//
// Threads: the control thread.
#include "sip_session.hpp"

#include "sip_text.hpp"

#include <algorithm>

namespace jackfield::sip {
namespace {

bool is_content_type(std::string_view text)
{
    const bool printable = std::all_of(text.begin(), text.end(),
                                       [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
    return printable && is_utf8(text) && text.size() <= 256 && text.find('/') != std::string_view::npos;
}

} // namespace

SipSession::SipSession(Host host, SipConfig config, Path stream, SignalingOptions options, SignalingListener listener,
                       std::shared_ptr<Siblings> siblings)
    : SignalingSession(host),
      config_(std::move(config)),
      options_(std::move(options)),
      addresses_(config_, options_),
      reliable_(stream.describe().reliable != 0),
      stream_path_(stream.is_stream()),
      listener_(listener),
      scope_(host),
      deadlines_(host),
      splitter_(config_.limits),
      transactions_(deadlines_, *this, config_.timeouts, reliable_),
      place_(std::move(siblings), *this),
      stream_(host, stream, config_.max_waiting_bytes, *this)
{
    if (!stream_path_ && !addresses_.carried())
        throw Failure(JF_BAD_INPUT, "SIP needs a stream path, not datagrams, unless a service carries it");
    addresses_.way(); // throws if the service is none for us
    if (options_.local.account_id.empty() || options_.remote.account_id.empty())
        throw Failure(JF_BAD_INPUT, "SIP needs to know both accounts");
    stream_.open();
}

SipSession::~SipSession()
{
    stream_.close();
}

void SipSession::on_bytes(ByteView bytes)
{
    if (failed_)
        return;
    if (!stream_path_)
        return on_datagram(bytes);
    try {
        splitter_.feed(bytes);
        while (!failed_) {
            const auto frame = splitter_.next();
            if (!frame)
                break;
            transactions_.receive(parse_message(*frame), *frame);
        }
    } catch (const Failure& failure) {
        fail(failure.status(), failure.what());
    } catch (const std::exception& exception) {
        fail(JF_INTERNAL, exception.what());
    }
}

/// One message. What is malformed is dropped: the next one has a beginning of its own.
void SipSession::on_datagram(ByteView bytes)
{
    try {
        if (const auto frame = Splitter::datagram(config_.limits, bytes))
            transactions_.receive(parse_message(*frame), *frame);
    } catch (const Failure& failure) {
        host_.warning(std::string("a message is dropped: ") + failure.what());
    } catch (const std::exception& exception) {
        fail(JF_INTERNAL, exception.what());
    }
}

void SipSession::on_stream_end(Status status, const std::string& text)
{
    if (splitter_.in_the_middle() && status == JF_CLOSED)
        fail(JF_BAD_INPUT, "the stream ended in the middle of a message");
    else
        fail(status, text);
}

bool SipSession::send_message(std::string bytes)
{
    if (failed_)
        return false;
    const Status status = stream_.send(std::move(bytes));
    if (status == JF_EXHAUSTED)
        fail(status, "the peer does not read: " + std::to_string(config_.max_waiting_bytes) + " bytes wait for it");
    else if (status != JF_OK)
        fail(status, "the stream does not take messages any more");
    return status == JF_OK;
}

/// The session is over. The rest happens on a turn of its own: this may be called from inside a verb or a state
/// machine.
void SipSession::fail(Status status, const std::string& text)
{
    if (failed_)
        return;
    failed_.emplace(status, text);
    scope_.post([this] { finish(); });
}

void SipSession::finish()
{
    stream_.close();
    strand_calls();
    deadlines_.stop_all();
    for (auto& [id, done] : deliveries_)
        done.fail(JF_CLOSED, failed_->second);
    deliveries_.clear();
    listener_.closed(failed_->first, failed_->second);
}

void SipSession::check_open() const
{
    if (failed_)
        throw Failure(JF_CLOSED, "the session has ended: " + failed_->second);
}

Call& SipSession::call_of(std::uint64_t number)
{
    check_open();
    const auto found = calls_.find(number);
    if (found == calls_.end() || found->second.hung_up)
        throw Failure(JF_NOT_FOUND, "there is no call " + std::to_string(number) + " any more");
    return found->second;
}

/// RFC 3261 section 12.2.2: Call-ID and both tags.
Call* SipSession::find_dialog(const Received& request)
{
    const std::string call_id = request.call_id();
    for (auto& [number, call] : calls_) {
        if (call.call_id == call_id && call.local_tag == request.to_tag() && call.remote_tag == request.from_tag())
            return &call;
    }
    return nullptr;
}

std::size_t SipSession::living_calls() const
{
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(), [](const auto& entry) { return !entry.second.hung_up; }));
}

/// The call is gone for the kernel; state machines of its INVITEs finish on their own.
void SipSession::forget(Call& call)
{
    deadlines_.stop(call.cancel_deadline);
    deadlines_.stop(call.ack_deadline);
    deadlines_.stop(call.repeat_timer);
    deadlines_.stop(call.retry_timer);
    transactions_.ignore(call.invite);
    transactions_.ignore(call.update_transaction);
    end_referrals(call);
    for (const auto& delivery : call.waiting)
        end_delivery(delivery.delivery, JF_CLOSED, "the call ended before it reached the peer");
    calls_.erase(call.number);
}

std::string SipSession::new_branch() const
{
    return "z9hG4bK" + random_hex(host_, 10);
}

/// TLS stands for every stream of ours. The state machines ask it whether anything has to be repeated.
std::string SipSession::via_of(const Way& way, const std::string& branch)
{
    const char* symmetric = way.transport == "UDP" ? ";rport" : ""; // RFC 3581
    return "SIP/2.0/" + way.transport + " " + way.sent_by + ";branch=" + branch + symmetric;
}

std::string SipSession::contact()
{
    return "<" + addresses_.way().contact + ">";
}

std::string SipSession::from_of(const Call& call) const
{
    const std::string name = options_.local_name.empty() ? "" : quote_display_name(options_.local_name) + " ";
    return name + "<" + call.local_uri + ">;tag=" + call.local_tag;
}

std::string SipSession::to_of(const Call& call)
{
    return "<" + call.remote_uri + ">" + (call.remote_tag.empty() ? "" : ";tag=" + call.remote_tag);
}

/// A dialog that begins here. One for an incoming call takes its parts from the request.
Call SipSession::new_call(std::uint64_t number, bool incoming)
{
    Call call;
    call.number = number;
    call.incoming = incoming;
    call.state = incoming ? CallState::proceeding : CallState::calling;
    call.local_tag = random_hex(host_, 8);
    call.origin.ice = config_.ice;
    call.origin.session_id = host_.random_number() >> 2U; // fits where 63 bits are read
    if (!incoming) {
        Way way = addresses_.way();
        call.call_id = random_hex(host_, 16);
        call.local_cseq = 0;
        call.local_uri = std::move(way.local);
        call.remote_uri = std::move(way.remote);
        call.remote_target = std::move(way.target);
        call.routes = std::move(way.routes);
    }
    return call;
}

/// The next request of a dialog, or its first (RFC 3261 section 12.2.1.1). Says which branch it got.
OsipMessage SipSession::request_in(Call& call, std::string_view method, std::string& branch)
{
    branch = new_branch();
    OsipMessage request =
        make_request(method, call.remote_target, from_of(call), to_of(call), call.call_id, ++call.local_cseq);
    add_via(*request, via_of(addresses_.way(), branch));
    for (const std::string& route : call.routes)
        add_route(*request, route);
    add_header(*request, "User-Agent", config_.user_agent);
    return request;
}

/// Refuses what the peer's limits, which we take to be ours, could not bear.
void SipSession::check_body(std::size_t size) const
{
    constexpr std::size_t room_for_head = 2048;
    if (size + room_for_head > config_.limits.message_bytes)
        throw Failure(JF_BAD_INPUT, "too large for one SIP message: " + std::to_string(size) + " of at most " +
                                        std::to_string(config_.limits.message_bytes - room_for_head) + " bytes");
}

void SipSession::reply(TransactionId id, int code, const Headers& headers, Call* call, const std::string& sdp)
{
    const osip_message_t* request = transactions_.request_of(id);
    if (request == nullptr)
        return;
    OsipMessage response = make_response(*request, code, call != nullptr ? call->local_tag : random_hex(host_, 8));
    const bool makes_dialog = // RFC 3261 section 12.1.1
        call != nullptr && code > 100 && code < 300 && std::string_view(request->sip_method) == "INVITE";
    if (makes_dialog || code == 202) // of REFER: RFC 6665 section 4.2.1.1
        add_contact(*response, contact());
    if (makes_dialog && addresses_.carried())
        copy_record_routes(*request, *response);
    for (const auto& [name, value] : headers)
        add_header(*response, name, value);
    if (code > 100)
        add_header(*response, "User-Agent", config_.user_agent);
    if (!sdp.empty())
        set_content_type(*response, "application/sdp");
    if (makes_dialog && code >= 200 && !reliable_)
        call->unacknowledged = write_message(*response, sdp);
    transactions_.respond(id, std::move(response), sdp);
}

void SipSession::message(std::uint64_t call, std::string_view content_type, ByteView body, Completion done)
{
    deliver("MESSAGE", call, content_type, body, std::move(done)); // RFC 3428
}

void SipSession::info(std::uint64_t call, std::string_view content_type, ByteView body, Completion done)
{
    deliver("INFO", call, content_type, body, std::move(done)); // RFC 6086
}

void SipSession::deliver(const char* method, std::uint64_t number, std::string_view content_type, ByteView body,
                         Completion done)
{
    check_open();
    if (!is_content_type(content_type))
        throw Failure(JF_BAD_INPUT, "not a media type: " + std::string(cut_utf8(content_type, 60)));
    check_body(body.size());
    std::optional<Call> alone; // outside a call: a dialog that is never made
    Call& call = number != 0 ? call_of(number) : alone.emplace(new_call(0, false));
    WaitingDelivery delivery{++last_delivery_, method, std::string(content_type), std::string(as_text(body))};
    if (number != 0 && !call.tag_known) {
        if (call.waiting.size() >= Call::kMaxWaiting)
            throw Failure(JF_EXHAUSTED, "call " + std::to_string(number) + " has not reached the peer yet, and " +
                                            std::to_string(Call::kMaxWaiting) + " messages wait for that");
        deliveries_.emplace(delivery.delivery, std::move(done));
        call.waiting.push_back(std::move(delivery));
        return;
    }
    send_delivery(call, delivery);
    deliveries_.emplace(delivery.delivery, std::move(done));
}

void SipSession::send_delivery(Call& call, const WaitingDelivery& delivery)
{
    std::string branch;
    OsipMessage request = request_in(call, delivery.method, branch);
    set_content_type(*request, delivery.content_type);
    const auto on_answer = [this, id = delivery.delivery](const Answer& answer) {
        if (answer.success())
            end_delivery(id, JF_OK, {});
        else if (answer.received == nullptr)
            end_delivery(id, JF_TIMEOUT, "the peer's program did not answer in time");
        else if (!answer.provisional())
            end_delivery(id, JF_REFUSED, "the peer answered " + std::to_string(answer.code));
    };
    start_request(call.number, std::move(request), delivery.body, on_answer);
}

/// RFC 3261 section 11: whatever is answered, somebody is there.
void SipSession::ping(Nanoseconds timeout, Completion done)
{
    check_open();
    const std::uint64_t id = ++last_delivery_;
    Call nobody = new_call(0, false);
    std::string branch;
    const auto deadline = deadlines_.start(
        timeout, [this, id] { end_delivery(id, JF_TIMEOUT, "the peer's program did not answer in time"); });
    start_request(0, request_in(nobody, "OPTIONS", branch), {}, [this, id, deadline](const Answer& answer) {
        Deadlines::Id over = deadline;
        if (answer.received == nullptr)
            return; // its own time, which is another one, is up
        deadlines_.stop(over);
        end_delivery(id, JF_OK, {});
    });
    deliveries_.emplace(id, std::move(done));
}

/// What waited for the dialog goes out, in order.
void SipSession::dialog_is_known(Call& call)
{
    call.tag_known = true;
    for (const auto& delivery : std::exchange(call.waiting, {})) {
        try {
            send_delivery(call, delivery);
        } catch (const Failure& failure) {
            end_delivery(delivery.delivery, failure.status(), failure.what());
        }
    }
}

void SipSession::end_delivery(std::uint64_t delivery, Status status, const std::string& text)
{
    const auto found = deliveries_.find(delivery);
    if (found == deliveries_.end())
        return;
    if (status == JF_OK)
        found->second.succeed();
    else
        found->second.fail(status, text);
    deliveries_.erase(found);
}

} // namespace jackfield::sip
