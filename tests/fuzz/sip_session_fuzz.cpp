// A whole session before a peer that says anything at all: the state machines, the dialogs, the events.
//
// Threads: one; time is turned by hand. The listener does something different with each call, so that every state meets
// every message.
// links: signaling_sip_parts jackfield_sdk_testing
// quick: 400
#include "fuzz.hpp"

#include "sip_config.hpp"
#include "sip_session.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>
#include <string>

namespace {

using namespace jackfield;
using namespace jackfield::sip;

const jf_done kNobody{nullptr, [](void*, Status, const jf_error*) {}};

const std::string kDescription =
    R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})";

class HandPath final : public PathBase {
public:
    explicit HandPath(bool carried) : carried_(carried) {}

    jf_path_info describe() const noexcept override
    {
        const std::uint32_t kind = carried_ ? JF_DATAGRAM : JF_STREAM;
        return {sizeof(jf_path_info), kind, JF_STREAM_SEND_MAX, 0, carried_ ? 0U : 1U, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        for (const auto& part : parts)
            sent.append(as_text(view(part)));
        return JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    /// What stands between the last `before` that was sent and the next of `ends`.
    std::string last(std::string_view before, std::string_view ends) const
    {
        const std::size_t at = sent.rfind(before);
        if (at == std::string::npos)
            return "none";
        const std::size_t begin = at + before.size();
        return sent.substr(begin, sent.find_first_of(ends, begin) - begin);
    }

    ReceiverGate gate;
    std::string sent;

private:
    bool carried_; ///< by a service, over UDP
};

/// A service that answers every challenge.
jf_carrier carry(HandPath& path)
{
    static const jf_carrier_methods methods{
        sizeof(jf_carrier_methods), 0,
        [](void*, jf_writer json, jf_error*) -> Status {
            write_to(json,
                     std::string_view(
                         R"({"protocol":"sip","local":"sip:bob-account@jackfield.invalid","remote":)"
                         R"("sip:alice-account@jackfield.invalid","contact":"sip:bob@192.0.2.1","transport":"UDP",)"
                         R"("sent_by":"192.0.2.1:5060","routes":["<sip:proxy.invalid;lr>"]})"));
            return JF_OK;
        },
        [](void*, jf_text, jf_text, jf_text, jf_bytes, jf_writer credentials, jf_error*) -> Status {
            write_to(credentials, std::string_view("Digest response=1"));
            return JF_OK;
        },
        [](void*) {}};
    return {&methods, nullptr, path.handle()};
}

/// An input can speak of what the session chose at random: $TAG is the tag in the last To it sent, $FROM and $CALL and
/// $BRANCH are of its last message.
std::string fill_in(std::string text, const HandPath& path)
{
    const std::pair<std::string_view, std::string> words[] = {
        {"$TAG", path.last("To: <sip:bob-account@jackfield.invalid>;tag=", "\r;")},
        {"$FROM", path.last("From: \"Bob\" <sip:bob-account@jackfield.invalid>;tag=", "\r;")},
        {"$CALL", path.last("Call-ID: ", "\r")},
        {"$BRANCH", path.last("branch=", "\r;")}};
    for (const auto& [word, value] : words) {
        for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
            text.replace(at, word.size(), value);
    }
    return text;
}

/// Answers by the number of the event; ignores what the verbs say.
class Kernel {
public:
    std::unique_ptr<SipSession> session;
    std::uint64_t step = 0;
    bool closed = false;

    template <class F>
    void verb(F&& f)
    {
        try {
            std::forward<F>(f)();
        } catch (const Failure&) {
        }
    }

    void on_call(std::uint64_t call)
    {
        if (closed)
            std::abort(); // nothing comes after closed
        switch (++step % 8) {
        case 0:
            verb([&] { session->ring(call, {}); });
            break;
        case 1:
            verb([&] { session->ring(call, kDescription); });
            [[fallthrough]];
        case 2:
            verb([&] { session->answer(call, kDescription); });
            break;
        case 3:
            verb([&] { session->refuse(call, JF_REASON_BUSY); });
            break;
        case 4:
            verb([&] { session->answer_update(call, kDescription); });
            break;
        case 5:
            verb([&] { session->update(call, kDescription); });
            break;
        case 6:
            verb([&] { session->bye(call, JF_REASON_NORMAL); });
            break;
        default:
            verb([&] { session->refer(call, "sip:carol@example.net", {}, Completion(session->host(), kNobody)); });
            break;
        }
    }

    void on_referral(std::uint64_t call)
    {
        verb([&] { session->refer_progress(call, 180, "it rings"); });
        if (++step % 2 == 0)
            verb([&] { session->refer_progress(call, 486, {}); });
    }
};

jf_signaling_listener listen(Kernel& kernel)
{
    static const jf_signaling_listener_methods methods{
        sizeof(jf_signaling_listener_methods),
        0,
        [](void* self, std::uint64_t call, jf_text, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, std::uint32_t, std::uint32_t, jf_text) {
            static_cast<Kernel*>(self)->on_call(call);
        },
        [](void* self, std::uint64_t call, std::uint32_t) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, std::uint32_t, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text, jf_bytes) -> Status {
            static_cast<Kernel*>(self)->on_call(call);
            return JF_OK;
        },
        [](void* self, std::uint64_t call, jf_text, jf_bytes) -> Status {
            static_cast<Kernel*>(self)->on_call(call);
            return JF_UNSUPPORTED;
        },
        [](void* self, Status, const jf_error*) {
            auto& kernel_of = *static_cast<Kernel*>(self);
            if (std::exchange(kernel_of.closed, true))
                std::abort();
        },
        [](void* self, std::uint64_t call, jf_text, const jf_referral*) {
            static_cast<Kernel*>(self)->on_referral(call);
        },
        [](void* self, std::uint64_t call, std::uint32_t, jf_text) { static_cast<Kernel*>(self)->on_call(call); },
        [](void* self, std::uint64_t call, jf_text, jf_text, const jf_referral* referral) {
            auto& kernel_of = *static_cast<Kernel*>(self);
            kernel_of.session->match_dialog(call, view(referral->replaces));
            kernel_of.on_call(call);
        },
        [](void*, std::uint64_t) {},
        [](void* self, std::uint64_t call, void*, std::uint64_t) { static_cast<Kernel*>(self)->on_call(call); }};
    return {&methods, &kernel};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    jackfield::testing::FakeHost host(jackfield::testing::Clock::manual);
    host.seed(1); // the same tags and branches each time
    const bool carried = data[0] % 3 == 0;
    HandPath path(carried);
    Kernel kernel;
    kernel.step = data[0];
    SignalingOptions options{
        true, Device("bob-account", "bob-device"), Device("alice-account", "alice-device"), "Bob", {}};
    if (carried)
        options.carrier = Carrier(carry(path));
    kernel.session =
        std::make_unique<SipSession>(host.host(), SipConfig{}, Path(path.handle()), options,
                                     SignalingListener(listen(kernel)), std::make_shared<SipSession::Siblings>());
    if (data[0] % 2 == 0)
        kernel.verb([&] { kernel.session->invite(2, kDescription); });
    std::string_view rest = as_text(ByteView(data + 1, size - 1));
    while (!rest.empty()) { // pieces end with \x1e (read what came) or \x1d (and let time pass)
        const std::size_t end = rest.find_first_of("\x1e\x1d");
        const std::string piece = fill_in(std::string(rest.substr(0, end)), path);
        if (!piece.empty())
            path.gate.deliver(make_packet(as_bytes(piece), 0));
        host.run_pending();
        if (end == std::string_view::npos)
            break;
        if (rest[end] == '\x1d')
            host.advance(std::chrono::milliseconds(2200));
        rest.remove_prefix(end + 1);
    }
    if (data[0] % 5 == 0)
        path.gate.ended(JF_CLOSED, "the end");
    host.run_pending();
    host.advance(std::chrono::seconds(40));
    kernel.session.reset();
    host.run_pending();
    return 0;
}

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {}; // they lie in corpus/
}
