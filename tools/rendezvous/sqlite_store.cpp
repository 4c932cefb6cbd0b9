// The values in one SQLite file. See sqlite_store.hpp.
//
// What a put took is in the write-ahead log before it is acknowledged: the end of the process loses nothing. The end of
// the machine may lose the last moments (synchronous=NORMAL): values live minutes, and a sync for each would cost more.
#include "tools/rendezvous/sqlite_store.hpp"

#include <Poco/Data/LOB.h>
#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>

#include <chrono>

namespace jackfield::rendezvous {

namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::BLOB;

constexpr std::int64_t kSweepEvery_ms = 10'000;
constexpr std::int64_t kSweepWhenFull_ms = 1'000;
constexpr std::size_t kLockPatience_s = 2; // a server that is just going away still has the file
constexpr int kSchema = 1;

std::int64_t wall_ms()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

BLOB blob(const std::string& bytes)
{
    return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

} // namespace

SqliteStore::SqliteStore(const std::string& file, const Limits& limits, Ears ears, Clock clock)
    : limits_(limits), ears_(std::move(ears)), clock_(clock ? std::move(clock) : wall_ms)
{
    Poco::Data::SQLite::Connector::registerConnector();
    try {
        open(file);
        sweep(clock_());
    } catch (const Poco::Exception& wrong) {
        throw StoreRefused("--store: cannot use the file " + file + ": " + wrong.displayText() +
                           "; a file that only this server uses, in a folder where it may write, would work");
    }
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::open(const std::string& file)
{
    session_ = std::make_unique<Poco::Data::Session>("SQLite", file, kLockPatience_s);
    int schema = 0;
    // Two servers on one file would not hear each other's puts: the second is refused.
    *session_ << "PRAGMA locking_mode=EXCLUSIVE", now;
    *session_ << "PRAGMA journal_mode=WAL", now;
    *session_ << "PRAGMA synchronous=NORMAL", now;
    *session_ << "PRAGMA user_version", into(schema), now;
    if (schema != 0 && schema != kSchema)
        throw Poco::DataFormatException("it was written by another version (" + std::to_string(schema) + ")");
    *session_ << "CREATE TABLE IF NOT EXISTS entries (key TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, "
                 "expires_ms INTEGER NOT NULL, UNIQUE (key, id))",
        now;
    *session_ << "CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_ms)", now;
    *session_ << "PRAGMA user_version=" + std::to_string(kSchema), now;
}

Taken SqliteStore::put(const Entry& entry)
{
    {
        const std::lock_guard lock(mutex_);
        try {
            const std::int64_t now_ms = clock_();
            if (now_ms >= next_sweep_ms_)
                sweep(now_ms);
            const Taken taken = take(entry, now_ms);
            if (taken != Taken::yes)
                return taken;
        } catch (const Poco::Exception& wrong) {
            throw StoreUnavailable(wrong.displayText());
        }
    }
    ears_.put(entry.key, entry.value);
    return Taken::yes;
}

Taken SqliteStore::take(const Entry& entry, std::int64_t now_ms)
{
    std::string key = entry.key;
    std::string id = entry.id;
    std::int64_t values = 0;
    std::int64_t bytes = 0;
    std::int64_t old_values = 0;
    std::int64_t old_bytes = 0;
    *session_ << "SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0), COALESCE(SUM(id = ?), 0), "
                 "COALESCE(SUM(LENGTH(value) * (id = ?)), 0) FROM entries WHERE key = ?",
        use(id), use(id), use(key), into(values), into(bytes), into(old_values), into(old_bytes), now;
    const auto full = [&] {
        return static_cast<std::size_t>(values - old_values) >= limits_.values_per_key ||
               static_cast<std::size_t>(bytes - old_bytes) + entry.value.size() > limits_.bytes_per_key;
    };
    const auto more_bytes = entry.value.size() - static_cast<std::size_t>(old_bytes); // may wrap; so does the sum
    const auto more_keys = static_cast<std::size_t>(values == 0 ? 1 : 0);
    if ((full() || !has_room(more_keys, more_bytes)) && now_ms >= next_sweep_ms_ - kSweepEvery_ms + kSweepWhenFull_ms) {
        sweep(now_ms); // some of it may have expired; sets the time of the next, so this happens once
        return take(entry, now_ms);
    }
    if (full())
        return Taken::key_is_full;
    if (!has_room(more_keys, more_bytes))
        return Taken::all_is_full;
    BLOB value = blob(entry.value);
    std::int64_t expires_ms = now_ms + entry.ttl.count();
    *session_ << "INSERT OR REPLACE INTO entries (key, id, value, expires_ms) VALUES (?, ?, ?, ?)", use(key), use(id),
        use(value), use(expires_ms), now;
    totals_.keys += more_keys;
    totals_.bytes += more_bytes;
    return Taken::yes;
}

bool SqliteStore::has_room(std::size_t more_keys, std::size_t more_bytes) const
{
    return totals_.keys + more_keys <= limits_.keys && totals_.bytes + more_bytes <= limits_.total_bytes;
}

void SqliteStore::sweep(std::int64_t now_ms)
{
    *session_ << "DELETE FROM entries WHERE expires_ms <= ?", use(now_ms), now;
    std::int64_t keys = 0;
    std::int64_t bytes = 0;
    *session_ << "SELECT COUNT(DISTINCT key), COALESCE(SUM(LENGTH(value)), 0) FROM entries", into(keys), into(bytes),
        now;
    totals_ = {static_cast<std::size_t>(keys), static_cast<std::size_t>(bytes)};
    next_sweep_ms_ = now_ms + kSweepEvery_ms;
}

std::vector<std::string> SqliteStore::get(const std::string& key)
{
    const std::lock_guard lock(mutex_);
    try {
        std::string wanted = key;
        std::int64_t now_ms = clock_();
        std::vector<BLOB> blobs;
        *session_ << "SELECT value FROM entries WHERE key = ? AND expires_ms > ? ORDER BY rowid", use(wanted),
            use(now_ms), into(blobs), now;
        std::vector<std::string> values;
        for (const BLOB& value : blobs)
            values.emplace_back(reinterpret_cast<const char*>(value.rawContent()), value.size());
        return values;
    } catch (const Poco::Exception& wrong) {
        throw StoreUnavailable(wrong.displayText());
    }
}

Totals SqliteStore::totals()
{
    const std::lock_guard lock(mutex_);
    return totals_;
}

} // namespace jackfield::rendezvous
