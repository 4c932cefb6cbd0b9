// An audio stage, on its own side of the wall: a session has two threads, one for our sound and one for the peer's.
//
// Threads:  opened and released on control.
#include "hosted.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/media_session.hpp"
#include "kernel/isolate/media_words.hpp"

#include <jackfield/abi/audio_stage.h>

#include <cstring>
#include <thread>
#include <vector>

namespace jackfield::isolated {

namespace {

using isolate::Packer;
using isolate::Unpacker;
using kernel::ErrorSlot;

constexpr std::size_t kMostSamples = 1 << 20; // of one frame

class HostedAudioStage final : public Role {
public:
    HostedAudioStage(Hosted& hosted, const Instance& instance)
        : hosted_(hosted), methods_(*instance.methods<jf_audio_stage_methods>()), self_(instance.self())
    {}

    void heard(isolate::Message message) override
    {
        if (message.word != isolate::Word::kOpen)
            return; // a session ends when its memory is abandoned
        try {
            open(message);
        } catch (const Failure& failure) {
            hosted_.talk().answer(message, failure.status(), isolate::bytes_of(failure.what()));
        }
    }

    bool idle() override { return sessions_ == 0; }

private:
    /// Shared by both threads; the last one has it released.
    struct Session {
        HostedAudioStage& stage;
        isolate::SharedMemory memory;
        jf_audio_stage_session session{};
        std::vector<float> samples = std::vector<float>(kMostSamples);

        Session(HostedAudioStage& its_stage, kernel::Descriptor descriptor)
            : stage(its_stage), memory(std::move(descriptor), 2 * isolate::kLaneBytes)
        {}
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;
        ~Session()
        {
            if (session.methods != nullptr)
                stage.hosted_.control().post([released = session, owner = &stage] {
                    released.methods->release(released.self);
                    --owner->sessions_;
                });
        }

        std::size_t process(std::span<const std::byte> arguments, std::span<std::byte> room)
        {
            Unpacker unpacker(arguments);
            Packer results(room);
            const auto frame = isolate::take_frame(unpacker);
            const auto ours = unpacker.take_bytes();
            const std::size_t size =
                frame ? std::size_t{frame->channels} * frame->samples_per_channel * sizeof(float) : 0;
            if (!frame || frame->kind != JF_AUDIO || !unpacker.sound() || ours.size() != size ||
                size > samples.size() * sizeof(float)) {
                results.put(std::int32_t{JF_BAD_INPUT}).put_bytes(nullptr, 0);
                return results.size();
            }
            std::memcpy(samples.data(), ours.data(), size);
            const jf_status status = session.methods->process(session.self, &*frame, samples.data());
            results.put(status).put_bytes(samples.data(), size);
            return results.size();
        }

        std::size_t played(std::span<const std::byte> arguments, std::span<std::byte> room)
        {
            Unpacker unpacker(arguments);
            if (const auto frame = isolate::take_frame(unpacker))
                session.methods->played(session.self, &*frame);
            return Packer(room).put(std::int32_t{JF_OK}).size();
        }
    };

    void open(isolate::Message& message)
    {
        const auto session = std::make_shared<Session>(*this, std::move(message.memory));
        ErrorSlot error;
        Unpacker unpacker(message.body);
        const jf_status status =
            methods_.open(self_, kernel::abi_text(unpacker.take_text()), &session->session, &error);
        if (status != JF_OK)
            throw Failure(error.error(status));
        ++sessions_;
        serve(session, 0, &Session::process);
        serve(session, 1, &Session::played);
        hosted_.talk().answer(message, JF_OK, {});
    }

    void serve(const std::shared_ptr<Session>& session, std::size_t lane,
               std::size_t (Session::*work)(std::span<const std::byte>, std::span<std::byte>))
    {
        std::thread([session, lane, work] {
            isolate::SharedCall call(session->memory.bytes().subspan(lane * isolate::kLaneBytes, isolate::kLaneBytes));
            call.serve([&](std::span<const std::byte> arguments, std::span<std::byte> room) {
                return ((*session).*work)(arguments, room);
            });
        }).detach();
    }

    Hosted& hosted_;
    const jf_audio_stage_methods& methods_;
    void* self_;
    int sessions_ = 0; // [control]
};

} // namespace

std::unique_ptr<Role> hosted_audio_stage(Hosted& hosted, const Instance& instance)
{
    return std::make_unique<HostedAudioStage>(hosted, instance);
}

} // namespace jackfield::isolated
