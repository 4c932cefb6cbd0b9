// A session around an engine that cannot go on: the path ends with the engine's reason.
//
// Threads: the test's thread is control.
#include <jackfield/engine_session.hpp>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/path_ear.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield;

/// Is done at once, and answers every write with a status.
class OneStatus final : public SecureEngine {
public:
    explicit OneStatus(Status status) : status_(status) {}
    void feed(ByteView) noexcept override {}
    HandshakeProgress handshake() noexcept override { return HandshakeProgress::done; }
    EngineRead read(std::span<std::uint8_t>) noexcept override { return {EngineRead::Kind::more}; }
    Status write(ByteView) noexcept override { return status_; }
    void close_notify() noexcept override {}
    jf_error failure() const noexcept override { return no_error(); }
    SecureInfo info() const override { return {}; }
    std::size_t record_overhead() const noexcept override { return 0; }
    Bytes export_key_material(std::string_view, ByteView, std::size_t) override { return {}; }

private:
    Status status_;
};

struct Listener {
    static void secured(void* self, jf_path path, const jf_secure_info*)
    {
        static_cast<Listener*>(self)->path = Path(path);
    }
    static void failed(void*, jf_status, const jf_error*) {}

    Path path;
};
constexpr jf_secure_listener_methods kListener{sizeof(jf_secure_listener_methods), 0, &Listener::secured,
                                               &Listener::failed};

class EngineSessionEnd : public ::testing::TestWithParam<Status> {};
INSTANTIATE_TEST_SUITE_P(Statuses, EngineSessionEnd, ::testing::Values(JF_EXHAUSTED, JF_INTERNAL),
                         [](const auto& status) { return status.param == JF_EXHAUSTED ? "WornOutKeys" : "Others"; });

TEST_P(EngineSessionEnd, IsToldWithTheEnginesStatusWhenItCannotEncrypt)
{
    jackfield::testing::FakeHost host;
    jackfield::testing::MemoryLink link(JF_STREAM);
    jackfield::testing::PathEar ear;
    Listener listener;
    EngineSession session(host.host(), link.path(0), SecureListener({&kListener, &listener}), std::chrono::seconds(1));
    session.start(std::make_unique<OneStatus>(GetParam()));
    ASSERT_TRUE(host.run_until([&] { return static_cast<bool>(listener.path); }));
    listener.path.open(ear);
    EXPECT_EQ(listener.path.send(Bytes{1}), JF_CLOSED);
    ASSERT_TRUE(host.run_until([&] { return ear.heard().closed == 1; }));
    EXPECT_EQ(ear.heard().status, GetParam());
    EXPECT_EQ(ear.heard().text.find("the keys") == 0, GetParam() == JF_EXHAUSTED) << ear.heard().text;
}

} // namespace
