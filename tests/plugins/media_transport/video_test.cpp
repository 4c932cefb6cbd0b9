// Pictures between two sessions of a built plugin: kept together, marked when incomplete, asked for anew.
//
// Threads: the test's thread; time is simulated.
#include "cases.hpp"

namespace media_transport_test {
namespace {

class MediaTransportVideo : public ::testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, MediaTransportVideo, ::testing::ValuesIn(transports()), transport_name);

TEST_P(MediaTransportVideo, AsksForAKeyFrameAtMostAsOftenAsAllowed)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    Side& viewer = simulation.sides[1];
    Side& camera = simulation.sides[0];
    viewer.session.methods->request_key_frame(viewer.session.self, 1); // before anything came: remembered
    simulation.run(20 * kMs);
    EXPECT_EQ(camera.key_frame_requests[1], GetParam().suite.empty() ? 1 : 0); // unless the source was announced
    camera.send(1, 0, numbered(0), true);
    simulation.run(20 * kMs);
    EXPECT_EQ(camera.key_frame_requests[1], 1);

    VideoSource film(camera);
    simulation.run(1000 * kMs, [&] {
        viewer.session.methods->request_key_frame(viewer.session.self, 1);
        film();
    });
    EXPECT_GE(camera.key_frame_requests[1], 4);
    EXPECT_LE(camera.key_frame_requests[1], 6);
    EXPECT_EQ(camera.key_frame_requests[0], 0);
    EXPECT_EQ(camera.statistics(1)["key_frame_requests_received"], camera.key_frame_requests[1]);
    EXPECT_GE(viewer.statistics(1)["key_frames_requested"], camera.key_frame_requests[1]);
}

TEST_P(MediaTransportVideo, SendsARequestThatCameTooSoonWhenItMay)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    Side& viewer = simulation.sides[1];
    Side& camera = simulation.sides[0];
    VideoSource film(camera);
    simulation.run(100 * kMs, std::ref(film));
    viewer.session.methods->request_key_frame(viewer.session.self, 1);
    simulation.run(50 * kMs, std::ref(film));
    EXPECT_EQ(camera.key_frame_requests[1], 1);
    viewer.session.methods->request_key_frame(viewer.session.self, 1);
    simulation.run(50 * kMs, std::ref(film));
    EXPECT_EQ(camera.key_frame_requests[1], 1);
    simulation.run(250 * kMs, std::ref(film));
    EXPECT_EQ(camera.key_frame_requests[1], 2);
    simulation.run(1000 * kMs, std::ref(film));
    EXPECT_EQ(camera.key_frame_requests[1], 2);
}

TEST_P(MediaTransportVideo, UsesFirWhereOnlyThatWasAgreed)
{
    Simulation simulation(1, "{}", GetParam());
    Json config = call_session(simulation);
    config["streams"][1]["feedback"] = {"ccm fir"};
    simulation.open(config);
    simulation.sides[0].send(1, 0, numbered(0), true);
    simulation.run(20 * kMs);
    Side& viewer = simulation.sides[1];
    for (int i = 0; i < 2; ++i) {
        viewer.session.methods->request_key_frame(viewer.session.self, 1);
        simulation.run(300 * kMs);
    }
    EXPECT_EQ(simulation.sides[0].key_frame_requests[1], 2);
}

TEST_P(MediaTransportVideo, HoldsAPictureUntilItIsComplete)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        return {transit.bytes.size() > 500 ? 15 * kMs : kMs}; // the long middle part overtaken by the short ones
    };
    Side& camera = simulation.sides[0];
    camera.send(1, 0, numbered(0, 100));
    camera.send(1, 0, numbered(1, 1000));
    camera.send(1, 0, numbered(2, 100), true);
    camera.send(1, 2970, numbered(3, 100), true);
    Side& viewer = simulation.sides[1];
    simulation.run(10 * kMs);
    EXPECT_TRUE(viewer.played[1].empty());
    simulation.run(10 * kMs);
    ASSERT_EQ(viewer.played[1].size(), 4U);
    EXPECT_TRUE(in_order(viewer.played[1]));
    EXPECT_EQ(lost_marks(viewer.played[1]), 0U);
    EXPECT_EQ(viewer.played[1][0].time_ns, viewer.played[1][2].time_ns);
}

TEST_P(MediaTransportVideo, TheMiddleOfAPictureWakesNobody)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    Side& camera = simulation.sides[0];
    Side& viewer = simulation.sides[1];
    for (std::uint32_t i = 0; i < 6; ++i) {
        camera.send(1, 0, numbered(i, 1000), i == 5);
        simulation.run(2 * kMs);
    }
    EXPECT_EQ(viewer.arrivals[1], 2) << "the first part says when to ask again, the last that there is a picture";
    EXPECT_EQ(viewer.played[1].size(), 6U);
}

TEST_P(MediaTransportVideo, GivesAnIncompletePictureOutWithAMarkOnceWaitingIsPointless)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    Side& camera = simulation.sides[0];
    Side& viewer = simulation.sides[1];
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        return transit.bytes.size() > 500 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{kMs};
    };
    camera.send(1, 0, numbered(0, 100));
    camera.send(1, 0, numbered(1, 1000));
    camera.send(1, 0, numbered(2, 1000));
    camera.send(1, 0, numbered(3, 100), true);
    simulation.run(15 * kMs);
    EXPECT_TRUE(viewer.played[1].empty());
    simulation.run(30 * kMs);
    ASSERT_EQ(viewer.played[1].size(), 2U);
    EXPECT_EQ(viewer.played[1][0].lost_before, 0);
    EXPECT_EQ(viewer.played[1][1].lost_before, 2);
    EXPECT_EQ(viewer.statistics(1)["packets_lost"], 2);
}

} // namespace
} // namespace media_transport_test
