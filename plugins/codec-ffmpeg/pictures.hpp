// The part of this plugin that needs libavcodec, which brings seventy libraries: opened with the first stream of
// pictures.
//
// Threads: making encoders and decoders on workers. Lifetime: never closed.
#pragma once

#include "options.hpp"

#include <shared/codec/stream.hpp>

#include <jackfield/codec.hpp>

#include <memory>

namespace jackfield::codec {

struct Pictures {
    const char* version;
    std::unique_ptr<Encoder> (*make_encoder)(VideoFormat, const Options&, const Stream&, PayloadSink);
    std::unique_ptr<Decoder> (*make_decoder)(VideoFormat, const Stream&, FrameSink);
};

} // namespace jackfield::codec
