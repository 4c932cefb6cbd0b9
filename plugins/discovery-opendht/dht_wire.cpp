// MessagePack, as much as a glance needs. See dht_wire.hpp.
#include "dht_wire.hpp"

#include <algorithm>
#include <string_view>

namespace discovery_opendht {
namespace {

using jackfield::Bytes;
using jackfield::ByteView;

/// One element of MessagePack; of containers the head only.
struct Item {
    enum class Kind { number, text, bytes, array, map, other };

    Kind kind = Kind::other;
    std::uint64_t size = 0; // of bytes and text; how many follow in an array or map; the number, if it is not negative
    std::size_t at = 0;     // where bytes and text begin
};

class Reader {
public:
    explicit Reader(ByteView packet) : packet_(packet) {}

    std::optional<Item> take()
    {
        const auto head = number(1);
        if (!head)
            return std::nullopt;
        const auto code = static_cast<std::uint8_t>(*head);
        if (code <= 0x7f)
            return Item{Item::Kind::number, code, next_};
        if (code >= 0xe0 || code == 0xc0 || code == 0xc2 || code == 0xc3)
            return Item{};
        if (code <= 0x8f)
            return Item{Item::Kind::map, code & 0x0fU, next_};
        if (code <= 0x9f)
            return Item{Item::Kind::array, code & 0x0fU, next_};
        if (code <= 0xbf)
            return payload(Item::Kind::text, code & 0x1fU);
        switch (code) {
        case 0xc4:
        case 0xc5:
        case 0xc6:
            return payload(Item::Kind::bytes, number(1U << (code - 0xc4U)));
        case 0xc7:
        case 0xc8:
        case 0xc9:
            return payload(Item::Kind::other, plus_one(number(1U << (code - 0xc7U))));
        case 0xca:
        case 0xcb:
            return payload(Item::Kind::other, 4U << (code - 0xcaU));
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf:
            return headed(Item::Kind::number, number(1U << (code - 0xccU)));
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3:
            return payload(Item::Kind::other, 1U << (code - 0xd0U));
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return payload(Item::Kind::other, 1U + (1U << (code - 0xd4U)));
        case 0xd9:
        case 0xda:
        case 0xdb:
            return payload(Item::Kind::text, number(1U << (code - 0xd9U)));
        case 0xdc:
        case 0xdd:
            return headed(Item::Kind::array, number(2U << (code - 0xdcU)));
        case 0xde:
        case 0xdf:
            return headed(Item::Kind::map, number(2U << (code - 0xdeU)));
        default:
            return std::nullopt;
        }
    }

    /// Passes over what an item contains.
    bool skip_inside(const Item& item)
    {
        for (std::uint64_t left = children(item); left > 0; --left) {
            const auto next = take();
            if (!next || children(*next) > packet_.size()) // more than there are bytes
                return false;
            left += children(*next);
        }
        return true;
    }

    bool skip()
    {
        const auto item = take();
        return item && children(*item) <= packet_.size() && skip_inside(*item);
    }

    std::optional<std::string_view> text()
    {
        const auto item = take();
        if (!item || item->kind != Item::Kind::text)
            return std::nullopt;
        return jackfield::as_text(bytes_of(*item));
    }

    ByteView bytes_of(const Item& item) const { return packet_.subspan(item.at, item.size); }

private:
    static std::uint64_t children(const Item& item)
    {
        if (item.kind == Item::Kind::map)
            return 2 * item.size;
        return item.kind == Item::Kind::array ? item.size : 0;
    }

    std::optional<std::uint64_t> number(std::size_t width)
    {
        if (packet_.size() - next_ < width)
            return std::nullopt;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < width; ++i)
            value = value << 8U | packet_[next_++];
        return value;
    }

    static std::optional<std::uint64_t> plus_one(std::optional<std::uint64_t> size)
    {
        return size ? std::optional(*size + 1) : size;
    }

    std::optional<Item> payload(Item::Kind kind, std::optional<std::uint64_t> size)
    {
        if (!size || packet_.size() - next_ < *size)
            return std::nullopt;
        const Item item{kind, *size, next_};
        next_ += *size;
        return item;
    }

    /// What has no bytes beyond its head.
    std::optional<Item> headed(Item::Kind kind, std::optional<std::uint64_t> size)
    {
        return size ? std::optional(Item{kind, *size, next_}) : std::nullopt;
    }

