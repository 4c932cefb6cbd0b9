// Where the values lie. What was taken is there until it expires or its slot is written again, also after a restart.
//
// Threads:  any.
// Lifetime: a store's ears must outlive it; none is called after its destructor.
#pragma once

#include "tools/rendezvous/limits.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace jackfield::rendezvous {

/// The state cannot be reached at the moment: nothing was taken, ask again.
class StoreUnavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The store can never work as it is configured; the text says what would.
class StoreRefused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Entry {
    std::string key;
    std::string id; // which value of the key: another entry of the same id takes its place
    std::string value;
    std::chrono::milliseconds ttl{};
};

enum class Taken {
    yes,
    key_is_full, // values or bytes of this key
    all_is_full, // keys or bytes of the server
};

struct Totals {
    std::size_t keys = 0;
    std::size_t bytes = 0;
};

class Store {
public:
    struct Ears {
        /// Something was put, here or at another server of the same store.
        std::function<void(const std::string& key, const std::string& value)> put;
        /// Puts may have been missed: whoever listens has to read again.
        std::function<void()> missed;
    };

    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    /// Returns when the entry is as safe as the store makes it. Throws StoreUnavailable.
    virtual Taken put(const Entry& entry) = 0;

    /// What has not expired. Throws StoreUnavailable.
    virtual std::vector<std::string> get(const std::string& key) = 0;

    /// Throws StoreUnavailable.
    virtual Totals totals() = 0;

    virtual bool available() const = 0;
    virtual std::string name() const = 0; // "sqlite", "redis"
};

} // namespace jackfield::rendezvous
