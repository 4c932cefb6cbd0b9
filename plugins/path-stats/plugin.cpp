// path-stats: counts what goes through a path and says so when it ends, in the log and, if asked, in a file.
//
// Threads:  sends on any thread, receives on that of the path below; counters are atomic.
// Lifetime: paths are the kernel's sessions and end before the instance.
#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <fstream>

namespace {

using nlohmann::json;

/// One direction of one path.
struct Counter {
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> largest_bytes{0};
    std::atomic<std::int64_t> first_ns{0};
    std::atomic<std::int64_t> last_ns{0};
    std::atomic<std::int64_t> longest_gap_ns{0};

    void count(std::size_t size, std::int64_t now_ns)
    {
        packets.fetch_add(1, std::memory_order_relaxed);
        bytes.fetch_add(size, std::memory_order_relaxed);
        raise(largest_bytes, std::uint64_t{size});
        std::int64_t none = 0;
        first_ns.compare_exchange_strong(none, now_ns, std::memory_order_relaxed);
        const std::int64_t before = last_ns.exchange(now_ns, std::memory_order_relaxed);
        if (before != 0)
            raise(longest_gap_ns, now_ns - before);
    }

    json report() const
    {
        const double seconds = static_cast<double>(last_ns - first_ns) / 1e9;
        return {{"packets", packets.load()},
                {"bytes", bytes.load()},
                {"largest_bytes", largest_bytes.load()},
                {"longest_gap_ms", static_cast<double>(longest_gap_ns.load()) / 1e6},
                {"bits_per_second", seconds > 0 ? static_cast<double>(bytes.load()) * 8 / seconds : 0.0}};
    }

private:
    template <class Number>
    static void raise(std::atomic<Number>& most, Number value)
    {
        Number before = most.load(std::memory_order_relaxed);
        while (before < value && !most.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
        }
    }
};

class CountedPath final : public jackfield::DecoratedPath {
public:
    CountedPath(jackfield::Host host, jackfield::Path below, jackfield::DecoratorPlace place, const std::string& file)
        : DecoratedPath(below), host_(host), place_(std::move(place)), file_(file), made_ns_(host.now_ns())
    {}

    ~CountedPath() override { report(); }

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const jackfield::Status status = DecoratedPath::send(parts);
        if (status == JF_OK)
            sent_.count(jackfield::total_size(parts), host_.now_ns());
        else
            (status == JF_WOULD_BLOCK ? would_block_ : refused_).fetch_add(1, std::memory_order_relaxed);
        return status;
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        received_.count(packet.bytes.size, packet.arrival_ns);
        DecoratedPath::received(packet);
    }

    void report() noexcept
    try {
        const json line{{"seam", place_.seam},
                        {"component", place_.component},
                        {"side", place_.initiator ? "caller" : "callee"},
                        {"peer", place_.peer},
                        {"lived_ms", static_cast<double>(host_.now_ns() - made_ns_) / 1e6},
                        {"sent", sent_.report()},
                        {"received", received_.report()},
                        {"would_block", would_block_.load()},
                        {"refused", refused_.load()}};
        const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace);
        host_.info("path-stats: " + text);
        if (file_.empty())
            return;
        std::ofstream file(file_, std::ios::app);
        file << text + "\n" << std::flush;
        if (!file)
            host_.warning("path-stats: \"" + file_ + "\" cannot be written; a file in a folder of ours would work");
    } catch (...) {
        host_.warning("path-stats: no memory for the report");
    }

    jackfield::Host host_;
    jackfield::DecoratorPlace place_;
    const std::string& file_;
    std::int64_t made_ns_;
    Counter sent_;
    Counter received_;
    std::atomic<std::uint64_t> would_block_{0};
    std::atomic<std::uint64_t> refused_{0};
};

class Stats final : public jackfield::PathDecorator {
public:
    Stats(jackfield::Host host, std::string_view config_json) : PathDecorator(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected an object");
        file_ = config.value("file", "");
    }

    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        return std::make_unique<CountedPath>(host_, below, place, file_);
    }

private:
    std::string file_;
};

} // namespace

JF_PLUGIN(Stats)
