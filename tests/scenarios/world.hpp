// A world for scenarios: a DHT node and peers, each a process of its own, on loopback, in a folder of its own.
//
// Threads:  the test's thread; each process has a thread that reads its events.
// Lifetime: whatever still runs when a World goes away is killed; its folder stays if the test failed.
#pragma once

#include "tests/need_plugins.hpp"
#include "tools/jackfield/child.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace scenarios {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// A running program, jackfield if no other is named, whose output is read as it comes.
class Process {
public:
    Process(const std::vector<std::string>& arguments, const std::filesystem::path& log,
            const std::string& name = "jackfield");
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    /// The first event, now or later, of that step and moment ("signaling", "progress", "ringing"; the last may be
    /// empty). Null if it has not come in time.
    Json event(const std::string& step, const std::string& moment, const std::string& what = {},
               std::chrono::milliseconds limit = 20s);

    /// The first event, now or later, for which that holds. Null if it has not come in time.
    Json find(const std::function<bool(const Json&)>& wanted, std::chrono::milliseconds limit = 20s);

    /// How many of those events have come so far.
    std::size_t count(const std::string& step, const std::string& moment);

    /// The first line that is JSON at all.
    Json first_line(std::chrono::milliseconds limit = 20s);

    /// Where its first discovery listens, as a peer says when it is announced; empty if it does not.
    std::string listening();

    /// The detail of the call's last event; null if it has not ended in time.
    Json call_end(std::chrono::milliseconds limit = 40s);

    /// True once so many calls have ended there; false if they have not in time.
    bool calls_ended(int count, std::chrono::milliseconds limit = 20s);

    int pid() const { return child_.pid(); }

    /// Where its standard error goes.
    const std::filesystem::path& log() const { return log_; }

    void interrupt() { child_.interrupt(); }
    void kill() { child_.kill(); }

    /// Waits for the end of its output, then for its exit code.
    int exit_code();

private:
    std::filesystem::path log_;
    jackfield::program::Child child_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Json> events_;
    bool ended_ = false;
    std::thread reader_;
};

/// What a process holds of memory now; -1 if there is none. Always 0 in a build with a sanitizer, which keeps back
/// what was freed.
long resident_kib(int pid);

using jackfield::test::need_plugins;

/// What a peer's configuration may differ in.
struct PeerOptions {
    std::string secure = "secure-openssl";
    Json call = Json::object(); // of the configuration's "call"
    Json connectivity = {{"addresses", {"127.0.0.1"}}};
    std::string bootstrap = {};  // empty: the world's node
    Json slots = Json::object(); // in place of the usual plugins; null: none
};

class World {
public:
    explicit World(bool with_dht = true);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    const std::filesystem::path& folder() const { return folder_; }
    const std::string& bootstrap() const { return bootstrap_; }

    /// Starts the DHT node on the port; 0 for any.
    void start_dht(const std::string& port = "0");

    void stop_dht();

    /// Starts a rendezvous server on the port, with the state of the one before; 0 for any. Its URL.
    std::string start_rendezvous(const std::string& port = "0");

    void stop_rendezvous();

    /// The URL of the one that runs; it is started if there is none.
    std::string rendezvous();

    /// The UDP port on which the world's neighbours ask for each other, and nobody else.
    int lan_port();

    /// Writes the peer's configuration. Returns its file.
    std::string configure(const std::string& name, const PeerOptions& options = {});

    /// Writes a file of samples/configs as the peer's configuration, moved onto this machine: another store, another
    /// bootstrap node or rendezvous server, loopback.
    void configure_as_sample(const std::string& name, const std::string& sample);

    /// Changes what was written.
    void change(const std::string& name, const std::function<void(Json& config)>& change);

    /// Tells a peer with discovery-static where another is; nothing if it looks for peers in another way.
    void introduce(const std::string& name, const std::string& account, const std::string& address);

    /// The account of a configured peer.
    std::string account(const std::string& name);

    /// A listening peer that can be found already.
    std::unique_ptr<Process> listen(const std::string& name, std::vector<std::string> more);

    /// A calling peer.
    std::unique_ptr<Process> call(const std::string& name, const std::string& account,
                                  std::vector<std::string> more = {});

private:
    /// Writes it, if every plugin in it is there.
    void write(const std::string& name, const Json& config);

    std::filesystem::path folder_;
    std::string bootstrap_;
    std::unique_ptr<Process> dht_;
    std::unique_ptr<Process> rendezvous_;
    std::string rendezvous_url_; // of the last that was started
    int lan_port_ = 0;
    int logs_ = 0;
};

} // namespace scenarios
