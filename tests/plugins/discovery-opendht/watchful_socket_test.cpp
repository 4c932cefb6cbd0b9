// The socket that watches the nodes behind it, over a socket of the test's own.
#include "watchful_socket.hpp"

#include "dht_wire.hpp"

#include <gtest/gtest.h>
#include <opendht/value.h>

#include <set>

namespace discovery_opendht {
namespace {

/// Hears one more farewell while it goes away, as one whose thread is in the middle of receiving.
class LateSocket final : public dht::net::DatagramSocket {
public:
    ~LateSocket() override
    {
        const auto bytes = make_farewell();
        dht::net::PacketList packets;
        packets.push_back({dht::Blob(bytes.begin(), bytes.end()), node_, dht::clock::now()});
        onReceived(std::move(packets));
    }

    int sendTo(const dht::SockAddr&, const std::uint8_t* data, std::size_t size, bool) override
    {
        if (sent != nullptr)
            sent->emplace_back(data, data + size);
        return 0;
    }
    bool hasIPv4() const override { return true; }
    bool hasIPv6() const override { return false; }
    const dht::SockAddr& getBoundRef(sa_family_t) const override { return node_; }
    void stop() override {}

    std::vector<jackfield::Bytes>* sent = nullptr;

    /// A packet comes in; as a rule one that is none of OpenDHT's. Where it lies in memory.
    const void* receive(const jackfield::Bytes& bytes = {1, 2, 3}, std::uint16_t port = 9)
    {
        auto packets = getNewPacket();
        packets.front().data.assign(bytes.begin(), bytes.end());
        packets.front().from = node_;
        packets.front().from.setPort(port);
        const void* place = &packets.front();
        onReceived(std::move(packets));
        return place;
    }

private:
    const dht::SockAddr node_ = [] {
        dht::SockAddr address;
        address.setFamily(AF_INET);
        address.setAddress("127.0.0.1");
        address.setPort(9);
        return address;
    }();
};

TEST(WatchfulSocket, AsksNobodyThroughASocketThatIsGoingAway)
{
    const WatchfulSocket socket(std::make_unique<LateSocket>(), NodeId{}, 0, false);
}

// Each packet was kept, until there were 65536: some 250 bytes a call.
TEST(WatchfulSocket, GivesPacketsBackToTheSocketBelow)
{
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    int came = 0;
    socket.setOnReceive([&](dht::net::PacketList&& packets) {
        came += static_cast<int>(packets.size());
        return std::move(packets); // done with at once
    });
    std::set<const void*> places;
    for (int i = 0; i < 100; ++i)
        places.insert(inner.receive());
    EXPECT_EQ(came, 100);
    EXPECT_LE(places.size(), 2U) << "the same packets go round";
}

/// An answer of that node with a token.
jackfield::Bytes answer(std::uint8_t fill)
{
    jackfield::Bytes out{0x83, 0xa1, 'r', 0x82, 0xa2, 'i', 'd', 0xc4, 20};
    out.insert(out.end(), 20, fill);
    const jackfield::Bytes rest{0xa5, 't', 'o', 'k', 'e', 'n', 0xc4, 2, 4, 2, 0xa1, 't', 5, 0xa1, 'y', 0xa1, 'r'};
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

TEST(WatchfulSocket, PutsAtOnceWhereItHasAToken)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    inner.sent = &sent;
    const jackfield::Bytes value(2000, 1);
    socket.hurry(NodeId{}, value);
    EXPECT_TRUE(sent.empty()) << "nobody has given one";
    inner.receive(answer(1));
    socket.hurry(NodeId{}, value);
    ASSERT_EQ(sent.size(), 3U) << "the question, and two pieces";
    EXPECT_EQ(glance_at(sent[0])->token.size(), 2U);
    socket.hurry(NodeId{}, jackfield::Bytes(100, 1));
    socket.hurry(NodeId{}, jackfield::Bytes(20'000, 1));
    EXPECT_EQ(sent.size(), 3U) << "too small, too large";
    socket.network_changed();
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 3U) << "a token is for the address that we had";
    inner.sent = nullptr;
}

TEST(WatchfulSocket, AsksOnceForTheValuesOfAKeyInsteadOfTheirIds)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    below->sent = &sent;
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    NodeId key;
    key.fill(4);
    const auto ask = [&](std::uint8_t transaction) {
        jackfield::Bytes packet{0x84, 0xa1, 'a', 0x83, 0xa2, 'i', 'd', 0xc4, 20};
        packet.insert(packet.end(), 20, 1);
        const jackfield::Bytes before_key{0xa1, 'h', 0xc4, 20};
        packet.insert(packet.end(), before_key.begin(), before_key.end());
        packet.insert(packet.end(), key.begin(), key.end());
        const jackfield::Bytes rest{0xa1, 'q', 0x82, 0xa1, 's',  0x91, 1,           0xa1, 'w', 0x90, 0xa1, 'q',
                                    0xa3, 'g', 'e',  't',  0xa1, 't',  transaction, 0xa1, 'y', 0xa1, 'q'};
        packet.insert(packet.end(), rest.begin(), rest.end());
        dht::SockAddr to;
        to.setFamily(AF_INET);
        to.setAddress("127.0.0.1");
        to.setPort(9);
        socket.sendTo(to, packet.data(), packet.size(), false);
        return packet;
    };
    auto plain = ask(1);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0], plain) << "of other keys many values may lie there";
    socket.ask_for_values_of(key);
    plain = ask(2);
    EXPECT_EQ(sent.at(1).size(), plain.size() - 10);
    const auto glance = glance_at(sent.at(1));
    ASSERT_TRUE(glance);
    EXPECT_EQ(glance->sender->front(), 1);
    EXPECT_EQ(glance->question, Question::look_up);
    EXPECT_EQ(glance->transaction, 2U);
    EXPECT_FALSE(ask_for_values(sent.at(1)));
    ask(2);
    EXPECT_EQ(sent.at(2), plain) << "the answer was lost, perhaps because it was large";
    inner.sent = nullptr;
}

