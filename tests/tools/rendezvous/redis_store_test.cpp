// The values in a real Redis: the same bounds, shared, and back when Redis is.
//
// Threads: the test's, and those of the stores.
#include "tools/rendezvous/redis_store.hpp"

#include "tests/tools/rendezvous/redis_server.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

namespace {

using namespace jackfield::rendezvous;
using namespace jackfield::rendezvous::testing;
using namespace std::chrono_literals;
using Values = std::vector<std::string>;

/// A store and what it heard.
class Shop {
public:
    Shop(const RedisServer& redis, const Limits& limits)
        : store(parse_redis_address(redis.url()), limits,
                {[this](const std::string& key, const std::string& value) { note(key + "=" + value); },
                 [this] { note("missed"); }})
    {}

    bool hears(const std::string& what)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return std::ranges::count(heard_, what) > 0; });
    }

    /// Until Redis answers. The stores knock by themselves; this asks without end.
    bool is_available() const
    {
        return until([this] { return store.available(); });
    }
    bool is_gone() const
    {
        return until([this] { return !store.available(); });
    }

    Taken put(const std::string& key, const std::string& id, const std::string& value,
              std::chrono::milliseconds ttl = 60s)
    {
        return store.put({key, id, value, ttl});
    }

    template <class Holds>
    static bool until(Holds holds)
    {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end)
                return false;
            std::this_thread::yield();
        }
        return true;
    }

private:
    void note(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        heard_.push_back(what);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> heard_;

public:
    RedisStore store;
};

class RedisBoard : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!RedisServer::installed())
            GTEST_SKIP() << "redis-server is not installed (Debian package redis-server)";
        redis_.emplace();
    }
    std::unique_ptr<Shop> shop()
    {
        auto shop = std::make_unique<Shop>(*redis_, limits_);
        EXPECT_TRUE(shop->is_available());
        return shop;
    }

    Limits limits_;
    std::optional<RedisServer> redis_;
};

TEST_F(RedisBoard, KeepsValuesUntilTheyExpire)
{
    const auto one = shop();
    EXPECT_EQ(one->store.get("k"), Values{});
    EXPECT_EQ(one->store.totals().keys, 0U);
    const std::string odd("se\0cond\r\n", 9);
    EXPECT_EQ(one->put("k", "a", "first"), Taken::yes);
    EXPECT_EQ(one->put("k", "b", odd), Taken::yes);
    EXPECT_EQ(one->put("k", "c", "short", 1ms), Taken::yes);
    EXPECT_TRUE(Shop::until([&] { return one->store.get("k").size() == 2; }));
    auto values = one->store.get("k");
    std::ranges::sort(values);
    EXPECT_EQ(values, (Values{"first", odd}));
    EXPECT_EQ(one->store.totals().bytes, 14U) << "what has expired is not counted";
    EXPECT_EQ(one->store.totals().keys, 1U);
    EXPECT_TRUE(one->hears("k=" + odd));
}

TEST_F(RedisBoard, HasTheSameBoundsAsAFile)
{
    limits_.values_per_key = 2;
    limits_.bytes_per_key = 10;
    limits_.keys = 2;
    limits_.total_bytes = 16;
    const auto one = shop();
    EXPECT_EQ(one->put("k", "a", "1234"), Taken::yes);
    EXPECT_EQ(one->put("k", "b", "1234567"), Taken::key_is_full);
    EXPECT_EQ(one->put("k", "b", "123456"), Taken::yes);
    EXPECT_EQ(one->put("k", "c", "x"), Taken::key_is_full);
    EXPECT_EQ(one->put("k", "a", "12"), Taken::yes) << "in place of four bytes";
    EXPECT_EQ(one->put("l", "a", "12345678"), Taken::yes);
    EXPECT_EQ(one->put("l", "b", "x"), Taken::all_is_full) << "17 bytes";
    EXPECT_EQ(one->put("m", "a", "x"), Taken::all_is_full) << "three keys";
    EXPECT_EQ(one->put("l", "a", "x", 1ms), Taken::yes);
    EXPECT_TRUE(Shop::until([&] { return one->put("m", "a", "x") == Taken::yes; })) << "what expired makes room";
    EXPECT_EQ(one->store.totals().bytes, 9U);
    EXPECT_EQ(one->store.totals().keys, 2U);
}

TEST_F(RedisBoard, BringsWhatIsPutAtOneServerToTheOthers)
{
    const auto one = shop();
    const auto two = shop();
    EXPECT_EQ(one->put("callto:bob", "a", "ring"), Taken::yes);
    EXPECT_TRUE(two->hears("callto:bob=ring"));
    EXPECT_TRUE(one->hears("callto:bob=ring")) << "its own listeners hear it the same way";
    EXPECT_EQ(two->store.get("callto:bob"), (Values{"ring"}));
}

TEST_F(RedisBoard, SaysSoWhenRedisGoesAndHasEverythingWhenItIsBack)
{
    const auto one = shop();
    EXPECT_EQ(one->put("k", "a", "accepted"), Taken::yes);
    redis_->stop();
    EXPECT_TRUE(one->hears("missed"));
    EXPECT_TRUE(one->is_gone());
    EXPECT_THROW(one->put("k", "b", "not accepted"), StoreUnavailable);
    EXPECT_THROW(one->store.get("k"), StoreUnavailable);
    EXPECT_THROW(one->store.totals(), StoreUnavailable);
    redis_->start();
    EXPECT_TRUE(one->is_available());
    EXPECT_EQ(one->store.get("k"), (Values{"accepted"}));
    EXPECT_EQ(one->put("k", "b", "later"), Taken::yes);
    EXPECT_TRUE(one->hears("k=later"));
}

TEST_F(RedisBoard, NoticesARedisThatHangs)
{
    const auto one = shop();
    redis_->freeze();
    EXPECT_THROW(one->put("k", "a", "x"), StoreUnavailable);
    EXPECT_TRUE(one->is_gone());
    EXPECT_TRUE(one->hears("missed")) << "the heartbeat did not come";
    redis_->thaw();
    EXPECT_TRUE(one->is_available());
    EXPECT_EQ(one->put("k", "a", "again"), Taken::yes);
}

TEST(RedisAddress, IsReadOrRefusedWithAWord)
{
    EXPECT_EQ(parse_redis_address("redis://example.org").port, 6379);
    EXPECT_EQ(parse_redis_address("redis://example.org:1234/").port, 1234);
    EXPECT_EQ(parse_redis_address("redis://:s@cret@example.org").password, "s@cret");
    EXPECT_EQ(parse_redis_address("redis://:s@cret@example.org").host, "example.org");
    for (const char* wrong : {"redis://", "redis://:0", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/1",
                              "redis://user:password@h"})
        EXPECT_THROW(parse_redis_address(wrong), StoreRefused) << wrong;
}

} // namespace
