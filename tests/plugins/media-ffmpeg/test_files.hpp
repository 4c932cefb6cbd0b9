// Media files for tests, made by the ffmpeg program or found in Debian's packages, and what independent programs say of
// what we recorded.
//
// Threads: the test's. Lifetime: files lie in the folder of the test.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace media_ffmpeg::testing {

// What python3-imageio and pocketsphinx-testdata of Debian install.
inline constexpr const char* kFilm = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4";
inline constexpr const char* kMovingStill = "/usr/lib/python3/dist-packages/imageio/resources/images/newtonscradle.gif";
inline constexpr const char* kSpeech =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";

/// Runs ffmpeg with these arguments, split at spaces, and the file at the end. Throws if it fails.
std::string make_file(const std::filesystem::path& folder, const std::string& name, const std::string& arguments);

/// Pictures and a tone of 1000 Hz, both so long.
std::string film_arguments(double seconds, const std::string& size = "160x120", int rate = 25);

/// What ffprobe says: streams, format, and with `frames` every frame.
nlohmann::json probe(const std::string& file, bool frames = false);

/// Times in seconds of all frames of that stream ("video" or "audio"), by ffprobe.
std::vector<double> times_of(const std::string& file, const std::string& type);

/// The sound of the track of that number, channels interleaved, as ffmpeg decodes it.
std::vector<float> decode_sound(const std::string& file, int rate_hz, int channels, int track = 0);

/// The pictures of the track of that number, I420 without gaps, as ffmpeg decodes them.
std::vector<std::vector<std::uint8_t>> decode_pictures(const std::string& file, int width, int height, int track = 0);

/// How much of a channel is a tone of that pitch: 1 if all of it, whatever its phase.
double share_of_tone(const std::vector<float>& samples, double hertz, double rate_hz, std::size_t channel = 0,
                     std::size_t channels = 1);

double loudness(const std::vector<float>& samples, std::size_t channel = 0, std::size_t channels = 1);

std::string read_bytes(const std::string& file);
void write_bytes(const std::string& file, const std::string& bytes);

} // namespace media_ffmpeg::testing