TEST(WatchfulSocket, AsksWhoeverGivesATokenSoonAboutTheKeysThatItListensTo)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    below->sent = &sent;
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    inner.receive(answer(1), 1);
    EXPECT_TRUE(sent.empty());
    socket.listen_early(NodeId{1}, [](const EarlyValue&) {});
    ASSERT_EQ(sent.size(), 1U) << "one has given a token before";
    EXPECT_EQ(glance_at(sent[0])->question, Question::listen);
    EXPECT_EQ(glance_at(sent[0])->token.size(), 2U);
    inner.receive(answer(1), 1);
    EXPECT_EQ(sent.size(), 1U) << "that one is asked";
    for (std::uint16_t port = 2; port <= WatchfulSocket::kSmallNetwork + 5; ++port)
        inner.receive(answer(1), port);
    EXPECT_EQ(sent.size(), WatchfulSocket::kSmallNetwork);
    socket.unlisten_early(NodeId{1});
    socket.listen_early(NodeId{2}, [](const EarlyValue&) {});
    socket.unlisten_early(NodeId{2});
    const std::size_t before = sent.size();
    inner.receive(answer(1), 100);
    EXPECT_EQ(sent.size(), before) << "nobody listens any more";
    inner.sent = nullptr;
}

TEST(WatchfulSocket, AsksEarlyAboutAFewKeys)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    below->sent = &sent;
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    for (std::uint8_t key = 0; key < 2 * WatchfulSocket::kMostEarlyListens; ++key)
        socket.listen_early(NodeId{key}, [](const EarlyValue&) {});
    inner.receive(answer(1), 101);
    EXPECT_EQ(sent.size(), WatchfulSocket::kMostEarlyListens) << "the others are OpenDHT's";
    inner.sent = nullptr;
}

/// {"r": {"values": [what is packed there]}} or {"p": {0: {"o": offset, "d": bytes}}}
template <class F>
jackfield::Bytes packed(F&& fill)
{
    msgpack::sbuffer buffer;
    msgpack::packer<msgpack::sbuffer> out(&buffer);
    fill(out);
    return {buffer.data(), buffer.data() + buffer.size()};
}

jackfield::Bytes announces(const std::vector<std::size_t>& sizes)
{
    return packed([&](auto& out) {
        out.pack_map(1).pack("r").pack_map(1).pack("values").pack_array(static_cast<std::uint32_t>(sizes.size()));
        for (const std::size_t size : sizes)
            out.pack(size);
    });
}

jackfield::Bytes piece(jackfield::ByteView of, std::size_t offset, std::size_t size)
{
    return packed([&](auto& out) {
        out.pack_map(1).pack("p").pack_map(1).pack(0U).pack_map(2);
        out.pack("o").pack(offset).pack("d").pack_bin(static_cast<std::uint32_t>(size));
        out.pack_bin_body(reinterpret_cast<const char*>(of.data()) + offset, static_cast<std::uint32_t>(size));
    });
}

