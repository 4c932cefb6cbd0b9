// The values in one SQLite file, for a server alone. It is locked while the server runs.
//
// Threads:  any; one at a time inside.
#pragma once

#include "tools/rendezvous/store.hpp"

#include <memory>
#include <mutex>

namespace Poco::Data {
class Session;
}

namespace jackfield::rendezvous {

class SqliteStore final : public Store {
public:
    using Clock = std::function<std::int64_t()>; // milliseconds of the wall clock

    /// Opens the file, or makes it. ":memory:" is one that nobody sees. Throws StoreRefused.
    SqliteStore(const std::string& file, const Limits& limits, Ears ears, Clock clock = {});
    ~SqliteStore() override;

    Taken put(const Entry& entry) override;
    std::vector<std::string> get(const std::string& key) override;
    Totals totals() override;
    bool available() const override { return true; }
    std::string name() const override { return "sqlite"; }

private:
    void open(const std::string& file);
    Taken take(const Entry& entry, std::int64_t now_ms);
    void sweep(std::int64_t now_ms);
    bool has_room(std::size_t more_keys, std::size_t more_bytes) const;

    const Limits limits_;
    Ears ears_;
    Clock clock_;
    std::mutex mutex_;
    std::unique_ptr<Poco::Data::Session> session_;
    Totals totals_; // what expired since the last sweep is still counted
    std::int64_t next_sweep_ms_ = 0;
};

} // namespace jackfield::rendezvous
