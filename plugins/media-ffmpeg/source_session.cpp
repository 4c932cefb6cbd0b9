// An opened source. See source_session.hpp.

#include "source_session.hpp"

namespace media_ffmpeg {

FileSourceSession::FileSourceSession(jackfield::Host host, std::string name, Pace pace,
                                     jackfield::SourceListener listener)
    : name_(std::move(name)), pace_(pace), listener_(listener), info_(look_into(name_)), scope_(host)
{}

FileSourceSession::~FileSourceSession()
{
    scope_.end();
}

void FileSourceSession::start(const jf_source_format& format)
{
    const bool video = format.kind == JF_VIDEO;
    auto& track = video ? video_ : audio_;
    if (track)
        throw jackfield::Failure(JF_BUSY, std::string(video ? "video" : "audio") + " of this source runs already");
    if ((video ? info_.has_video : info_.has_audio) == 0)
        throw jackfield::Failure(JF_NOT_FOUND, "\"" + name_ + "\": holds no " + (video ? "pictures" : "sound"));
    if (pace_.start_ns == 0)
        pace_.start_ns = scope_.host().now_ns(); // whichever kind starts first sets the clock of both
    track = std::make_unique<SourceTrack>(
        scope_.host(), name_, format, pace_, listener_,
        [this, kind = format.kind](jackfield::Status status, const std::string& text) {
            scope_.post([this, kind, status, text] { listener_.ended(kind, status, text); });
        });
}

} // namespace media_ffmpeg