class EarlyQuestion : public ::testing::Test {
protected:
    EarlyQuestion()
    {
        dht::Value one(reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size());
        one.id = 5;
        value_ = packed([&](auto& out) { out.pack(one); });
        place_.port = 7;
        early_.asked(1, place_, [](const EarlyValue&) {}, now_);
    }

    std::size_t take(const jackfield::Bytes& packet)
    {
        const auto values = early_.take(place_, 1, packet, now_).values;
        for (const auto& value : values) {
            EXPECT_EQ(value.id, 5U);
            EXPECT_EQ(jackfield::as_text(value.data), text_);
        }
        return values.size();
    }

    const std::string text_ = std::string(900, 'x');
    EarlyQuestions::TimePoint now_ = SilentNodes::Clock::now();
    Place place_;
    jackfield::Bytes value_;
    EarlyQuestions early_;
};

TEST_F(EarlyQuestion, IsAnsweredInPieces)
{
    EXPECT_EQ(take(piece(value_, 0, 500)), 0U) << "nothing was announced";
    EXPECT_EQ(take(announces({value_.size()})), 0U);
    EXPECT_EQ(take(piece(value_, 500, value_.size() - 500)), 0U) << "out of order";
    EXPECT_EQ(take(piece(value_, 0, 500)), 0U);
    EXPECT_EQ(take(piece(value_, 0, 500)), 0U) << "twice";
    EXPECT_EQ(take(piece(value_, 500, value_.size() - 500)), 1U);
    EXPECT_EQ(take(piece(value_, 500, value_.size() - 500)), 0U);
    EXPECT_EQ(take(announces({value_.size()})), 0U) << "another one, as a listener hears them";
    EXPECT_EQ(take(piece(value_, 0, value_.size())), 1U);
    EXPECT_EQ(take(piece(value_, 0, value_.size())), 0U) << "that was it";
}

TEST_F(EarlyQuestion, IsAnsweredInOnePacket)
{
    const auto with = [&](const jackfield::Bytes& another) {
        auto packet = packed([](auto& out) { out.pack_map(1).pack("r").pack_map(1).pack("values").pack_array(2); });
        packet.insert(packet.end(), value_.begin(), value_.end());
        packet.insert(packet.end(), another.begin(), another.end());
        return packet;
    };
    EXPECT_EQ(take(with(packed([](auto& out) { out.pack(100U); }))), 1U);
    EXPECT_EQ(take(with(packed([](auto& out) { out.pack("no value"); }))), 0U);
    EXPECT_EQ(take(with(value_)), 2U);
}

TEST_F(EarlyQuestion, TakesAnswersOfThePlaceThatWasAskedAndForAWhile)
{
    take(announces({value_.size()}));
    const auto whole = piece(value_, 0, value_.size());
    Place other = place_;
    other.port = 8;
    EXPECT_TRUE(early_.take(other, 1, whole, now_).values.empty());
    EXPECT_TRUE(early_.take(place_, 2, whole, now_).values.empty());
    EXPECT_TRUE(early_.take(place_, 1, whole, now_ + 2 * EarlyQuestions::kLasts).values.empty());
    EXPECT_EQ(take(whole), 1U);
}

TEST_F(EarlyQuestion, HoldsNoMoreThanItMay)
{
    EXPECT_EQ(take(announces({EarlyQuestions::kLargestValue + 1})), 0U);
    EXPECT_EQ(take(piece(value_, 0, value_.size())), 0U) << "too large to be a value";
    take(announces({value_.size() - 1}));
    EXPECT_EQ(take(piece(value_, 0, value_.size())), 0U) << "more than was announced";
    for (std::uint32_t transaction = 2; transaction < EarlyQuestions::kMost + 2; ++transaction)
        early_.asked(transaction, place_, [](const EarlyValue&) {}, now_ + std::chrono::seconds(1));
    take(announces({value_.size()}));
    EXPECT_EQ(take(piece(value_, 0, value_.size())), 0U) << "the oldest question has made room";
}

TEST(WatchfulSocket, LeavesALargeNetworkToOpenDht)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    const jackfield::Bytes value(700, 1);
    for (std::uint16_t port = 1; port <= WatchfulSocket::kSmallNetwork; ++port)
        inner.receive(answer(1), port);
    inner.sent = &sent;
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 2 * WatchfulSocket::kSmallNetwork);
    inner.receive(answer(1), 100);
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 2 * WatchfulSocket::kSmallNetwork) << "not all of them are near to the key";
    inner.sent = nullptr;
}

} // namespace
} // namespace discovery_opendht
