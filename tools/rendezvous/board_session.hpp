// One WebSocket: requests in, replies and values out, in the order in which they came.
//
// Threads:  run on the connection's thread, which alone reads and writes; hear and cut on any. A client that reads
// slowly
//           holds up its own thread, for a bounded time, and nobody else's.
// Lifetime: the call of run.
#pragma once

#include "tools/rendezvous/deadlines.hpp"
#include "tools/rendezvous/desk.hpp"
#include "tools/rendezvous/hub.hpp"

#include <Poco/Buffer.h>
#include <Poco/Net/WebSocket.h>

#include <deque>
#include <set>

namespace jackfield::rendezvous {

class BoardSession final : public Hub::Ear {
public:
    BoardSession(Poco::Net::WebSocket socket, std::string address, Desk& desk, Hub& hub, Deadlines& deadlines);
    ~BoardSession() override;

    /// Until the client leaves, breaks a rule, is too slow, or is cut.
    void run();

    void hear(const SharedText& message) override;
    void cut() override;

private:
    enum class Wake { message, outbox, silence };

    Wake wait();
    void read_frame();
    void take(std::string_view message);
    void answer(const Request& request);
    Reply listen(const Request& request);
    void send_values(const Request& request, const std::vector<std::string>& values);
    void send_outbox();
    void send(const std::string& message);
    void close(std::uint16_t code, const std::string& reason);
    void ring() const;

    Poco::Net::WebSocket socket_;
    const int descriptor_;
    const std::string address_;
    Desk& desk_;
    Hub& hub_;
    Deadlines& deadlines_;
    const int bell_; // an event that wakes our thread
    Poco::Buffer<char> frame_;
    std::string message_; // the pieces of one that comes in several frames
    std::set<std::string> keys_;
    std::size_t refused_in_a_row_ = 0;
    bool open_ = true;

    std::mutex mutex_;
    std::deque<SharedText> outbox_; // guarded by mutex_, and so are the next two
    std::size_t outbox_bytes_ = 0;
    bool cut_ = false;
};

} // namespace jackfield::rendezvous
