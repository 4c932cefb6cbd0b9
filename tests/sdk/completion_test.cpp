// The end of an operation comes once, whatever the method that was given it does.
//
// Threads: the test's.
#include <jackfield/discovery.hpp>
#include <jackfield/multiplexer.hpp>
#include <jackfield/testing/fake_host.hpp>

#include <gtest/gtest.h>

namespace jackfield {
namespace {

using testing::FakeHost;

struct End {
    int calls = 0;
    Status status = JF_OK;
    std::string text;

    jf_done done()
    {
        return {this, [](void* self, Status with, const jf_error* error) {
                    auto& end = *static_cast<End*>(self);
                    ++end.calls;
                    end.status = with;
                    end.text = error_text(error, "");
                }};
    }
};

/// Takes the end by value, as the methods of the SDK's classes do.
template <class F>
End run(F method)
{
    FakeHost host;
    End end;
    start_guarded(host.host(), end.done(), [&](Completion& completion) { method(std::move(completion)); });
    EXPECT_EQ(end.calls, 0) << "never inside the call";
    host.run_pending();
    return end;
}

TEST(Completion, EndsWithWhatTheMethodThrows)
{
    const End end = run([](Completion) { throw Failure(JF_REFUSED, "not today"); });
    EXPECT_EQ(end.calls, 1);
    EXPECT_EQ(end.status, JF_REFUSED);
    EXPECT_EQ(end.text, "not today");
}

TEST(Completion, EndsWithWhatTheMethodThrowsAfterMovingItElsewhere)
{
    const End end = run([](Completion done) {
        const auto deeper = std::make_unique<Completion>(std::move(done));
        throw Failure(JF_REFUSED, "not today");
    });
    EXPECT_EQ(end.calls, 1);
    EXPECT_EQ(end.status, JF_REFUSED);
}

TEST(Completion, EndsOnceThoughTheMethodThrowsAfterFinishing)
{
    const End end = run([](Completion done) {
        done.succeed();
        throw Failure(JF_REFUSED, "too late");
    });
    EXPECT_EQ(end.calls, 1);
    EXPECT_EQ(end.status, JF_OK);
}

TEST(Completion, IsCancelledWhenItIsGivenUp)
{
    const End end = run([](Completion) {});
    EXPECT_EQ(end.calls, 1);
    EXPECT_EQ(end.status, JF_CANCELLED);
}

TEST(Completion, IsCancelledWhenItIsGivenUpBesideAnExceptionThatIsCaught)
{
    const End end = run([](Completion done) {
        try {
            throw Failure(JF_REFUSED, "another matter");
        } catch (const Failure&) {
            Completion(std::move(done));
        }
    });
    EXPECT_EQ(end.calls, 1);
    EXPECT_EQ(end.status, JF_CANCELLED);
}

/// Throws from every method that was given an end.
class Refusing final : public Discovery {
public:
    using Discovery::Discovery;
    void start(DiscoveryListener) override {}
    void announce(Completion) override { throw Failure(JF_REFUSED, "announce"); }
    void find(std::string_view, FindSink) override { throw Failure(JF_REFUSED, "find"); }
    void send(const Device&, const CallMessage&, SendEnd) override { throw Failure(JF_REFUSED, "send"); }
    void watch(std::string_view) override {}
    void unwatch(std::string_view) override {}
    void stop(Completion) override { throw Failure(JF_REFUSED, "stop"); }
};

TEST(Completion, OfADiscoveryEndsWithWhatTheMethodThrows)
{
    FakeHost host;
    Refusing refusing(host.host());
    void* self = static_cast<Discovery*>(&refusing);
    const jf_discovery_methods& methods = Discovery::kMethods;
    const jf_device device = Device("a", "b").raw();
    const CallMessage message;
    const jf_call_message raw = message.raw();
    End announced;
    End sent;
    End found;
    End stopped;
    methods.announce(self, announced.done());
    methods.send(self, 1, &device, &raw, sent.done());
    const jf_done find_end = found.done();
    methods.find(self, 2, to_text("a"), {find_end.self, [](void*, const jf_device*) {}, find_end.call});
    methods.stop(self, stopped.done());
    host.run_pending();
    for (const End* end : {&announced, &sent, &found, &stopped}) {
        EXPECT_EQ(end->calls, 1);
        EXPECT_EQ(end->status, JF_REFUSED);
    }
    EXPECT_EQ(found.text, "find");
}

} // namespace
} // namespace jackfield
