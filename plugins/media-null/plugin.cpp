// The sink named "null": swallows frames and counts them.
//
// Threads:  write and write_own on media threads, one per kind and side; everything else on control.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include <jackfield/media_sink.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <string>

namespace {

class NullSession final : public jackfield::BothSidesSession {
public:
    using BothSidesSession::BothSidesSession;

    jackfield::Status write(const jf_frame& frame) noexcept override { return count(peer_, frame); }
    jackfield::Status write_own(const jf_frame& frame) noexcept override { return count(own_, frame); }

    void finish(jackfield::Completion done) override
    {
        host_.debug("swallowed " + in_words(peer_) +
                    (own_.sound + own_.pictures > 0 ? ", of ours " + in_words(own_) : ""));
        done.succeed();
    }

private:
    struct Counted {
        std::atomic<std::uint64_t> sound{0};
        std::atomic<std::uint64_t> pictures{0};
    };

    static jackfield::Status count(Counted& side, const jf_frame& frame) noexcept
    {
        if (frame.kind != JF_AUDIO && frame.kind != JF_VIDEO)
            return JF_BAD_INPUT;
        (frame.kind == JF_AUDIO ? side.sound : side.pictures).fetch_add(1, std::memory_order_relaxed);
        return JF_OK;
    }

    static std::string in_words(const Counted& side)
    {
        return std::to_string(side.sound) + " frames of sound and " + std::to_string(side.pictures) + " pictures";
    }

    Counted peer_;
    Counted own_;
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
