// The values in a Redis server, which several rendezvous servers share: a put at one is heard at all of them.
//
// Keys there, all under "jackfield:rendezvous:1:":  values:<key> (hash, id -> value)  bytes (hash, key -> bytes)
// expiry (sorted set, "<key>\n<id>" by time)  total (bytes).  Channel: "jackfield:rendezvous:1:puts".
// Each put is one script there, so that two servers cannot pass a limit together. The time is that of Redis.
//
// Threads:  any. Two of its own: one keeps the connection for commands and sends a heartbeat over the channel, the
// other
//           hears the channel. A Redis that hangs is noticed because the heartbeat does not come back.
// Lifetime: the destructor joins them; with a Redis that hangs that takes as long as a missing heartbeat (5 s).
#pragma once

#include "tools/rendezvous/store.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace Poco::Redis {
class Array;
class Client;
} // namespace Poco::Redis

namespace jackfield::rendezvous {

struct RedisAddress {
    std::string host;
    std::uint16_t port = 6379;
    std::string password = {};
};

/// "redis://[:password@]host[:port]". Throws StoreRefused.
RedisAddress parse_redis_address(const std::string& url);

class RedisStore final : public Store {
public:
    /// Begins to connect; until it is, put and get throw StoreUnavailable.
    RedisStore(RedisAddress address, const Limits& limits, Ears ears);
    ~RedisStore() override;

    Taken put(const Entry& entry) override;
    std::vector<std::string> get(const std::string& key) override;
    Totals totals() override;
    bool available() const override { return commands_up_ && hears_; }
    std::string name() const override { return "redis"; }

private:
    std::unique_ptr<Poco::Redis::Client> connect() const;
    template <class Result>
    Result execute(const Poco::Redis::Array& command);
    void keep_commands();
    void keep_hearing();
    void hear(Poco::Redis::Client& client);
    void mistrust_commands();
    bool pause(std::chrono::milliseconds time, bool* or_this = nullptr);

    const RedisAddress address_;
    const Limits limits_;
    Ears ears_;
    std::mutex commands_mutex_;
    std::unique_ptr<Poco::Redis::Client> commands_; // guarded by commands_mutex_; null: none
    std::atomic<bool> commands_up_{false};
    std::atomic<bool> hears_{false};
    std::mutex stop_mutex_;
    std::condition_variable stopped_;
    bool stop_ = false;     // guarded by stop_mutex_, and so is the next
    bool mistrust_ = false; // the commands' thread shall connect anew
    std::thread commands_thread_;
    std::thread ears_thread_;
};

} // namespace jackfield::rendezvous
