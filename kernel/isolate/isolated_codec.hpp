// What stands in the place of a codec whose code is in another process.
//
// Threads:  as codec.h has them.
// Lifetime: the instance's; encoders and decoders have been released before it goes.

#pragma once

#include "kernel/isolate/sessions.hpp"

#include <jackfield/abi/codec.h>

namespace jackfield::kernel::isolate {

class IsolatedCodec {
public:
    static const jf_codec_methods kMethods;

    IsolatedCodec(const Hosting& hosting, const jf_host& host);
    ~IsolatedCodec() { supervisor_.end(); }

    std::expected<void, Error> start();

private:
    struct Encoder;
    struct Decoder;
    static const jf_encoder_methods kEncoder;
    static const jf_decoder_methods kDecoder;

    template <typename Session, typename Sink>
    std::expected<Session*, Error> open(std::uint8_t direction, jf_text config_json, Sink sink);

    Supervisor supervisor_;
    Sessions sessions_;
    std::string capabilities_; // of the first process; those of a later one are the same
};

} // namespace jackfield::kernel::isolate
