// A source of sound, "tone", that stays silent until the test ends it.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/media_source.hpp>

namespace jackfield::doubles {

class MediaSourceDouble : public MediaSource {
public:
    class Session : public SourceSession, public Actor {
    public:
        explicit Session(SourceListener listener) : Actor("source"), listener_(listener) {}

        jf_source_info describe() override { return {sizeof(jf_source_info), 1, 8000, 1, 0, 0, 0, 0, 0, 0, 0}; }
        void start(const jf_source_format&) override { started = true; }
        void end() { listener_.ended(JF_AUDIO, JF_OK, ""); }

        bool started = false;

    private:
        SourceListener listener_;
    };

    MediaSourceDouble(Host host, std::string_view) : MediaSource(host) {}

    bool accepts(std::string_view name) const noexcept override { return name == "tone" || name == "unreadable"; }
    std::unique_ptr<SourceSession> open(std::string_view name, std::string_view, SourceListener listener) override
    {
        if (name == "unreadable")
            throw Failure(JF_BAD_INPUT, kScripted);
        return std::make_unique<Session>(listener);
    }
};

} // namespace jackfield::doubles
