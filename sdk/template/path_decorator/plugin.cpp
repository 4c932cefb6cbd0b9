// @ID@: a path decorator. It hands every packet through and counts them.
//
// A path is a pipe to the peer: a stream of bytes, or datagrams. The kernel gives us the path below and gets one from
// us; whoever stands above cannot tell that we are there.
//
// Threads:  send comes on any thread, received on that of the path below, everything else on the control thread.
// Lifetime: the kernel destroys each path before the instance, and calls nothing of either after that.
#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>

namespace {

using nlohmann::json;

/// What goes by in one direction. Atomic, for two threads meet here and a lock on this way would hold up a call.
struct Counter {
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::uint64_t> bytes{0};

    void add(std::size_t size)
    {
        packets.fetch_add(1, std::memory_order_relaxed);
        bytes.fetch_add(size, std::memory_order_relaxed);
    }
    std::string words() const { return std::to_string(packets) + " packets, " + std::to_string(bytes) + " bytes"; }
};

/// The path above. The base hands everything through: override what shall be different, and call it for the rest.
class CountedPath final : public jackfield::DecoratedPath {
public:
    CountedPath(jackfield::Host host, jackfield::Path below, std::string label)
        : DecoratedPath(below), host_(host), label_(std::move(label))
    {}

    ~CountedPath() override { host_.info(label_ + ": sent " + sent_.words() + "; received " + received_.words()); }

    /// The parts are one packet, to be sent whole or not at all: JF_WOULD_BLOCK means that it was not, and that
    /// `writable` will come. They are borrowed until we return. Do not wait here, and do not allocate for media.
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const jackfield::Status status = DecoratedPath::send(parts);
        if (status == JF_OK)
            sent_.add(jackfield::total_size(parts));
        return status;
    }

private:
    /// A packet, or the next bytes of a stream, borrowed until we return.
    void received(const jf_packet& packet) noexcept override
    {
        received_.add(packet.bytes.size);
        DecoratedPath::received(packet);
    }

    jackfield::Host host_;
    std::string label_;
    Counter sent_;
    Counter received_;
};

/// One for each entry in the configuration. It has no state but its options: what belongs to a path belongs into it.
class Decorator final : public jackfield::PathDecorator {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Decorator(jackfield::Host host, std::string_view config_json) : PathDecorator(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json label = config.value("label", json("path"));
        if (!label.is_string() || label.get_ref<const std::string&>().empty())
            throw jackfield::ConfigError("/label: expected some text; \"path\" would work");
        label_ = label.get<std::string>();
    }

    /// `place` says between which layers, with which peer, and for which component.
    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        return std::make_unique<CountedPath>(host_, below, label_ + " (" + place.seam + ")");
    }

private:
    std::string label_;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Decorator)
