// What two real processes tell of a call while it runs.

#include "tests/schema_check/schema_check.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;

bool tells_of(const Json& event, const std::string& kind)
{
    return event.contains("detail") && event["detail"].value("what", "") == "statistics" &&
           event["detail"].value("kind", "") == kind;
}

/// The first second in which it is all known.
Json settled_sound(Process& peer)
{
    return peer.find([](const Json& event) { return tells_of(event, "audio") && event["detail"].contains("mos"); });
}

TEST(Statistics, OfSoundAreToldToBothEndsWithRoundTripAndScore)
{
    World world;
    world.configure("bob");
    world.configure("alice");
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test"});
    for (Process* peer : {alice.get(), bob.get()}) {
        const Json event = settled_sound(*peer);
        ASSERT_FALSE(event.is_null());
        EXPECT_TRUE(jackfield::test::satisfies(event, JACKFIELD_SOURCE_DIR "/kernel/timeline/timeline.schema.json"))
            << event;
        const Json& detail = event["detail"];
        EXPECT_EQ(detail["codec"], "opus");
        EXPECT_GE(detail["interval_ms"].get<double>(), 999) << "and its real length, however busy the machine is";
        EXPECT_GT(detail["sent_bps"].get<double>(), 1000);
        EXPECT_GT(detail["received_bps"].get<double>(), 1000);
        EXPECT_LT(detail["round_trip_ms"].get<double>(), 200) << "it is loopback";
        EXPECT_GT(detail["mos"].get<double>(), 1);
        EXPECT_LE(detail["mos"].get<double>(), 4.41);
        EXPECT_TRUE(detail.contains("jitter_ms") && detail.contains("loss"));
        EXPECT_NE(detail["path"].value("remote", "").find("127.0.0.1"), std::string::npos) << detail;
        EXPECT_EQ(detail["path"]["relayed"], false);
    }
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST(Statistics, OfPicturesHaveSizeAndRate)
{
    World world;
    world.configure("bob");
    world.configure("alice");
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test"});
    const Json event = alice->find([](const Json& one) {
        return tells_of(one, "video") && one["detail"].value("received_frames_per_s", 0.0) > 0;
    });
    ASSERT_FALSE(event.is_null());
    const Json& detail = event["detail"];
    EXPECT_EQ(detail["received_width_px"], detail["sent_width_px"]) << "both send the same picture";
    EXPECT_EQ(detail["received_height_px"], detail["sent_height_px"]);
    EXPECT_GT(detail["sent_frames_per_s"].get<double>(), 0);
    EXPECT_FALSE(detail.contains("mos"));
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
}

} // namespace
