// A picture and a tone that need no library and no file.
//
// Threads:  methods on control; each track has a thread of its own.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace {

class TestSource final : public jackfield::MediaSource {
public:
    TestSource(jackfield::Host host, std::string_view config_json)
        : MediaSource(host), options_(media_test::read_options(config_json))
    {}

    bool accepts(std::string_view name) const noexcept override { return name == "test"; }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view options_json,
                                                   jackfield::SourceListener listener) override
    {
        if (!accepts(name))
            throw jackfield::Failure(JF_NOT_FOUND, "media-test has one source; \"test\" would work");
        return std::make_unique<media_test::Session>(host_, options_, media_test::read_realtime(options_json),
                                                     listener);
    }

private:
    media_test::Options options_;
};

} // namespace

JF_PLUGIN(TestSource)
