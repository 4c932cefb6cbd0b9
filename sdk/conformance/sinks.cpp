// jackfield.media_sink/1: takes what it is given, from one thread for each kind.
//
// Threads: the test's and one that writes. Lifetime: a session is released before its instance goes.
#include "lists.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/media_sink.h>
#include <jackfield/testing/discovery_record.hpp>

#include <thread>

namespace jackfield::conformance {

namespace sinks {
namespace {

using testing::DoneRecord;

constexpr std::int64_t kBegin = 7'000'000'000;

class Sink {
public:
    explicit Sink(Bench& bench) : bench_(bench), life_(bench.make(JF_MEDIA_SINK_INTERFACE)) {}
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() { release(); }

    Status open(const std::string& name, jf_error* error,
                std::string_view options = R"({"audio": true, "video": true})")
    {
        return methods().open(life_.self(), to_text(name), to_text(options), &session_, error);
    }
    void open_usual()
    {
        jf_error error = no_error();
        check(open(usual_name(), &error), error);
    }
    std::string usual_name() const { return bench_.surroundings("sink", "null"); }
    bool accepts(const std::string& name) const { return methods().accepts(life_.self(), to_text(name)) != 0; }
    bool keeps_own() const { return JF_HAS(session_.methods, write_own); }
    Status write(const jf_frame& frame, bool own = false) const
    {
        return (own ? session_.methods->write_own : session_.methods->write)(session_.self, &frame);
    }
    void finish(DoneRecord& end) { session_.methods->finish(session_.self, end.done()); }
    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    Life& life() { return life_; }

    /// How many frames were taken; those that could not be taken at once are given again.
    int write_sound(int count, bool own = false) const
    {
        const std::vector<float> samples(960, 0.25F);
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = samples.data();
        frame.sample_rate_hz = 48'000;
        frame.channels = 1;
        frame.samples_per_channel = 960;
        return write_all(frame, count, 20'000'000, own);
    }
    int write_pictures(int count, bool own = false) const
    {
        const std::vector<std::uint8_t> plane(64 * 48, 100);
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.width_px = 64;
        frame.height_px = 48;
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = plane.data();
            frame.strides_bytes[i] = i == 0 ? 64 : 32;
        }
        return write_all(frame, count, 40'000'000, own);
    }

private:
    const jf_media_sink_methods& methods() const { return life_.methods<jf_media_sink_methods>(); }
    int write_all(jf_frame frame, int count, std::int64_t step_ns, bool own) const
    {
        int taken = 0;
        for (int i = 0; i < count; ++i) {
            frame.time_ns = kBegin + i * step_ns;
            Status status = write(frame, own);
            while (status == JF_WOULD_BLOCK) {
                std::this_thread::yield();
                status = write(frame, own);
            }
            taken += status == JF_OK ? 1 : 0;
        }
        return taken;
    }

