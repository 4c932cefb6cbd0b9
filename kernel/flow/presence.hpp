// Whose presence somebody wants to hear: discovery is told as long as that is so.
//
// Threads:  [control].
// Lifetime: the environment's, shorter than its switchboard's.

#pragma once

#include "kernel/bind/discovery.hpp"

#include <set>
#include <string>

namespace jackfield::kernel {

class Watching {
public:
    /// Each mechanism watches 256 at least, and texts that wait have some of them.
    static constexpr std::size_t kMost = 128;

    explicit Watching(Switchboard& switchboard) : switchboard_(switchboard) {}
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    ~Watching() { only({}); }

    bool has(const std::string& account_id) const { return accounts_.contains(account_id); }

    /// False if there are too many.
    bool add(const std::string& account_id)
    {
        if (accounts_.size() >= kMost && !has(account_id))
            return false;
        if (accounts_.insert(account_id).second)
            switchboard_.watch(account_id);
        return true;
    }

    void drop(const std::string& account_id)
    {
        if (accounts_.erase(account_id) != 0)
            switchboard_.unwatch(account_id);
    }

    void drop_all_but(const std::set<std::string>& wanted)
    {
        const auto before = accounts_;
        for (const auto& account : before) {
            if (!wanted.contains(account))
                drop(account);
        }
    }

    /// These and no others.
    void only(const std::set<std::string>& wanted)
    {
        drop_all_but(wanted);
        for (const auto& account : wanted)
            add(account);
    }

private:
    Switchboard& switchboard_;
    std::set<std::string> accounts_;
};

} // namespace jackfield::kernel
