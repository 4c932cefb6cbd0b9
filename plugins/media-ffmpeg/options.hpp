// What a configuration and an open may ask for. See media-ffmpeg.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <cstdint>
#include <string_view>

namespace media_ffmpeg {

struct TestOptions {
    std::uint32_t width_px = 640;
    std::uint32_t height_px = 480;
    std::uint32_t frame_rate = 30;
    std::uint32_t tone_hz = 440;
};

struct SourceOptions {
    bool loop = false;
    TestOptions test;
};

/// What happens to a file that is there already.
enum class Existing { replace, refuse, number };

enum class Sound { by_file, pcm, opus };

/// Whose frames they are: the peer's, which arrive, or ours, which we send.
enum class Side { peer, own };

/// What becomes of the sound if both sides are recorded.
enum class Sides { mixed, tracks };

struct RecordOptions {
    Existing existing = Existing::replace;
    Sound sound = Sound::by_file;
    std::uint32_t video_kbps = 0; // 0: mkv by quality alone, webm 3000
    Sides sides = Sides::mixed;
};

/// Of a slot's configuration. Throw ConfigError that begins with the place; an option of the other slot is one, too.
SourceOptions read_source_options(std::string_view config_json);
RecordOptions read_record_options(std::string_view config_json);

/// Of one source or recording that is opened.
struct OpenSource {
    bool realtime = true;
    bool loop = false;
};

/// What will come.
struct OpenSink {
    bool audio = true;
    bool video = true;
    bool own_audio = false;
    bool own_video = false;

    bool sound(Side side) const { return side == Side::peer ? audio : own_audio; }
    bool pictures(Side side) const { return side == Side::peer ? video : own_video; }
};

/// Throw Failure.
OpenSource read_open_source(std::string_view options_json, const SourceOptions& defaults);
OpenSink read_open_sink(std::string_view options_json);

} // namespace media_ffmpeg
