// The values in a Redis server. See redis_store.hpp.
#include "tools/rendezvous/redis_store.hpp"

#include <Poco/Redis/Array.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Command.h>
#include <Poco/Redis/Exception.h>
#include <Poco/Redis/Type.h>

#include <algorithm>
#include <utility>

namespace jackfield::rendezvous {

namespace {

using Poco::Redis::Array;
using Poco::Redis::BulkString;
using namespace std::chrono_literals;

const Poco::Timespan kConnectTime(2, 0);
const Poco::Timespan kReplyTime(2, 0);
constexpr auto kHeartbeat = 1s;
const Poco::Timespan kLongestSilence(5, 0);
constexpr auto kFirstRetry = 100ms;
constexpr auto kLastRetry = 2s;
const std::string kPrefix = "jackfield:rendezvous:1:";
const std::string kChannel = kPrefix + "puts";

// In both: ARGV[1] is the prefix. What has expired goes first, at most so many a call.
const std::string kSweep = R"(
local p = ARGV[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, m in ipairs(redis.call('ZRANGEBYSCORE', p..'expiry', '-inf', now, 'LIMIT', 0, 200)) do
  local at = string.find(m, '\n', 1, true)
  local key, id = string.sub(m, 1, at - 1), string.sub(m, at + 1)
  local size = redis.call('HSTRLEN', p..'values:'..key, id)
  redis.call('HDEL', p..'values:'..key, id)
  redis.call('ZREM', p..'expiry', m)
  if redis.call('HINCRBY', p..'bytes', key, -size) <= 0 then redis.call('HDEL', p..'bytes', key) end
  redis.call('DECRBY', p..'total', size)
end
)";

// key, id, value, ttl in ms, values a key, bytes a key, keys, total bytes -> what Taken says
const std::string kPut = kSweep + R"(
local key, id, value = ARGV[2], ARGV[3], ARGV[4]
local h = p..'values:'..key
local old = redis.call('HSTRLEN', h, id)
local bytes = tonumber(redis.call('HGET', p..'bytes', key) or 0)
local total = tonumber(redis.call('GET', p..'total') or 0)
local more = #value - old
if (old == 0 and redis.call('HLEN', h) >= tonumber(ARGV[6])) or bytes + more > tonumber(ARGV[7]) then return 1 end
if (bytes == 0 and redis.call('HLEN', p..'bytes') >= tonumber(ARGV[8])) or total + more > tonumber(ARGV[9]) then return 2 end
redis.call('HSET', h, id, value)
redis.call('ZADD', p..'expiry', now + ARGV[5], key..'\n'..id)
redis.call('HINCRBY', p..'bytes', key, more)
redis.call('INCRBY', p..'total', more)
redis.call('PUBLISH', p..'puts', key..'\n'..value)
return 0
)";

// key -> values
const std::string kGet = kSweep + R"(
local values = {}
for _, id in ipairs(redis.call('HKEYS', p..'values:'..ARGV[2])) do
  if tonumber(redis.call('ZSCORE', p..'expiry', ARGV[2]..'\n'..id) or 0) > now then
    values[#values + 1] = redis.call('HGET', p..'values:'..ARGV[2], id)
  end
end
return values
)";

const std::string kTotals = kSweep + R"(
return {redis.call('HLEN', p..'bytes'), tonumber(redis.call('GET', p..'total') or 0)}
)";

Array script(const std::string& text)
{
    Array command;
    command << "EVAL" << text << "0" << kPrefix;
    return command;
}

} // namespace

RedisAddress parse_redis_address(const std::string& url)
{
    const std::string scheme = "redis://";
    const auto refuse = [&url](const std::string& problem) {
        return StoreRefused("--store: \"" + url + "\": " + problem + "; redis://127.0.0.1:6379 would work");
    };
    RedisAddress address;
    std::string rest = url.substr(std::min(scheme.size(), url.size()));
    if (const auto at = rest.rfind('@'); at != std::string::npos) {
        if (!rest.starts_with(':'))
            throw refuse("users of Redis are not supported, only :password@");
        address.password = rest.substr(1, at - 1);
        rest.erase(0, at + 1);
    }
    if (rest.ends_with('/'))
        rest.pop_back();
    const auto colon = rest.rfind(':');
    address.host = rest.substr(0, colon);
    if (address.host.empty() || address.host.find_first_of("/:") != std::string::npos)
        throw refuse("no host, or a path");
    if (colon != std::string::npos) {
        const std::string port = rest.substr(colon + 1);
        if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
            std::stoul(port) > 65535 || std::stoul(port) == 0)
            throw refuse("\"" + port + "\" is no port");
        address.port = static_cast<std::uint16_t>(std::stoul(port));
    }
    return address;
}

RedisStore::RedisStore(RedisAddress address, const Limits& limits, Ears ears)
    : address_(std::move(address)),
      limits_(limits),
      ears_(std::move(ears)),
      commands_thread_([this] { keep_commands(); }),
      ears_thread_([this] { keep_hearing(); })
{}

