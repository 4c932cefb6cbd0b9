// jackfield.audio_stage/1: works on our sound, and hears what is played.
//
// Threads: the test's and one that plays. Lifetime: a session is released before its instance goes.
#include "lists.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/audio_stage.h>

#include <atomic>
#include <cmath>
#include <thread>

namespace jackfield::conformance {

namespace audio_stages {
namespace {

constexpr const char* kUsual = R"({"sample_rate_hz": 48000, "channels": 1})";

/// Sound in some form; its times go on.
class Sound {
public:
    Sound(std::uint32_t rate_hz, std::uint32_t channels) : rate_hz_(rate_hz), channels_(channels) {}

    jf_frame next(std::uint32_t count)
    {
        samples_.resize(std::size_t{count} * channels_);
        for (std::size_t i = 0; i < samples_.size(); ++i)
            samples_[i] = 0.3F * static_cast<float>(std::sin(0.06 * static_cast<double>(at_ + i / channels_)));
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = 7'000'000'000 + static_cast<std::int64_t>(at_) * 1'000'000'000 / rate_hz_;
        frame.samples = samples_.data();
        frame.sample_rate_hz = rate_hz_;
        frame.channels = channels_;
        frame.samples_per_channel = count;
        at_ += count;
        return frame;
    }

private:
    std::uint32_t rate_hz_;
    std::uint32_t channels_;
    std::uint64_t at_ = 0;
    std::vector<float> samples_;
};

class Stage {
public:
    explicit Stage(Life& life) : life_(life) {}
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
    }

    Status open(const std::string& form, jf_error* error)
    {
        return life_.methods<jf_audio_stage_methods>().open(life_.self(), to_text(form), &session_, error);
    }
    void open_usual()
    {
        jf_error error = no_error();
        check(open(kUsual, &error), error);
    }
    Status process(const jf_frame& frame, std::vector<float>& samples) const
    {
        return session_.methods->process(session_.self, &frame, samples.data());
    }
    void played(const jf_frame& frame) const { session_.methods->played(session_.self, &frame); }

private:
    Life& life_;
    jf_audio_stage_session session_{};
};

std::vector<float> copy_of(const jf_frame& frame)
{
    return {frame.samples, frame.samples + std::size_t{frame.samples_per_channel} * frame.channels};
}

void opens_for_each_call(Bench& bench)
{
    Life& life = bench.make(JF_AUDIO_STAGE_INTERFACE);
    Stage one(life);
    Stage two(life);
    one.open_usual();
    two.open_usual();
    for (const char* form : {"[]", "no JSON", R"({"sample_rate_hz": 0, "channels": 1})"}) {
        Stage none(life);
        jf_error error = no_error();
        require(none.open(form, &error) != JF_OK, std::string("open takes a form that is none: ") + form);
        require(error.text[0] != '\0', "open fails without a word");
    }
}

void keeps_the_length(Bench& bench)
{
    constexpr float kBehind = 7;
    Stage stage(bench.make(JF_AUDIO_STAGE_INTERFACE));
    stage.open_usual();
    Sound sound(48'000, 1);
    for (const std::uint32_t count : {960U, 480U, 100U, 960U, 1U, 2880U}) {
        const jf_frame frame = sound.next(count);
        std::vector<float> samples = copy_of(frame);
        samples.push_back(kBehind);
        require_status(stage.process(frame, samples), JF_OK, "process of " + std::to_string(count) + " samples");
        require(samples.back() == kBehind, "process writes behind the end of the samples");
        for (const float sample : samples)
            require(std::isfinite(sample), "process leaves what is no number");
    }
    Sound other(16'000, 1);
    const jf_frame frame = other.next(320);
    std::vector<float> samples = copy_of(frame);
    require_status(stage.process(frame, samples), JF_BAD_INPUT, "process of another form");
    require(samples == copy_of(frame), "samples of another form are changed");
}

void hears_any_form_from_another_thread(Bench& bench)
{
    Stage stage(bench.make(JF_AUDIO_STAGE_INTERFACE));
    stage.open_usual();
    std::thread player([&] {
        for (const auto& [rate_hz, channels] : {std::pair{48'000U, 2U}, {8'000U, 1U}, {44'100U, 1U}, {16'000U, 2U}}) {
            Sound sound(rate_hz, channels);
            for (int i = 0; i < 50; ++i)
                stage.played(sound.next(rate_hz / 50));
        }
    });
    Sound sound(48'000, 1);
    int taken = 0;
    for (int i = 0; i < 100; ++i) {
        const jf_frame frame = sound.next(960);
        std::vector<float> samples = copy_of(frame);
        taken += stage.process(frame, samples) == JF_OK ? 1 : 0;
    }
    player.join();
    const jf_frame frame = sound.next(960);
    std::vector<float> samples = copy_of(frame);
    taken += stage.process(frame, samples) == JF_OK ? 1 : 0;
    require(taken == 101, "of 101 frames " + std::to_string(taken) + " were worked on while something was played");
}

/// Several calls at once, with frames of any length and form.
class StageScene final : public Scene {
public:
    StageScene(Bench& bench, Chance& chance) : life_(bench.make(JF_AUDIO_STAGE_INTERFACE))
    {
        const auto any = [this, &chance](const std::function<void(Stage&)>& action) {
            if (!stages_.empty())
                action(*stages_[upto(chance, stages_.size() - 1)]);
        };
        moves = {{"open of a stage",
                  [this] {
                      if (stages_.size() < 3)
                          stages_.emplace_back(std::make_unique<Stage>(life_))->open_usual();
                  }},
                 {"process",
                  [any, &chance] {
                      any([&](Stage& stage) {
                          Sound sound(upto(chance, 5) == 0 ? 16'000 : 48'000, 1);
                          const jf_frame frame = sound.next(static_cast<std::uint32_t>(1 + upto(chance, 2000)));
                          std::vector<float> samples = copy_of(frame);
                          stage.process(frame, samples);
                      });
                  }},
                 {"played",
                  [any, &chance] {
                      any([&](Stage& stage) {
                          Sound sound(upto(chance, 1) == 0 ? 44'100 : 8'000, upto(chance, 1) == 0 ? 1 : 2);
                          stage.played(sound.next(static_cast<std::uint32_t>(1 + upto(chance, 2000))));
                      });
                  }},
                 {"release of a stage", [this, &chance] {
                      if (!stages_.empty())
                          stages_.erase(stages_.begin() + static_cast<long>(upto(chance, stages_.size() - 1)));
                  }}};
    }

private:
    Life& life_;
    std::vector<std::unique_ptr<Stage>> stages_;
};

} // namespace
} // namespace audio_stages

void add_audio_stage_tests(TestList& list)
{
    using namespace audio_stages;
    const std::string id = JF_AUDIO_STAGE_INTERFACE;
    list.push_back({"JF-STG-01", id, "A stage opens for each call, and for no form that is none", opens_for_each_call});
    list.push_back({"JF-STG-02", id, "A stage leaves as many samples as it was given", keeps_the_length});
    list.push_back({"JF-STG-03", id, "A stage hears what is played, in any form, from another thread",
                    hears_any_form_from_another_thread});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<StageScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
