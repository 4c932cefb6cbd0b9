// The board of a local network: everybody keeps what is his own, and tells it to whoever asks.
//
// A value that is kept lies here, and the neighbours who listen to its key are told that it is new. Any other is
// brought to whoever listens to its key now. Who that is, is asked by multicast; values go over TCP.
//
// Threads:  the public functions on control, none waits; everything inside on a thread of its own, where the callbacks
// come. Lifetime: the plugin's. The destructor joins the thread.
#pragma once

#include "exchange.hpp"
#include "options.hpp"
#include "question.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/ip/udp.hpp>

#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace discovery_lan {

using Values = std::function<void(jackfield::ByteView)>;
using End = std::function<void(jackfield::Status, std::string_view)>;

class Neighbourhood {
public:
    static constexpr std::chrono::milliseconds kGetLimit{900};
    static constexpr std::chrono::milliseconds kPutLimit{3000};
    static constexpr std::chrono::milliseconds kReplaced{250}; ///< for neighbours to fetch what takes a value's place
    static constexpr std::size_t kMostIncoming = 64;
    static constexpr std::size_t kMostFromOneAddress = 8;
    static constexpr std::size_t kMostFetches = 64; ///< at once, because neighbours say that something is new
    static constexpr double kAnswersPerSecond = 200;

    using StateEvent = std::function<void(bool online, const std::string& detail)>;

    Neighbourhood(Options options, StateEvent on_state);
    Neighbourhood(const Neighbourhood&) = delete;
    Neighbourhood& operator=(const Neighbourhood&) = delete;
    ~Neighbourhood();

    /// Throws Failure if no address can be had at all.
    void open();
    void close(std::function<void()> done);
    void look_again(); ///< the interfaces changed

    void put(std::string key, jackfield::Bytes value, bool keep, End end);
    void get(std::string key, Values values, End end);
    void listen(std::string key, Values values);
    void unlisten(std::string key);

    std::string listening() const; ///< [any] "192.0.2.7:40001", for people

private:
    using Endpoint = asio::ip::tcp::endpoint;
    struct Mouth;    // a socket of one interface: asks there, and hears the answers
    struct Asked;    // a question and its key
    struct Delivery; // a put on its way

    template <class Task>
    auto alive(Task task) const; ///< does nothing once we are gone

    void open_sockets();
    void accept();
    void admit(asio::ip::tcp::socket socket);
    jackfield::Bytes answer(const Request& request);

    void hear_group();
    void hear(Mouth& mouth);
    void take(jackfield::ByteView bytes, const asio::ip::udp::endpoint& from);
    void say(Kind kind, const std::string& key);
    void tell(const std::string& key, const asio::ip::udp::endpoint& to);
    bool may_answer();

    void question(const std::string& key, std::chrono::milliseconds limit, std::function<void(const Endpoint&)> found,
                  std::function<void()> over);
    void keep(const std::string& key, jackfield::Bytes value, const End& end);
    void bring(const std::string& key, jackfield::Bytes value, End end);
    void fetch_for_listener(const std::string& key, const Endpoint& from);

    const Options options_;
    const StateEvent on_state_;
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // second owner: callbacks that outlast us
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::udp::socket group_; // hears what is asked of everybody
    std::array<std::uint8_t, 512> heard_{};
    asio::ip::udp::endpoint heard_from_;
    std::list<Mouth> mouths_;
    std::list<Asked> questions_;
    std::map<std::string, jackfield::Bytes> kept_;
    std::map<std::string, Values> listeners_;
    std::map<std::string, std::size_t> incoming_; // by address
    std::size_t incoming_count_ = 0;
    std::size_t fetches_ = 0;
    double answers_ = kAnswersPerSecond;
    std::chrono::steady_clock::time_point answered_at_ = std::chrono::steady_clock::now();
    std::uint16_t tcp_port_ = 0;
    std::uint64_t opened_ = 0; // how often the UDP sockets were: what an old one brought is not looked at
    bool closed_ = false;

    mutable std::mutex mutex_;
    std::string listening_; // guarded by mutex_
    std::thread thread_;
};

} // namespace discovery_lan
