// jackfield.path_decorator/1: a path in, as good a path out.
//
// Threads: the test's. Lifetime: as path_tests.hpp.
#include "lists.hpp"
#include "path_tests.hpp"

#include <jackfield/abi/path_decorator.h>

namespace jackfield::conformance {

namespace decorators {
namespace {

/// The near end of a link goes through the decorator.
class DecoratedJoint final : public Joint {
public:
    DecoratedJoint(Bench& bench, std::uint32_t wanted, Path below = {})
        : life_(bench.make(JF_PATH_DECORATOR_INTERFACE)), link_(wanted, 1200, wanted == JF_STREAM ? 64 : 4096)
    {
        kind = wanted;
        link = &link_;
        far = link_.path(1);
        const jf_decorator_options options{sizeof(options), 1, 1, 0, to_text("media"), to_text("0123456789abcdef")};
        jf_path above{};
        jf_error error = no_error();
        const Path real = below ? below : link_.path(0);
        const auto& methods = life_.methods<jf_path_decorator_methods>();
        const Status status = methods.open(life_.self(), real.raw(), &options, &above, &session_, &error);
        skip_if(status == JF_UNSUPPORTED, error.text);
        check(status, error);
        near = Path(above);
    }
    ~DecoratedJoint() override
    {
        release();
        far.close();
    }
    void release() override
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }

    /// Takes the instance with it.
    void destroy()
    {
        release();
        life_.destroy();
    }

private:
    Life& life_;
    testing::MemoryLink link_;
    jf_decorator_session session_{};
};

/// A path below that says what is done to it.
class NotedPath final : public PathBase {
public:
    explicit NotedPath(std::uint32_t kind) : kind_(kind) {}

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), kind_, kind_ == JF_STREAM ? JF_STREAM_SEND_MAX : 1111U, 28, 0, 1};
    }
    void open(jf_path_receiver) override { ++opened; }
    Status send(std::span<const jf_bytes>) noexcept override { return JF_OK; }
    void close() noexcept override { ++closed; }

    int opened = 0;
    int closed = 0;

private:
    std::uint32_t kind_;
};

void opens_below_when_it_is_opened(Bench& bench)
{
    for (const std::uint32_t kind : {JF_DATAGRAM, JF_STREAM}) {
        NotedPath below(kind);
        DecoratedJoint joint(bench, kind, Path(below.handle()));
        bench.run_pending();
        require(below.opened == 0, "the path below was opened before the one above");
        const jf_path_info info = joint.near.describe();
        require(info.kind == kind, "the path above is of another kind than the one below");
        require(info.secured == 1 && info.max_datagram_bytes <= below.describe().max_datagram_bytes,
                "the path above promises more than the one below, or hides that it is secured");
        joint.near.open(joint.at_near);
        require(bench.until([&] { return below.opened == 1; }), "opening the path above does not open the one below");
        joint.destroy();
    }
}

void release_closes_below(Bench& bench)
{
    for (const std::uint32_t kind : {JF_DATAGRAM, JF_STREAM}) {
        NotedPath below(kind);
        DecoratedJoint joint(bench, kind, Path(below.handle()));
        joint.near.open(joint.at_near);
        joint.release();
        require(below.closed > 0, "after release the path below is still open");
        DecoratedJoint unopened(bench, kind); // may be released as it is
    }
}

void release_is_silent(Bench& bench)
{
    DecoratedJoint joint(bench, JF_DATAGRAM);
    joint.near.open(joint.at_near);
    joint.far.open(joint.at_far);
    joint.release();
    joint.link->break_link(JF_UNREACHABLE, "cut");
    bench.run_pending();
    require(joint.at_near.closed_count() == 0, "the receiver was called after release");
}

} // namespace
} // namespace decorators

void add_decorator_tests(TestList& list)
{
    using namespace decorators;
    const std::string id = JF_PATH_DECORATOR_INTERFACE;
    add_path_tests(list, id, {JF_DATAGRAM, JF_STREAM}, [](Bench& bench, std::uint32_t kind) -> std::unique_ptr<Joint> {
        return std::make_unique<DecoratedJoint>(bench, kind);
    });
    list.push_back(
        {"JF-DEC-01", id, "A decorator opens below when it is opened, and not before", opens_below_when_it_is_opened});
    list.push_back({"JF-DEC-02", id, "Releasing a decorator closes the path below", release_closes_below});
    list.push_back({"JF-GEN-09", id, "A released decorator is silent", release_is_silent});
}

} // namespace jackfield::conformance
