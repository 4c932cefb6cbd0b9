// Payloads of AV1 from a hostile peer into the depacketiser alone: whatever it accepts is a chain of whole units, which
// our packetiser cuts and the depacketiser puts together again as it was.
//
// An input is read as in payload_fuzz.hpp, without its first byte; a marker ends a picture, "lost before" drops it.
// links: codec_ffmpeg_parts
#include "fuzz.hpp"
#include "payload_fuzz.hpp"

#include "plugins/codec-ffmpeg/av1_payload.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace jackfield;
using namespace jackfield::codec;
using namespace jackfield::fuzz;

constexpr std::size_t kSentUnits = 512; // more of one picture are not sent

void expect(bool what)
{
    if (!what)
        std::abort();
}

/// How many units the picture has; each has its size, and they fill it to the end.
std::size_t count_units(ByteView picture)
{
    std::size_t count = 0;
    for (; !picture.empty(); ++count) {
        const auto obu = read_obu(picture);
        expect(obu && obu->size_bytes > 0 && !superfluous(obu->type));
        picture = picture.subspan(obu->header_bytes + obu->size_bytes + obu->payload.size());
    }
    return count;
}

void check_picture(PartialPicture& partial)
{
    const bool key = partial.key;
    const ByteView picture = partial.bytes_from(0);
    expect(picture.size() <= PartialPicture::kMaxBytes);
    const std::size_t units = count_units(picture);
    if (units == 0 || units > kSentUnits)
        return;
    struct Again {
        Av1Depacketiser depacketiser;
        PartialPicture picture;
    } again;
    Av1Packetiser packetiser(200);
    packetiser.cut(picture, jf_payload{},
                   PayloadSink({&again, [](void* self, const jf_payload* payload) {
                                    auto& to = *static_cast<Again*>(self);
                                    expect(payload->bytes.size <= 200);
                                    expect(to.depacketiser.add(view(payload->bytes), to.picture) == JF_OK);
                                }}));
    expect(!again.picture.open && again.picture.key == key);
    expect(std::ranges::equal(again.picture.bytes_from(0), picture));
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    Input sent;
    Stream stream;
    stream.width_px = 48;
    stream.height_px = 32;
    stream.max_payload_bytes = 200;
    VideoEncoder encoder(VideoFormat::av1, Options{}, stream, appending(sent));
    encode_pictures(encoder);
    return {sent,
            // Lengths before every element: a sequence header, a delimiter, padding, a key frame.
            {kMarker, 0, 13, 0x08, 2, 0x08, 1, 1, 0x10, 2, 0x78, 0, 3, 0x30, 0x10, 4},
            // A unit with its size, over three payloads, cut inside its header and inside its size.
            {0, 0, 2, 0x50, 0x36, 0, 0, 3, 0xD0, 0x08, 0x83, kMarker, 0, 5, 0x90, 0x00, 0x10, 1, 2}};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    each_payload(data, size, 0, [&](std::uint8_t flags, const std::vector<std::uint8_t>& payload) {
        if ((flags & kLost) != 0)
            picture.clear();
        if (depacketiser.add(payload, picture) != JF_OK)
            return picture.clear();
        if (picture.open)
            return;
        check_picture(picture);
        if ((flags & kMarker) != 0)
            picture.clear();
    });
    return 0;
}
