// A sink, "tape", that completes its recording as the script says.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/media_sink.hpp>

namespace jackfield::doubles {

class MediaSinkDouble : public MediaSink {
public:
    class Session : public SinkSession, public Actor {
    public:
        explicit Session(Host host) : SinkSession(host), Actor("sink") {}

        Status write(const jf_frame&) noexcept override { return JF_OK; }
        void finish(Completion done) override
        {
            const auto& script = Stage::current().script;
            if (script.finish == Play::happens)
                done.succeed();
            else if (script.finish == Play::fails)
                done.fail(script.status, kScripted);
            else
                waiting_.push_back(std::move(done));
        }

    private:
        std::vector<Completion> waiting_;
    };

    MediaSinkDouble(Host host, std::string_view) : MediaSink(host) {}

    bool accepts(std::string_view name) const noexcept override { return name == "tape"; }
    std::unique_ptr<SinkSession> open(std::string_view, std::string_view) override
    {
        return std::make_unique<Session>(host_);
    }
};

} // namespace jackfield::doubles
