// Media files for tests. See test_files.hpp.

#include "test_files.hpp"

#include "tests/plugins/ffmpeg_program.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numbers>
#include <sstream>

namespace media_ffmpeg::testing {

namespace {

void run_ffmpeg(const std::string& arguments, const std::string& file)
{
    std::vector<std::string> words;
    std::istringstream stream(arguments);
    for (std::string word; stream >> word;)
        words.push_back(word);
    words.push_back(file);
    const std::string log = file + ".log";
    jackfield::testing::FfmpegProgram program(words, log);
    if (program.wait(std::chrono::seconds(30)) != 0)
        throw std::runtime_error("ffmpeg " + arguments + " " + file + ": " + read_bytes(log));
    std::filesystem::remove(log);
}

std::string output_of(const std::string& command)
{
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
    std::string text;
    char piece[4096];
    for (std::size_t got = 0; (got = fread(piece, 1, sizeof(piece), pipe.get())) > 0;)
        text.append(piece, got);
    return text;
}

} // namespace

std::string make_file(const std::filesystem::path& folder, const std::string& name, const std::string& arguments)
{
    const std::string file = (folder / name).string();
    run_ffmpeg(arguments, file);
    return file;
}

std::string film_arguments(double seconds, const std::string& size, int rate)
{
    const std::string length = ":d=" + std::to_string(seconds);
    return "-f lavfi -i testsrc2=s=" + size + ":r=" + std::to_string(rate) + length +
           " -f lavfi -i sine=f=1000:r=48000" + length + " -pix_fmt yuv420p";
}

nlohmann::json probe(const std::string& file, bool frames)
{
    return nlohmann::json::parse(output_of("ffprobe -v error -of json -show_streams -show_format " +
                                           std::string(frames ? "-show_frames " : "") + "'" + file + "'"));
}

std::vector<double> times_of(const std::string& file, const std::string& type)
{
    std::vector<double> times;
    const auto probed = probe(file, true);
    for (const auto& frame : probed["frames"]) {
        if (frame["media_type"] == type)
            times.push_back(std::stod(frame["pts_time"].get<std::string>()));
    }
    return times;
}

std::vector<float> decode_sound(const std::string& file, int rate_hz, int channels, int track)
{
    const std::string raw = file + ".f32";
    run_ffmpeg("-i " + file + " -map 0:a:" + std::to_string(track) + " -f f32le -ar " + std::to_string(rate_hz) +
                   " -ac " + std::to_string(channels),
               raw);
    const std::string bytes = read_bytes(raw);
    std::vector<float> samples(bytes.size() / sizeof(float));
    std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
    return samples;
}

std::vector<std::vector<std::uint8_t>> decode_pictures(const std::string& file, int width, int height, int track)
{
    const std::string raw = file + ".yuv";
    run_ffmpeg("-i " + file + " -map 0:v:" + std::to_string(track) +
                   " -fps_mode passthrough -f rawvideo -pix_fmt yuv420p",
               raw);
    const std::string bytes = read_bytes(raw);
    const auto size = static_cast<std::size_t>(width * height * 3 / 2);
    std::vector<std::vector<std::uint8_t>> pictures;
    for (std::size_t at = 0; at + size <= bytes.size(); at += size)
        pictures.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    return pictures;
}

double share_of_tone(const std::vector<float>& samples, double hertz, double rate_hz, std::size_t channel,
                     std::size_t channels)
{
    double sine = 0;
    double cosine = 0;
    double energy = 0;
    std::size_t count = 0;
    for (std::size_t i = channel; i < samples.size(); i += channels, ++count) {
        const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(count) / rate_hz;
        sine += samples[i] * std::sin(angle);
        cosine += samples[i] * std::cos(angle);
        energy += static_cast<double>(samples[i]) * samples[i];
    }
    return energy == 0 ? 0 : (sine * sine + cosine * cosine) * 2 / (static_cast<double>(count) * energy);
}

double loudness(const std::vector<float>& samples, std::size_t channel, std::size_t channels)
{
    double energy = 0;
    std::size_t count = 0;
    for (std::size_t i = channel; i < samples.size(); i += channels, ++count)
        energy += static_cast<double>(samples[i]) * samples[i];
    return count == 0 ? 0 : std::sqrt(energy / static_cast<double>(count));
}

std::string read_bytes(const std::string& file)
{
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

void write_bytes(const std::string& file, const std::string& bytes)
{
    std::ofstream(file, std::ios::binary) << bytes;
}

} // namespace media_ffmpeg::testing
