// A picture and a tone that need no library and no file.
//
// Threads:  methods on control; sound is made by as many threads as there are processors, pictures by one a session.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "session.hpp"

#include <jackfield/plugin.hpp>

#include <list>

namespace {

class TestSource final : public jackfield::MediaSource {
public:
    TestSource(jackfield::Host host, std::string_view config_json)
        : MediaSource(host), options_(media_test::read_options(config_json))
    {
        for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
            sound_.emplace_back(host);
    }

    bool accepts(std::string_view name) const noexcept override { return name == "test"; }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view options_json,
                                                   jackfield::SourceListener listener) override
    {
        if (!accepts(name))
            throw jackfield::Failure(JF_NOT_FOUND, "media-test has one source; \"test\" would work");
        auto& sound = *std::next(sound_.begin(), static_cast<std::ptrdiff_t>(opened_++ % sound_.size()));
        return std::make_unique<media_test::Session>(host_, options_, media_test::read_realtime(options_json), sound,
                                                     listener);
    }

private:
    media_test::Options options_;
    std::list<media_test::SoundThread> sound_;
    std::size_t opened_ = 0; // sessions so far
};

} // namespace

JF_PLUGIN(TestSource)
