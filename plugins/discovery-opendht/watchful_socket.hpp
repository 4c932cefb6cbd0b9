// The socket that OpenDHT gets: it notices nodes that do not answer, and spares OpenDHT the wait.
//
// Nodes that others name are pinged at once, and so are nodes that leave a look-up unanswered for longer than a few
// round trips. Look-ups at a node found silent fail, as on a host without a route, which makes OpenDHT pass it over. Of
// the look-up that is already under way OpenDHT hears by an empty answer in the node's name: then it asks once more,
// and that fails. A node that is heard again is as before.
//
// A node that leaves says so to those it heard lately, by a packet of its own that OpenDHT cannot read; they believe it
// when one ping is not answered.
//
// In a small network it also hurries: OpenDHT puts nowhere before the nearest nodes have all answered a look-up, and
// the one far away holds up the others. The token in any answer of a node lets us put there, so a message goes at once
// to every node that has given one; OpenDHT's own put follows, and finds the same value.
//
// And of keys under which few values lie it asks for these at once, where OpenDHT would ask for their ids first, and
// then for each.
//
// A node that has just begun asks early: OpenDHT asks nothing before a bootstrap node has answered a ping, and listens
// at nobody before the nearest nodes have answered. So a key that somebody waits for is asked for along with that ping,
// and whoever gives a token is asked to tell us of the keys that we listen to. OpenDHT's own questions follow.
//
// Threads: sendTo on OpenDHT's thread, packets come on the inner socket's, what is due is done on our own. Lifetime:
// OpenDHT owns it; the destructor joins our thread and then the inner socket's.
#pragma once

#include "early_questions.hpp"
#include "silent_nodes.hpp"

#include <opendht/network_utils.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

namespace discovery_opendht {

class WatchfulSocket final : public dht::net::DatagramSocket {
public:
    WatchfulSocket(std::unique_ptr<dht::net::DatagramSocket> inner, const NodeId& self, std::uint32_t network,
                   bool says_farewell);
    ~WatchfulSocket() override;

    int sendTo(const dht::SockAddr& to, const std::uint8_t* data, std::size_t size, bool replied) override;
    bool hasIPv4() const override { return inner_->hasIPv4(); }
    bool hasIPv6() const override { return inner_->hasIPv6(); }
    const dht::SockAddr& getBoundRef(sa_family_t family = AF_UNSPEC) const override
    {
        return inner_->getBoundRef(family);
    }
    void stop() override;

    /// [any] How many look-ups were given up at nodes that had been heard a moment before; outlives the socket.
    std::shared_ptr<const std::atomic<std::uint64_t>> missed() const { return missed_; }

    /// [any] Puts a value at every node that has given us a token lately, if these are so few that all of them are near
    /// to any key. value: packed by OpenDHT. What is lost on the way OpenDHT's own put makes good.
    void hurry(const NodeId& key, jackfield::ByteView value);

    /// [any] Few values lie under that key, and all are wanted, as soon as can be. If such an answer is lost, OpenDHT
    /// repeats its question, and that goes out as it is.
    void ask_for_values_of(const NodeId& key);

    /// [any] Asks those for the values of the key, whoever they are. What comes goes to the sink, on the receiving
    /// thread; there is no end.
    void ask_early(const std::vector<dht::SockAddr>& whom, const NodeId& key, const EarlySink& sink);

    /// [any] What whoever gives us a token soon knows of the key, and hears of it. As above.
    void listen_early(const NodeId& key, EarlySink sink);

    /// [any] No node more is asked about that key.
    void unlisten_early(const NodeId& key);

    static constexpr std::chrono::seconds kEarly{10}; ///< since this socket began
    static constexpr std::size_t kMostEarlyListens = 8;

    static constexpr std::size_t kSmallNetwork = 8; ///< nodes: OpenDHT puts at as many
    static constexpr std::size_t kLargestHurried = 16 * 1024;
    static constexpr std::chrono::minutes kTokenLasts{10}; ///< OpenDHT takes one for 15 minutes at least

    /// [any] Other interfaces, other ways: whoever was silent gets another chance.
    void network_changed();

private:
    using Clock = SilentNodes::Clock;
    using TimePoint = SilentNodes::TimePoint;
    using Packets = dht::net::PacketList;

    static constexpr std::size_t kMostTokens = 64;

    static constexpr std::size_t kMostKeys = 256;
    static constexpr std::size_t kMostQuestions = 1024;

    std::optional<jackfield::Bytes> whole_question(jackfield::ByteView packet, const Glance& glance);
    void keep_token(const Place& place, jackfield::ByteView token, TimePoint now);
    int ask(const dht::SockAddr& to, jackfield::ByteView packet, const Glance& glance, bool replied);
    void learn(const dht::SockAddr& from, const Glance& glance);
    std::vector<std::pair<dht::SockAddr, jackfield::Bytes>> early_listens_at(const Place& place, TimePoint now);
    void answered_early(const dht::SockAddr& from, std::uint32_t transaction, jackfield::ByteView packet);
    void say_farewell();
    void ping(const dht::SockAddr& to);
    void watch();
    void tell_lost(const std::vector<SilentNodes::Lost>& lost);
    Packets used(std::size_t count);

    const NodeId self_;
    const std::uint32_t network_;
    std::unique_ptr<dht::net::DatagramSocket> inner_;
    // Second owner: whoever compares it before and after a look-up.
    const std::shared_ptr<std::atomic<std::uint64_t>> missed_ = std::make_shared<std::atomic<std::uint64_t>>(0);

    std::mutex mutex_; // all below; never held while packets go up or out
    std::condition_variable changed_;
    struct Token {
        jackfield::Bytes bytes;
        TimePoint given;
    };
    SilentNodes nodes_;
    std::map<Place, Token> tokens_;       // kMostTokens at most
    std::set<NodeId> whole_keys_;         // kMostKeys at most
    std::set<std::uint32_t> asked_whole_; // transactions; kMostQuestions at most
    struct EarlyListen {
        NodeId key{};
        EarlySink sink;
        std::set<Place> at; // kSmallNetwork at most
    };
    const TimePoint began_ = Clock::now();
    EarlyQuestions early_;
    std::vector<EarlyListen> early_listens_; // kMostEarlyListens at most
    std::minstd_rand transactions_;
    TimePoint wake_at_{}; // when our thread looks by itself
    bool stopping_ = false;
    bool farewell_said_; // or there shall be none
    std::thread thread_;
};

} // namespace discovery_opendht
