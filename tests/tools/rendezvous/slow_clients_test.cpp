// Clients that send slowly, read slowly or are silent: each holds up itself, for a bounded time.
//
// Threads: the test's; the server has its own.
#include "tools/rendezvous/server.hpp"

#include "tests/tools/rendezvous/raw_client.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using namespace jackfield::rendezvous::testing;

class SlowClient : public ::testing::Test {
protected:
    SlowClient()
    {
        options_.bind = "127.0.0.1";
        options_.port = 0;
        options_.limits.requests_per_second = 100'000;
    }
    void start() { server_ = std::make_unique<Server>(options_); }
    std::unique_ptr<RawClient> client(int receive_buffer = 0)
    {
        auto client = std::make_unique<RawClient>(server_->port(), receive_buffer);
        EXPECT_EQ(client->upgrade(), "HTTP/1.1 101 Switching Protocols");
        return client;
    }
    int connections() const
    {
        const std::string answer = http(server_->port(), "GET /v1/health HTTP/1.1");
        return std::stoi(answer.substr(answer.find("\"connections\":") + 14));
    }
    bool serves() { return client()->ask({Op::put, 1, "well", bytes("x"), 60}).code == Code::ok; }

    Server::Options options_;
    std::unique_ptr<Server> server_;
};

/// Sends a byte whenever the time has passed, until the other end has closed. False if it never does.
bool drip(RawClient& client, const std::string& text)
{
    for (const char byte : text) {
        if (!client.send({&byte, 1}) || client.is_closed(20ms))
            return true;
    }
    return false;
}

TEST_F(SlowClient, HasALimitForTheHeadOfARequest)
{
    options_.limits.request_time = 300ms;
    start();
    RawClient silent(server_->port());
    RawClient slow(server_->port());
    EXPECT_TRUE(drip(slow, "GET /v1/health HTTP/1.1\r\nHost: " + std::string(1000, 'x')));
    EXPECT_TRUE(silent.is_closed());
    EXPECT_TRUE(serves());
}

TEST_F(SlowClient, HasALimitForTheBodyOfARequest)
{
    options_.limits.request_time = 300ms;
    start();
    RawClient slow(server_->port());
    slow.send("PUT /v1/values/k?ttl=9 HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_TRUE(drip(slow, std::string(1000, 'x')));
    EXPECT_TRUE(serves());
    const auto reader = client();
    EXPECT_EQ(reader->ask({Op::get, 1, "k"}).code, Code::ok);
    EXPECT_TRUE(reader->values.empty()) << "half a value is none";
}

TEST_F(SlowClient, HasALimitForAFrame)
{
    options_.limits.request_time = 300ms;
    start();
    const auto slow = client();
    EXPECT_TRUE(drip(*slow, RawClient::frame(1, std::string(1000, ' '))));
    EXPECT_TRUE(serves());
}

TEST_F(SlowClient, ThatIsSilentIsSentAway)
{
    options_.limits.silence = 300ms;
    start();
    EXPECT_EQ(client()->close_code(), 1001);
    EXPECT_TRUE(serves());
}

TEST_F(SlowClient, ThatDoesNotReadIsCutOffAndTheOthersHearEverything)
{
    options_.limits.outbox_bytes = 200'000;
    options_.limits.bytes_per_key = 100'000'000;
    start();
    const auto deaf = client(4096);
    const auto well = client();
    const auto writer = client();
    ASSERT_EQ(deaf->ask({Op::listen, 1, "k"}).code, Code::ok);
    ASSERT_EQ(well->ask({Op::listen, 1, "k"}).code, Code::ok);
    std::string value(60'000, 'x');
    for (std::uint64_t id = 1; id <= 100; ++id) { // 8 MB in base64: more than the sockets hold
        value.replace(0, 3, std::to_string(100 + id));
        ASSERT_EQ(writer->ask({Op::put, id, "k", bytes(value), 60}).code, Code::ok);
        ASSERT_TRUE(well->hears(bytes(value))) << id;
        well->values.clear();
    }
    EXPECT_TRUE(deaf->is_closed()) << "with what it had not read lost: it comes back and is given it";
    EXPECT_TRUE(serves());
}

TEST_F(SlowClient, ThatDoesNotTakeItsAnswerIsCutOff)
{
    options_.limits.answer_time = 300ms;
    options_.limits.bytes_per_key = 100'000'000;
    start();
    const auto writer = client();
    for (std::uint64_t id = 1; id <= 120; ++id) {
        std::string value(60'000, 'x');
        value.replace(0, 3, std::to_string(100 + id));
        ASSERT_EQ(writer->ask({Op::put, id, "k", bytes(value), 60}).code, Code::ok);
    }
    const auto deaf = client(4096);
    deaf->say({Op::get, 1, "k"});
    while (connections() > 2) { // the writer's, and the one that asks
    }
    EXPECT_EQ(deaf->reply_to(1).code, Code(0));
    EXPECT_LT(deaf->values.size(), 120U);
}

TEST_F(SlowClient, DoesNotKeepTheServerFromStopping)
{
    start();
    const auto silent = client();
    const auto half = client();
    half->send(RawClient::frame(1, "half a message").substr(0, 5));
    RawClient head(server_->port());
    head.send("GET /v1/hea");
    const auto begun = std::chrono::steady_clock::now();
    server_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    EXPECT_EQ(silent->close_code(), 1013);
    EXPECT_TRUE(half->is_closed());
    EXPECT_TRUE(head.is_closed());
}

} // namespace
