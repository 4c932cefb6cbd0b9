// An audio stage in another process. See isolated_audio_stage.hpp.

#include "kernel/isolate/isolated_audio_stage.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/media_words.hpp"

namespace jackfield::kernel::isolate {

struct IsolatedAudioStage::Session {
    Sessions& sessions;
    std::shared_ptr<MediaSession> media;

    jf_status process(const jf_frame& frame, float* samples)
    {
        const std::size_t size = std::size_t{frame.channels} * frame.samples_per_channel * sizeof(float);
        const auto put = [&](Packer& packer) {
            put_frame(packer, frame);
            packer.put_bytes(samples, size); // as the stage before left them
        };
        return media->call(kOurs, put, [&](Unpacker& results) {
            const auto worked_on = results.take_bytes();
            if (worked_on.size() == size)
                std::memcpy(samples, worked_on.data(), size);
            else if (!worked_on.empty())
                results.spoil();
        });
    }

    void played(const jf_frame& frame)
    {
        media->call(kTheirs, [&](Packer& packer) { put_frame(packer, frame); }, [](const Unpacker&) {});
    }

    // Lanes: both are under way at once.
    static constexpr std::size_t kOurs = 0;
    static constexpr std::size_t kTheirs = 1;
};

const jf_audio_stage_session_methods IsolatedAudioStage::kSession{
    sizeof(jf_audio_stage_session_methods), 0,
    [](void* self, const jf_frame* frame, float* samples) {
        return static_cast<Session*>(self)->process(*frame, samples);
    },
    [](void* self, const jf_frame* frame) { static_cast<Session*>(self)->played(*frame); },
    [](void* self) {
        const std::unique_ptr<Session> session(static_cast<Session*>(self));
        session->sessions.release(session->media);
    }};

const jf_audio_stage_methods IsolatedAudioStage::kMethods{
    sizeof(jf_audio_stage_methods), 0,
    [](void* self, jf_text form_json, jf_audio_stage_session* session, jf_error* error) {
        auto& stage = *static_cast<IsolatedAudioStage*>(self);
        auto media = stage.sessions_.open(stage.supervisor_,
                                          words([&](Packer& packer) { packer.put_text(view_of(form_json)); }), 2, true);
        if (media)
            *session = {&kSession, new Session{stage.sessions_, std::move(*media)}};
        return status_of(media, error);
    }};

IsolatedAudioStage::IsolatedAudioStage(const Hosting& hosting, const jf_host& host)
    : supervisor_(hosting, host, {[](const Message&) {}, {}, {}, [](const Error&) {}},
                  [this](const std::shared_ptr<HostedProcess>& process) { sessions_.reopen(process); })
{}

std::expected<void, Error> IsolatedAudioStage::start()
{
    const auto said = supervisor_.start();
    return said ? std::expected<void, Error>() : std::unexpected(said.error());
}

} // namespace jackfield::kernel::isolate
