// Completions: called once and freed, or freed uncalled when the instance went away with them.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

TEST(Completion, IsFreedWhenItIsCalled)
{
    Completions completions;
    const auto used = std::make_shared<std::vector<Error>>();
    const jf_done done = completions.make([used](const Error& result) { used->push_back(result); });
    EXPECT_EQ(completions.waiting(), 1U);
    done.call(done.self, JF_OK, nullptr);
    EXPECT_EQ(completions.waiting(), 0U);
    EXPECT_EQ(used.use_count(), 1);
    ASSERT_EQ(used->size(), 1U);
    EXPECT_EQ(used->front().status, JF_OK);
}

TEST(Completion, SaysWhyItFailed)
{
    Completions completions;
    Error heard;
    const jf_done done = completions.make([&heard](const Error& result) { heard = result; });
    const jf_error error = jackfield::make_error(JF_EXHAUSTED, "no room");
    done.call(done.self, JF_EXHAUSTED, &error);
    EXPECT_EQ(heard.status, JF_EXHAUSTED);
    EXPECT_EQ(heard.text, "no room");
}

TEST(Completion, MayMakeAnother)
{
    Completions completions;
    jf_done second{};
    const jf_done first = completions.make([&](const Error&) { second = completions.make([](const Error&) {}); });
    first.call(first.self, JF_OK, nullptr);
    EXPECT_EQ(completions.waiting(), 1U);
    second.call(second.self, JF_OK, nullptr);
    EXPECT_EQ(completions.waiting(), 0U);
}

TEST(Completion, ThatAnInstanceTookWithItIsFreedUncalled)
{
    const auto used = std::make_shared<int>(0);
    {
        Bench bench;
        bench.stage.script.load = Play::waits;
        const auto& identity = bench.board->identity;
        identity.methods->load(identity.self, bench.completions.make([used](const Error&) { ++*used; }));
        bench.settle();
        bench.board.reset();
        EXPECT_EQ(bench.completions.waiting(), 1U);
        EXPECT_EQ(used.use_count(), 2);
    }
    EXPECT_EQ(*used, 0);
    EXPECT_EQ(used.use_count(), 1);
}

TEST(Completion, OfAWorkThatFailedToBeginIsCalledOnALaterTurn)
{
    Bench bench;
    bench.stage.script.load = Play::fails;
    int calls = 0;
    const auto& identity = bench.board->identity;
    identity.methods->load(identity.self, bench.completions.make([&calls](const Error&) { ++calls; }));
    EXPECT_EQ(calls, 0);
    bench.settle();
    EXPECT_EQ(calls, 1);
}

} // namespace
