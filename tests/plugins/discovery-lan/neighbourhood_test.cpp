// Neighbours on the loopback interface, and strangers among them.
//
// Threads: the test's waits; each neighbourhood has its own.
#include "neighbourhood.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>

namespace discovery_lan {
namespace {

using namespace std::chrono_literals;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Status;

/// A UDP port that was free a moment ago.
std::uint16_t free_port()
{
    asio::io_context context;
    return asio::ip::udp::socket(context, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

class Neighbour {
public:
    explicit Neighbour(std::uint16_t port)
        : board({{"127.0.0.1"}, port}, [this](bool online, const std::string&) { note(online ? "online" : "offline"); })
    {
        board.open();
    }
    void put(const std::string& key, const std::string& value, bool keep)
    {
        board.put(key, {value.begin(), value.end()}, keep, [this, value](Status status, std::string_view) {
            note("put " + value + " " + std::to_string(status));
        });
    }
    void get(const std::string& key)
    {
        board.get(
            key, [this](ByteView value) { note("got " + text(value)); },
            [this](Status status, std::string_view) { note("get " + std::to_string(status)); });
    }
    void listen(const std::string& key)
    {
        board.listen(key, [this](ByteView value) { note("heard " + text(value)); });
    }
    bool sees(const std::string& what, std::ptrdiff_t times = 1, std::chrono::milliseconds limit = 20s)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return std::ranges::count(notes_, what) >= times; });
    }
    std::uint16_t tcp_port() const
    {
        const std::string where = board.listening();
        return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
    }

private:
    static std::string text(ByteView value) { return std::string(jackfield::as_text(value)); }
    void note(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        notes_.push_back(what);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> notes_;

public:
    Neighbourhood board;
};

/// A socket to a neighbour's TCP port.
class Stranger {
public:
    explicit Stranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(port);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    }
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;
    ~Stranger() { ::close(socket_); }
    void send(const Bytes& bytes) const { EXPECT_GT(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0); }
    bool is_closed() const
    {
        pollfd waiting{socket_, POLLIN, 0};
        char byte = 0;
        return ::poll(&waiting, 1, 20'000) == 1 && ::recv(socket_, &byte, 1, 0) <= 0;
    }

private:
    int socket_;
};

TEST(Neighbourhood, KeepsWhatIsItsOwnAndTellsWhoeverAsks)
{
    const auto port = free_port();
    Neighbour bob(port);
    Neighbour alice(port);
    EXPECT_TRUE(alice.sees("online"));
    bob.put("account", "card", true);
    EXPECT_TRUE(bob.sees("put card 0"));
    alice.get("account");
    EXPECT_TRUE(alice.sees("got card"));
    EXPECT_TRUE(alice.sees("get 0"));
    alice.get("nobody");
    EXPECT_TRUE(alice.sees("get 0", 2)) << "nobody there is no error";
    EXPECT_FALSE(alice.sees("got card", 2, 0ms));
}

TEST(Neighbourhood, BringsAMessageToWhoeverListens)
{
    const auto port = free_port();
    Neighbour bob(port);
    Neighbour carol(port);
    Neighbour alice(port);
    bob.listen("callto:bob");
    carol.listen("callto:carol");
    alice.put("callto:bob", "ring", false);
    EXPECT_TRUE(alice.sees("put ring 0"));
    EXPECT_TRUE(bob.sees("heard ring"));
    alice.put("callto:bob", std::string(60'000, 'x'), false);
    EXPECT_TRUE(bob.sees("heard " + std::string(60'000, 'x')));
    EXPECT_FALSE(carol.sees("heard ring", 1, 0ms));
}

TEST(Neighbourhood, SaysThatNobodyListens)
{
    Neighbour alice(free_port());
    alice.put("callto:bob", "ring", false);
    EXPECT_TRUE(alice.sees("put ring " + std::to_string(JF_UNREACHABLE)));
}

TEST(Neighbourhood, WaitsAWhileForOneWhoIsJustComing)
{
    const auto port = free_port();
    Neighbour alice(port);
    Neighbour bob(port);
    alice.put("callto:bob", "ring", false); // asks before anybody listens
    alice.get("fence");
    EXPECT_TRUE(alice.sees("get 0"));
    bob.listen("callto:bob");
    EXPECT_TRUE(bob.sees("heard ring"));
}

TEST(Neighbourhood, TellsListenersWhatIsNewAndWhatLiesThereAlready)
{
    const auto port = free_port();
    Neighbour bob(port);
    Neighbour alice(port);
    bob.put("account", "first", true);
    EXPECT_TRUE(bob.sees("put first 0"));
    alice.listen("account");
    EXPECT_TRUE(alice.sees("heard first"));
    bob.put("account", "second", true);
    EXPECT_TRUE(alice.sees("heard second"));
    EXPECT_TRUE(bob.sees("put second 0"));
    alice.board.unlisten("account");
    alice.get("fence");
    EXPECT_TRUE(alice.sees("get 0"));
    bob.put("account", "third", true);
    EXPECT_TRUE(bob.sees("put third 0"));
    EXPECT_FALSE(alice.sees("heard third", 1, 0ms));
}

TEST(Neighbourhood, DoesNotSeeNodesOfAnotherPort)
{
    Neighbour bob(free_port());
    Neighbour alice(free_port());
    bob.put("account", "card", true);
    EXPECT_TRUE(bob.sees("put card 0"));
    alice.get("account");
    EXPECT_TRUE(alice.sees("get 0"));
    EXPECT_FALSE(alice.sees("got card", 1, 0ms));
}

TEST(Neighbourhood, LooksAgainWhenTheNetworkChanged)
{
    const auto port = free_port();
    Neighbour bob(port);
    Neighbour alice(port);
    bob.put("account", "card", true);
    alice.board.look_again();
    bob.board.look_again();
    alice.listen("account");
    EXPECT_TRUE(alice.sees("heard card"));
    EXPECT_TRUE(alice.sees("online", 2));
}

TEST(Neighbourhood, SendsStrangersAwayWhoBreakTheRulesOrAreSlow)
{
    Neighbour bob(free_port());
    bob.listen("k");
    const Stranger rude(bob.tcp_port());
    rude.send({9, 1});
    EXPECT_TRUE(rude.is_closed());
    const Stranger giant(bob.tcp_port());
    giant.send({2, 1, 'k', 0x7f, 0xff, 0xff, 0xff});
    EXPECT_TRUE(giant.is_closed());
    const Stranger slow(bob.tcp_port());
    slow.send({2});
    EXPECT_TRUE(slow.is_closed()) << "after five seconds";
}

TEST(Neighbourhood, GivesAnAddressSoManyConnectionsAndNoMore)
{
    Neighbour bob(free_port());
    std::list<Stranger> many;
    for (std::size_t i = 0; i < Neighbourhood::kMostFromOneAddress; ++i)
        many.emplace_back(bob.tcp_port());
    const Stranger more(bob.tcp_port());
    EXPECT_TRUE(more.is_closed());
    many.front().send({9, 1});
    EXPECT_TRUE(many.front().is_closed()) << "those before are served";
}

TEST(Neighbourhood, AnswersSoManyQuestionsASecondAndNoMore)
{
    const auto port = free_port();
    Neighbour bob(port);
    bob.put("account", "card", true);
    EXPECT_TRUE(bob.sees("put card 0"));
    asio::io_context context;
    asio::ip::udp::socket socket(context, {asio::ip::address_v4::loopback(), 0});
    const timeval limit{0, 500'000};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const auto is_answered = [&] {
        socket.send_to(asio::buffer(std::string("garbage")), {asio::ip::address_v4::loopback(), port});
        socket.send_to(asio::buffer(write({Kind::ask, 0, "account"})), {asio::ip::address_v4::loopback(), port});
        std::array<char, 512> bytes{};
        return ::recv(socket.native_handle(), bytes.data(), bytes.size(), 0) > 0;
    };
    const auto begun = std::chrono::steady_clock::now();
    int answers = 0;
    while (answers < 100'000 && is_answered())
        ++answers;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    EXPECT_GE(answers, 200);
    EXPECT_LE(answers, 201 + static_cast<int>(seconds * Neighbourhood::kAnswersPerSecond));
    EXPECT_TRUE(is_answered()) << "half a second later there are some again";
}

TEST(Question, ThatHasGoneSaysNothingThoughItsTimeWasUp)
{
    asio::io_context context;
    int said = 0;
    auto question = std::make_unique<Question>(
        context, 0ms, Question::Events{[&] { ++said; }, [](const asio::ip::tcp::endpoint&) {}, [&] { ++said; }});
    asio::steady_timer earlier(context, std::chrono::steady_clock::time_point::min());
    earlier.async_wait([&](asio::error_code) { question.reset(); }); // when the question's own end is next in the queue
    question->ask_again();
    context.run();
    EXPECT_EQ(said, 1) << "asked, and not over";
}

TEST(Question, HearsEachNeighbourOnceAndABoundedNumber)
{
    asio::io_context context;
    int asked = 0;
    std::vector<std::uint16_t> found;
    Question question(context, 1s,
                      {[&] { ++asked; }, [&](const auto& endpoint) { found.push_back(endpoint.port()); }, [] {}});
    question.ask_again();
    EXPECT_EQ(asked, 1) << "at once";
    for (std::uint16_t port = 1; port <= 40; ++port) {
        for (int times = 0; times < 2; ++times)
            question.answered({asio::ip::address_v4::loopback(), port});
    }
    ASSERT_EQ(found.size(), Question::kMostAnswers);
    EXPECT_EQ(found.back(), Question::kMostAnswers);
}

TEST(Neighbourhood, GoesAwayInTheMiddleOfEverything)
{
    const auto port = free_port();
    Neighbour bob(port);
    bob.listen("callto:bob");
    bob.put("account", "card", true);
    for (int i = 0; i < 20; ++i) {
        Neighbour alice(port);
        alice.listen("account");
        alice.put("callto:bob", std::to_string(i), false);
        alice.get("account");
        if (i % 2 == 0) {
            EXPECT_TRUE(alice.sees("heard card"));
        }
        if (i % 3 == 0)
            alice.board.close([] {});
    }
}

} // namespace
} // namespace discovery_lan
