// The sink named "null": swallows frames and counts them.
//
// Threads:  write on media threads, one per kind; everything else on control.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include <jackfield/media_sink.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <string>

namespace {

class NullSession final : public jackfield::SinkSession {
public:
    using SinkSession::SinkSession;

    jackfield::Status write(const jf_frame& frame) noexcept override
    {
        if (frame.kind != JF_AUDIO && frame.kind != JF_VIDEO)
            return JF_BAD_INPUT;
        (frame.kind == JF_AUDIO ? sound_ : pictures_).fetch_add(1, std::memory_order_relaxed);
        return JF_OK;
    }

    void finish(jackfield::Completion done) override
    {
        host_.debug("swallowed " + std::to_string(sound_.load()) + " frames of sound and " +
                    std::to_string(pictures_.load()) + " pictures");
        done.succeed();
    }

private:
    std::atomic<std::uint64_t> sound_{0};
    std::atomic<std::uint64_t> pictures_{0};
};

class NullSink final : public jackfield::MediaSink {
public:
    NullSink(jackfield::Host host, std::string_view config_json) : MediaSink(host)
    {
        if (!nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false).is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
    }

    bool accepts(std::string_view name) const noexcept override { return name == "null"; }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view) override
    {
        if (!accepts(name))
            throw jackfield::Failure(JF_NOT_FOUND, "media-null has one sink; \"null\" would work");
        return std::make_unique<NullSession>(host_);
    }
};

} // namespace

JF_PLUGIN(NullSink)
