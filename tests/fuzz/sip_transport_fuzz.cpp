// What strangers send to a SIP account, by datagram or over a connection, and what must hold for whatever is accepted.
//
// Threads: one. Lifetime: nothing outlives one input.
// links: discovery_sip_parts shared_sip shared_asio
#include "fuzz.hpp"

#include "incoming.hpp"
#include "via.hpp"

#include <shared/sip/digest.hpp>
#include <shared/sip/header_value.hpp>
#include <shared/sip/stream_reader.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace discovery_sip;
using jackfield::Failure;
using shared_sip::Message;

void hold(bool holds, const char* what)
{
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

/// It has one form: what it becomes is what it stays.
void check_uri(std::string_view text)
{
    const std::string uri = shared_sip::canonical_uri(text);
    hold(uri.empty() || shared_sip::canonical_uri(uri) == uri, "a URI stays what it is");
}

/// Whatever is answered can be read, and goes back to where the request came from.
void check_request(const Message& request)
{
    const Message stamped = request.with_top_via(stamped_via(request.top_via(), {"198.51.100.7", 40000}));
    const auto target = response_target(stamped.top_via());
    hold(target.has_value() && target->port != 0, "a response has a target");
    hold(stamped.call_id() == request.call_id() && stamped.body() == request.body(), "call and body stay");
    for (const bool known : {false, true}) {
        const Verdict verdict = judge(stamped, known);
        hold(verdict.kind != Verdict::Kind::to_call || known, "only a known call has a link");
        if (verdict.kind == Verdict::Kind::to_peer)
            hold(!shared_sip::canonical_uri(sender_of(stamped)).empty(), "a sender has a name");
        if (verdict.kind != Verdict::Kind::reply || stamped.text().size() > shared_sip::kMostHeadBytes - 512)
            continue;
        const Message answer =
            Message::read(shared_sip::make_response(stamped, verdict.code, verdict.reason, "tag", verdict.more));
        hold(answer.code() == verdict.code && answer.call_id() == request.call_id() && !answer.to_tag().empty(),
             "an answer is an answer");
        hold(response_target(answer.top_via()) == target, "an answer goes back");
    }
}

void check_message(std::string text)
{
    const Message message = Message::read(std::move(text));
    hold(message.is_request() || (message.code() >= 100 && message.code() <= 699), "a status is a status");
    check_uri(shared_sip::address_of(message.value("From")));
    check_uri(message.uri());
    for (const auto contact : message.elements("Contact"))
        shared_sip::parameter(contact, "expires");
    for (const auto value : message.values("WWW-Authenticate")) {
        if (const auto challenge = shared_sip::read_challenge(value)) {
            const std::string credentials =
                shared_sip::answer(*challenge, {"a", "b"}, {"REGISTER", "sip:c", {}}, "d", 1);
            hold(credentials.find_first_of("\r\n") == std::string::npos, "credentials are one line");
        }
    }
    if (message.is_request())
        check_request(message);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        check_message(text);
    } catch (const Failure&) {
        // it is dropped
    }
    check_uri(text);
    shared_sip::StreamReader reader;
    const std::size_t cut = size == 0 ? 0 : data[size / 2] % size; // somewhere, the same for the same input
    try {
        for (const jackfield::ByteView part :
             {jackfield::ByteView(data, cut), jackfield::ByteView(data + cut, size - cut)}) {
            reader.feed(part);
            while (const auto message = reader.next())
                hold(message->size() <= shared_sip::kMostMessageBytes, "a message is bounded");
        }
    } catch (const Failure&) {
        // the connection is closed
    }
    return 0;
}

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::string head =
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport, SIP/2.0/TCP [2001:db8::1];received=192.0.2.9\r\n"
        "From: \"Bob, \\\"B\\\"\" <sip:%62ob@example.org;transport=tcp?x=y>;tag=1\r\nTo: <sip:alice@example.net>";
    const std::string rest = "\r\nCall-ID: c1\r\nCSeq: 1 ";
    std::vector<std::vector<std::uint8_t>> all;
    const auto add = [&](const std::string& text) { all.emplace_back(text.begin(), text.end()); };
    for (const std::string method : {"INVITE", "OPTIONS", "MESSAGE", "NOTIFY", "ACK", "REGISTER"})
        add(method + " sip:alice@192.0.2.7 SIP/2.0\r\n" + head + rest + method + "\r\nContent-Length: 4\r\n\r\nbody");
    add("BYE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@b;tag=x\r\nt: <sip:c@d>;tag=y\r\ni: c2\r\nCSeq: 2 "
        "BYE\r\nl: 0\r\n\r\n");
    add("SIP/2.0 401 Unauthorized\r\n" + head + ";tag=2" + rest +
        "REGISTER\r\nContact: <sip:alice@h>;expires=60, <sip:b@h>\r\nWWW-Authenticate: Digest realm=\"r, s\", "
        "nonce=\"n\\\"n\", "
        "qop=\"auth,auth-int\", algorithm=SHA-256, stale=true, userhash=true\r\nContent-Length: 0\r\n\r\n");
    add("\r\n\r\nMESSAGE sip:a@b SIP/2.0\r\n" + head + rest +
        "MESSAGE\r\nSubject: a\r\n folded\r\nl: 2\r\n\r\nhi\r\nOPTIONS");
    add("sips:Bob:secret@[2001:DB8::1]:5061;transport=tls?x=y");
    return all;
}
