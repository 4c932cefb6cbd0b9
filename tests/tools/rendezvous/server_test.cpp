// The server as its clients see it: what the wire promises, and what each limit answers.
//
// Threads: the test's; the server has its own.
#include "tools/rendezvous/server.hpp"
#include "tools/rendezvous/sqlite_store.hpp"

#include "tests/kernel/temporary_folder.hpp"
#include "tests/tools/rendezvous/raw_client.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace {

using namespace jackfield::rendezvous;
using namespace jackfield::rendezvous::testing;
using jackfield::Bytes;

class RendezvousServer : public ::testing::Test {
protected:
    RendezvousServer()
    {
        options_.bind = "127.0.0.1";
        options_.port = 0;
    }
    void start() { server_ = std::make_unique<Server>(options_); }
    std::uint16_t port() const { return server_->port(); }

    /// A client with a WebSocket.
    std::unique_ptr<RawClient> client()
    {
        auto client = std::make_unique<RawClient>(port());
        EXPECT_EQ(client->upgrade(), "HTTP/1.1 101 Switching Protocols");
        return client;
    }
    static Request put(std::uint64_t id, const std::string& key, const std::string& value)
    {
        return {Op::put, id, key, bytes(value), 60};
    }
    static std::string status(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

    Server::Options options_;
    std::unique_ptr<Server> server_;
};

TEST_F(RendezvousServer, BringsWhatIsPutToWhoeverListensAndToWhoeverAsksLater)
{
    start();
    const auto bob = client();
    const auto alice = client();
    EXPECT_EQ(bob->ask({Op::listen, 1, "callto:bob"}).code, Code::ok);
    EXPECT_EQ(alice->ask(put(1, "callto:bob", "ring")).code, Code::ok);
    EXPECT_TRUE(bob->hears(bytes("ring")));
    EXPECT_EQ(bob->values.at(0).key, "callto:bob");
    EXPECT_EQ(bob->values.at(0).id, std::nullopt);

    const auto carol = client();
    EXPECT_EQ(carol->ask({Op::get, 9, "callto:bob"}).code, Code::ok);
    ASSERT_EQ(carol->values.size(), 1U);
    EXPECT_EQ(carol->values[0].value, bytes("ring"));
    EXPECT_EQ(carol->values[0].id, 9U);
    EXPECT_EQ(carol->ask({Op::get, 10, "callto:nobody"}).code, Code::ok) << "nothing there is no error";
    EXPECT_EQ(carol->values.size(), 1U);
}

TEST_F(RendezvousServer, GivesAListenerWhatLiesThereAlready)
{
    start();
    const auto alice = client();
    EXPECT_EQ(alice->ask(put(1, "k", "before")).code, Code::ok);
    EXPECT_EQ(alice->ask({Op::listen, 2, "k"}).code, Code::ok);
    EXPECT_EQ(alice->values.at(0).value, bytes("before"));
}

TEST_F(RendezvousServer, TellsNobodyWhoListensNoMore)
{
    start();
    const auto bob = client();
    EXPECT_EQ(bob->ask({Op::listen, 1, "k"}).code, Code::ok);
    EXPECT_EQ(bob->ask({Op::unlisten, 2, "k"}).code, Code::ok);
    EXPECT_EQ(client()->ask(put(1, "k", "quiet")).code, Code::ok);
    EXPECT_EQ(bob->ask({Op::get, 3, "other"}).code, Code::ok) << "what was put before this is before it";
    EXPECT_TRUE(bob->values.empty());
}

TEST_F(RendezvousServer, PutsAValueOfASlotInPlaceOfTheOneBefore)
{
    start();
    const auto alice = client();
    for (const char* value : {"old card", "new card"})
        EXPECT_EQ(alice->ask({Op::put, 1, "account", bytes(value), 60, "secret"}).code, Code::ok);
    EXPECT_EQ(alice->ask({Op::put, 2, "account", bytes("another device"), 60, "other"}).code, Code::ok);
    EXPECT_EQ(alice->ask(put(3, "account", "twice")).code, Code::ok);
    EXPECT_EQ(alice->ask(put(4, "account", "twice")).code, Code::ok) << "repeated, because its reply was lost";
    EXPECT_EQ(alice->ask({Op::get, 5, "account"}).code, Code::ok);
    std::vector<Bytes> values;
    for (const auto& value : alice->values)
        values.push_back(value.value);
    EXPECT_EQ(values, (std::vector{bytes("new card"), bytes("another device"), bytes("twice")}));
}

TEST_F(RendezvousServer, PutsAndGetsByHttpAsWell)
{
    start();
    const auto bob = client();
    EXPECT_EQ(bob->ask({Op::listen, 1, "callto:bob"}).code, Code::ok);
    EXPECT_EQ(status(http(port(), "PUT /v1/values/callto%3Abob?ttl=60 HTTP/1.1", "ring")), "HTTP/1.1 204 No Content");
    EXPECT_TRUE(bob->hears(bytes("ring")));
    const auto got = http(port(), "GET /v1/values/callto:bob HTTP/1.1");
    EXPECT_EQ(status(got), "HTTP/1.1 200 OK");
    EXPECT_NE(got.find(R"({"values":["cmluZw=="]})"), std::string::npos) << got;
    EXPECT_NE(http(port(), "GET /v1/health HTTP/1.1").find(R"("keys":1)"), std::string::npos);
}

TEST_F(RendezvousServer, RefusesByHttpWithAStatus)
{
    start();
    EXPECT_EQ(status(http(port(), "GET /v1/board HTTP/1.1")), "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(status(http(port(), "GET /v2 HTTP/1.1")), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(status(http(port(), "DELETE /v1/values/k HTTP/1.1")), "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(status(http(port(), "PUT /v1/values/k HTTP/1.1", "x")), "HTTP/1.1 400 Bad Request") << "no ttl";
    EXPECT_EQ(status(http(port(), "PUT /v1/values/k?ttl=9x HTTP/1.1", "x")), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status(http(port(), "PUT /v1/values/k?ttl=9 HTTP/1.1")), "HTTP/1.1 400 Bad Request") << "no value";
    EXPECT_EQ(status(http(port(), "PUT /v1/values/a%20b?ttl=9 HTTP/1.1", "x")), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(status(http(port(), "GET /v1/values/" + std::string(201, 'k') + " HTTP/1.1")),
              "HTTP/1.1 400 Bad Request");
    EXPECT_NE(status(http(port(), "GET /" + std::string(100'000, 'k') + " HTTP/1.1")), "HTTP/1.1 200 OK");
    EXPECT_EQ(status(http(port(), "GET /v1/health HTTP/1.1")), "HTTP/1.1 200 OK") << "and goes on";
}

TEST_F(RendezvousServer, RefusesAGiantBodyWithoutReadingIt)
{
    start();
    RawClient declared(port());
    declared.send("PUT /v1/values/k?ttl=9 HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000000\r\n\r\n");
    declared.send(std::string(100'000, 'x'));
    EXPECT_EQ(status(declared.read_all()), "HTTP/1.1 413 Request Entity Too Large");
    EXPECT_EQ(status(http(port(), "PUT /v1/values/k?ttl=9 HTTP/1.1", std::string(65'537, 'x'))),
              "HTTP/1.1 413 Request Entity Too Large");
    EXPECT_EQ(status(http(port(), "PUT /v1/values/k?ttl=9 HTTP/1.1", std::string(65'536, 'x'))),
              "HTTP/1.1 204 No Content")
        << "the largest fits";

    RawClient chunked(port());
    chunked.send("PUT /v1/values/k?ttl=9 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i)
        chunked.send("1000\r\n" + std::string(4096, 'x') + "\r\n");
    chunked.send("0\r\n\r\n");
    EXPECT_EQ(status(chunked.read_all()), "HTTP/1.1 413 Request Entity Too Large");
}

TEST_F(RendezvousServer, RefusesOverAWebSocketWithAStatusAndGoesOn)
{
    options_.limits.value_bytes = 100;
    options_.limits.values_per_key = 2;
    options_.limits.listens_per_connection = 2;
    start();
    const auto alice = client();
    EXPECT_EQ(alice->ask(put(1, "k", std::string(101, 'x'))).code, Code::too_large);
    EXPECT_EQ(alice->ask(put(2, "k", "one")).code, Code::ok);
    EXPECT_EQ(alice->ask(put(3, "k", "two")).code, Code::ok);
    EXPECT_EQ(alice->ask(put(4, "k", "three")).code, Code::full);
    EXPECT_EQ(alice->ask({Op::listen, 5, "a"}).code, Code::ok);
    EXPECT_EQ(alice->ask({Op::listen, 6, "b"}).code, Code::ok);
    EXPECT_EQ(alice->ask({Op::listen, 7, "c"}).code, Code::full);
    EXPECT_EQ(alice->ask({Op::listen, 8, "a"}).code, Code::ok) << "the same again is none more";
    EXPECT_EQ(alice->ask({Op::unlisten, 9, "b"}).code, Code::ok);
    EXPECT_EQ(alice->ask({Op::listen, 10, "c"}).code, Code::ok);
    alice->send(RawClient::frame(1, R"({"id":11,"op":"sing"})"));
    EXPECT_EQ(alice->reply_to(11).code, Code::bad_request);
    alice->send(RawClient::frame(1, "what?"));
    EXPECT_EQ(alice->reply_to(0).code, Code::bad_request);
    EXPECT_EQ(alice->ask({Op::get, 12, "k"}).code, Code::ok);
    EXPECT_EQ(alice->values.size(), 2U) << "what was accepted is there";
}

TEST_F(RendezvousServer, TakesAMessageInPiecesAndAnswersPings)
{
    start();
    const auto alice = client();
    const std::string message = write(put(1, "k", "value"));
    alice->send(RawClient::frame(1, message.substr(0, 10), false));
    alice->send(RawClient::frame(9, "are you there?"));
    alice->send(RawClient::frame(0, message.substr(10, 5), false));
    alice->send(RawClient::frame(0, message.substr(15)));
    const auto pong = alice->read_frame();
    EXPECT_EQ(pong.opcode, 10);
    EXPECT_EQ(pong.payload, "are you there?");
    EXPECT_EQ(alice->reply_to(1).code, Code::ok);
}

TEST_F(RendezvousServer, ClosesOnFramesThatAreTooLargeOrOfNoUse)
{
    start();
    const auto large = client();
    large->send(RawClient::frame(1, std::string(200'000, 'x')));
    EXPECT_EQ(large->close_code(), 1009);
    const auto endless = client();
    for (int i = 0; i < 20; ++i)
        endless->send(RawClient::frame(i == 0 ? 1 : 0, std::string(10'000, 'x'), false));
    EXPECT_EQ(endless->close_code(), 1009);
    const auto binary = client();
    binary->send(RawClient::frame(2, "x"));
    EXPECT_EQ(binary->close_code(), 1003);
    const auto polite = client();
    polite->send(RawClient::frame(8, std::string("\x03\xe8", 2)));
    EXPECT_EQ(polite->close_code(), 1000);
}

TEST_F(RendezvousServer, AnswersAStormWith429AndLosesNothingOfWhatItTook)
{
    const jackfield::test::TemporaryFolder folder;
    options_.store = (folder.path() / "board.sqlite").string();
    options_.limits.requests_per_second = 1;
    options_.limits.burst = 20;
    start();
    const auto alice = client(); // one of the twenty
    std::set<std::uint64_t> taken;
    std::size_t refused = 0;
    for (std::uint64_t id = 1; id <= 300; ++id)
        alice->say(put(id, "k", std::to_string(id)));
    for (std::uint64_t id = 1; id <= 300; ++id) {
        const Reply reply = alice->reply_to(id);
        if (reply.code == Code::ok)
            taken.insert(id);
        else if (reply.code == Code::too_many_requests && reply.retry_ms > 0)
            ++refused;
    }
    EXPECT_EQ(taken.size() + refused, 300U) << "every request has its answer";
    EXPECT_GE(taken.size(), 19U);
    EXPECT_LT(taken.size(), 250U);
    std::string answer; // by HTTP it is the same bucket; a second may have passed, but not one for each of these
    for (int i = 0; i < 10 && status(answer) != "HTTP/1.1 429 Too Many Requests"; ++i)
        answer = http(port(), "GET /v1/values/k HTTP/1.1");
    EXPECT_EQ(status(answer), "HTTP/1.1 429 Too Many Requests");
    EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos) << answer;
    server_.reset();
    EXPECT_EQ(SqliteStore(options_.store, options_.limits, {}).get("k").size(), taken.size());
}

TEST_F(RendezvousServer, ClosesOnAClientThatNeverStops)
{
    options_.limits.requests_per_second = 1;
    options_.limits.burst = 1;
    start();
    const auto alice = client();
    std::thread storm([&] {
        for (std::uint64_t id = 1; id <= 5000 && alice->send(RawClient::frame(1, write(Request{Op::get, id, "k"})));
             ++id) {
        }
    });
    EXPECT_EQ(alice->close_code(), 1008);
    storm.join();
}

TEST_F(RendezvousServer, GivesAnAddressSoManyConnectionsAndNoMore)
{
    options_.limits.connections_per_address = 2;
    start();
    const auto one = client();
    auto two = client();
    EXPECT_EQ(RawClient(port()).upgrade(), "HTTP/1.1 429 Too Many Requests");
    EXPECT_EQ(one->ask(put(1, "k", "x")).code, Code::ok);
    two.reset();
    std::string line; // its place is free as soon as the server has seen it go
    for (int attempt = 0; attempt < 2000 && line != "HTTP/1.1 101 Switching Protocols"; ++attempt)
        line = RawClient(port()).upgrade();
    EXPECT_EQ(line, "HTTP/1.1 101 Switching Protocols");
}

TEST_F(RendezvousServer, TakesSoManyConnectionsAndNoMore)
{
    options_.limits.connections = 2;
    start();
    const auto one = client();
    const auto two = client();
    EXPECT_EQ(RawClient(port()).upgrade(), "HTTP/1.1 503 Service Unavailable");
    EXPECT_EQ(two->ask(put(1, "k", "x")).code, Code::ok);
}

TEST_F(RendezvousServer, HasAfterARestartWhatItAcknowledgedBefore)
{
    const jackfield::test::TemporaryFolder folder;
    options_.store = (folder.path() / "board.sqlite").string();
    start();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(client());
    std::set<std::string> acknowledged;
    for (std::uint64_t round = 1; round <= 20; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            const std::string value = std::to_string(i) + "/" + std::to_string(round);
            clients[i]->say(put(round, "k", value));
            if (clients[i]->reply_to(round).code == Code::ok)
                acknowledged.insert(value);
        }
    }
    clients[0]->say(put(99, "k", "in the middle"));
    options_.port = port();
    server_.reset();
    EXPECT_EQ(clients[1]->close_code(), 1013) << "connect anew";
    start();
    const auto again = client();
    EXPECT_EQ(again->ask({Op::listen, 1, "k"}).code, Code::ok);
    std::set<std::string> found;
    for (const auto& value : again->values)
        found.insert({value.value.begin(), value.value.end()});
    EXPECT_EQ(acknowledged.size(), 80U);
    EXPECT_TRUE(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()));
}

} // namespace
