// One end of a link, made worse by path-impair.
//
// Threads: the test's, which is the control thread. Lifetime: the host and the path below outlive it.
#pragma once

#include <jackfield/path_decorator.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

namespace jackfield::testing {

/// A path-impair plugin around one end of a link.
class Impaired {
public:
    Impaired(FakeHost& host, Path below, const std::string& config)
        : instance_(host, JACKFIELD_TEST_PLUGIN_DIR, "path-impair", JF_PATH_DECORATOR_INTERFACE, config)
    {
        const jf_decorator_options options{sizeof(options), 1, 1, 0, to_text("control"), to_text("peer")};
        jf_path above{};
        jf_error error = no_error();
        check(instance_->open(instance_.self(), below.raw(), &options, &above, &session_, &error), error);
        path_ = Path(above);
    }
    Impaired(const Impaired&) = delete;
    Impaired& operator=(const Impaired&) = delete;
    ~Impaired() { session_.methods->release(session_.self); }

    Path path() const { return path_; }

private:
    InstanceUnderTest<jf_path_decorator_methods> instance_;
    jf_decorator_session session_{};
    Path path_;
};

} // namespace jackfield::testing
