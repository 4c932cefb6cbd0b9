// The board: every slot filled in its order, taken down in the reverse one; and words of plugins, which are bounded.

#include "kernel/bind/identity.hpp"
#include "kernel/bind/text.hpp"
#include "kernel/config/resolve.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

TEST(Board, HasAPlugForEverySlotThatIsFilled)
{
    Bench bench({.discoveries = 2, .reliable = false});
    EXPECT_TRUE(bench.board->identity);
    EXPECT_EQ(bench.board->discovery.size(), 2U);
    EXPECT_TRUE(bench.board->connectivity);
    EXPECT_TRUE(bench.board->secure_channel);
    EXPECT_FALSE(bench.board->reliable_stream);
    EXPECT_TRUE(bench.board->signaling);
    EXPECT_EQ(bench.board->media_transports.size(), 1U);
    EXPECT_EQ(bench.board->codecs.size(), 1U);
    EXPECT_EQ(bench.board->sources.size(), 1U);
    EXPECT_EQ(bench.board->sinks.size(), 1U);
}

TEST(Board, SaysWhichSlotHasAPluginThatIsNotThere)
{
    ControlThread control;
    Registry known = registry_of_doubles();
    const auto resolved = resolve(config_of_doubles(), known);
    ASSERT_TRUE(resolved);
    Registry empty;
    try {
        const Board board(control, empty, *resolved, JF_LOG_ERROR, LogSink());
        FAIL() << "a board without plugins";
    } catch (const Failure& failure) {
        EXPECT_TRUE(std::string(failure.what()).starts_with("doubles.json: /slots/identity")) << failure.what();
    }
}

TEST(Board, SaysThatWhatIsPartOfTheProgramCannotBeIsolated)
{
    ControlThread control;
    Registry known = registry_of_doubles();
    auto resolved = resolve(config_of_doubles(), known);
    ASSERT_TRUE(resolved);
    for (auto& plugin : resolved->plugins)
        plugin.isolate = plugin.slot->name == "identity"; // the first that is made
    try {
        const Board board(control, known, *resolved, JF_LOG_ERROR, LogSink());
        FAIL() << "an isolated double";
    } catch (const Failure& failure) {
        EXPECT_NE(std::string(failure.what()).find("/slots/identity"), std::string::npos) << failure.what();
        EXPECT_NE(std::string(failure.what()).find("it is part of this program"), std::string::npos) << failure.what();
    }
}

TEST(Board, KnowsWhoWeAre)
{
    Bench bench;
    const Device self = self_device(bench.board->identity);
    EXPECT_EQ(self.account_id, "alice");
    EXPECT_EQ(self.device_id, "alice-1");
    EXPECT_EQ(self.chain_pem, "chain of alice-1");
}

TEST(Board, SaysWhyWeDoNotKnowWhoWeAre)
{
    static constexpr jf_identity_methods kMethods = [] {
        jf_identity_methods methods{};
        methods.struct_size = sizeof(methods);
        methods.self_device = [](void*, jf_device*, jf_error* error) -> jf_status {
            std::memcpy(error->text, "not loaded", 11);
            return JF_WOULD_BLOCK;
        };
        return methods;
    }();
    const Plug<jf_identity_methods> plug{&kMethods, nullptr, "identity-none"};
    try {
        self_device(plug);
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_WOULD_BLOCK);
        EXPECT_STREQ(failure.what(), "identity-none: not loaded");
    }
}

TEST(PluginWords, EndWhereTheErrorEndsEvenIfNothingEndsThem)
{
    struct {
        jf_error error;
        char beyond[64];
    } memory{};
    memory.error.struct_size = sizeof(jf_error);
    std::memset(memory.error.text, 'x', sizeof(memory.error.text));
    std::memset(memory.beyond, 'y', sizeof(memory.beyond) - 1);
    EXPECT_EQ(error_of(JF_INTERNAL, &memory.error).text, std::string(JF_ERROR_TEXT_SIZE, 'x'));

    ErrorSlot slot;
    std::memset(slot.raw.text, 'x', sizeof(slot.raw.text));
    EXPECT_EQ(slot.error(JF_INTERNAL).text, std::string(JF_ERROR_TEXT_SIZE, 'x'));
}

TEST(PluginWords, MayBeMissing)
{
    EXPECT_EQ(error_of(JF_TIMEOUT, nullptr).text, "timeout");
    const jf_error silent{sizeof(jf_error), JF_TIMEOUT, {}};
    EXPECT_EQ(error_of(JF_TIMEOUT, &silent).text, "timeout");
    EXPECT_EQ(error_of(-4711, nullptr).text, "unknown status");
    EXPECT_EQ(view_of(jf_text{nullptr, 0}), "");
}

} // namespace
