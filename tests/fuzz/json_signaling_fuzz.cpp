// A session of signaling-json before a peer that says anything at all. The kernel rings, answers, refuses and hangs up
// by turns.
//
// Threads: one; time is turned by hand.
// links: signaling_json_parts jackfield_sdk_testing
#include "fuzz.hpp"

#include "session.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using json_signaling::Session;

class HandPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, 0, 1, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (total_size(parts) > JF_STREAM_SEND_MAX || view(parts.back()).back() != '\n')
            std::abort();
        return ++sends % 5 == 0 ? JF_WOULD_BLOCK : JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    ReceiverGate gate;
    unsigned sends = 0;
};

const jf_done kNobody{nullptr, [](void*, Status, const jf_error*) {}};

const char* const kDescription =
    R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})";

/// Does something else each time it hears something.
struct Kernel {
    Session* session = nullptr;
    unsigned step = 0;
    bool closed = false;

    void heard(std::uint64_t call)
    {
        if (closed)
            std::abort(); // nothing comes after closed
        try {
            switch (++step % 7) {
            case 0:
                return session->ring(call, kDescription);
            case 1:
                return session->answer(call, kDescription);
            case 2:
                return session->answer_update(call, kDescription);
            case 3:
                return session->update(call, kDescription);
            case 4:
                return session->bye(call, JF_REASON_NORMAL);
            case 5:
                return session->refer(call, "sip:carol@example.net", {}, Completion(session->host(), kNobody));
            default:
                return session->refuse(call, JF_REASON_BUSY);
            }
        } catch (const Failure&) {
        }
    }

    void referred(std::uint64_t call)
    {
        try {
            session->refer_progress(call, 180, "it rings");
            if (++step % 2 == 0)
                session->refer_progress(call, 486, "");
        } catch (const Failure&) {
        }
    }
};

Kernel& of(void* self)
{
    return *static_cast<Kernel*>(self);
}

const jf_signaling_listener_methods kListener{
    sizeof(jf_signaling_listener_methods),
    0,
    [](void* self, std::uint64_t call, jf_text, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call) { of(self).heard(call); },
    [](void* self, std::uint64_t call, std::uint32_t, std::uint32_t, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, std::uint32_t) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, std::uint32_t, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text, jf_bytes) {
        of(self).heard(call);
        return static_cast<jf_status>(JF_OK);
    },
    [](void* self, std::uint64_t call, jf_text, jf_bytes) {
        of(self).heard(call);
        return static_cast<jf_status>(JF_UNSUPPORTED);
    },
    [](void* self, jf_status, const jf_error*) { of(self).closed = true; },
    [](void* self, std::uint64_t call, jf_text, const jf_referral*) { of(self).referred(call); },
    [](void* self, std::uint64_t call, std::uint32_t, jf_text) { of(self).heard(call); },
    [](void* self, std::uint64_t call, jf_text, jf_text, const jf_referral* referral) {
        of(self).session->match_dialog(call, view(referral->replaces));
        of(self).heard(call);
    },
    [](void*, std::uint64_t) {},
    [](void* self, std::uint64_t call, void*, std::uint64_t) { of(self).heard(call); }};

std::vector<std::uint8_t> lines(std::initializer_list<std::string> all)
{
    std::vector<std::uint8_t> bytes;
    for (const auto& line : all) {
        bytes.insert(bytes.end(), line.begin(), line.end());
        bytes.push_back('\n');
    }
    return bytes;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::string described = kDescription;
    const std::string invite = R"({"type":"invite","call":"c","name":"A","offer":)" + described + "}";
    return {
        lines({invite, R"({"type":"confirm","call":"c"})", R"({"type":"bye","call":"c","reason":"normal"})"}),
        lines({invite, R"({"type":"cancel","call":"c","reason":"elsewhere"})"}),
        lines({invite, R"({"type":"confirm","call":"c"})", R"({"type":"update","call":"c","offer":)" + described + "}",
               R"({"type":"update-answer","call":"c","answer":)" + described + "}"}),
        lines({R"({"type":"message","id":1,"content_type":"text/plain","text":"hello"})",
               R"({"type":"info","id":2,"content_type":"a/b","base64":"AAE="})",
               R"({"type":"taken","id":1,"status":"ok"})"}),
        lines({invite, R"({"type":"confirm","call":"c"})",
               R"({"type":"refer","call":"c","id":1,"target":"sip:carol@example.net","referred_by":"a"})",
               R"({"type":"refer","call":"c","id":2,"target":"carol"})", R"({"type":"referral","call":"c","code":180})",
               R"({"type":"taken","id":1,"status":"ok"})",
               R"({"type":"referral","call":"c","code":200,"text":"answered"})"}),
        lines({invite, R"({"type":"confirm","call":"c"})",
               R"({"type":"invite","call":"d","replaces":"c","referred_by":"a","offer":)" + described + "}",
               R"({"type":"ping","id":3})", R"({"type":"refer","call":"c","id":1,"target":"carol","replaces":"c"})"}),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    testing::FakeHost host(testing::Clock::manual);
    HandPath path;
    Kernel kernel;
    {
        json_signaling::Options options;
        options.max_message_bytes = 4096;
        Session session(host.host(), options, Path(path.handle()), SignalingOptions{},
                        SignalingListener({&kListener, &kernel}), std::make_shared<Session::Siblings>());
        kernel.session = &session;
        session.invite(2, kDescription);
        for (std::size_t at = 0; at < size;) {
            const std::size_t piece = std::min<std::size_t>(size - at, 1 + data[at] % 100);
            path.gate.deliver(make_packet(ByteView(data + at, piece), 0));
            at += piece;
            host.run_pending();
        }
        host.advance(std::chrono::seconds(40));
        host.run_pending();
    }
    host.run_pending();
    return 0;
}
