// One codec for sound, "tone", that makes nothing of anything.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/codec.hpp>

namespace jackfield::doubles {

class CodecDouble : public Codec {
public:
    struct EncoderDouble : Encoder, Actor {
        EncoderDouble() : Actor("encoder") {}
        Status encode(const jf_frame&) noexcept override { return JF_OK; }
        void set_bitrate(std::uint32_t) noexcept override {}
    };
    struct DecoderDouble : Decoder, Actor {
        DecoderDouble() : Actor("decoder") {}
        Status decode(const jf_payload&) noexcept override { return JF_OK; }
    };

    CodecDouble(Host host, std::string_view) : Codec(host) {}

    std::string capabilities() override
    {
        return R"({"codecs":[{"name":"tone","kind":"audio","clock_rate_hz":8000,"channels":1}]})";
    }
    std::unique_ptr<Encoder> open_encoder(std::string_view, PayloadSink) override
    {
        return std::make_unique<EncoderDouble>();
    }
    std::unique_ptr<Decoder> open_decoder(std::string_view, FrameSink) override
    {
        return std::make_unique<DecoderDouble>();
    }
};

} // namespace jackfield::doubles
