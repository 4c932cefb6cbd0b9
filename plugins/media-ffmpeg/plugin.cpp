// Media files as sources, recordings as sinks: two sockets in one library.
//
// Threads:  methods on control; each track and each recording has a thread of its own.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "recorder.hpp"
#include "source_session.hpp"

#include <jackfield/device_name.hpp>
#include <jackfield/media_sink.hpp>
#include <jackfield/media_source.hpp>
#include <jackfield/plugin.hpp>

namespace {

using namespace media_ffmpeg;

/// Names of devices ("microphone:", "camera:/dev/video0") are other plugins'.
bool is_file_name(std::string_view name)
{
    return !name.empty() && !name.ends_with(':') && !jackfield::device_name(name);
}

class FileSource final : public jackfield::MediaSource {
public:
    FileSource(jackfield::Host host, std::string_view config_json)
        : MediaSource(host), options_(read_source_options(config_json))
    {
        av_log_set_level(AV_LOG_QUIET);
    }

    bool accepts(std::string_view name) const noexcept override { return is_file_name(name); }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view options_json,
                                                   jackfield::SourceListener listener) override
    {
        return std::make_unique<FileSourceSession>(host_, leaving_, std::string(name),
                                                   read_open_source(options_json, options_), options_.test, listener);
    }

private:
    SourceOptions options_;
    LeavingThreads leaving_;
};

class FileSink final : public jackfield::MediaSink {
public:
    FileSink(jackfield::Host host, std::string_view config_json)
        : MediaSink(host), options_(read_record_options(config_json))
    {
        av_log_set_level(AV_LOG_QUIET);
    }

    bool accepts(std::string_view name) const noexcept override { return is_file_name(name); }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        const OpenSink what = read_open_sink(options_json);
        if (name == "null")
            return std::make_unique<NullSink>(host_);
        return std::make_unique<Recorder>(host_, leaving_, std::string(name), what, options_);
    }

private:
    RecordOptions options_;
    LeavingThreads leaving_;
};

} // namespace

JF_PLUGIN(FileSource, FileSink)