RedisStore::~RedisStore()
{
    {
        const std::lock_guard lock(stop_mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    commands_thread_.join(); // its last heartbeat wakes the other
    ears_thread_.join();
}

std::unique_ptr<Poco::Redis::Client> RedisStore::connect() const
{
    auto client = std::make_unique<Poco::Redis::Client>();
    client->connect(Poco::Net::SocketAddress(address_.host, address_.port), kConnectTime);
    client->setReceiveTimeout(kReplyTime);
    if (!address_.password.empty()) {
        Array command;
        command << "AUTH" << address_.password;
        client->execute<std::string>(command);
    }
    return client;
}

// --- commands -------------------------------------------------------------------------------------------------------

/// Keeps the connection; what went wrong on it is noticed here or by whoever used it.
void RedisStore::keep_commands()
{
    auto wait = kFirstRetry;
    do {
        try {
            if (!commands_up_) {
                auto client = connect();
                const std::lock_guard lock(commands_mutex_);
                commands_ = std::move(client);
                commands_up_ = true;
            }
            Array beat;
            beat << "PUBLISH" << kChannel << "";
            execute<Poco::Int64>(beat);
            wait = kFirstRetry;
        } catch (const std::exception&) {
            wait = std::min<std::chrono::milliseconds>(wait * 2, kLastRetry);
        }
    } while (!pause(commands_up_ ? std::chrono::milliseconds(kHeartbeat) : wait, &mistrust_));
    try {
        Array beat;
        beat << "PUBLISH" << kChannel << "";
        execute<Poco::Int64>(beat);
    } catch (const std::exception&) {
        return; // then the other thread waits until it misses the heartbeat
    }
}

template <class Result>
Result RedisStore::execute(const Array& command)
{
    const std::lock_guard lock(commands_mutex_);
    if (!commands_)
        throw StoreUnavailable("there is no connection to Redis");
    try {
        return commands_->execute<Result>(command);
    } catch (const Poco::Exception& wrong) {
        // Whatever it was, the replies may be out of step with the commands: begin anew.
        commands_up_ = false;
        commands_.reset();
        throw StoreUnavailable("Redis: " + wrong.displayText());
    }
}

Taken RedisStore::put(const Entry& entry)
{
    if (!hears_)
        throw StoreUnavailable("the channel of Redis is not heard");
    Array command = script(kPut);
    command << entry.key << entry.id << entry.value << std::to_string(entry.ttl.count())
            << std::to_string(limits_.values_per_key) << std::to_string(limits_.bytes_per_key)
            << std::to_string(limits_.keys) << std::to_string(limits_.total_bytes);
    switch (execute<Poco::Int64>(command)) {
    case 0:
        return Taken::yes;
    case 1:
        return Taken::key_is_full;
    default:
        return Taken::all_is_full;
    }
}

std::vector<std::string> RedisStore::get(const std::string& key)
{
    if (!hears_)
        throw StoreUnavailable("the channel of Redis is not heard");
    Array command = script(kGet);
    command << key;
    const auto reply = execute<Array>(command);
    std::vector<std::string> values;
    for (std::size_t i = 0; !reply.isNull() && i < reply.size(); ++i) { // of an empty list Poco makes none
        const auto value = reply.get<BulkString>(i);
        if (!value.isNull() && !value.value().empty())
            values.push_back(value.value());
    }
    return values;
}

Totals RedisStore::totals()
{
    const auto reply = execute<Array>(script(kTotals));
    if (reply.isNull() || reply.size() != 2)
        throw StoreUnavailable("Redis answers something else than asked");
    return {static_cast<std::size_t>(reply.get<Poco::Int64>(0)), static_cast<std::size_t>(reply.get<Poco::Int64>(1))};
}

// --- the channel ----------------------------------------------------------------------------------------------------

void RedisStore::keep_hearing()
{
    auto wait = kFirstRetry;
    do {
        try {
            const auto client = connect();
            Array command;
            command << "SUBSCRIBE" << kChannel;
            client->execute<Array>(command);
            client->setReceiveTimeout(kLongestSilence);
            hears_ = true;
            wait = kFirstRetry;
            hear(*client);
        } catch (const std::exception&) {
            wait = std::min<std::chrono::milliseconds>(wait * 2, kLastRetry);
        }
        if (hears_.exchange(false)) {
            mistrust_commands();
            ears_.missed();
        }
    } while (!pause(wait));
}

/// A Redis that is gone for the channel is gone for commands, too, although nobody has tried yet.
void RedisStore::mistrust_commands()
{
    {
        const std::lock_guard lock(commands_mutex_);
        commands_.reset();
        commands_up_ = false;
    }
    const std::lock_guard lock(stop_mutex_);
    mistrust_ = true;
    stopped_.notify_all();
}

/// Until the connection breaks, is silent for too long, or we stop.
void RedisStore::hear(Poco::Redis::Client& client)
{
    while (!pause(0ms)) {
        Array message;
        client.readReply(message); // "message", the channel, what was published
        if (message.isNull() || message.size() != 3)
            continue;
        const auto text = message.get<BulkString>(2);
        const auto end = text.isNull() ? std::string::npos : text.value().find('\n');
        if (end != std::string::npos)
            ears_.put(text.value().substr(0, end), text.value().substr(end + 1));
    }
}

/// Until the time has passed, we stop, or this is true, which ends it. True if we stop.
bool RedisStore::pause(std::chrono::milliseconds time, bool* or_this)
{
    std::unique_lock lock(stop_mutex_);
    stopped_.wait_for(lock, time, [&] { return stop_ || (or_this != nullptr && std::exchange(*or_this, false)); });
    return stop_;
}

} // namespace jackfield::rendezvous
