// Who listens to which key, and what is put there on its way to them.
//
// Threads:  any. The lock is held while ears are told, so that an ear that has left hears nothing more.
// Lifetime: an ear leaves before it goes away.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace jackfield::rendezvous {

/// A message that may go to many: written once.
using SharedText = std::shared_ptr<const std::string>;

class Hub {
public:
    class Ear {
    public:
        Ear() = default;
        Ear(const Ear&) = delete;
        Ear& operator=(const Ear&) = delete;
        virtual ~Ear() = default;

        /// Takes note and returns at once. May not come back to the hub.
        virtual void hear(const SharedText& message) = 0;

        /// Something may have been missed, or the server stops: its client has to connect anew.
        virtual void cut() = 0;
    };

    /// Known to the hub from now on, for cut.
    void join(Ear& ear);
    void leave(Ear& ear, const std::set<std::string>& keys); ///< all that it listens to

    void listen(const std::string& key, Ear& ear);
    void unlisten(const std::string& key, Ear& ear);

    void tell(const std::string& key, const std::string& value);
    void cut_all();

    /// Cuts all, and whoever joins from now on: the server stops.
    void close();

private:
    std::mutex mutex_;
    bool closed_ = false;
    std::set<Ear*> ears_;
    std::map<std::string, std::set<Ear*>> by_key_;
};

} // namespace jackfield::rendezvous
