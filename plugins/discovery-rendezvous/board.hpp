// The board as the plugin sees it: all servers together.
//
// Every put goes to every server and every key is listened to at every server: two peers meet if one server is common
// to both and works. A put has ended well when the first server has acknowledged it; the others still get it. What a
// server has not acknowledged is repeated when its connection is back, until the value would have expired. Listens are
// renewed then, and the server hands on whatever lies there, so what was missed is fetched.
//
// Threads:  the public functions on control, none waits; everything inside on a thread of its own, where the callbacks
//           come. Lifetime: the destructor joins the thread; a name that is being looked up is waited for.
#pragma once

#include "link.hpp"

#include <jackfield/basic.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace discovery_rendezvous {

using Values = std::function<void(jackfield::ByteView)>;
using End = std::function<void(jackfield::Status, std::string_view)>;

struct Put {
    std::string key;
    jackfield::Bytes value;
    std::chrono::milliseconds lifetime;
    std::string slot; ///< not empty: the put before in that slot is replaced, and ends with JF_CANCELLED if it has not
};

class Board {
public:
    /// Whether any server can be used, with words for people.
    using StateEvent = std::function<void(bool online, const std::string& detail)>;

    static constexpr std::size_t kMostPuts = 512; ///< not acknowledged by every server; of more, the oldest give up
    static constexpr std::chrono::seconds kGetLimit{10};

    Board(Options options, StateEvent on_state);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;
    ~Board();

    void open();
    void close(std::function<void()> done);

    void put(Put put, End end);
    void get(std::string key, Values values, End end);
    void listen(std::string key, Values values);
    void unlisten(std::string key);
    void look_again();

    struct ServerState {
        std::string name;
        bool up;
        std::string why; ///< it is not
    };
    std::vector<ServerState> servers() const; ///< [any]

private:
    using Code = jackfield::rendezvous::Code;
    using Reply = jackfield::rendezvous::Reply;
    using Request = jackfield::rendezvous::Request;
    using Value = jackfield::rendezvous::Value;

    enum class At { due, asked, done }; // how far an operation is at one server

    struct Operation {
        Operation(boost::asio::io_context& context, std::size_t servers) : at(servers, At::due), limit(context) {}
        Request request;
        std::vector<At> at; // by the number of the server
        Values values;      // get
        End end;            // empty once it was called
        std::string problem;
        std::size_t succeeded = 0;
        boost::asio::steady_timer limit;
    };
    using Operations = std::map<std::uint64_t, Operation>;

    template <class Task>
    void post(Task task);
    Operation& begin(Request request, End end);
    std::size_t number_of(const Link& link) const;
    void ask(std::uint64_t id, std::size_t server);
    void ask_all(std::uint64_t id);
    void expire(std::uint64_t id);
    void finish(Operation& operation, jackfield::Status status, std::string_view why);
    void replace_slot(const Request& request);
    void make_room();
    void settle(std::uint64_t id);

    void on_up(Link& link);
    void on_down(Link& link);
    void on_reply(Link& link, const Reply& reply);
    void on_value(const Value& value);
    void on_again(Link& link);
    void tell_state();

    const Options options_;
    const StateEvent on_state_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::unique_ptr<Link>> links_;
    std::uint64_t last_id_ = 0;
    Operations operations_;                          // puts, gets and listens, in the order of their beginning
    std::map<std::string, Values> listeners_;        // by key
    std::map<std::string, std::uint64_t> listen_of_; // key -> operation
    std::string told_;
    bool closed_ = false;

    mutable std::mutex mutex_;
    std::vector<ServerState> servers_; // guarded by mutex_
    std::thread thread_;
};

} // namespace discovery_rendezvous
