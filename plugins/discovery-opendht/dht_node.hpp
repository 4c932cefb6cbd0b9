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

    static std::unique_ptr<DhtNode> make(Options options, StateEvent on_state);

    DhtNode() = default;
    virtual ~DhtNode() = default;
    DhtNode(const DhtNode&) = delete;
    DhtNode& operator=(const DhtNode&) = delete;

    /// Binds the socket, here and now, and starts the rest. Throws Failure if the address cannot be had. Once.
    virtual void open() = 0;

    /// Leaves the network; `closed` comes when all threads but the node's own are gone.
    virtual void close(std::function<void()> closed) = 0;

    /// `keep`: it is renewed until another kept put of the key replaces it, which ends this one with JF_CANCELLED if it
    /// has not ended yet. Operations before open or after close end with JF_CLOSED. `value_id` is random and not 0.
    virtual void put(const std::string& key, jackfield::ByteView value, std::uint64_t value_id, bool keep, End end) = 0;
    virtual void get(const std::string& key, Values values, End end) = 0;

    /// Until the first bootstrap node has answered, nothing is got: what the bootstrap nodes themselves have of that
    /// key comes along with that answer. A get must follow; there is no end.
    virtual void get_early(const std::string& key, Values values) = 0;

    virtual void listen(const std::string& key, Values values) = 0;
    virtual void unlisten(const std::string& key) = 0;

    /// Looks up the nodes that are responsible for the key, so that a put finds them at hand.
    virtual void look_up(const std::string& key) = 0;

    /// The interfaces changed: ask the known nodes and the bootstrap nodes again at once.
    virtual void look_again() = 0;

    virtual std::string listening() const = 0; ///< "127.0.0.1:4222"; empty before open
    virtual std::size_t nodes() const = 0;     ///< known nodes that answer, or did lately
    virtual bool online() const = 0;
};

} // namespace discovery_opendht
