// A codec in another process. See isolated_codec.hpp.

#include "kernel/isolate/isolated_codec.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/media_words.hpp"

#include <atomic>

namespace jackfield::kernel::isolate {

struct IsolatedCodec::Encoder {
    Sessions& sessions;
    std::shared_ptr<MediaSession> session;
    jf_payload_sink sink;
    std::atomic<std::uint32_t> bitrate_bps{0};
    std::atomic<std::uint32_t> loss_percent{0};
    std::atomic<std::uint32_t> key_frames{0};

    Encoder(Sessions& its_sessions, std::shared_ptr<MediaSession> its_session, jf_payload_sink its_sink)
        : sessions(its_sessions), session(std::move(its_session)), sink(its_sink)
    {}

    jf_status encode(const jf_frame& frame)
    {
        const auto put = [&](Packer& packer) {
            put_wishes(packer, {bitrate_bps, loss_percent, key_frames});
            put_frame(packer, frame);
        };
        return session->call(0, put, [&](Unpacker& results) {
            for (auto count = results.take<std::uint32_t>(); count != 0 && results.sound(); --count) {
                const jf_payload payload = take_payload(results);
                if (results.sound())
                    sink.payload(sink.self, &payload);
            }
        });
    }
};

struct IsolatedCodec::Decoder {
    Sessions& sessions;
    std::shared_ptr<MediaSession> session;
    jf_frame_sink sink;

    Decoder(Sessions& its_sessions, std::shared_ptr<MediaSession> its_session, jf_frame_sink its_sink)
        : sessions(its_sessions), session(std::move(its_session)), sink(its_sink)
    {}

    jf_status decode(const jf_payload& payload)
    {
        return session->call(
            0, [&](Packer& packer) { put_payload(packer, payload); },
            [&](Unpacker& results) {
                for (auto count = results.take<std::uint32_t>(); count != 0 && results.sound(); --count) {
                    if (const auto frame = take_frame(results))
                        sink.frame(sink.self, &*frame);
                    else
                        results.spoil();
                }
            });
    }
};

const jf_encoder_methods IsolatedCodec::kEncoder{
    sizeof(jf_encoder_methods),
    0,
    [](void* self, const jf_frame* frame) { return static_cast<Encoder*>(self)->encode(*frame); },
    [](void* self, std::uint32_t rate) { static_cast<Encoder*>(self)->bitrate_bps = rate; },
    [](void* self) { ++static_cast<Encoder*>(self)->key_frames; },
    [](void* self) {
        const std::unique_ptr<Encoder> encoder(static_cast<Encoder*>(self));
        encoder->sessions.release(encoder->session);
    },
    [](void* self, std::uint32_t percent) { static_cast<Encoder*>(self)->loss_percent = percent; }};

const jf_decoder_methods IsolatedCodec::kDecoder{
    sizeof(jf_decoder_methods), 0,
    [](void* self, const jf_payload* payload) { return static_cast<Decoder*>(self)->decode(*payload); },
    [](void* self) {
        const std::unique_ptr<Decoder> decoder(static_cast<Decoder*>(self));
        decoder->sessions.release(decoder->session);
    }};

const jf_codec_methods IsolatedCodec::kMethods{
    sizeof(jf_codec_methods), 0,
    [](void* self, jf_writer json, jf_error*) -> jf_status {
        const auto& text = static_cast<IsolatedCodec*>(self)->capabilities_;
        json.write(json.self, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        return JF_OK;
    },
    [](void* self, jf_text config_json, jf_payload_sink sink, jf_encoder* encoder, jf_error* error) {
        auto made = static_cast<IsolatedCodec*>(self)->open<Encoder>(kEncoderSession, config_json, sink);
        if (made)
            *encoder = {&kEncoder, *made};
        return status_of(made, error);
    },
    [](void* self, jf_text config_json, jf_frame_sink sink, jf_decoder* decoder, jf_error* error) {
        auto made = static_cast<IsolatedCodec*>(self)->open<Decoder>(kDecoderSession, config_json, sink);
        if (made)
            *decoder = {&kDecoder, *made};
        return status_of(made, error);
    }};

IsolatedCodec::IsolatedCodec(const Hosting& hosting, const jf_host& host)
    : supervisor_(hosting, host, {[](const Message&) {}, {}, {}, [](const Error&) {}},
                  [this](const std::shared_ptr<HostedProcess>& process) { sessions_.reopen(process); })
{}

std::expected<void, Error> IsolatedCodec::start()
{
    auto said = supervisor_.start();
    if (!said)
        return std::unexpected(said.error());
    capabilities_ = std::move(*said);
    return {};
}

template <typename Session, typename Sink>
std::expected<Session*, Error> IsolatedCodec::open(std::uint8_t direction, jf_text config_json, Sink sink)
{
    auto session = sessions_.open(
        supervisor_, words([&](Packer& packer) { packer.put(direction).put_text(view_of(config_json)); }), 1, false);
    if (!session)
        return std::unexpected(session.error());
    return new Session(sessions_, std::move(*session), sink);
}

} // namespace jackfield::kernel::isolate
