// The frames of yamux, byte for byte, windows that grow, and what becomes of a peer that breaks its rules.
#include "frame.hpp"
#include "mux_end.hpp"

#include <shared/mux/window.hpp>

namespace jackfield::mux_test {
namespace {

using namespace mux_yamux;
using shared_mux::RoundTrip;
using shared_mux::Window;

Bytes bytes_of(const Header& header, const Bytes& data = {})
{
    const auto head = mux_yamux::write(header);
    Bytes bytes(head.begin(), head.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
}

TEST(YamuxFrame, IsTwelveBytesInNetworkOrder)
{
    EXPECT_EQ(bytes_of({Type::window_update, flag::kSyn | flag::kFin, 0x01020304, 0x0a0b0c0d}),
              (Bytes{0, 1, 0, 5, 1, 2, 3, 4, 0x0a, 0x0b, 0x0c, 0x0d}));
}

TEST(YamuxFrame, IsReadHoweverTheStreamIsCut)
{
    Bytes stream = bytes_of({Type::data, 0, 7, 5}, {1, 2, 3, 4, 5});
    const Bytes more = bytes_of({Type::ping, flag::kSyn, 0, 9});
    stream.insert(stream.end(), more.begin(), more.end());
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
        FrameReader reader;
        Bytes data;
        std::vector<Type> frames;
        for (std::size_t at = 0; at < stream.size(); at += cut) {
            ByteView input = ByteView(stream).subspan(at, std::min(cut, stream.size() - at));
            while (const auto piece = reader.next(input)) {
                data.insert(data.end(), piece->data.begin(), piece->data.end());
                if (piece->begins)
                    frames.push_back(piece->header.type);
            }
            EXPECT_TRUE(input.empty());
        }
        EXPECT_EQ(data, (Bytes{1, 2, 3, 4, 5})) << cut;
        EXPECT_EQ(frames, (std::vector{Type::data, Type::ping})) << cut;
    }
}

using std::chrono::milliseconds;

/// Half a window after the other, each so long after the one before. Returns the window afterwards.
std::uint32_t read_evenly(Window& window, int halves, milliseconds each, std::optional<milliseconds> round_trip,
                          std::uint32_t spare = 0xffffffff)
{
    static milliseconds now{1000};
    for (int i = 0; i < halves; ++i, now += each)
        window.read(window.bytes() / 2, now, round_trip, spare);
    return window.bytes();
}

TEST(YamuxWindow, DoublesWhenAWholeOneIsReadInLessThanThreeRoundTrips)
{
    Window window(1000);
    EXPECT_EQ(read_evenly(window, 3, milliseconds(74), milliseconds(50)), 2000U);
    EXPECT_EQ(read_evenly(window, 2, milliseconds(74), milliseconds(50)), 4000U);
}

TEST(YamuxWindow, StaysWhenAWholeOneTakesThreeRoundTrips)
{
    Window window(1000);
    EXPECT_EQ(read_evenly(window, 30, milliseconds(75), milliseconds(50)), 1000U);
}

TEST(YamuxWindow, StaysWhileNobodyKnowsTheRoundTrip)
{
    Window window(1000);
    EXPECT_EQ(read_evenly(window, 30, milliseconds(0), std::nullopt), 1000U);
}

TEST(YamuxWindow, GrowsByNoMoreThanIsSpare)
{
    Window window(1000);
    EXPECT_EQ(read_evenly(window, 3, milliseconds(1), milliseconds(50), 300), 1300U);
    EXPECT_EQ(read_evenly(window, 3, milliseconds(1), milliseconds(50), 0), 1300U);
}

TEST(YamuxWindow, DoesNotCountTheTimeInWhichNothingCameAsFast)
{
    Window window(1000);
    window.read(500, milliseconds(0), milliseconds(50), 0xffffffff);
    window.read(500, milliseconds(10), milliseconds(50), 0xffffffff);
    EXPECT_EQ(window.read(500, milliseconds(900), milliseconds(50), 0xffffffff), 0U) << "it was idle between";
}

TEST(YamuxRoundTrip, IsTheSmallestThatWasSeen)
{
    RoundTrip trip;
    EXPECT_FALSE(trip.least());
    trip.asked(1, milliseconds(0));
    trip.asked(2, milliseconds(10)); // one at a time
    trip.answered(2, milliseconds(20));
    EXPECT_FALSE(trip.least());
    trip.answered(1, milliseconds(50));
    EXPECT_EQ(trip.least(), milliseconds(50));
    trip.asked(3, milliseconds(100));
    trip.answered(3, milliseconds(900)); // behind a queue
    EXPECT_EQ(trip.least(), milliseconds(50));
    trip.asked(4, milliseconds(1000));
    trip.answered(4, milliseconds(1040));
    EXPECT_EQ(trip.least(), milliseconds(40));
}

/// A session whose peer is the test, frame by frame.
class YamuxPeer : public ::testing::Test {
protected:
    explicit YamuxPeer(bool we_opened_the_link = false, testing::Clock clock = testing::Clock::real,
                       const std::string& config = "{}")
        : host_(clock),
          instance_(host_, JACKFIELD_TEST_PLUGIN_DIR, "mux-yamux", JF_MULTIPLEXER_INTERFACE, config),
          link_(JF_STREAM),
          end_(instance_, link_.path(0), we_opened_the_link)
    {
        link_.path(1).open(ear_);
    }
    ~YamuxPeer() override
    {
        end_.release();
        link_.path(1).close();
    }

