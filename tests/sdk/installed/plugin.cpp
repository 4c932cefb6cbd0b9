// A plugin as somebody elsewhere writes it: a decorator that counts packets and says so in the log when its path ends.
//
// Threads:  sends on any thread, receives on that of the path below; counters are atomic.
// Lifetime: paths are the kernel's sessions and end before the instance.
#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>

namespace {

class CountedPath final : public jackfield::DecoratedPath {
public:
    CountedPath(jackfield::Host host, jackfield::Path below) : DecoratedPath(below), host_(host) {}
    ~CountedPath() override
    {
        host_.warning(JACKFIELD_PLUGIN_ID " sent " + std::to_string(sent_) + " and received " +
                      std::to_string(received_));
    }

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const jackfield::Status status = DecoratedPath::send(parts);
        sent_ += status == JF_OK ? 1 : 0;
        return status;
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        ++received_;
        DecoratedPath::received(packet);
    }

    jackfield::Host host_;
    std::atomic<unsigned> sent_{0};
    std::atomic<unsigned> received_{0};
};

class Counter final : public jackfield::PathDecorator {
public:
    Counter(jackfield::Host host, std::string_view config_json) : PathDecorator(host)
    {
        if (!nlohmann::json::parse(config_json, nullptr, false).is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
    }
    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below, const jackfield::DecoratorPlace&) override
    {
        return std::make_unique<CountedPath>(host_, below);
    }
};

} // namespace

JF_PLUGIN(Counter)
