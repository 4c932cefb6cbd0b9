// See watchful_socket.hpp.
#include "watchful_socket.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace discovery_opendht {
namespace {

Place place_of(const dht::SockAddr& given)
{
    dht::SockAddr address = given;
    address = address.getMappedIPv4();
    Place place;
    place.port = address.getPort();
    if (address.getFamily() == AF_INET) {
        place.ip[10] = place.ip[11] = 0xff;
        std::memcpy(place.ip.data() + 12, &address.getIPv4().sin_addr, 4);
    } else if (address.getFamily() == AF_INET6) {
        std::memcpy(place.ip.data(), &address.getIPv6().sin6_addr, 16);
    }
    return place;
}

dht::SockAddr address_of(jackfield::ByteView ip, std::uint16_t port)
{
    dht::SockAddr address;
    if (ip.size() == 4) {
        address.setFamily(AF_INET);
        std::memcpy(&address.getIPv4().sin_addr, ip.data(), 4);
    } else {
        address.setFamily(AF_INET6);
        std::memcpy(&address.getIPv6().sin6_addr, ip.data(), 16);
    }
    address.setPort(port);
    return address;
}

dht::SockAddr address_of(const Place& place)
{
    static constexpr std::array<std::uint8_t, 12> kIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool ipv4 = std::equal(kIpv4.begin(), kIpv4.end(), place.ip.begin());
    return address_of(jackfield::ByteView(place.ip).subspan(ipv4 ? 12 : 0), place.port);
}

/// A neighbour names those on its own machine by the loopback address: seen from here that is the neighbour's address.
dht::SockAddr address_named(const NamedNode& node, const dht::SockAddr& by)
{
    dht::SockAddr address = address_of(node.ip, node.port);
    if (address.isLoopback() && by.getFamily() == address.getFamily()) {
        address = by;
        address.setPort(node.port);
    }
    return address;
}

} // namespace

WatchfulSocket::WatchfulSocket(std::unique_ptr<dht::net::DatagramSocket> inner, const NodeId& self,
                               std::uint32_t network, bool says_farewell)
    : self_(self),
      network_(network),
      inner_(std::move(inner)),
      transactions_(std::random_device{}()),
      farewell_said_(!says_farewell)
{
    thread_ = std::thread([this] { watch(); });
    inner_->setOnReceive([this](Packets&& packets) {
        for (auto packet = packets.begin(); packet != packets.end();) {
            const auto glance = glance_at(packet->data);
            if (glance)
                learn(packet->from, *glance);
            if (glance && glance->question == Question::none && glance->transaction)
                answered_early(packet->from, *glance->transaction, packet->data);
            packet = glance && glance->farewell ? packets.erase(packet) : std::next(packet);
        }
        const std::size_t count = packets.size();
        if (count != 0)
            onReceived(std::move(packets));
        return used(count);
    });
}

/// OpenDHT hands back the packets that it is done with, and the class above keeps up to 65536 of them for us. So the
/// socket below, which makes them, gets one for each that it gave.
WatchfulSocket::Packets WatchfulSocket::used(std::size_t count)
{
    const std::lock_guard guard(lock);
    Packets packets;
    while (packets.size() < count)
        packets.splice(packets.end(), getNewPacket());
    return packets;
}

WatchfulSocket::~WatchfulSocket()
{
    say_farewell();
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
    // Waits for what is being received, which may still ask a node through the socket below.
    inner_->setOnReceive({});
    inner_.reset();
}

int WatchfulSocket::sendTo(const dht::SockAddr& to, const std::uint8_t* data, std::size_t size, bool replied)
{
    const jackfield::ByteView packet(data, size);
    const auto glance = glance_at(packet);
    if (glance && glance->question != Question::none)
        return ask(to, packet, *glance, replied);
    return inner_->sendTo(to, data, size, replied);
}

int WatchfulSocket::ask(const dht::SockAddr& to, jackfield::ByteView packet, const Glance& glance, bool replied)
{
    const Place place = place_of(to);
    bool refused = false;
    bool again = false;
    {
        const std::lock_guard guard(mutex_);
        const auto now = Clock::now();
        refused = (glance.question == Question::look_up && nodes_.hopeless(place, now)) || nodes_.has_left(place, now);
        if (refused && nodes_.missed(place, now))
            ++*missed_;
        again = glance.question == Question::look_up && nodes_.may_be_back(place, now);
        if (again)
            nodes_.pinged(place, now);
        if (!refused)
            nodes_.asked(place, glance.question, glance.transaction, now);
        if (const auto next = nodes_.next(now); next && *next < wake_at_)
            changed_.notify_all();
    }
    if (again)
        ping(to);
    if (refused)
        return EHOSTUNREACH;
    const auto whole = whole_question(packet, glance);
    const jackfield::ByteView out = whole ? jackfield::ByteView(*whole) : packet;
    return inner_->sendTo(to, out.data(), out.size(), replied);
}