    ByteView packet_;
    std::size_t next_ = 0;
};

void read_names(const Reader& reader, const Item& list, std::size_t ip_bytes, std::vector<NamedNode>& named)
{
    const std::size_t entry_bytes = std::tuple_size_v<NodeId> + ip_bytes + 2;
    const ByteView entries = reader.bytes_of(list);
    for (std::size_t at = 0; at + entry_bytes <= entries.size() && named.size() < kMostNamed; at += entry_bytes) {
        const ByteView entry = entries.subspan(at, entry_bytes);
        NamedNode node;
        std::copy_n(entry.begin(), node.id.size(), node.id.begin());
        node.ip = entry.subspan(node.id.size(), ip_bytes);
        node.port = static_cast<std::uint16_t>(entry[entry_bytes - 2] << 8U | entry[entry_bytes - 1]);
        named.push_back(node);
    }
}

/// The part that says who speaks, what was asked or answered.
bool read_body(Reader& reader, Glance& glance)
{
    const auto body = reader.take();
    if (!body)
        return false;
    if (body->kind != Item::Kind::map) // an error has its body beside it
        return reader.skip_inside(*body);
    for (std::uint64_t i = 0; i < body->size; ++i) {
        const auto key = reader.text();
        if (!key)
            return false;
        const auto value = reader.take();
        if (!value)
            return false;
        const bool bytes = value->kind == Item::Kind::bytes;
        if (*key == "id" && bytes && value->size == std::tuple_size_v<NodeId>)
            std::copy_n(reader.bytes_of(*value).begin(), std::tuple_size_v<NodeId>, glance.sender.emplace().begin());
        else if (*key == "token" && bytes && value->size <= kLargestToken)
            glance.token = reader.bytes_of(*value);
        else if (*key == "n4" && bytes)
            read_names(reader, *value, 4, glance.named);
        else if (*key == "n6" && bytes)
            read_names(reader, *value, 16, glance.named);
        else if (!reader.skip_inside(*value))
            return false;
    }
    return true;
}

Question question_of(std::string_view word)
{
    if (word == "ping")
        return Question::ping;
    if (word == "get" || word == "find")
        return Question::look_up;
    return word == "listen" ? Question::listen : Question::other;
}

void append(Bytes& out, std::string_view text)
{
    out.push_back(static_cast<std::uint8_t>(0xa0U | text.size()));
    out.insert(out.end(), text.begin(), text.end());
}

void append(Bytes& out, std::uint32_t number)
{
    out.push_back(0xce);
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// A map of so many entries, and one more where networks have numbers.
std::uint8_t head(unsigned entries, std::uint32_t network)
{
    return static_cast<std::uint8_t>(0x80U + entries + (network != 0 ? 1U : 0U));
}

/// At most 65535.
void append(Bytes& out, ByteView bytes)
{
    out.push_back(0xc5);
    out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8U));
    out.push_back(static_cast<std::uint8_t>(bytes.size()));
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_id(Bytes& out, const NodeId& id)
{
    out.push_back(head(1, 0));
    append(out, "id");
    append(out, ByteView(id));
}

void append_tail(Bytes& out, std::string_view type, std::uint32_t network, std::uint32_t transaction)
{
    append(out, "t");
    append(out, transaction);
    append(out, "y");
    append(out, type);
    if (network != 0) {
        append(out, "n");
        append(out, network);
    }
}

} // namespace

std::optional<Glance> glance_at(ByteView packet)
{
    Reader reader(packet);
    const auto top = reader.take();
    if (!top || top->kind != Item::Kind::map)
        return std::nullopt;
    Glance glance;
    for (std::uint64_t i = 0; i < top->size; ++i) {
        const auto key = reader.text();
        if (!key)
            return std::nullopt;
        if (*key == "jackfield") {
            glance.farewell = reader.text() == std::optional<std::string_view>("bye");
        } else if (*key == "q") {
            const auto question = reader.text();
            if (!question)
                return std::nullopt;
            glance.question = question_of(*question);
        } else if (*key == "t") {
            const auto number = reader.take();
            if (!number || !reader.skip_inside(*number))
                return std::nullopt;
            if (number->kind == Item::Kind::number)
                glance.transaction = static_cast<std::uint32_t>(number->size);
        } else if (*key == "a" || *key == "r" || *key == "u") {
            if (!read_body(reader, glance))
                return std::nullopt;
        } else if (!reader.skip()) {
            return std::nullopt;
        }
    }
    return glance;
}

Bytes make_ping(const NodeId& self, std::uint32_t network, std::uint32_t transaction)
{
    Bytes out{head(4, network)}; // without "v", the program's name, which nobody needs
    append(out, "a");
    append_id(out, self);
    append(out, "q");
    append(out, "ping");
    append_tail(out, "q", network, transaction);
    return out;
}

