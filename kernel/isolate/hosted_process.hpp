// One process with one instance of a plugin in it (tools/isolated), as long as it lives.
//
//   start -> (talk | push | calls)* -> gone, with a reason
//
// Threads:  made and ended on control; push and calls as said. It has two threads: one reads the socket and collects
// the
//           process, one, for those with packets, reads the ring and calls the attendant.
// Lifetime: shared by its supervisor and by whoever is just using it; the threads end in `end`, or when the process
// does.

#pragma once

#include "kernel/isolate/conversation.hpp"
#include "kernel/isolate/packet_ring.hpp"
#include "kernel/isolate/shared_call.hpp"
#include "kernel/isolate/shared_memory.hpp"

#include <jackfield/abi/host.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace jackfield::kernel::isolate {

/// What shall run in a process of its own.
struct Hosting {
    std::filesystem::path manifest; // the library lies beside it
    std::string plugin_id;
    std::string interface_id;
    std::string config_json;
};

/// What is done with what a process says.
class HostedProcess;
struct Attendant {
    std::function<void(Message)> asked;        // [control]
    std::function<void(const Record&)> packet; // [media] on the process' own thread; empty: there are none
    std::function<void(const HostedProcess&, const Error&)> packets_end; // [media] last: the process has gone
    std::function<void(const Error&)> gone;                              // [control]
};

class HostedProcess : public std::enable_shared_from_this<HostedProcess> {
public:
    /// Starts the process; nothing is loaded in it before `start`. Throws Failure.
    static std::shared_ptr<HostedProcess> spawn(const Hosting& hosting, const jf_host& host, Attendant attendant);
    HostedProcess(const HostedProcess&) = delete;
    HostedProcess& operator=(const HostedProcess&) = delete;
    ~HostedProcess();

    /// Loads and creates, and waits for that: what the instance says of itself (a codec's capabilities), or why not.
    std::expected<std::string, Error> start();
    /// The same without waiting.
    void start(std::function<void(const Message& outcome)> started);

    Conversation& talk() { return talk_; }
    /// talk().call, and one that does not answer within `limit` ends.
    std::expected<Message, Error> call(Word word, std::uint32_t session, std::span<const std::byte> body,
                                       std::chrono::milliseconds limit, int memory = -1);

    /// Into the ring that goes down. [any]
    jf_status push(const Record& record, const jf_bytes* parts, std::size_t part_count);

    /// From now on the call ends when the process does. [any]
    void attend(SharedCall& call);
    void leave(SharedCall& call);

    bool gone() const { return gone_; }
    Error why() const; ///< once gone
    pid_t pid() const { return pid_; }

    /// It has done what it must not: it ends now, and this is the reason. [any]
    void condemn(const std::string& reason);
    /// Ends it in order, at once if it does not follow; joins the threads. [control]
    void end();

private:
    HostedProcess(Hosting hosting, const jf_host& host, Attendant attendant, Descriptor socket);
    void launch(Descriptor theirs);
    std::vector<std::byte> start_words() const;
    void read();
    void collect();
    void pump();
    bool at_once(Message& message);

    Hosting hosting_;
    const jf_host& host_;
    Attendant attendant_;
    std::shared_ptr<std::weak_ptr<HostedProcess>> self_; // for what is posted: it may come too late
    Conversation talk_;
    SharedMemory memory_; // of both rings
    PacketRing down_;
    PacketRing up_;
    std::mutex down_mutex_; // several threads push
    pid_t pid_ = -1;

    mutable std::mutex mutex_; // of the three below
    std::set<SharedCall*> calls_;
    std::string condemned_;
    Error why_;
    std::atomic<bool> gone_{false};
    std::atomic<bool> ending_{false};
    std::thread reader_;
    std::thread pump_;
};

/// Size of the memory that both rings are in: down first.
inline constexpr std::size_t kRingsBytes = 2 * PacketRing::kRingBytes;

/// How long a process may take for what is asked of it on control, and for loading and creating.
inline constexpr std::chrono::seconds kAnswerLimit{3};
inline constexpr std::chrono::seconds kStartLimit{10};

} // namespace jackfield::kernel::isolate
