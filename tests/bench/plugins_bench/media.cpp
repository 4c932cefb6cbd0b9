// Sources: from opening to the first frame, and a frame when they come as fast as they can. Sinks: a frame written, and
// the end.
#include "table.hpp"

#include "tests/plugins/sink_under_test.hpp"
#include "tests/plugins/source_under_test.hpp"

#include <jackfield/testing/test_identity.hpp>

#include <atomic>
#include <latch>

namespace jackfield::bench::media_figures {
namespace {

constexpr const char* kFilm = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4";

/// Opens, starts, and waits for so many pictures; how long that takes.
double pictures_us(source_test::SourcePlugin& plugin, const std::string& name, std::ptrdiff_t count)
{
    std::latch all_there(count);
    std::atomic<std::ptrdiff_t> left{count};
    return microseconds(1, [&] {
        source_test::Source source(plugin, name);
        source.most = 0;
        source.while_hearing = [&](const jf_frame&) {
            if (left-- > 0)
                all_there.count_down();
        };
        source.start_pictures(640, 360);
        all_there.wait();
    });
}

void source(const Table& table, const std::string& id, const std::string& name)
{
    source_test::SourcePlugin plugin(id);
    table.row(id, "open, and the first picture of 640x360", "ms", [&] { return pictures_us(plugin, name, 1) / 1000; });
    table.row(id, "a picture of 640x360, without waiting", "µs", [&] { return pictures_us(plugin, name, 100) / 100; });
}

void sink(const Table& table, const std::string& id, const std::string& name)
{
    sink_test::SinkPlugin plugin(id);
    table.row(id, "a picture of 640x360 and its sound, written to the end", "µs", [&] {
        std::filesystem::remove(name);
        const auto record = [&] {
            sink_test::Sink sink(plugin, name);
            sink_test::Tone tone(440, 48'000, 1);
            for (std::int64_t time_ns = 0; time_ns < 2000 * sink_test::kMs; time_ns += 20 * sink_test::kMs) {
                sink_test::write_pictures(sink, 640, 360, sink_test::kBegin + time_ns, 1);
                sink.write(tone.next(sink_test::kBegin + time_ns));
            }
            sink.finish();
        };
        return microseconds(1, record) / 100;
    });
}

} // namespace

void all(const Table& table)
{
    const testing::TemporaryFolder folder;
    if (Table::has("media-ffmpeg")) {
        source(table, "media-ffmpeg", kFilm);
        sink(table, "media-ffmpeg", folder.path() + "/call.mkv");
    }
    if (Table::has("media-test"))
        source(table, "media-test", "test");
    if (Table::has("media-null"))
        sink(table, "media-null", "null");
}

} // namespace jackfield::bench::media_figures
