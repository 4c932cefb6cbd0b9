// The client against real servers that go away, come back, are busy, are silent, or were never there: nothing that was
// asked for is lost.
//
// Threads: the test's waits; the board and the servers have their own.
#include "servers.hpp"

namespace discovery_rendezvous {
namespace {

using namespace testing;

TEST(RendezvousBoard, PutsGetsAndListens)
{
    const TestServer server;
    Client bob({server.address()});
    Client alice({server.address()});
    bob.listen("callto:bob");
    alice.put("callto:bob", "ring");
    EXPECT_TRUE(alice.notes.wait("put ring 0"));
    EXPECT_TRUE(bob.notes.wait("callto:bob: ring"));
    alice.get("callto:bob");
    EXPECT_TRUE(alice.notes.wait("get callto:bob 0"));
    EXPECT_TRUE(alice.notes.wait("got ring"));
    alice.get("nothing");
    EXPECT_TRUE(alice.notes.wait("get nothing 0")) << "nothing there is no error";
    bob.board.unlisten("callto:bob");
    bob.get("fence");
    EXPECT_TRUE(bob.notes.wait("get fence 0"));
    alice.put("callto:bob", "unheard");
    EXPECT_TRUE(alice.notes.wait("put unheard 0"));
    bob.get("callto:bob");
    EXPECT_TRUE(bob.notes.wait("got unheard"));
    EXPECT_FALSE(bob.notes.wait("callto:bob: unheard", 1, 0ms));
}

TEST(RendezvousBoard, RenewsItsListensAndFetchesWhatItMissed)
{
    TestServer server;
    Client bob({server.address()});
    Client alice({server.address()});
    bob.listen("callto:bob");
    EXPECT_TRUE(bob.notes.wait("online"));
    EXPECT_TRUE(alice.notes.wait("online"));
    server.stop();
    EXPECT_TRUE(bob.notes.wait("offline"));
    EXPECT_TRUE(alice.notes.wait("offline"));
    alice.put("callto:bob", "while nobody was there");
    server.start();
    EXPECT_TRUE(alice.notes.wait("put while nobody was there 0")) << alice.notes.all();
    EXPECT_TRUE(bob.notes.wait("callto:bob: while nobody was there")) << bob.notes.all();
    alice.put("callto:bob", "afterwards");
    EXPECT_TRUE(bob.notes.wait("callto:bob: afterwards"));
}

TEST(RendezvousBoard, LosesNoPutAcrossRestarts)
{
    TestServer server({.requests_per_second = 10'000});
    Client bob({server.address()});
    Client alice({server.address()});
    bob.listen("callto:bob");
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 40; ++i)
            alice.put("callto:bob", std::to_string(round) + "/" + std::to_string(i));
        server.stop(); // in the middle of them
        server.start();
    }
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 40; ++i) {
            const std::string value = std::to_string(round) + "/" + std::to_string(i);
            EXPECT_TRUE(alice.notes.wait("put " + value + " 0")) << value;
            EXPECT_TRUE(bob.notes.wait("callto:bob: " + value)) << value;
        }
    }
}

TEST(RendezvousBoard, RepeatsAPutWhoseReplyWasLost)
{
    const TestServer server;
    LossyRoad road(server.address());
    Client bob({server.address()});
    Client alice({road.address()});
    bob.listen("callto:bob");
    EXPECT_TRUE(bob.notes.wait("online"));
    EXPECT_TRUE(alice.notes.wait("online"));
    road.swallows = true;
    alice.put("callto:bob", "ring");
    alice.get("nothing");
    EXPECT_TRUE(bob.notes.wait("callto:bob: ring"));
    EXPECT_FALSE(alice.notes.wait("put ring 0", 1, 0ms));
    road.swallows = false;
    road.cut();
    EXPECT_TRUE(alice.notes.wait("put ring 0")) << alice.notes.all();
    EXPECT_TRUE(alice.notes.wait("get nothing 0"));
    bob.get("callto:bob");
    EXPECT_TRUE(bob.notes.wait("get callto:bob 0"));
    EXPECT_FALSE(bob.notes.wait("got ring", 2, 0ms)) << "repeated, it is the same value";
}

TEST(RendezvousBoard, LeavesAServerThatNoLongerAnswers)
{
    const TestServer server;
    LossyRoad road(server.address());
    Client alice({road.address()});
    EXPECT_TRUE(alice.notes.wait("online"));
    road.swallows = true;
    alice.put("k", "x");
    EXPECT_TRUE(alice.notes.wait("offline"));
    EXPECT_NE(alice.board.servers().at(0).why.find("does not answer"), std::string::npos);
    road.swallows = false;
    EXPECT_TRUE(alice.notes.wait("put x 0"));
}

TEST(RendezvousBoard, PutsASlotAgainWhenTheServerHasForgotten)
{
    TestServer server;
    Client alice({server.address()});
    alice.put("account", "old card", 60s, "secret");
    alice.put("account", "card", 60s, "secret");
    EXPECT_TRUE(alice.notes.wait("put card 0"));
    server.forget();
    server.start();
    Client bob({server.address()});
    bob.listen("account");
    EXPECT_TRUE(bob.notes.wait("account: card"));
    EXPECT_FALSE(bob.notes.wait("account: old card", 1, 0ms));
}