    void say(const Header& header, const Bytes& data = {}) { link_.path(1).send(bytes_of(header, data)); }
    void ask(std::uint32_t id) { say({Type::data, flag::kSyn, id, 4}, {3, 'a', 'b', 'c'}); }
    bool ends_with(Status status)
    {
        return host_.run_until([&] { return end_.closed.size() == 1; }, std::chrono::seconds(10)) &&
               end_.closed[0] == status;
    }
    /// The peer hears such a frame.
    bool hears(Type type, std::uint16_t flags)
    {
        return ear_.wait([&](const auto& heard) {
            const Bytes stream = heard.stream();
            FrameReader reader;
            ByteView input(stream);
            while (const auto piece = reader.next(input)) {
                if (piece->begins && piece->header.type == type && (piece->header.flags & flags) == flags)
                    return true;
            }
            return false;
        });
    }

    FakeHost host_;
    PathEar ear_;
    Instance instance_;
    MemoryLink link_;
    End end_;
};

TEST_F(YamuxPeer, AsksForAChannelByNameInTheFrameThatOpensIt)
{
    ask(1);
    ASSERT_TRUE(host_.run_until([&] { return end_.requests.contains("abc"); }));
    ASSERT_EQ(end_.accept("abc"), JF_OK);
    EXPECT_TRUE(hears(Type::window_update, flag::kAck));
}

TEST_F(YamuxPeer, GetsWhatIsSentInPartsInFewFramesAndInOrder)
{
    ask(1);
    ASSERT_TRUE(host_.run_until([&] { return end_.requests.contains("abc"); }));
    ASSERT_EQ(end_.accept("abc"), JF_OK);
    Bytes all(JF_STREAM_SEND_MAX); // more than a frame may have
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::uint8_t>(i % 251);
    const ByteView whole(all);
    const std::array parts{to_bytes(whole.first(4)), to_bytes(whole.subspan(4, 0)), to_bytes(whole.subspan(4, 65500)),
                           to_bytes(whole.subspan(65504))};
    ASSERT_EQ(end_.path("abc").send(parts), JF_OK);
    say({Type::ping, flag::kSyn, 0, 1});
    ASSERT_TRUE(hears(Type::ping, flag::kAck));
    Bytes heard;
    std::vector<std::uint32_t> lengths;
    const Bytes stream = ear_.heard().stream();
    ByteView input(stream);
    for (FrameReader reader; const auto piece = reader.next(input);) {
        if (piece->header.type != Type::data)
            continue;
        heard.insert(heard.end(), piece->data.begin(), piece->data.end());
        if (piece->begins)
            lengths.push_back(piece->header.length);
    }
    EXPECT_EQ(heard, all);
    EXPECT_EQ(lengths, (std::vector<std::uint32_t>{JF_STREAM_SEND_MAX - kHeaderBytes, kHeaderBytes}));
}

TEST_F(YamuxPeer, IsAnsweredItsPings)
{
    say({Type::ping, flag::kSyn, 0, 77});
    EXPECT_TRUE(hears(Type::ping, flag::kAck));
}

TEST_F(YamuxPeer, OfAnotherVersionIsRefused)
{
    link_.path(1).send(Bytes(12, 9));
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatOpensAStreamWithANumberOfOursIsRefused)
{
    ask(2);
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatOpensAStreamTwiceIsRefused)
{
    ask(1);
    ask(1);
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatSendsMoreThanTheWindowIsRefused)
{
    ask(1);
    for (int i = 0; i < 5; ++i)
        say({Type::data, 0, 1, 60'000}, Bytes(60'000, 1));
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatGivesMoreCreditThanThereIsIsRefused)
{
    ask(1);
    say({Type::window_update, 0, 1, 0xffffffff});
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatAnnouncesAnEnormousFrameIsRefused)
{
    say({Type::data, flag::kSyn, 1, 0x7fffffff});
    EXPECT_TRUE(ends_with(JF_BAD_INPUT));
}

TEST_F(YamuxPeer, ThatAsksForTooManyChannelsHearsThatSomeAreDeclined)
{
    for (std::uint32_t id = 1; id < 200; id += 2)
        ask(id);
    EXPECT_TRUE(hears(Type::window_update, flag::kRst));
    EXPECT_TRUE(end_.closed.empty()) << "and the session goes on";
}

TEST_F(YamuxPeer, ThatWithdrawsARequestIsNotGivenTheChannel)
{
    ask(1);
    say({Type::window_update, flag::kRst, 1, 0});
    ASSERT_TRUE(host_.run_until([&] { return end_.requests.contains("abc"); }));
    say({Type::ping, flag::kSyn, 0, 1});
    ASSERT_TRUE(hears(Type::ping, flag::kAck)); // behind it the withdrawal has come
    EXPECT_EQ(end_.accept("abc"), JF_NOT_FOUND);
}

TEST_F(YamuxPeer, MaySendOnAStreamThatIsGone)
{
    say({Type::data, 0, 5, 3}, {1, 2, 3});
    say({Type::window_update, 0, 9, 100});
    say({Type::ping, flag::kSyn, 0, 1});
    EXPECT_TRUE(hears(Type::ping, flag::kAck));
    EXPECT_TRUE(end_.closed.empty());
}

TEST_F(YamuxPeer, ThatGoesAwayEndsTheSessionInOrder)
{
    say({Type::go_away, 0, 0, 0});
    EXPECT_TRUE(ends_with(JF_CLOSED));
}

TEST_F(YamuxPeer, ThatHasGoneAwayAndAsksAllTheSameIsNotHeard)
{
    // In one packet, so that all of it is there before the session can end.
    Bytes all = bytes_of({Type::go_away, 0, 0, 0});
    const Bytes question = bytes_of({Type::data, flag::kSyn, 1, 4}, {3, 'a', 'b', 'c'});
    all.insert(all.end(), question.begin(), question.end());
    link_.path(1).send(all);
    EXPECT_TRUE(ends_with(JF_CLOSED));
    host_.run_pending();
    ask(3);
    host_.run_pending();
    EXPECT_TRUE(end_.requests.empty());
}

/// A peer that we ask for a channel, and that answers when the test does.
class YamuxPeerThatIsAsked : public YamuxPeer {
protected:
    YamuxPeerThatIsAsked() : YamuxPeer(true) {}