/// OpenDHT takes values in the answer to a question for ids: nodes of old knew no others. So that saves a round trip.
std::optional<jackfield::Bytes> WatchfulSocket::whole_question(jackfield::ByteView packet, const Glance& glance)
{
    if (glance.question != Question::look_up || !glance.transaction)
        return std::nullopt;
    auto whole = ask_for_values(packet);
    if (!whole)
        return std::nullopt;
    const std::lock_guard guard(mutex_);
    if (!whole_keys_.contains(whole->key))
        return std::nullopt;
    if (asked_whole_.size() >= kMostQuestions)
        asked_whole_.clear(); // then a repetition may ask for all again
    if (!asked_whole_.insert(*glance.transaction).second)
        return std::nullopt;
    return std::move(whole->packet);
}

void WatchfulSocket::ask_for_values_of(const NodeId& key)
{
    const std::lock_guard guard(mutex_);
    if (whole_keys_.size() >= kMostKeys)
        whole_keys_.clear(); // look-ups that go on take a round trip more
    whole_keys_.insert(key);
}

void WatchfulSocket::learn(const dht::SockAddr& from, const Glance& glance)
{
    std::vector<dht::SockAddr> strangers;
    std::vector<std::pair<dht::SockAddr, jackfield::Bytes>> listens;
    {
        const std::lock_guard guard(mutex_);
        const auto now = Clock::now();
        if (glance.farewell) {
            nodes_.leaves(place_of(from), now);
            strangers.push_back(from);
        } else {
            nodes_.heard(place_of(from), glance.sender, now);
            if (!glance.token.empty() && glance.question == Question::none) {
                keep_token(place_of(from), glance.token, now);
                listens = early_listens_at(place_of(from), now);
            }
        }
        for (const NamedNode& node : glance.named) {
            const dht::SockAddr address = address_named(node, from);
            if (node.id == self_ || node.port == 0 || !nodes_.named(place_of(address), node.id, now))
                continue;
            nodes_.pinged(place_of(address), now);
            strangers.push_back(address);
        }
    }
    for (const auto& [to, packet] : listens)
        inner_->sendTo(to, packet.data(), packet.size(), false);
    for (const auto& stranger : strangers)
        ping(stranger);
}

void WatchfulSocket::ask_early(const std::vector<dht::SockAddr>& whom, const NodeId& key, const EarlySink& sink)
{
    for (const auto& to : whom) {
        std::uint32_t transaction = 0;
        {
            const std::lock_guard guard(mutex_);
            transaction = static_cast<std::uint32_t>(transactions_());
            early_.asked(transaction, place_of(to), sink, Clock::now());
        }
        const auto packet = make_get(self_, network_, transaction, key);
        inner_->sendTo(to, packet.data(), packet.size(), false);
    }
}

void WatchfulSocket::listen_early(const NodeId& key, EarlySink sink)
{
    std::vector<std::pair<dht::SockAddr, jackfield::Bytes>> listens;
    {
        const std::lock_guard guard(mutex_);
        const auto now = Clock::now();
        if (early_listens_.size() >= kMostEarlyListens || now > began_ + kEarly)
            return;
        early_listens_.push_back({key, std::move(sink), {}});
        for (const auto& [place, token] : tokens_)
            for (auto& listen : early_listens_at(place, now))
                listens.push_back(std::move(listen));
    }
    for (const auto& [to, packet] : listens)
        inner_->sendTo(to, packet.data(), packet.size(), false);
}

void WatchfulSocket::unlisten_early(const NodeId& key)
{
    const std::lock_guard guard(mutex_);
    std::erase_if(early_listens_, [&](const auto& listen) { return listen.key == key; });
}

/// mutex_ is held, and there is a token of that place.
std::vector<std::pair<dht::SockAddr, jackfield::Bytes>> WatchfulSocket::early_listens_at(const Place& place,
                                                                                         TimePoint now)
{
    std::vector<std::pair<dht::SockAddr, jackfield::Bytes>> packets;
    if (now > began_ + kEarly)
        return packets;
    for (EarlyListen& listen : early_listens_) {
        if (listen.at.size() >= kSmallNetwork || !listen.at.insert(place).second)
            continue;
        const auto transaction = static_cast<std::uint32_t>(transactions_());
        early_.asked(transaction, place, listen.sink, now);
        packets.emplace_back(address_of(place),
                             make_listen(self_, network_, transaction, listen.key, tokens_.at(place).bytes));
    }
    return packets;
}

