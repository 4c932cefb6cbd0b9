// One OpenDHT node in this process, without OpenDHT's headers: they cost four seconds wherever they are included.
//
// Threads: every function may be called on any thread and none waits for the network; the callbacks given come on
// OpenDHT's thread or on the node's own and must not call back. Lifetime: the destructor joins both threads; no
// callback comes afterwards.
#pragma once

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <functional>
#include <memory>

namespace discovery_opendht {

using Values = std::function<void(jackfield::ByteView value)>;
using End = std::function<void(jackfield::Status status, std::string_view why)>;

class DhtNode {
public:
    /// Whether the network can be used, with words for people; on every change, in order.
    using StateEvent = std::function<void(bool online, const std::string& detail)>;

    DhtNode(Options options, StateEvent on_state);
    ~DhtNode();
    DhtNode(const DhtNode&) = delete;
    DhtNode& operator=(const DhtNode&) = delete;

    /// Binds the socket, here and now, and starts the rest. Throws Failure if the address cannot be had. Once.
    void open();

    /// Leaves the network; `closed` comes when all threads but the node's own are gone.
    void close(std::function<void()> closed);

    /// `keep`: it is renewed until another kept put of the key replaces it, which ends this one with JF_CANCELLED if it
    /// has not ended yet. Operations before open or after close end with JF_CLOSED. `value_id` is random and not 0.
    void put(const std::string& key, jackfield::ByteView value, std::uint64_t value_id, bool keep, End end);
    void get(const std::string& key, Values values, End end);
    void listen(const std::string& key, Values values);
    void unlisten(const std::string& key);

    /// Looks up the nodes that are responsible for the key, so that a put finds them at hand.
    void look_up(const std::string& key);

    /// The interfaces changed: ask the known nodes and the bootstrap nodes again at once.
    void look_again();

    std::string listening() const; ///< "127.0.0.1:4222"; empty before open
    std::size_t nodes() const;     ///< known nodes that answer, or did lately
    bool online() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace discovery_opendht
