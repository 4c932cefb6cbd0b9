// A codec, on its own side of the wall: each encoder and decoder has a thread, which opens it and then works for it.
//
// Threads:  opened and used on the session's thread, released on control.
#include "hosted.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/run_on_control.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/media_session.hpp"
#include "kernel/isolate/media_words.hpp"

#include <jackfield/abi/codec.h>

#include <atomic>
#include <thread>

namespace jackfield::isolated {

namespace {

using isolate::Packer;
using isolate::Unpacker;
using kernel::ErrorSlot;

/// Room for the status and the number of what follows, which are known last.
class Results {
public:
    explicit Results(std::span<std::byte> room) : packer_(room), head_(room)
    {
        packer_.put(std::int32_t{0}).put(std::uint32_t{0});
    }

    Packer& next()
    {
        ++count_;
        return packer_;
    }

    std::size_t finish(jf_status status)
    {
        Packer head(head_);
        head.put(packer_.fits() ? status : JF_EXHAUSTED).put(packer_.fits() ? count_ : 0);
        return packer_.size();
    }

private:
    Packer packer_;
    std::span<std::byte> head_;
    std::uint32_t count_ = 0;
};

class HostedCodec final : public Role {
public:
    HostedCodec(Hosted& hosted, const Instance& instance)
        : hosted_(hosted), methods_(*instance.methods<jf_codec_methods>()), self_(instance.self())
    {}

    std::string about() override
    {
        std::string json;
        ErrorSlot error;
        kernel::require(methods_.capabilities(self_, kernel::append_to(json), &error), error, "capabilities");
        return json;
    }

    void heard(isolate::Message) override {} // a session ends when its memory is abandoned

    bool at_once(isolate::Message& message) override
    {
        if (message.word != isolate::Word::kOpen)
            return false;
        ++sessions_;
        std::thread([this, question = std::make_shared<isolate::Message>(std::move(message))] {
            open(*question);
        }).detach();
        return true;
    }

    bool idle() override { return sessions_ == 0; }

private:
    void open(isolate::Message& question)
    {
        try {
            isolate::SharedMemory memory(std::move(question.memory), isolate::kLaneBytes);
            isolate::SharedCall call(memory.bytes());
            Unpacker unpacker(question.body);
            if (unpacker.take<std::uint8_t>() == isolate::kEncoderSession)
                encode(question, call, unpacker.take_text());
            else
                decode(question, call, unpacker.take_text());
        } catch (const Failure& failure) {
            hosted_.talk().answer(question, failure.status(), isolate::bytes_of(failure.what()));
        }
        --sessions_;
    }

    void encode(const isolate::Message& question, isolate::SharedCall& call, std::string_view config_json)
    {
        Results* results = nullptr;
        const jf_payload_sink sink{&results, [](void* self, const jf_payload* payload) {
                                       put_payload((*static_cast<Results**>(self))->next(), *payload);
                                   }};
        jf_encoder encoder{};
        ErrorSlot error;
        const jf_status status = methods_.open_encoder(self_, kernel::abi_text(config_json), sink, &encoder, &error);
        if (status != JF_OK)
            throw Failure(error.error(status));
        hosted_.talk().answer(question, JF_OK, {});
        isolate::EncoderWishes known;
        call.serve([&](std::span<const std::byte> arguments, std::span<std::byte> room) {
            Results all(room);
            results = &all;
            Unpacker unpacker(arguments);
            follow(encoder, known, isolate::take_wishes(unpacker));
            const auto frame = isolate::take_frame(unpacker);
            return all.finish(frame ? encoder.methods->encode(encoder.self, &*frame) : JF_BAD_INPUT);
        });
        run_on_control(hosted_.control(), [&] { encoder.methods->release(encoder.self); });
    }

    static void follow(const jf_encoder& encoder, isolate::EncoderWishes& known, const isolate::EncoderWishes& wishes)
    {
        if (wishes.bitrate_bps != known.bitrate_bps)
            encoder.methods->set_bitrate(encoder.self, wishes.bitrate_bps);
        if (wishes.key_frames != known.key_frames)
            encoder.methods->request_key_frame(encoder.self);
        if (wishes.loss_percent != known.loss_percent && JF_HAS(encoder.methods, set_loss))
            encoder.methods->set_loss(encoder.self, wishes.loss_percent);
        known = wishes;
    }

    void decode(const isolate::Message& question, isolate::SharedCall& call, std::string_view config_json)
    {
        Results* results = nullptr;
        const jf_frame_sink sink{&results, [](void* self, const jf_frame* frame) {
                                     put_frame((*static_cast<Results**>(self))->next(), *frame);
                                 }};
        jf_decoder decoder{};
        ErrorSlot error;
        const jf_status status = methods_.open_decoder(self_, kernel::abi_text(config_json), sink, &decoder, &error);
        if (status != JF_OK)
            throw Failure(error.error(status));
        hosted_.talk().answer(question, JF_OK, {});
        call.serve([&](std::span<const std::byte> arguments, std::span<std::byte> room) {
            Results all(room);
            results = &all;
            Unpacker unpacker(arguments);
            const jf_payload payload = isolate::take_payload(unpacker);
            return all.finish(unpacker.sound() ? decoder.methods->decode(decoder.self, &payload) : JF_BAD_INPUT);
        });
        run_on_control(hosted_.control(), [&] { decoder.methods->release(decoder.self); });
    }

    Hosted& hosted_;
    const jf_codec_methods& methods_;
    void* self_;
    std::atomic<int> sessions_{0};
};

} // namespace

std::unique_ptr<Role> hosted_codec(Hosted& hosted, const Instance& instance)
{
    return std::make_unique<HostedCodec>(hosted, instance);
}

} // namespace jackfield::isolated