/// OpenDHT gets the packet as well: of an answer to nobody it learns that the node is there.
void WatchfulSocket::answered_early(const dht::SockAddr& from, std::uint32_t transaction, jackfield::ByteView packet)
{
    EarlyQuestions::Answer answer;
    {
        const std::lock_guard guard(mutex_);
        answer = early_.take(place_of(from), transaction, packet, Clock::now());
    }
    for (const auto& value : answer.values)
        answer.sink(value);
}

void WatchfulSocket::stop()
{
    say_farewell();
    inner_->stop();
}

/// So that those who know us need not find out. Nobody believes it without a ping of his own.
void WatchfulSocket::say_farewell()
{
    std::vector<Place> neighbours;
    {
        const std::lock_guard guard(mutex_);
        if (!std::exchange(farewell_said_, true))
            neighbours = nodes_.neighbours(Clock::now());
    }
    const auto packet = make_farewell();
    for (const Place& place : neighbours)
        inner_->sendTo(address_of(place), packet.data(), packet.size(), false);
}

/// The pong goes up like any packet: OpenDHT learns from it that the node is there.
void WatchfulSocket::ping(const dht::SockAddr& to)
{
    std::uint32_t transaction = 0;
    {
        const std::lock_guard guard(mutex_);
        transaction = static_cast<std::uint32_t>(transactions_());
    }
    const auto packet = make_ping(self_, network_, transaction);
    inner_->sendTo(to, packet.data(), packet.size(), false); // what is lost counts as not answered
}

void WatchfulSocket::watch()
{
    std::unique_lock guard(mutex_);
    while (!stopping_) {
        const auto now = Clock::now();
        const auto overdue = nodes_.overdue(now);
        const auto lost = nodes_.take_lost(now);
        *missed_ += static_cast<std::uint64_t>(
            std::ranges::count_if(lost, [&](const auto& question) { return nodes_.missed(question.place, now); }));
        if (overdue.empty() && lost.empty()) {
            wake_at_ = nodes_.next(now).value_or(TimePoint::max());
            if (wake_at_ == TimePoint::max())
                changed_.wait(guard);
            else
                changed_.wait_until(guard, wake_at_);
            continue;
        }
        for (const Place& place : overdue)
            nodes_.pinged(place, now);
        guard.unlock();
        for (const Place& place : overdue)
            ping(address_of(place));
        tell_lost(lost);
        guard.lock();
    }
}

void WatchfulSocket::tell_lost(const std::vector<SilentNodes::Lost>& lost)
{
    Packets answers;
    for (const auto& question : lost) {
        const auto bytes = make_empty_answer(question.node, network_, question.transaction);
        answers.push_back({bytes, address_of(question.place), dht::clock::now()});
    }
    if (answers.empty())
        return;
    onReceived(std::move(answers));
    used(lost.size()); // those were ours
}

/// mutex_ is held.
void WatchfulSocket::keep_token(const Place& place, jackfield::ByteView token, TimePoint now)
{
    if (tokens_.size() >= kMostTokens && !tokens_.contains(place)) {
        const auto oldest = std::ranges::min_element(
            tokens_, [](const auto& a, const auto& b) { return a.second.given < b.second.given; });
        tokens_.erase(oldest);
    }
    tokens_[place] = {jackfield::Bytes(token.begin(), token.end()), now};
}

void WatchfulSocket::hurry(const NodeId& key, jackfield::ByteView value)
{
    if (value.size() < kLeastInPieces || value.size() > kLargestHurried)
        return;
    std::vector<std::pair<Place, jackfield::Bytes>> ready;
    std::uint32_t transaction = 0;
    {
        const std::lock_guard guard(mutex_);
        const auto now = Clock::now();
        for (const auto& [place, token] : tokens_) {
            if (now < token.given + kTokenLasts && !nodes_.hopeless(place, now) && !nodes_.has_left(place, now))
                ready.emplace_back(place, token.bytes);
        }
        transaction = static_cast<std::uint32_t>(transactions_());
    }
    if (ready.size() > kSmallNetwork)
        return;
    for (const auto& [place, token] : ready) {
        for (const auto& packet : make_put(self_, network_, transaction, key, value, token))
            inner_->sendTo(address_of(place), packet.data(), packet.size(), false);
    }
}

/// Tokens are for the address from which we asked.
void WatchfulSocket::network_changed()
{
    const std::lock_guard guard(mutex_);
    nodes_.forgive();
    tokens_.clear();
}

} // namespace discovery_opendht
