// A session of mux-msgpack before a peer that is the test, and what becomes of one that breaks the rules.
#include "msgpack_bytes.hpp"
#include "mux_end.hpp"

namespace jackfield::mux_test {
namespace {

/// A session whose peer is the test, message by message.
class MsgpackPeer : public ::testing::Test {
protected:
    MsgpackPeer()
        : instance_(host_, JACKFIELD_TEST_PLUGIN_DIR, "mux-msgpack", JF_MULTIPLEXER_INTERFACE,
                    R"({"unread_bytes": 65536})"),
          link_(JF_STREAM),
          end_(instance_, link_.path(0), false)
    {
        link_.path(1).open(ear_);
    }
    ~MsgpackPeer() override
    {
        end_.release();
        link_.path(1).close();
        host_.run_pending();
    }

    void say(const Bytes& bytes) { EXPECT_EQ(link_.path(1).send(bytes), JF_OK); }
    void ask(std::uint16_t channel, const std::string& name = "abc")
    {
        say(bytes_of({Kind::request, channel, {}, name}));
    }
    bool asked_for(const std::string& name)
    {
        return host_.run_until([&] { return end_.requests.contains(name); }, std::chrono::seconds(10));
    }
    bool ends_with(Status status)
    {
        return host_.run_until([&] { return end_.closed.size() == 1; }, std::chrono::seconds(10)) &&
               end_.closed[0] == status;
    }
    /// The peer hears so many messages of that kind; fills last_.
    bool hears(Kind kind, std::size_t count = 1)
    {
        return ear_.wait([&](const auto& heard) {
            std::size_t found = 0;
            for (const auto& [message, data] : read_all(heard.stream())) {
                if (message.kind != kind)
                    continue;
                ++found;
                last_ = message;
                last_.data = {};
                last_data_ = data;
            }
            return found >= count;
        });
    }
    std::size_t heard(Kind kind)
    {
        const auto all = read_all(ear_.heard().stream());
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [&](const auto& each) { return each.first.kind == kind; }));
    }
    /// What was said before has been taken.
    void settle()
    {
        say(kBeacon);
        ASSERT_TRUE(hears(Kind::answer, ++settled_));
    }

    FakeHost host_;
    PathEar ear_;
    std::map<std::string, PathEar> ears_; // of channels
    Instance instance_;
    MemoryLink link_;
    End end_;
    Message last_;
    Bytes last_data_;
    std::size_t settled_ = 0;
};

TEST_F(MsgpackPeer, HearsTheVersionFirst)
{
    ASSERT_TRUE(hears(Kind::version));
    EXPECT_EQ(last_.version, 1);
}

TEST_F(MsgpackPeer, MayAskAndSendBeforeItIsAnswered)
{
    ask(0xd2dd, "sip");
    say(carried(0xd2dd, {1, 2, 3}));
    ASSERT_TRUE(asked_for("sip"));
    ASSERT_EQ(end_.accept("sip"), JF_OK);
    ASSERT_TRUE(hears(Kind::accept));
    EXPECT_EQ(last_.channel, 0xd2dd);
    EXPECT_EQ(last_.name, "sip");
    end_.path("sip").open(ears_["sip"]);
    EXPECT_TRUE(ears_["sip"].wait([](const auto& heard) { return heard.bytes == 3; }));
}

TEST_F(MsgpackPeer, IsAskedForAChannelAndMayDecline)
{
    end_.ask("git");
    ASSERT_TRUE(hears(Kind::request));
    EXPECT_EQ(last_.name, "git");
    EXPECT_NE(last_.channel, kControl);
    EXPECT_NE(last_.channel, kProtocol);
    say(bytes_of({Kind::decline, last_.channel, {}, "git"}));
    ASSERT_TRUE(host_.run_until([&] { return end_.refused.contains("git"); }));
    EXPECT_EQ(end_.refused["git"], JF_REFUSED);
}

TEST_F(MsgpackPeer, IsAnsweredItsSignsOfLife)
{
    say(kBeacon);
    EXPECT_TRUE(hears(Kind::answer));
}

TEST_F(MsgpackPeer, IsAskedForASignOfLifeOnceItSaysThatItAnswers)
{
    end_.ping(std::chrono::seconds(10));
    end_.ping(std::chrono::seconds(10));
    settle();
    EXPECT_EQ(heard(Kind::beacon), 0U);
    say(kVersionOne);
    ASSERT_TRUE(hears(Kind::beacon));
    say(kAnswer);
    ASSERT_TRUE(host_.run_until([&] { return end_.pings.size() == 2; })) << "one answer is one to all who asked";
    EXPECT_EQ(end_.pings, (std::vector<Status>{JF_OK, JF_OK}));
}

TEST_F(MsgpackPeer, ThatIsOlderIsNotAskedForASignOfLife)
{
    say(bytes_of({Kind::version, 0, {}, {}, 0}));
    end_.ping(std::chrono::milliseconds(20));
    ASSERT_TRUE(host_.run_until([&] { return end_.pings.size() == 1; }));
    EXPECT_EQ(end_.pings[0], JF_TIMEOUT);
    settle();
    EXPECT_EQ(heard(Kind::beacon), 0U);
}

