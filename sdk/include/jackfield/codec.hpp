// jackfield.codec/1: derive from Codec, Encoder and Decoder.
//
// Threads: encode and decode run on the thread of one media stream; they cannot throw. Opening: on a worker, several at
// once; it may take its time. Destroying: control.
#pragma once

#include <jackfield/abi/codec.h>
#include <jackfield/completion.hpp>

namespace jackfield {

/// Where an encoder puts its payloads. [media]
class PayloadSink {
public:
    explicit PayloadSink(jf_payload_sink raw) : raw_(raw) {}
    void payload(const jf_payload& payload) const noexcept { raw_.payload(raw_.self, &payload); }

private:
    jf_payload_sink raw_;
};

/// Where a decoder or a source puts its frames. [media]
class FrameSink {
public:
    explicit FrameSink(jf_frame_sink raw) : raw_(raw) {}
    void frame(const jf_frame& frame) const noexcept { raw_.frame(raw_.self, &frame); }

private:
    jf_frame_sink raw_;
};

class Encoder {
public:
    virtual ~Encoder() = default;
    virtual Status encode(const jf_frame& frame) noexcept = 0;            ///< [media]
    virtual void set_bitrate(std::uint32_t bits_per_second) noexcept = 0; ///< [any]
    virtual void request_key_frame() noexcept {}                          ///< [any]
    virtual void set_loss(std::uint32_t) noexcept {}                      ///< [any] percent the peer lost lately

    static const jf_encoder_methods kMethods;
};

inline constexpr jf_encoder_methods Encoder::kMethods{
    sizeof(jf_encoder_methods),
    0,
    [](void* self, const jf_frame* frame) { return static_cast<Encoder*>(self)->encode(*frame); },
    [](void* self, std::uint32_t bps) { static_cast<Encoder*>(self)->set_bitrate(bps); },
    [](void* self) { static_cast<Encoder*>(self)->request_key_frame(); },
    [](void* self) { delete static_cast<Encoder*>(self); },
    [](void* self, std::uint32_t percent) { static_cast<Encoder*>(self)->set_loss(percent); }};

class Decoder {
public:
    virtual ~Decoder() = default;
    virtual Status decode(const jf_payload& payload) noexcept = 0; ///< [media]

    static const jf_decoder_methods kMethods;
};

inline constexpr jf_decoder_methods Decoder::kMethods{
    sizeof(jf_decoder_methods), 0,
    [](void* self, const jf_payload* payload) { return static_cast<Decoder*>(self)->decode(*payload); },
    [](void* self) { delete static_cast<Decoder*>(self); }};

class Codec : public Instance {
public:
    using Interface = Codec;
    static constexpr std::string_view kInterfaceId = JF_CODEC_INTERFACE;

    using Instance::Instance;

    virtual std::string capabilities() = 0;                                                            ///< [any]
    virtual std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) = 0; ///< [worker]
    virtual std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) = 0;   ///< [worker]

    static const jf_codec_methods kMethods;
};

inline constexpr jf_codec_methods Codec::kMethods{
    sizeof(jf_codec_methods), 0,
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error, [&] { write_to(json, std::string_view(static_cast<Codec*>(self)->capabilities())); });
    },
    [](void* self, jf_text config_json, jf_payload_sink sink, jf_encoder* encoder, jf_error* error) {
        return guarded(error, [&] {
            *encoder = {&Encoder::kMethods,
                        static_cast<Codec*>(self)->open_encoder(view(config_json), PayloadSink(sink)).release()};
        });
    },
    [](void* self, jf_text config_json, jf_frame_sink sink, jf_decoder* decoder, jf_error* error) {
        return guarded(error, [&] {
            *decoder = {&Decoder::kMethods,
                        static_cast<Codec*>(self)->open_decoder(view(config_json), FrameSink(sink)).release()};
        });
    }};

} // namespace jackfield