    bool is_given(const std::string& name)
    {
        end_.ask(name);
        return host_.run_until([&] { return end_.channels.contains(name); }, std::chrono::seconds(10));
    }
    std::size_t data_of(std::uint32_t id)
    {
        const Bytes stream = ear_.heard().stream();
        FrameReader reader;
        std::size_t size = 0;
        for (ByteView input(stream); const auto piece = reader.next(input);)
            size += piece->header.stream == id ? piece->data.size() : 0;
        return size;
    }
};

TEST_F(YamuxPeerThatIsAsked, AndNeverAcknowledgesGetsWhatIsSentAllTheSame)
{
    ASSERT_TRUE(is_given("abc"));
    ASSERT_EQ(end_.path("abc").send(Bytes(1000, 7)), JF_OK);
    EXPECT_TRUE(ear_.wait([&](const auto& heard) { return heard.bytes == 12 + 4 + 12 + 1000; }));
    EXPECT_EQ(data_of(1), 4U + 1000U) << "the name, and behind it the data";
}

TEST_F(YamuxPeerThatIsAsked, GetsNoMoreThanTheFirstWindowBeforeItAnswers)
{
    ASSERT_TRUE(is_given("abc"));
    PathEar ear;
    end_.path("abc").open(ear);
    std::size_t sent = 4;
    while (end_.path("abc").send(Bytes(10'000, 7)) == JF_OK)
        sent += 10'000;
    EXPECT_GT(sent, 256U * 1024 - 10'000);
    EXPECT_LE(sent, 256U * 1024);
    say({Type::window_update, flag::kAck, 1, 10'000});
    EXPECT_TRUE(ear.wait([](const auto& heard) { return heard.writable == 1; }));
    EXPECT_EQ(end_.path("abc").send(Bytes(10'000, 7)), JF_OK);
    end_.release();
}

TEST_F(YamuxPeerThatIsAsked, AndDeclinesWhatIsUsedAlreadyEndsThatChannelAlone)
{
    ASSERT_TRUE(is_given("abc"));
    ASSERT_TRUE(is_given("def"));
    PathEar ear;
    end_.path("abc").open(ear);
    ASSERT_EQ(end_.path("abc").send(Bytes(10, 7)), JF_OK);
    say({Type::window_update, flag::kRst, 1, 0});
    ASSERT_TRUE(ear.wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(ear.heard().status, JF_REFUSED);
    EXPECT_EQ(end_.path("abc").send(Bytes(10, 7)), JF_CLOSED);
    EXPECT_EQ(end_.path("def").send(Bytes(10, 7)), JF_OK);
    EXPECT_TRUE(end_.closed.empty());
    end_.release();
}

TEST_F(YamuxPeerThatIsAsked, ThatBreaksOffAChannelItHasAcceptedIsToldFromOneThatDeclines)
{
    ASSERT_TRUE(is_given("abc"));
    PathEar ear;
    end_.path("abc").open(ear);
    say({Type::window_update, flag::kAck, 1, 0});
    say({Type::window_update, flag::kRst, 1, 0});
    ASSERT_TRUE(ear.wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(ear.heard().text.find("declined"), std::string::npos) << ear.heard().text;
    end_.release();
}

constexpr std::uint32_t kSmall = 256 * 1024;

/// A peer that sends on channels which we read, at a distance and a rate that the test says by turning the clock.
class YamuxPeerFarAway : public YamuxPeer {
protected:
    explicit YamuxPeerFarAway(std::uint32_t most = 4 * kSmall)
        : YamuxPeer(false, testing::Clock::manual,
                    R"({"max_window_bytes": )" + std::to_string(most) + R"(, "session_growth_bytes": 1048576})")
    {}

    void begin(std::uint32_t id, PathEar* ear)
    {
        const std::string name{static_cast<char>('a' + id)};
        say({Type::data, flag::kSyn, id, 2}, {1, static_cast<std::uint8_t>(name[0])});
        ASSERT_TRUE(host_.run_until([&] { return end_.requests.contains(name); }));
        ASSERT_EQ(end_.accept(name), JF_OK);
        sent_[id] = 2;
        if (ear != nullptr)
            end_.path(name).open(*ear);
    }

    /// The ping that measures is answered so much later.
    void answer_ping(milliseconds after)
    {
        ASSERT_TRUE(hears(Type::ping, flag::kSyn));
        host_.advance(after);
        for (const Header& header : frames()) {
            if (header.type == Type::ping && header.flags == flag::kSyn)
                say({Type::ping, flag::kAck, 0, header.length});
        }
        let_it_arrive();
    }

    /// All that the window allows, at once, that long after what was sent before.
    void fill(std::uint32_t id, milliseconds after)
    {
        host_.advance(after);
        for (std::uint32_t left = allowed(id); left > 0;) {
            const std::uint32_t size = std::min<std::uint32_t>(left, 32 * 1024);
            say({Type::data, 0, id, size}, Bytes(size, 1));
            left -= size;
            sent_[id] += size;
        }
        let_it_arrive();
    }

    /// What the peer may send now.
    std::uint32_t allowed(std::uint32_t id)
    {
        std::uint32_t credit = kSmall;
        for (const Header& header : frames())
            credit += header.type == Type::window_update && header.stream == id ? header.length : 0;
        return credit - sent_[id];
    }

    /// No more than the window, and more than half of it: the rest has been read and was not given back yet.
    static bool is_about(std::uint32_t window, std::uint32_t most) { return most <= window && most > window / 2; }

    /// The most that it is allowed while it fills windows so far apart.
    std::uint32_t most_allowed(std::uint32_t id, int windows, milliseconds apart)
    {
        std::uint32_t most = 0;
        for (int i = 0; i < windows; ++i) {
            fill(id, apart);
            most = std::max(most, allowed(id));
        }
        return most;
    }

private:
    /// All that was said before has been taken, and answered.
    void let_it_arrive()
    {
        const auto answered = std::ranges::count_if(frames(), is_pong);
        say({Type::ping, flag::kSyn, 0, 1});
        ASSERT_TRUE(ear_.wait(
            [&](const auto& heard) { return std::ranges::count_if(cut(heard.stream()), is_pong) > answered; }));
    }

    static bool is_pong(const Header& header) { return header.type == Type::ping && header.flags == flag::kAck; }
    static std::vector<Header> cut(const Bytes& stream)
    {
        std::vector<Header> headers;
        FrameReader reader;
        for (ByteView input(stream); const auto piece = reader.next(input);) {
            if (piece->begins)
                headers.push_back(piece->header);
        }
        return headers;
    }
    std::vector<Header> frames() { return cut(ear_.heard().stream()); }

    std::map<std::uint32_t, std::uint32_t> sent_;
};

TEST_F(YamuxPeerFarAway, IsGivenAsMuchAsTheRoundTripNeedsAndNoMoreThanTheLimit)
{
    PathEar ear;
    begin(1, &ear);
    answer_ping(milliseconds(50));
    EXPECT_TRUE(is_about(4 * kSmall, most_allowed(1, 12, milliseconds(50))));
    end_.release();
}

TEST_F(YamuxPeerFarAway, ThatSendsSlowlyKeepsItsWindow)
{
    PathEar ear;
    begin(1, &ear);
    answer_ping(milliseconds(50));
    EXPECT_TRUE(is_about(kSmall, most_allowed(1, 12, milliseconds(300))));
    end_.release();
}

TEST_F(YamuxPeerFarAway, WhosePingsAreNotAnsweredKeepsItsWindow)
{
    PathEar ear;
    begin(1, &ear);
    EXPECT_TRUE(is_about(kSmall, most_allowed(1, 12, milliseconds(0))));
    end_.release();
}

TEST_F(YamuxPeerFarAway, GetsNoMoreForAllItsChannelsThanTheSessionHas)
{
    PathEar first;
    PathEar second;
    PathEar third;
    begin(1, &first);
    answer_ping(milliseconds(50));
    begin(3, &second);
    begin(5, &third);
    const auto of_first = most_allowed(1, 12, milliseconds(50));
    const auto of_second = most_allowed(3, 12, milliseconds(50));
    const auto of_third = most_allowed(5, 12, milliseconds(50));
    EXPECT_TRUE(is_about(4 * kSmall, of_first)) << of_first;
    EXPECT_TRUE(is_about(2 * kSmall, of_second)) << of_second << ": what the first has left";
    EXPECT_TRUE(is_about(kSmall, of_third)) << of_third;
    end_.release();
}

TEST_F(YamuxPeerFarAway, MakesNobodyKeepMoreThanTheFirstWindowOfAChannelThatIsNotOpened)
{
    begin(1, nullptr);
    answer_ping(milliseconds(50));
    fill(1, milliseconds(1));
    EXPECT_EQ(allowed(1), 0U);
    PathEar ear;
    end_.path("b").open(ear);
    EXPECT_TRUE(ear.wait([](const auto& heard) { return heard.bytes == kSmall - 2; }));
    say({Type::ping, flag::kSyn, 0, 9});
    EXPECT_TRUE(host_.run_until([&] { return allowed(1) == kSmall; })) << "what waited is no sign of a fast reader";
    end_.release();
}

class YamuxPeerThatIsHeldToFixedWindows : public YamuxPeerFarAway {
protected:
    YamuxPeerThatIsHeldToFixedWindows() : YamuxPeerFarAway(kSmall) {}
};

TEST_F(YamuxPeerThatIsHeldToFixedWindows, IsGivenWhatItHas)
{
    PathEar ear;
    begin(1, &ear);
    answer_ping(milliseconds(50));
    EXPECT_TRUE(is_about(kSmall, most_allowed(1, 12, milliseconds(10))));
    end_.release();
}

} // namespace
} // namespace jackfield::mux_test
