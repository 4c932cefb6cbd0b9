// path-trace: writes what goes through a path to a pcapng file, for Wireshark and its like.
//
// Threads:  packets are copied on the threads that send and receive them; one thread of the instance writes.
// Lifetime: paths are the kernel's sessions and end before the instance.
#include "ip_headers.hpp"
#include "trace_file.hpp"

#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace {

using namespace path_trace;
using nlohmann::json;

// Ports by which a program that shows captures knows what is inside.
constexpr std::uint16_t kSipTls = 5061;     // below the secure channel, as a stream and as datagrams
constexpr std::uint16_t kSip = 5060;        // a stream above it
constexpr std::uint16_t kSctp = 9899;       // datagrams above it (RFC 6951)
constexpr std::uint16_t kFirstMedia = 5004; // RTP (RFC 3551 section 8), then by component
constexpr std::string_view kClear[] = {"secured", "signaling"};

std::uint16_t port_of(const jackfield::DecoratorPlace& place, bool stream)
{
    if (place.seam == "media")
        return static_cast<std::uint16_t>(kFirstMedia + place.component - 1);
    if (place.seam == "control")
        return kSipTls;
    return stream ? kSip : kSctp;
}

class TracedPath final : public jackfield::DecoratedPath {
public:
    TracedPath(jackfield::Host host, TraceFile& file, jackfield::Path below, const jackfield::DecoratorPlace& place)
        : DecoratedPath(below),
          host_(host),
          file_(file),
          caller_(place.initiator),
          interface_(file.interface(place.seam + " " + std::to_string(place.component), "with " + place.peer)),
          unix_minus_host_ns_(host.wall_ms() * 1'000'000 - host.now_ns()),
          headers_(below.is_stream(), port_of(place, below.is_stream()))
    {}

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::int64_t now_ns = host_.now_ns();
        const jackfield::Status status = DecoratedPath::send(parts);
        if (status != JF_OK)
            return status;
        std::array<std::uint8_t, JF_STREAM_SEND_MAX> joined;
        std::size_t size = 0;
        for (const auto& part : parts) {
            const std::size_t taken = std::min(part.size, joined.size() - size);
            if (taken > 0) // an empty part may point nowhere
                std::memcpy(joined.data() + size, part.data, taken);
            size += taken;
        }
        trace(now_ns, pcapng::Direction::outbound, {joined.data(), size});
        return status;
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        trace(packet.arrival_ns, pcapng::Direction::inbound, {packet.bytes.data, packet.bytes.size});
        DecoratedPath::received(packet);
    }

    void trace(std::int64_t now_ns, pcapng::Direction direction, std::span<const std::uint8_t> bytes)
    {
        const bool from_caller = (direction == pcapng::Direction::outbound) == caller_;
        const std::lock_guard lock(mutex_);
        do {
            const auto piece = bytes.first(std::min(bytes.size(), IpHeaders::kMaxBody));
            file_.packet(interface_, now_ns + unix_minus_host_ns_, direction, headers_.next(from_caller, piece.size()),
                         piece);
            bytes = bytes.subspan(piece.size());
        } while (!bytes.empty());
    }

    jackfield::Host host_;
    TraceFile& file_;
    bool caller_;
    std::uint32_t interface_;
    std::int64_t unix_minus_host_ns_;
    std::mutex mutex_; // of the headers: both directions count in them
    IpHeaders headers_;
};

class Trace final : public jackfield::PathDecorator {
public:
    Trace(jackfield::Host host, std::string_view config_json) : PathDecorator(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object() || !config.contains("file"))
            throw jackfield::ConfigError("/file: missing; the name of a file that ends in .pcapng would work");
        plaintext_ = config.value("plaintext", false);
        file_.emplace(config["file"].get<std::string>(), config.value("buffer_kib", std::size_t{4096}) * 1024);
    }

    ~Trace() override
    {
        if (file_->left_out() > 0)
            host_.warning("path-trace: " + std::to_string(file_->left_out()) +
                          " packets are not in the file: the disk was too slow, or buffer_kib too small");
        if (file_->error_number() != 0)
            host_.error(std::string("path-trace: the file is not complete: ") + std::strerror(file_->error_number()));
    }

    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        if (!plaintext_ && std::ranges::find(kClear, place.seam) != std::end(kClear))
            throw jackfield::Failure(JF_REFUSED, "at \"" + place.seam +
                                                     "\" calls are in the clear, keys of media included; "
                                                     "\"plaintext\": true would allow writing them to a file");
        return std::make_unique<TracedPath>(host_, *file_, below, place);
    }

private:
    bool plaintext_ = false;
    std::optional<TraceFile> file_;
};

} // namespace

JF_PLUGIN(Trace)
