// jackfield.media_source/1: sound and pictures with their times.
//
// Threads: the test's; frames come on the source's. Lifetime: a session is released before its instance goes.
#include "lists.hpp"
#include "process_watch.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/media_source.h>

#include <mutex>

namespace jackfield::conformance {

namespace sources {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAtOnce = R"({"realtime": false})";

struct Frame {
    std::int64_t time_ns;
    std::uint32_t rate;
    std::uint32_t channels;
    std::uint32_t samples;
    std::uint32_t width;
    std::uint32_t height;
    bool planes;
};

class Source {
public:
    explicit Source(Bench& bench) : bench_(bench), life_(bench.make(JF_MEDIA_SOURCE_INTERFACE)) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { release(); }

    Status open(const std::string& name, jf_error* error, const char* options = kAtOnce)
    {
        return methods().open(life_.self(), to_text(name), to_text(options), {&kListener, this}, &session_, error);
    }
    void open_usual(const char* options = kAtOnce)
    {
        jf_error error = no_error();
        check(open(usual_name(), &error, options), error);
    }
    std::string usual_name() const { return bench_.surroundings("source", "test"); }
    bool accepts(const std::string& name) const { return methods().accepts(life_.self(), to_text(name)) != 0; }
    jf_source_info info() const
    {
        jf_source_info info{};
        info.struct_size = sizeof(info);
        jf_error error = no_error();
        check(session_.methods->describe(session_.self, &info, &error), error);
        return info;
    }
    Status start(const jf_source_format& format)
    {
        jf_error error = no_error();
        return session_.methods->start(session_.self, &format, &error);
    }
    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    std::vector<Frame> frames(std::uint32_t kind) const
    {
        const std::lock_guard lock(mutex_);
        return kind == JF_AUDIO ? sound_ : pictures_;
    }
    std::size_t count() const
    {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    std::vector<std::pair<std::uint32_t, Status>> ends;

private:
    const jf_media_source_methods& methods() const { return life_.methods<jf_media_source_methods>(); }
    void take(const jf_frame& frame)
    {
        const std::lock_guard lock(mutex_);
        ++count_;
        auto& kept = frame.kind == JF_AUDIO ? sound_ : pictures_;
        if (kept.size() < 100)
            kept.push_back({frame.time_ns, frame.sample_rate_hz, frame.channels, frame.samples_per_channel,
                            frame.width_px, frame.height_px,
                            frame.planes[0] != nullptr && frame.planes[1] != nullptr && frame.planes[2] != nullptr &&
                                frame.strides_bytes[0] >= frame.width_px});
        Bell::ring();
    }
    static constexpr jf_source_listener_methods kListener{
        sizeof(jf_source_listener_methods), 0,
        [](void* self, const jf_frame* frame) { static_cast<Source*>(self)->take(*frame); },
        [](void* self, std::uint32_t kind, Status status, const jf_error*) {
            ProcessWatch::heard();
            static_cast<Source*>(self)->ends.emplace_back(kind, status);
        }};

    Bench& bench_;
    Life& life_;
    jf_source_session session_{};
    mutable std::mutex mutex_;
    std::vector<Frame> sound_;
    std::vector<Frame> pictures_;
    std::size_t count_ = 0;
};

constexpr jf_source_format kSound{sizeof(jf_source_format), JF_AUDIO, 16'000, 2, 10, 0, 0, 0};
constexpr jf_source_format kPictures{sizeof(jf_source_format), JF_VIDEO, 0, 0, 0, 160, 120, 0};

void opens_what_it_accepts(Bench& bench)
{
    Source source(bench);
    const std::string missing = bench.surroundings("missing_source", "/no/such/folder/film.mp4");
    jf_error error = no_error();
    require_status(source.open(missing, &error), JF_NOT_FOUND, "open of what is not there");
    require(error.text[0] != '\0', "open fails without a word");
    require(source.accepts(source.usual_name()), "the source does not accept \"" + source.usual_name() + "\"");
    source.open_usual();
    const jf_source_info info = source.info();
    require(info.has_audio + info.has_video > 0, "the source has neither sound nor pictures");
    require(info.has_audio == 0 || (info.sample_rate_hz > 0 && info.channels > 0), "sound without a rate or channels");
    require(info.has_video == 0 || (info.width_px > 0 && info.height_px > 0), "pictures without a size");
}

void delivers_the_asked_form(Bench& bench)
{
    Source source(bench);
    source.open_usual();
    const jf_source_info info = source.info();
    if (info.has_audio != 0) {
        require_status(source.start(kSound), JF_OK, "start of sound");
        require_status(source.start(kSound), JF_BUSY, "the second start of sound");
        require(bench.until([&] { return source.frames(JF_AUDIO).size() >= 20; }), "no sound comes");
        const auto frames = source.frames(JF_AUDIO);
        for (std::size_t i = 0; i < 20; ++i) {
            require(frames[i].rate == 16'000 && frames[i].channels == 2 && frames[i].samples == 160,
                    "sound of another rate, channels or length than was asked for");
            require(std::abs(frames[i].time_ns - frames[0].time_ns - static_cast<std::int64_t>(i) * 10'000'000) <=
                        100'000,
                    "times of sound do not follow its samples");
        }
    }
    if (info.has_video != 0) {
        require_status(source.start(kPictures), JF_OK, "start of pictures");
        require(bench.until([&] { return source.frames(JF_VIDEO).size() >= 3; }), "no picture comes");
        const auto frames = source.frames(JF_VIDEO);
        for (std::size_t i = 0; i < 3; ++i) {
            require(frames[i].width <= 160 && frames[i].height <= 120 && frames[i].width > 0 && frames[i].planes,
                    "a picture is larger than was asked for, or lacks a plane");
            require(i == 0 || frames[i].time_ns > frames[i - 1].time_ns, "times of pictures do not rise");
        }
    }
}

void is_silent_once_released(Bench& bench)
{
    for (const char* options : {kAtOnce, "{}"}) {
        Source source(bench);
        source.open_usual(options);
        const jf_source_info info = source.info();
        require_status(source.start(info.has_audio != 0 ? kSound : kPictures), JF_OK, "start");
        require(bench.until([&] { return source.count() > 0; }), "no frame comes");
        source.release();
        const std::size_t before = source.count();
        bench.until([] { return false; }, 60ms);
        require(source.count() == before, "a frame came after release");
        require(source.ends.empty() || options == kAtOnce, "ended came although it was released");
    }
}

void ends_once(Bench& bench)
{
    const std::string finite = bench.surroundings("finite_source", "");
    skip_if(finite.empty(), "the environment names no source that has an end (\"finite_source\")");
    Source source(bench);
    jf_error error = no_error();
    check(source.open(finite, &error), error);
    const std::uint32_t kind = source.info().has_audio != 0 ? JF_AUDIO : JF_VIDEO;
    require_status(source.start(kind == JF_AUDIO ? kSound : kPictures), JF_OK, "start");
    require(bench.until([&] { return !source.ends.empty(); }), "a source that has an end does not tell it");
    require(source.ends[0].first == kind && source.ends[0].second == JF_OK,
            "the end is of another kind, or no good one");
    const std::size_t before = source.count();
    bench.until([] { return false; }, 30ms);
    require(source.ends.size() == 1 && source.count() == before, "ended came twice, or frames behind it");
}

/// Is opened, started, left in the middle, and opened again.
class SourceScene final : public Scene {
public:
    SourceScene(Bench& bench, Chance& chance)
    {
        const auto with = [this](const std::function<void(Source&)>& action) {
            if (source_)
                action(*source_);
        };
        moves = {{"open of a source",
                  [this, &bench, &chance] {
                      if (source_ || ++opened_ > 6)
                          return;
                      source_ = std::make_unique<Source>(bench);
                      open_ = false;
                      source_->open_usual(upto(chance, 1) == 0 ? kAtOnce : "{}");
                      open_ = true;
                  }},
                 {"describe",
                  [this, with] { with([this](Source& one) { static_cast<void>(open_ && one.info().has_audio); }); }},
                 {"start of sound",
                  [this, with] { with([this](Source& one) { static_cast<void>(open_ && one.start(kSound)); }); }},
                 {"start of pictures",
                  [this, with] { with([this](Source& one) { static_cast<void>(open_ && one.start(kPictures)); }); }},
                 {"release of a source", [this, &chance] {
                      if (upto(chance, 2) == 0)
                          source_.reset();
                  }}};
    }

private:
    std::unique_ptr<Source> source_;
    bool open_ = false;
    int opened_ = 0;
};

} // namespace
} // namespace sources

void add_source_tests(TestList& list)
{
    using namespace sources;
    const std::string id = JF_MEDIA_SOURCE_INTERFACE;
    list.push_back({"JF-SRC-01", id, "A source opens what it accepts and describes it", opens_what_it_accepts});
    list.push_back({"JF-SRC-02", id, "Frames come in the form that was asked for", delivers_the_asked_form});
    list.push_back({"JF-SRC-03", id, "No frame comes after release", is_silent_once_released});
    list.push_back({"JF-SRC-04", id, "The end of a source is told once", ends_once});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<SourceScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
