// The server: takes connections, gives each a thread, stops them all.
//
// Threads:  constructed, stopped and destroyed on one; a thread a connection, up to the limit of connections.
// Lifetime: the destructor stops what still runs.
#pragma once

#include "tools/rendezvous/store.hpp"

#include <shared/rendezvous/wire.hpp>

#include <memory>

namespace jackfield::rendezvous {

/// The address cannot be had; the text says why and what would work.
class AddressRefused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Server {
public:
    /// "redis://.." or the name of a file.
    struct Options {
        std::string bind = "0.0.0.0";
        std::uint16_t port = kDefaultPort; ///< 0: any
        std::string store = ":memory:";
        Limits limits = {};
    };

    /// Listens when it returns. Throws StoreRefused or AddressRefused.
    explicit Server(const Options& options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    std::string listening() const; ///< "127.0.0.1:4380"
    std::uint16_t port() const;
    const Store& store() const;

private:
    struct Inside; // Poco stays in there: its definitions (_FILE_OFFSET_BITS and others) would spoil others' headers
    std::unique_ptr<Inside> inside_;
};

} // namespace jackfield::rendezvous
