// Dates as RFC 3339 has them.

#include "kernel/texts/wall_time.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

TEST(WallTime, WritesWhatItReads)
{
    EXPECT_EQ(date_time(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(date_time(1'795'755'000'123), "2026-11-27T04:50:00.123Z");
    EXPECT_EQ(read_date_time("2026-11-27T04:50:00.123Z"), 1'795'755'000'123);
}

TEST(WallTime, ReadsOtherOffsetsAndFractions)
{
    const auto moment = read_date_time("2026-11-27T04:50:00Z");
    EXPECT_EQ(read_date_time("2026-11-27T05:50:00+01:00"), moment);
    EXPECT_EQ(read_date_time("2026-11-27T01:20:00-03:30"), moment);
    EXPECT_EQ(read_date_time("2026-11-27t04:50:00.0009999999999999999999999999z"), moment);
    EXPECT_EQ(read_date_time("2026-11-27T04:50:00.5Z"), *moment + 500);
}

TEST(WallTime, ReadsNothingElse)
{
    for (const char* text :
         {"", "2026", "2026-11-27", "2026-11-27T04:50:00", "2026-11-27 04:50:00Z", "2026-13-27T04:50:00Z",
          "2026-02-30T04:50:00Z", "2026-11-27T24:00:00Z", "2026-11-27T04:60:00Z", "2026-11-27T04:50:61Z",
          "2026-11-27T04:50:00.Z", "2026-11-27T04:50:00Zx", "2026-11-27T04:50:00+0100", "1969-12-31T23:59:59Z",
          "2026-11-27T04:50:00x01:00"})
        EXPECT_FALSE(read_date_time(text)) << text;
}

} // namespace
