// path-fault: breaks a path at a given byte or packet: it ends, stalls, loses or corrupts. What a test needs.
//
// Threads:  sends on any thread, receives on that of the path below; the end of a path is posted to control.
// Lifetime: paths are the kernel's sessions and end before the instance.
#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>

namespace {

using nlohmann::json;

enum class Action { fail, stall, drop, corrupt };

constexpr std::string_view kActions[] = {"fail", "stall", "drop", "corrupt"};

struct Options {
    bool on_send = true;
    Action action = Action::fail;
    std::uint64_t packet = 0; // the number of the packet it happens to, from 1; 0: not by packets
    std::uint64_t byte = 0;   // the packet that holds this byte, from 1
    std::uint64_t count = 1;  // of packets that are dropped or corrupted; 0: all from there on
    std::uint32_t component = 0;
};

Options read_options(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected an object");
    Options options;
    options.on_send = config.value("direction", "send") == "send";
    const auto* const action = std::ranges::find(kActions, config.value("action", "fail"));
    if (action == std::end(kActions))
        throw jackfield::ConfigError("/action: expected fail, stall, drop or corrupt");
    options.action = static_cast<Action>(action - kActions);
    options.packet = config.value("at_packet", options.packet);
    options.byte = config.value("at_byte", options.byte);
    if ((options.packet == 0) == (options.byte == 0))
        throw jackfield::ConfigError(": says neither when, or twice; one of at_packet and at_byte would work");
    options.count = config.value("count", options.count);
    options.component = config.value("component", options.component);
    return options;
}

/// Counts, and says which packets it happens to.
class Trigger {
public:
    explicit Trigger(const Options& options) : options_(options) {}

    bool hits(std::size_t bytes)
    {
        const std::uint64_t number = packets_.fetch_add(1) + 1;
        const std::uint64_t up_to = bytes_.fetch_add(bytes) + bytes;
        if (options_.packet != 0 ? number < options_.packet : up_to < options_.byte)
            return false;
        const bool lasting = options_.action == Action::fail || options_.action == Action::stall || options_.count == 0;
        return lasting || hits_.fetch_add(1) < options_.count;
    }

private:
    const Options& options_;
    std::atomic<std::uint64_t> packets_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> hits_{0};
};

class FaultyPath final : public jackfield::DecoratedPath {
public:
    FaultyPath(jackfield::Host host, jackfield::Path below, const Options& options)
        : DecoratedPath(below), options_(options), trigger_(options), stream_(below.is_stream()), scope_(host)
    {}
    ~FaultyPath() override { close(); }

    void open(jf_path_receiver receiver) override
    {
        gate_.open(receiver);
        below().open(*this);
    }

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (gate_.over())
            return JF_CLOSED;
        if (!options_.on_send || !trigger_.hits(jackfield::total_size(parts)))
            return below().send(parts);
        switch (options_.action) {
        case Action::fail:
            fail();
            return JF_CLOSED;
        case Action::stall:
            return stream_ ? JF_WOULD_BLOCK : JF_OK; // nobody will call writable
        case Action::drop:
            return JF_OK;
        case Action::corrupt:
            break;
        }
        jackfield::Bytes bytes;
        for (const auto& part : parts)
            bytes.insert(bytes.end(), part.data, part.data + part.size);
        return below().send(jackfield::ByteView(corrupted(std::move(bytes))));
    }

    void close() noexcept override
    {
        gate_.shut();
        scope_.end();
        below().close();
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        if (options_.on_send || !trigger_.hits(packet.bytes.size)) {
            gate_.deliver(packet);
        } else if (options_.action == Action::fail) {
            fail();
        } else if (options_.action == Action::corrupt) {
            const auto bytes = corrupted(jackfield::Bytes(packet.bytes.data, packet.bytes.data + packet.bytes.size));
            gate_.deliver(jackfield::make_packet(jackfield::ByteView(bytes), packet.arrival_ns, packet.ecn));
        }
    }
    void writable() noexcept override { gate_.writable(); }
    void closed(jackfield::Status status, std::string_view text) noexcept override { gate_.ended(status, text); }

    void fail()
    {
        if (!failed_.exchange(true)) // not from inside send
            scope_.post([this] { gate_.ended(JF_UNREACHABLE, "path-fault: broken on purpose"); });
    }

    /// One bit, in the middle: headers and authentication tags stand at the ends.
    static jackfield::Bytes corrupted(jackfield::Bytes bytes)
    {
        if (!bytes.empty())
            bytes[bytes.size() / 2] ^= 0x10;
        return bytes;
    }

    const Options& options_;
    Trigger trigger_;
    bool stream_;
    std::atomic<bool> failed_{false};
    jackfield::ReceiverGate gate_;
    jackfield::Scope scope_;
};

class Fault final : public jackfield::PathDecorator {
public:
    Fault(jackfield::Host host, std::string_view config_json) : PathDecorator(host), options_(read_options(config_json))
    {}

    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        if (options_.component != 0 && options_.component != place.component)
            return std::make_unique<jackfield::DecoratedPath>(below);
        return std::make_unique<FaultyPath>(host_, below, options_);
    }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(Fault)
