// A link in memory, one end of which goes through a decorator.
//
// Lifetime: the decorated path goes before the instance, that before the link.
#pragma once

#include <jackfield/path_decorator.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace jackfield::decorator_test {

using testing::FakeHost;
using testing::MemoryLink;
using testing::PathEar;

class DecoratedLink {
public:
    DecoratedLink(const std::string& id, const std::string& config_json, std::uint32_t kind,
                  std::uint32_t component = 1, std::string_view seam = "media")
        : link_(kind)
    {
        const jf_decorator_options options{
            sizeof(options), 1, component, 0, to_text(seam), to_text("0123456789abcdef")};
        jf_path above{};
        jf_error error = no_error();
        instance_.emplace(host_, JACKFIELD_TEST_PLUGIN_DIR, id, JF_PATH_DECORATOR_INTERFACE, config_json);
        const jf_path_decorator_methods& methods = *instance_->methods();
        check(methods.open(instance_->self(), link_.path(0).raw(), &options, &above, &session_, &error), error);
        near_ = Path(above);
    }
    DecoratedLink(const DecoratedLink&) = delete;
    DecoratedLink& operator=(const DecoratedLink&) = delete;
    ~DecoratedLink()
    {
        release();
        far().close();
    }

    void open()
    {
        near_.open(at_near_);
        far().open(at_far_);
    }
    void release()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_ = {};
    }

    /// The path goes, and then the plugin's instance.
    void end()
    {
        release();
        instance_.reset();
    }

    FakeHost& host() { return host_; }
    MemoryLink& link() { return link_; }
    const Path& near() const { return near_; }
    Path far() { return link_.path(1); }
    PathEar& at_near() { return at_near_; }
    PathEar& at_far() { return at_far_; }

private:
    FakeHost host_;
    PathEar at_near_;
    PathEar at_far_;
    MemoryLink link_;
    std::optional<testing::InstanceUnderTest<jf_path_decorator_methods>> instance_;
    jf_decorator_session session_{};
    Path near_;
};

inline Bytes packet_of(std::uint8_t number, std::size_t size = 100)
{
    return Bytes(size, number);
}

} // namespace jackfield::decorator_test