TEST(RendezvousBoard, WaitsAndAsksAgainWhenTheServerHasNoTime)
{
    const TestServer server({.requests_per_second = 50, .burst = 1});
    Client alice({server.address()});
    for (int i = 0; i < 120; ++i)
        alice.put("k", std::to_string(i));
    for (int i = 0; i < 120; ++i)
        EXPECT_TRUE(alice.notes.wait("put " + std::to_string(i) + " 0")) << i;
}

TEST(RendezvousBoard, SaysWhenAServerTakesAValueNever)
{
    const TestServer server({.value_bytes = 4, .values_per_key = 1});
    Client alice({server.address()});
    alice.put("k", "large");
    EXPECT_TRUE(alice.notes.wait("put large " + std::to_string(JF_EXHAUSTED)));
    alice.put("k", "one");
    alice.put("k", "two");
    EXPECT_TRUE(alice.notes.wait("put one 0"));
    EXPECT_TRUE(alice.notes.wait("put two " + std::to_string(JF_EXHAUSTED)));
}

TEST(RendezvousBoard, MeetsThroughTheOneServerThatBothHaveAndThatWorks)
{
    TestServer common;
    TestServer dead;
    const TestServer others;
    dead.stop();
    Client bob({dead.address(), common.address()});
    Client alice({others.address(), dead.address(), common.address()});
    bob.listen("callto:bob");
    EXPECT_TRUE(bob.notes.wait("online"));
    alice.put("callto:bob", "ring");
    EXPECT_TRUE(alice.notes.wait("put ring 0"));
    EXPECT_TRUE(bob.notes.wait("callto:bob: ring"));
    bob.put("account", "card");
    EXPECT_TRUE(bob.notes.wait("put card 0"));
    alice.get("account");
    EXPECT_TRUE(alice.notes.wait("get account 0"));
    EXPECT_TRUE(alice.notes.wait("got card"));
    dead.start(); // it hears of everything that is still good
    Client carol({dead.address()});
    carol.listen("account");
    EXPECT_TRUE(carol.notes.wait("account: card"));
}

TEST(RendezvousBoard, AGetWaitsForNoServerThatIsOutOfReach)
{
    TestServer works;
    TestServer dead;
    dead.stop();
    const SilentServer silent;
    Client alice({dead.address(), works.address(), silent.address()});
    EXPECT_TRUE(alice.notes.wait("online"));
    const auto before = std::chrono::steady_clock::now();
    alice.get("k");
    EXPECT_TRUE(alice.notes.wait("get k 0"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2s) << "well before the attempt at the silent one is given up";
}

TEST(RendezvousBoard, GivesUpOnAServerThatTakesTheConnectionAndSaysNothing)
{
    const SilentServer silent;
    Client alice({silent.address()});
    EXPECT_TRUE(alice.notes.wait("offline"));
    EXPECT_NE(alice.board.servers().at(0).why.find("no answer in 5 s"), std::string::npos)
        << alice.board.servers().at(0).why;
}

TEST(RendezvousBoard, EndsWhatItCannotDoAndEverythingWhenItCloses)
{
    Client alice({{"127.0.0.1", 1, "/v1/board"}});
    EXPECT_TRUE(alice.notes.wait("offline"));
    alice.put("k", "short", 300ms);
    EXPECT_TRUE(alice.notes.wait("put short " + std::to_string(JF_TIMEOUT)));
    alice.put("k", "waits");
    alice.put("k", "first", 60s, "slot");
    alice.put("k", "second", 60s, "slot");
    EXPECT_TRUE(alice.notes.wait("put first " + std::to_string(JF_CANCELLED)));
    alice.get("k");
    alice.board.close([&] { alice.notes.add("closed"); });
    EXPECT_TRUE(alice.notes.wait("closed"));
    EXPECT_TRUE(alice.notes.wait("put waits " + std::to_string(JF_CLOSED)));
    EXPECT_TRUE(alice.notes.wait("get k " + std::to_string(JF_CLOSED)));
}

TEST(RendezvousBoard, ConnectsAtOnceWhenTheNetworkChanged)
{
    TestServer server;
    server.stop();
    Client alice({server.address()});
    EXPECT_TRUE(alice.notes.wait("offline"));
    server.start();
    alice.board.look_again();
    EXPECT_TRUE(alice.notes.wait("online"));
    alice.board.look_again(); // a ping, which is answered
    alice.put("k", "x");
    EXPECT_TRUE(alice.notes.wait("put x 0"));
}

TEST(RendezvousBoard, GoesAwayInTheMiddleOfEverything)
{
    TestServer server;
    for (int i = 0; i < 20; ++i) {
        Client alice({server.address(), {"localhost", 1, "/v1/board"}});
        alice.listen("k");
        alice.put("k", std::to_string(i));
        alice.get("k");
        if (i % 3 == 0) {
            EXPECT_TRUE(alice.notes.wait("online"));
        }
        if (i % 3 == 1)
            alice.board.close([] {});
    }
}

} // namespace
} // namespace discovery_rendezvous
