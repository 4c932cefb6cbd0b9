// Two servers behind one Redis: what their clients see of each other, and of a Redis that goes and comes back.
//
// Threads: the test's; the servers have their own.
#include "tools/rendezvous/server.hpp"

#include "tests/tools/rendezvous/raw_client.hpp"
#include "tests/tools/rendezvous/redis_server.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using namespace jackfield::rendezvous::testing;

class SharedState : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!RedisServer::installed())
            GTEST_SKIP() << "redis-server is not installed (Debian package redis-server)";
        redis_.emplace();
        Server::Options options;
        options.bind = "127.0.0.1";
        options.port = 0;
        options.store = redis_->url();
        options.limits.requests_per_second = 1'000'000;
        one_ = std::make_unique<Server>(options);
        two_ = std::make_unique<Server>(options);
    }
    /// A client as soon as the server has its Redis.
    static std::unique_ptr<RawClient> client(const Server& server)
    {
        const auto end = std::chrono::steady_clock::now() + 20s;
        for (;;) {
            auto client = std::make_unique<RawClient>(server.port());
            const auto line = client->upgrade();
            if (line == "HTTP/1.1 101 Switching Protocols")
                return client;
            EXPECT_EQ(line, "HTTP/1.1 503 Service Unavailable");
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error("the server does not find its Redis");
        }
    }

    std::optional<RedisServer> redis_;
    std::unique_ptr<Server> one_;
    std::unique_ptr<Server> two_;
};

TEST_F(SharedState, BringsAValueFromOneServerToAListenerAtTheOther)
{
    const auto bob = client(*two_);
    EXPECT_EQ(bob->ask({Op::listen, 1, "callto:bob"}).code, Code::ok);
    const auto alice = client(*one_);
    EXPECT_EQ(alice->ask({Op::put, 1, "callto:bob", bytes("ring"), 60}).code, Code::ok);
    EXPECT_TRUE(bob->hears(bytes("ring")));
    const auto late = client(*two_);
    EXPECT_EQ(late->ask({Op::get, 1, "callto:bob"}).code, Code::ok);
    EXPECT_EQ(late->values.size(), 1U);
}

TEST_F(SharedState, SendsListenersAwayWhenRedisIsGoneAndHasEverythingWhenItIsBack)
{
    const auto bob = client(*two_);
    EXPECT_EQ(bob->ask({Op::listen, 1, "k"}).code, Code::ok);
    const auto alice = client(*one_);
    EXPECT_EQ(alice->ask({Op::put, 1, "k", bytes("accepted"), 60}).code, Code::ok);
    EXPECT_TRUE(bob->hears(bytes("accepted")));
    redis_->stop();
    EXPECT_EQ(bob->close_code(), 1013);
    EXPECT_EQ(alice->close_code(), 1013);
    EXPECT_EQ(RawClient(one_->port()).upgrade(), "HTTP/1.1 503 Service Unavailable");
    const auto put = http(one_->port(), "PUT /v1/values/k?ttl=60 HTTP/1.1", "refused");
    EXPECT_EQ(put.substr(0, put.find("\r\n")), "HTTP/1.1 503 Service Unavailable");
    EXPECT_NE(put.find("Retry-After: 1"), std::string::npos) << put;

    redis_->start();
    const auto again = client(*two_);
    EXPECT_EQ(again->ask({Op::listen, 1, "k"}).code, Code::ok);
    ASSERT_EQ(again->values.size(), 1U);
    EXPECT_EQ(again->values[0].value, bytes("accepted"));
    EXPECT_EQ(client(*one_)->ask({Op::put, 1, "k", bytes("new"), 60}).code, Code::ok);
    EXPECT_TRUE(again->hears(bytes("new")));
}

} // namespace
