// A sink that counts, correct but for one bug.
//
// Threads: write on media threads, the rest on control. Lifetime: the SDK's.
#include "planted.hpp"

#include <jackfield/media_sink.hpp>
#include <jackfield/plugin.hpp>

#include <atomic>

namespace {

using namespace jackfield;
using planted::has;

class Session final : public BothSidesSession {
public:
    using BothSidesSession::BothSidesSession;
    Status write(const jf_frame& frame) noexcept override
    {
        if (frame.kind != JF_AUDIO && frame.kind != JF_VIDEO && !has("JF-SNK-03"))
            return JF_BAD_INPUT;
        const std::uint32_t before = kind_.exchange(frame.kind);
        return has("JF-SNK-02") && before != 0 && before != frame.kind ? JF_BAD_INPUT : JF_OK;
    }
    Status write_own(const jf_frame& frame) noexcept override { return has("JF-SNK-04") ? JF_BAD_INPUT : write(frame); }
    void finish(Completion done) override { done.succeed(); }

private:
    std::atomic<std::uint32_t> kind_{0};
};

class Counter final : public MediaSink {
public:
    Counter(Host host, std::string_view config_json) : MediaSink(host) { planted::look_at(config_json); }
    bool accepts(std::string_view name) const noexcept override { return name == "null"; }
    std::unique_ptr<SinkSession> open(std::string_view name, std::string_view) override
    {
        if (!accepts(name) && !has("JF-SNK-01"))
            throw Failure(JF_NOT_FOUND, "\"null\" would work");
        return std::make_unique<Session>(host_);
    }
};

} // namespace

JF_PLUGIN(Counter)