Bytes make_farewell()
{
    Bytes out{head(1, 0)};
    append(out, "jackfield");
    append(out, "bye");
    return out;
}

Bytes make_empty_answer(const NodeId& node, std::uint32_t network, std::uint32_t transaction)
{
    Bytes out{head(3, network)};
    append(out, "r");
    append_id(out, node);
    append_tail(out, "r", network, transaction);
    return out;
}

/// {"a": {"id": 20 bytes, "h": 20 bytes, "q": {"s": [1], "w": []}}, "q": "get", ...}, to the byte as OpenDHT writes it:
/// anything else is left alone.
std::optional<WholeQuestion> ask_for_values(ByteView packet)
{
    static constexpr std::array<std::uint8_t, 8> kBeforeId{0xa1, 'a', 0x83, 0xa2, 'i', 'd', 0xc4, 20};
    static constexpr std::array<std::uint8_t, 4> kBeforeKey{0xa1, 'h', 0xc4, 20};
    static constexpr std::array<std::uint8_t, 10> kIds{0xa1, 'q', 0x82, 0xa1, 's', 0x91, 1, 0xa1, 'w', 0x90};
    static constexpr std::size_t kId = 1 + kBeforeId.size();
    static constexpr std::size_t kKey = kId + std::tuple_size_v<NodeId> + kBeforeKey.size();
    static constexpr std::size_t kQuery = kKey + std::tuple_size_v<NodeId>;
    static constexpr std::size_t kRest = kQuery + kIds.size();
    const auto stands_at = [&](std::size_t at, ByteView words) {
        return std::ranges::equal(packet.subspan(at, words.size()), words);
    };
    if (packet.size() < kRest || !stands_at(1, kBeforeId) || !stands_at(kKey - kBeforeKey.size(), kBeforeKey) ||
        !stands_at(kQuery, kIds))
        return std::nullopt;
    WholeQuestion question;
    std::ranges::copy(packet.subspan(kKey, question.key.size()), question.key.begin());
    question.packet.assign(packet.begin(), packet.begin() + kQuery);
    question.packet[3] = 0x82; // one entry less
    question.packet.insert(question.packet.end(), packet.begin() + kRest, packet.end());
    return question;
}

Bytes make_get(const NodeId& self, std::uint32_t network, std::uint32_t transaction, const NodeId& key)
{
    Bytes out{head(4, network)};
    append(out, "a");
    out.push_back(head(2, 0));
    append(out, "id");
    append(out, ByteView(self));
    append(out, "h");
    append(out, ByteView(key));
    append(out, "q");
    append(out, "get");
    append_tail(out, "q", network, transaction);
    return out;
}

/// Without "ve", OpenDHT's version of listening: then values come as answers, and need no answer of ours.
Bytes make_listen(const NodeId& self, std::uint32_t network, std::uint32_t transaction, const NodeId& key,
                  ByteView token)
{
    Bytes out{head(4, network)};
    append(out, "a");
    out.push_back(head(4, 0));
    append(out, "id");
    append(out, ByteView(self));
    append(out, "h");
    append(out, ByteView(key));
    append(out, "token");
    append(out, token);
    append(out, "sid");
    append(out, transaction);
    append(out, "q");
    append(out, "listen");
    append_tail(out, "q", network, transaction);
    return out;
}

std::vector<Bytes> make_put(const NodeId& self, std::uint32_t network, std::uint32_t transaction, const NodeId& key,
                            ByteView value, ByteView token)
{
    Bytes question{head(4, network)};
    append(question, "a");
    question.push_back(head(4, 0));
    append(question, "id");
    append(question, ByteView(self));
    append(question, "h");
    append(question, ByteView(key));
    append(question, "values");
    question.push_back(0x91); // of one
    append(question, static_cast<std::uint32_t>(value.size()));
    append(question, "token");
    append(question, token);
    append(question, "q");
    append(question, "put");
    append_tail(question, "q", network, transaction);
    std::vector<Bytes> packets{std::move(question)};
    for (std::size_t at = 0; at < value.size(); at += kPieceOfValue) {
        Bytes piece{head(3, network)};
        append(piece, "p");
        piece.push_back(head(1, 0));
        piece.push_back(0); // which value
        piece.push_back(head(2, 0));
        append(piece, "o");
        append(piece, static_cast<std::uint32_t>(at));
        append(piece, "d");
        append(piece, value.subspan(at, std::min(kPieceOfValue, value.size() - at)));
        append_tail(piece, "p", network, transaction);
        packets.push_back(std::move(piece));
    }
    return packets;
}

} // namespace discovery_opendht