    Bench& bench_;
    Life& life_;
    jf_sink_session session_{};
};

void opens_what_it_accepts(Bench& bench)
{
    Sink sink(bench);
    const std::string missing = bench.surroundings("missing_sink", "/no/such/folder/call.mkv");
    jf_error error = no_error();
    require(sink.open(missing, &error) != JF_OK, "a sink opens that cannot be: " + missing);
    require(error.text[0] != '\0', "open fails without a word");
    require(sink.accepts(sink.usual_name()), "the sink does not accept \"" + sink.usual_name() + "\"");
    sink.open_usual();
}

void takes_both_kinds(Bench& bench)
{
    Sink sink(bench);
    sink.open_usual();
    std::atomic<int> sound{0};
    std::thread other([&] { sound = sink.write_sound(50); });
    const int pictures = sink.write_pictures(25);
    other.join();
    require(sound == 50 && pictures == 25, "of 50 frames of sound " + std::to_string(sound) +
                                               " were taken, of 25 pictures " + std::to_string(pictures));
    DoneRecord end;
    sink.finish(end);
    require(bench.until([&] { return end.calls > 0; }), "finish does not end");
    require(end.status == JF_OK, "finish gives " + status_name(end.status) + ": " + end.text);
}

void refuses_nonsense(Bench& bench)
{
    Sink sink(bench);
    sink.open_usual();
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = 3;
    require_status(sink.write(frame), JF_BAD_INPUT, "write of what is neither sound nor picture");
    require(sink.write_sound(1) == 1, "after nonsense a good frame is refused");
}

void keeps_both_sides_or_says_that_it_cannot(Bench& bench)
{
    Sink sink(bench);
    jf_error error = no_error();
    const Status opened =
        sink.open(sink.usual_name(), &error, R"({"audio": true, "video": true, "own_audio": true, "own_video": true})");
    if (opened == JF_UNSUPPORTED)
        return require(error.text[0] != '\0', "open refuses both sides without a word");
    check(opened, error);
    require(sink.keeps_own(), "open takes own_audio and own_video, and there is no write_own");
    std::atomic<int> sound{0};
    std::atomic<int> own_sound{0};
    std::atomic<int> own_pictures{0};
    std::vector<std::thread> others;
    others.emplace_back([&] { sound = sink.write_sound(50); });
    others.emplace_back([&] { own_sound = sink.write_sound(50, true); });
    others.emplace_back([&] { own_pictures = sink.write_pictures(25, true); });
    const int pictures = sink.write_pictures(25);
    for (auto& other : others)
        other.join();
    require(sound == 50 && own_sound == 50, "of 50 frames of sound of each side " + std::to_string(sound) + " and " +
                                                std::to_string(own_sound) + " of ours were taken");
    require(pictures == 25 && own_pictures == 25, "of 25 pictures of each side " + std::to_string(pictures) + " and " +
                                                      std::to_string(own_pictures) + " of ours were taken");
    jf_frame nonsense{};
    nonsense.struct_size = sizeof(nonsense);
    nonsense.kind = 3;
    require_status(sink.write(nonsense, true), JF_BAD_INPUT, "write_own of what is neither sound nor picture");
    DoneRecord end;
    sink.finish(end);
    require(bench.until([&] { return end.calls > 0; }), "finish does not end");
    require(end.status == JF_OK, "finish gives " + status_name(end.status) + ": " + end.text);
}

void finish_is_posted(Bench& bench)
{
    Sink sink(bench);
    sink.open_usual();
    DoneRecord end;
    sink.finish(end);
    require(end.calls == 0, "finish ended inside its own call");
    require(bench.until([&] { return end.calls > 0; }), "finish does not end");
}

void finish_ends_once(Bench& bench)
{
    Sink sink(bench);
    sink.open_usual();
    sink.write_sound(3);
    DoneRecord end;
    sink.finish(end);
    require(bench.until([&] { return end.calls > 0; }), "finish does not end");
    sink.release();
    bench.until([] { return false; }, std::chrono::milliseconds(20));
    require(end.calls == 1, "finish ended twice");
}

void destroy_is_silent(Bench& bench)
{
    Sink sink(bench);
    sink.open_usual();
    sink.write_sound(3);
    DoneRecord end;
    sink.finish(end);
    sink.life().host().close_gate();
    sink.release();
    sink.life().destroy();
    require(end.calls == 0, "the end of finish came although the gate was closed");
}

/// Is opened, written to, finished or not, and left.
class SinkScene final : public Scene {
public:
    SinkScene(Bench& bench, Chance& chance) : bench_(bench)
    {
        moves = {{"open of a sink",
                  [this, &bench] {
                      if (sink_ || ++opened_ > 6)
                          return;
                      sink_ = std::make_unique<Sink>(bench);
                      finishing_ = true; // nothing is written unless it opens
                      sink_->open_usual();
                      finishing_ = false;
                  }},
                 {"write of sound",
                  [this] {
                      if (sink_ && !finishing_)
                          sink_->write_sound(1);
                  }},
                 {"write of a picture",
                  [this] {
                      if (sink_ && !finishing_)
                          sink_->write_pictures(1);
                  }},
                 {"finish",
                  [this, &chance] {
                      if (sink_ && upto(chance, 2) == 0 && !std::exchange(finishing_, true))
                          sink_->finish(ends_.emplace_back());
                  }},
                 {"release of a sink", [this, &chance] {
                      if (upto(chance, 3) == 0)
                          sink_.reset();
                  }}};
    }

    ~SinkScene() override
    {
        sink_.reset();
        bench_.run_pending(); // a finish that was under way ends
    }

private:
    Bench& bench_;
    std::deque<DoneRecord> ends_;
    std::unique_ptr<Sink> sink_;
    bool finishing_ = false;
    int opened_ = 0;
};

} // namespace
} // namespace sinks

void add_sink_tests(TestList& list)
{
    using namespace sinks;
    const std::string id = JF_MEDIA_SINK_INTERFACE;
    list.push_back({"JF-SNK-01", id, "A sink opens what it accepts", opens_what_it_accepts});
    list.push_back(
        {"JF-SNK-02", id, "A sink takes sound and pictures from two threads and finishes", takes_both_kinds});
    list.push_back({"JF-SNK-03", id, "A sink refuses what is neither sound nor picture", refuses_nonsense});
    list.push_back(
        {"JF-SNK-04", id, "A sink keeps both sides, or says that it cannot", keeps_both_sides_or_says_that_it_cannot});
    list.push_back({"JF-GEN-06", id, "The end of finish is posted", finish_is_posted});
    list.push_back({"JF-GEN-07", id, "finish ends once", finish_ends_once});
    list.push_back({"JF-GEN-08", id, "A sink that is destroyed while it finishes says nothing", destroy_is_silent});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<SinkScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
