// Words about typing (RFC 3994).

#include "kernel/texts/composing.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;

TEST(Composing, ReadsWhatItWrites)
{
    const auto active = read_composing(write_composing({true, 90s}));
    ASSERT_TRUE(active);
    EXPECT_TRUE(active->active);
    EXPECT_EQ(active->refresh, 90s);
    const auto idle = read_composing(write_composing({false}));
    ASSERT_TRUE(idle);
    EXPECT_FALSE(idle->active);
}

TEST(Composing, TakesAStateItDoesNotKnowForIdle)
{
    const auto other = read_composing("<isComposing><state>thinking</state></isComposing>");
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->active);
    EXPECT_EQ(other->refresh, kComposingRefresh);
}

TEST(Composing, KeepsTheRefreshWithinBounds)
{
    const auto refresh_of = [](const std::string& seconds) {
        const auto read =
            read_composing("<isComposing><state>active</state><refresh>" + seconds + "</refresh></isComposing>");
        return read ? read->refresh : -1s;
    };
    EXPECT_EQ(refresh_of("60"), 60s);
    EXPECT_EQ(refresh_of("0"), 1s);
    EXPECT_EQ(refresh_of("-5"), 1s);
    EXPECT_EQ(refresh_of("100000"), 600s);
    EXPECT_EQ(refresh_of("99999999999999999999"), kComposingRefresh);
    EXPECT_EQ(refresh_of("soon"), kComposingRefresh);
}

TEST(Composing, ReadsNothingWithoutAState)
{
    EXPECT_FALSE(read_composing(""));
    EXPECT_FALSE(read_composing("<isComposing/>"));
    EXPECT_FALSE(read_composing("<other><state>active</state></other>"));
}

} // namespace
