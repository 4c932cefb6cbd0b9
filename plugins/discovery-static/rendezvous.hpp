// The board between neighbours: what we keep for others to ask for, what we push to them, what they push to us.
//
// Threads:  the public functions on control; everything inside on a network thread of its own; callbacks come on that.
// Lifetime: the plugin's. The destructor joins the thread.
#pragma once

#include "connection.hpp"
#include "options.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <functional>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace discovery_static {

using Values = std::function<void(jackfield::ByteView)>;
using End = std::function<void(jackfield::Status, std::string_view)>;

class Rendezvous {
public:
    explicit Rendezvous(Options options);
    Rendezvous(const Rendezvous&) = delete;
    Rendezvous& operator=(const Rendezvous&) = delete;
    ~Rendezvous();

    /// Throws Failure if the address cannot be had.
    void open();
    void close(std::function<void()> done);

    void put(std::string key, jackfield::Bytes value, bool keep, End end);
    void get(std::string key, Values values, End end);
    void listen(std::string key, Values values);
    void unlisten(std::string key);

    std::string listening() const { return listening_; } // "127.0.0.1:4300"; fixed by open

private:
    using ConnectionPtr = std::shared_ptr<Connection>;
    using Reached = std::function<void(const ConnectionPtr&, const std::string& problem)>;

    struct Asked {
        Values values;
        End end;
    };

    /// A peer of the configuration, as far as we have a connection to it.
    struct Neighbour {
        ConnectionPtr connection; // null: none, or on its way
        std::vector<Reached> waiting;
        bool connecting = false;
        int failures = 0;
    };

    void accept();
    void admit(asio::ip::tcp::socket socket);
    ConnectionPtr make(asio::ip::tcp::socket socket, std::string address);
    void reach(const std::string& address, Reached reached);
    void connect(const std::string& address);
    void reached(const std::string& address, const ConnectionPtr& connection, const std::string& problem);
    void on_frame(Connection& from, Frame frame);
    void on_closed(Connection& gone);
    void ask_listened(const std::string& account);
    void push(const Frame& frame, End end);

    Options options_;
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    asio::ip::tcp::acceptor acceptor_;
    std::string listening_;
    std::set<ConnectionPtr> connections_; // all that are open
    std::set<Connection*> incoming_;
    std::map<std::string, Neighbour> neighbours_; // by address
    std::map<std::pair<Connection*, std::string>, std::vector<Asked>> asked_;
    std::map<std::string, jackfield::Bytes> kept_;
    std::map<std::string, Values> listeners_;
    bool closed_ = false;
    std::thread thread_;
};

} // namespace discovery_static
