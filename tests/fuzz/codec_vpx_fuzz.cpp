// Payloads of a hostile peer into the decoders of codec-vpx.
//
// See payload_fuzz.hpp for what an input means.
// links: codec_vpx_parts
#include "fuzz.hpp"
#include "payload_fuzz.hpp"

#include "plugins/codec-vpx/vpx_decoder.hpp"
#include "plugins/codec-vpx/vpx_encoder.hpp"

namespace {

using namespace jackfield;
using namespace jackfield::codec;
using namespace jackfield::fuzz;

VpxFormat format_of(std::uint8_t codec)
{
    return codec % 2 == 0 ? VpxFormat::vp8 : VpxFormat::vp9;
}

Input video_seed(std::uint8_t codec)
{
    Input input{codec};
    Stream stream;
    stream.width_px = 48;
    stream.height_px = 32;
    stream.max_payload_bytes = 200;
    VpxEncoder encoder(format_of(codec), VpxOptions{}, stream, appending(input));
    encode_pictures(encoder);
    return input;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {video_seed(0), video_seed(1)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    decode_input(data, size, [](std::uint8_t codec, FrameSink sink) {
        return std::make_unique<VpxDecoder>(format_of(codec), sink);
    });
    return 0;
}