TEST_F(MsgpackPeer, HearsNothingOfASendOfNothing)
{
    ask(7);
    ASSERT_TRUE(asked_for("abc"));
    ASSERT_EQ(end_.accept("abc"), JF_OK);
    EXPECT_EQ(end_.path("abc").send(ByteView()), JF_OK);
    ASSERT_EQ(end_.path("abc").send(Bytes{9}), JF_OK);
    ASSERT_TRUE(hears(Kind::data));
    EXPECT_EQ(last_data_, Bytes{9}) << "no bytes would have ended the channel";
}

TEST_F(MsgpackPeer, HearsTheEndOfAChannelOnce)
{
    ask(7);
    ASSERT_TRUE(asked_for("abc"));
    ASSERT_EQ(end_.accept("abc"), JF_OK);
    end_.path("abc").close();
    end_.release_channel("abc");
    settle();
    EXPECT_EQ(heard(Kind::data), 1U) << "of no bytes";
}

TEST_F(MsgpackPeer, HearsNoEndOfAChannelThatItEndedItself)
{
    ask(7);
    ASSERT_TRUE(asked_for("abc"));
    ASSERT_EQ(end_.accept("abc"), JF_OK);
    end_.path("abc").open(ears_["abc"]);
    say(carried(7, {}));
    ASSERT_TRUE(ears_["abc"].wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(ears_["abc"].heard().status, JF_CLOSED);
    EXPECT_EQ(end_.path("abc").send(Bytes{1}), JF_CLOSED);
    ask(7, "next"); // its number is free again
    ASSERT_TRUE(asked_for("next"));
    end_.release_channel("abc");
    settle();
    EXPECT_EQ(heard(Kind::data), 0U);
    EXPECT_EQ(end_.accept("next"), JF_OK);
}

TEST_F(MsgpackPeer, ThatUsesANumberAgainEndsTheChannelThatHadIt)
{
    ask(7, "first");
    ASSERT_TRUE(asked_for("first"));
    ASSERT_EQ(end_.accept("first"), JF_OK);
    end_.path("first").open(ears_["first"]);
    ask(7, "second");
    ASSERT_TRUE(asked_for("second"));
    ASSERT_TRUE(ears_["first"].wait([](const auto& heard) { return heard.closed == 1; }));
    ASSERT_EQ(end_.accept("second"), JF_OK);
    end_.path("second").open(ears_["second"]);
    say(carried(7, {5}));
    EXPECT_TRUE(ears_["second"].wait([](const auto& heard) { return heard.bytes == 1; }));
}

TEST_F(MsgpackPeer, ThatAsksAgainUnderTheSameNumberMayBeAcceptedForTheNewChannelAlone)
{
    ask(7, "first");
    ask(7, "second");
    ASSERT_TRUE(asked_for("second"));
    EXPECT_EQ(end_.accept("first"), JF_NOT_FOUND);
    EXPECT_EQ(end_.accept("second"), JF_OK);
}

TEST_F(MsgpackPeer, ThatPicksTheNumberWePickedIsDeclined)
{
    end_.ask("ours");
    ASSERT_TRUE(hears(Kind::request));
    const std::uint16_t number = last_.channel;
    ask(number, "theirs");
    ASSERT_TRUE(hears(Kind::decline));
    EXPECT_EQ(last_.channel, number);
    EXPECT_EQ(last_.name, "theirs");
}

TEST_F(MsgpackPeer, ThatSendsMoreThanMayWaitLosesThatChannelAndNoOther)
{
    ask(7, "unread");
    ask(8, "read");
    ASSERT_TRUE(asked_for("read"));
    ASSERT_EQ(end_.accept("unread"), JF_OK);
    ASSERT_EQ(end_.accept("read"), JF_OK);
    end_.path("read").open(ears_["read"]);
    for (int i = 0; i < 3; ++i)
        say(carried(7, Bytes(30'000, 1)));
    ASSERT_TRUE(hears(Kind::data));
    EXPECT_EQ(last_.channel, 7);
    EXPECT_TRUE(last_data_.empty()) << "its end";
    say(carried(8, {1}));
    EXPECT_TRUE(ears_["read"].wait([](const auto& heard) { return heard.bytes == 1; }));
    end_.path("unread").open(ears_["unread"]);
    ASSERT_TRUE(ears_["unread"].wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(ears_["unread"].heard().status, JF_EXHAUSTED);
    EXPECT_EQ(ears_["unread"].heard().bytes, 60'000U) << "what was accepted is not lost";
    EXPECT_TRUE(end_.closed.empty());
}

TEST_F(MsgpackPeer, ThatAsksForTooManyChannelsHearsThatSomeAreDeclined)
{
    for (std::uint16_t channel = 1; channel < 100; ++channel)
        ask(channel, "channel " + std::to_string(channel));
    ASSERT_TRUE(hears(Kind::decline, 83)) << "16 may wait for an answer";
    EXPECT_TRUE(end_.closed.empty()) << "and the session goes on";
}

TEST_F(MsgpackPeer, ThatAsksForAChannelWithoutNameIsDeclined)
{
    ask(7, "");
    EXPECT_TRUE(hears(Kind::decline));
}

TEST_F(MsgpackPeer, ThatWithdrawsARequestIsNotGivenTheChannel)
{
    ask(7);
    say(carried(7, {}));
    settle();
    ASSERT_TRUE(asked_for("abc"));
    EXPECT_EQ(end_.accept("abc"), JF_NOT_FOUND);
}

TEST_F(MsgpackPeer, MaySendOnAChannelThatIsGone)
{
    say(carried(99, {1, 2, 3}));
    say(carried(99, {}));
    say(bytes_of({Kind::accept, 99, {}, "what"}));
    say(bytes_of({Kind::decline, 99, {}, "what"}));
    settle();
    EXPECT_TRUE(end_.closed.empty());
}

TEST_F(MsgpackPeer, ThatBreaksTheRulesEndsTheSession)
{
    say({0xc1});
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

/// Takes nothing, as long as it is full.
struct FullPath final : PathBase {
    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, 0, 1, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes>) noexcept override { return full ? JF_WOULD_BLOCK : JF_OK; }
    void close() noexcept override { gate.shut(); }
    ReceiverGate gate;
    bool full = true;
};

TEST_F(MsgpackPeer, ThatAsksAndDoesNotReadEndsTheSession)
{
    FullPath full;
    End end(instance_, Path(full.handle()), false);
    Bytes beacons;
    while (beacons.size() < 300'000)
        beacons.insert(beacons.end(), kBeacon.begin(), kBeacon.end());
    full.gate.deliver(make_packet(beacons, 0));
    const Bytes question =
        bytes_of({Kind::request, 7, {}, "abc"}); // comes before the end is told, and is late all the same
    full.gate.deliver(make_packet(question, 0));
    ASSERT_TRUE(host_.run_until([&] { return !end.closed.empty(); }));
    host_.run_pending();
    EXPECT_EQ(end.closed, std::vector<Status>{JF_EXHAUSTED});
    EXPECT_TRUE(end.requests.empty());
}

/// Sends whatever goes, whenever it may.
struct Greedy final : PathReceiver {
    void received(const jf_packet&) noexcept override {}
    void closed(Status, std::string_view) noexcept override {}
    void writable() noexcept override
    {
        while (sent < 1'000'000 && path.send(Bytes(10'000, 1)) == JF_OK)
            sent += 10'000;
        if (other != nullptr && seen == 0)
            seen = other->sent;
    }
    Path path;
    std::size_t sent = 0;
    const Greedy* other = nullptr;
    std::size_t seen = 0; // of the other's, when the first turn was over
};

TEST_F(MsgpackPeer, IsSentOfSeveralChannelsByTurns)
{
    FullPath full;
    full.full = false;
    Greedy first;
    Greedy second;
    End end(instance_, Path(full.handle()), false);
    for (const auto& [number, name] : {std::pair<std::uint16_t, const char*>{1, "first"}, {2, "second"}}) {
        full.gate.deliver(make_packet(bytes_of({Kind::request, number, {}, name}), 0));
        host_.run_pending();
        ASSERT_EQ(end.accept(name), JF_OK);
    }
    first.path = end.path("first");
    second.path = end.path("second");
    second.other = &first;
    first.path.open(first);
    second.path.open(second);
    full.full = true;
    ASSERT_EQ(first.path.send(Bytes{1}), JF_OK); // it waits in the session
    ASSERT_EQ(first.path.send(Bytes{1}), JF_WOULD_BLOCK);
    ASSERT_EQ(second.path.send(Bytes{1}), JF_WOULD_BLOCK);
    full.full = false;
    full.gate.writable();
    EXPECT_EQ(first.sent, 1'000'000U);
    EXPECT_EQ(second.sent, 1'000'000U);
    EXPECT_EQ(second.seen, 70'000U) << "64 KiB and what did not fit exactly, then it was the other's turn";
}

TEST_F(MsgpackPeer, HasItsNumbersBackWhenChannelsEnd)
{
    for (std::uint16_t number = 1; number < 200; ++number) { // more than there may be at once
        const std::string name = "channel " + std::to_string(number);
        ask(number, name);
        ASSERT_TRUE(asked_for(name));
        ASSERT_EQ(end_.accept(name), JF_OK) << name;
        end_.release_channel(name);
    }
}

TEST(MsgpackConfig, ThatIsWrongIsNamedByItsPlace)
{
    FakeHost host;
    for (const auto& [config, place] :
         {std::pair{R"({"unread_bytes": 1})", "/unread_bytes"}, std::pair{R"({"max_channels": 0})", "/max_channels"},
          std::pair{R"({"max_channels": "many"})", "/max_channels"}}) {
        try {
            const Instance instance(host, JACKFIELD_TEST_PLUGIN_DIR, "mux-msgpack", JF_MULTIPLEXER_INTERFACE, config);
            ADD_FAILURE() << config;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).find(place), 0U) << failure.what();
        }
    }
}

} // namespace
} // namespace jackfield::mux_test
