// Media files as sources, recordings as sinks: two sockets in one library.
//
// Threads:  methods on control; each running track and each recording has a thread of its own.
// Lifetime: sessions are the kernel's; neither plugin keeps anything of them.

#include "recorder.hpp"
#include "source_session.hpp"

#include <jackfield/media_sink.hpp>
#include <jackfield/media_source.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace media_ffmpeg;

nlohmann::json options_of(std::string_view json)
{
    auto options = nlohmann::json::parse(json, nullptr, false);
    if (!options.is_object())
        throw jackfield::Failure(JF_BAD_INPUT, "the options are no JSON object");
    return options;
}

bool option(const nlohmann::json& options, const char* name, bool otherwise)
{
    const auto found = options.find(name);
    return found == options.end() || !found->is_boolean() ? otherwise : found->get<bool>();
}

class FileSource final : public jackfield::MediaSource {
public:
    FileSource(jackfield::Host host, std::string_view) : MediaSource(host) { av_log_set_level(AV_LOG_QUIET); }

    /// Every path, and "test". Names of devices ("microphone:") are other plugins'.
    bool accepts(std::string_view name) const noexcept override { return !name.empty() && !name.ends_with(':'); }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view options_json,
                                                   jackfield::SourceListener listener) override
    {
        const auto options = options_of(options_json);
        const Pace pace{option(options, "realtime", true), option(options, "loop", false), 0};
        return std::make_unique<FileSourceSession>(host_, std::string(name), pace, listener);
    }
};

class FileSink final : public jackfield::MediaSink {
public:
    FileSink(jackfield::Host host, std::string_view) : MediaSink(host) { av_log_set_level(AV_LOG_QUIET); }

    bool accepts(std::string_view name) const noexcept override { return !name.empty() && !name.ends_with(':'); }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        if (name == "null")
            return std::make_unique<NullSink>(host_);
        const auto options = options_of(options_json);
        return std::make_unique<Recorder>(
            host_, std::string(name), RecorderOptions{option(options, "audio", true), option(options, "video", true)});
    }
};

} // namespace

JF_PLUGIN(FileSource, FileSink)
