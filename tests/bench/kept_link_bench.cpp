// What a link that is open is worth: how long a text takes from send_text to text_delivered, and how fast a file is,
// next to a bare TLS 1.3 stream of the same cipher between two threads. Two nodes of the default stack in one process,
// on loopback, a DHT node in another. Prints what it saw; asserts nothing.
//
//   kept_link_bench [RUNS]               of each file, 5 unless told
//   kept_link_bench --delay MS [RUNS [WAY]]    files alone, over each way that channels go, or those named like WAY,
//   with
//                                              such a delay each way
//
// links: scenario_world jackfield_kernel OpenSSL::SSL
// plugins: jackfield identity-x509 discovery-opendht ice-libnice secure-openssl reliable-usrsctp
// plugins: mux-yamux signaling-sip media-srtp codec-ffmpeg media-ffmpeg mux-msgpack quic-ngtcp2 path-impair

#include "kernel/node/node.hpp"
#include "tests/bench/bare_tls.hpp"
#include "tests/scenarios/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <random>

namespace {

using namespace jackfield::kernel;
using scenarios::Json;
using scenarios::World;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t kFileBytes = std::size_t{200} << 20;
constexpr std::size_t kDelayedFileBytes = std::size_t{64} << 20;
constexpr double kMiB = 1 << 20;
constexpr int kTexts = 500;

double seconds_between(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

/// min, median, max, as a row of FIGURES.md.
double print_row(const std::string& what, const char* unit, std::vector<double> values)
{
    if (values.empty()) {
        fmt::print("| {} | {} | failed | | |\n", what, unit);
        return 0;
    }
    std::ranges::sort(values);
    const double median = values[values.size() / 2];
    fmt::print("| {} | {} | {:.4g} | {:.4g} | {:.4g} |\n", what, unit, values.front(), median, values.back());
    return median;
}

/// Notes when things happened.
class Ear final : public NodeListener, public FileListener, public std::enable_shared_from_this<Ear> {
public:
    void text_delivered(const std::string&, const std::string&) override
    {
        note([&] { ++delivered_; });
    }
    std::shared_ptr<FileListener> incoming_file(const std::shared_ptr<FileTransfer>&) override
    {
        return std::make_shared<FileListener>();
    }
    void progress(FileTransfer&) override
    {
        note([&] {
            if (!agreed_)
                agreed_ = Clock::now();
        });
    }
    void ended(FileTransfer&, const FileEnd& end) override
    {
        note([&] { end_ = end; });
    }

    /// When so many texts have arrived; nothing if they do not.
    std::optional<Clock::time_point> delivered(int count)
    {
        return wait([&] { return delivered_ >= count; });
    }
    /// When the file has arrived, or nothing.
    std::optional<Clock::time_point> arrived()
    {
        const auto at = wait([&] { return end_.has_value(); });
        if (end_ && end_->error.status != JF_OK)
            fmt::print("a file failed: {}\n", end_->error.text);
        return end_ && end_->error.status == JF_OK ? at : std::nullopt;
    }
    Clock::time_point agreed() const { return agreed_.value_or(Clock::time_point()); }
    void forget_file()
    {
        agreed_.reset();
        end_.reset();
    }

private:
    void note(const std::function<void()>& what)
    {
        const std::lock_guard lock(mutex_);
        what();
        changed_ = Clock::now();
        more_.notify_all();
    }
    std::optional<Clock::time_point> wait(const std::function<bool()>& done)
    {
        std::unique_lock lock(mutex_);
        return more_.wait_for(lock, std::chrono::seconds(30), done) ? std::optional(changed_) : std::nullopt;
    }

    std::mutex mutex_;
    std::condition_variable more_;
    Clock::time_point changed_;
    int delivered_ = 0;
    std::optional<Clock::time_point> agreed_;
    std::optional<FileEnd> end_;
};

/// What the nodes are made of.
struct Stack {
    std::string name = "mux-yamux over TCP";
    std::string multiplexer = "mux-yamux"; // none: the secure channel is one
    std::string secure = "secure-openssl";
    std::string policy = "tcp-preferred";
    int delay_ms = 0; // of what either end sends
};

/// Alice and bob in this process, with everything of theirs below that folder.
class Pair {
public:
    explicit Pair(const fs::path& folder, const Stack& stack = {}) : folder_(folder)
    {
        Json slots = Json::object();
        if (!stack.multiplexer.empty())
            slots["multiplexer"] = {{"use", stack.multiplexer}};
        if (stack.delay_ms > 0)
            slots["path_decorator"] = {{{"use", "path-impair"},
                                        {"at", {"control"}},
                                        {"config", {{"delay_ms", stack.delay_ms}, {"queue_packets", 100'000}}}}};
        for (const std::string name : {"alice", "bob"}) {
            world_.configure(name,
                             {.secure = stack.secure, .call = {{"control_policy", stack.policy}}, .slots = slots});
            if (stack.multiplexer.empty())
                world_.change(name, [](Json& config) { config["slots"].erase("reliable_stream"); });
            world_.change(name, [&](Json& config) {
                config["texts"] = {{"file", (folder_ / (name + ".sqlite")).string()}, {"burst", 100'000}};
                config["files"] = {{"folder", in().string()}, {"from", "anyone"}};
            });
            world_.account(name);
        }
        bob_ = world_.account("bob");
        bob_node_ = start("bob", std::make_shared<Ear>());
        alice_ = start("alice", ear_);
        alice_->send_text(bob_, "opens the link");
        ear_->delivered(++texts_);
    }

    fs::path in() const { return folder_ / "in"; }

    void measure_texts(const std::string& store)
    {
        std::vector<double> kept;
        std::vector<double> delivered;
        for (int i = 0; i < kTexts; ++i) {
            const auto began = Clock::now();
            if (!alice_->send_text(bob_, "a text of the length that people write, more or less"))
                break;
            kept.push_back(1e3 * seconds_between(began, Clock::now()));
            if (const auto at = ear_->delivered(++texts_))
                delivered.push_back(1e3 * seconds_between(began, *at));
        }
        print_row("a text, from send_text to text_delivered, stores " + store, "ms", delivered);
        print_row("of it send_text itself, until it is on the disk", "ms", kept);
    }

    /// In turns with the bare stream, so that both have the same machine.
    void measure_files(int runs)
    {
        std::vector<double> whole;
        std::vector<double> agreed;
        std::vector<double> bare;
        std::string cipher;
        for (int run = 0; run < runs; ++run) {
            const auto file = make_file(run);
            ear_->forget_file();
            const auto began = Clock::now();
            alice_->send_file(bob_, file, ear_);
            if (const auto at = ear_->arrived()) {
                whole.push_back(kFileBytes / kMiB / seconds_between(began, *at));
                agreed.push_back(kFileBytes / kMiB / seconds_between(ear_->agreed(), *at));
            }
            fs::remove_all(in());
            bare.push_back(kFileBytes / kMiB / jackfield::bench::bare_tls_seconds(kFileBytes, cipher));
        }
        const double file = print_row("a file of 200 MiB, from send_file to ended", "MiB/s", whole);
        print_row("the same, once it is agreed where it begins", "MiB/s", agreed);
        const double stream = print_row("a bare TLS 1.3 stream of as much, " + cipher, "MiB/s", bare);
        print_row("a file to the bare stream, medians", "ratio", {file / stream});
    }

    /// One after the other over the same link, so that the first shows how it begins.
    void measure_delayed_files(const std::string& name, int runs)
    {
        std::vector<double> agreed;
        std::vector<double> texts;
        for (int run = 0; run < runs; ++run) {
            const auto began = Clock::now();
            if (!alice_->send_text(bob_, "how long to there and back"))
                break;
            if (const auto at = ear_->delivered(++texts_))
                texts.push_back(1e3 * seconds_between(began, *at));
            const auto file = make_file(run, kDelayedFileBytes);
            ear_->forget_file();
            alice_->send_file(bob_, file, ear_);
            if (const auto at = ear_->arrived())
                agreed.push_back(kDelayedFileBytes / kMiB / seconds_between(ear_->agreed(), *at));
            fs::remove_all(in());
        }
        print_row("a text, there and back, " + name, "ms", texts);
        if (!agreed.empty())
            fmt::print("| {}, the first | MiB/s | | {:.4g} | |\n", name, agreed.front());
        print_row(name, "MiB/s", agreed);
    }

private:
    std::unique_ptr<Node> start(const std::string& name, const std::shared_ptr<Ear>& ear)
    {
        auto node = Node::create(*load_config(world_.folder() / (name + ".json")), ear);
        if (!node || !(*node)->start())
            throw std::runtime_error(name + " does not start");
        return std::move(*node);
    }

    /// Another one each time, of bytes that nothing can guess.
    fs::path make_file(int run, std::size_t size = kFileBytes) const
    {
        std::mt19937_64 random(static_cast<std::uint64_t>(run));
        std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
        std::ranges::generate(words, random);
        const auto file = folder_ / "out.bin";
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(size));
        return file;
    }

    World world_;
    fs::path folder_;
    std::string bob_;
    std::shared_ptr<Ear> ear_ = std::make_shared<Ear>();
    std::unique_ptr<Node> bob_node_;
    std::unique_ptr<Node> alice_;
    int texts_ = 0;
};

/// A folder of this process, gone afterwards.
class Folder {
public:
    explicit Folder(const fs::path& parent) : path_(parent / fmt::format("kept-link-bench-{}", getpid()))
    {
        fs::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

/// Files of 64 MiB over every way that channels go.
void measure_with_delay(int delay_ms, int runs, const std::string& way)
{
    fmt::print("A file of 64 MiB, once it is agreed where it begins; {} ms each way\n\n", delay_ms);
    fmt::print("| what | unit | min | median | max |\n| --- | --- | --- | --- | --- |\n");
    const fs::path memory = "/dev/shm";
    for (const Stack& stack :
         {Stack{.delay_ms = delay_ms},
          Stack{"mux-yamux over SCTP", "mux-yamux", "secure-openssl", "udp-only", delay_ms},
          Stack{"mux-msgpack over TCP", "mux-msgpack", "secure-openssl", "tcp-preferred", delay_ms},
          Stack{"quic-ngtcp2", "", "quic-ngtcp2", "udp-only", delay_ms}}) {
        if (stack.name.find(way) == std::string::npos)
            continue;
        const Folder folder(fs::is_directory(memory) ? memory : fs::temp_directory_path());
        Pair(folder.path(), stack).measure_delayed_files(stack.name, runs);
    }
}

} // namespace

int main(int argc, char** argv)
{
    if (argc > 2 && argv[1] == std::string("--delay")) {
        measure_with_delay(std::stoi(argv[2]), argc > 3 ? std::stoi(argv[3]) : 3, argc > 4 ? argv[4] : "");
        return 0;
    }
    const int runs = argc > 1 ? std::stoi(argv[1]) : 5;
    fmt::print("| what | unit | min | median | max |\n| --- | --- | --- | --- | --- |\n");
    const Folder on_disk(fs::temp_directory_path());
    Pair pair(on_disk.path());
    pair.measure_texts("on the disk");
    pair.measure_files(runs);
    if (const fs::path memory = "/dev/shm"; fs::is_directory(memory)) {
        const Folder in_memory(memory);
        Pair(in_memory.path()).measure_texts("in memory");
    }
}
