// msgpack in and out. See message.hpp. Read from a stranger: the library is told what an object may hold.
//
// Threads: one at a time.
#include "message.hpp"

#include <msgpack.hpp>

namespace mux_msgpack {

using jackfield::Failure;

namespace {

/// array, map, str, bin, ext, depth
const msgpack::unpack_limit kControlLimit(3, 8, kMaxNameBytes, 0, 0, 2);

enum class Answer : std::uint8_t { request = 0, accept = 1, decline = 2 };

/// What msgpack's packer writes to.
struct Sink {
    void write(const char* data, std::size_t size) { out.insert(out.end(), data, data + size); }
    Bytes& out;
};
using Packer = msgpack::packer<Sink>;

[[noreturn]] void refuse(const std::string& what)
{
    throw Failure(JF_BAD_INPUT, "the peer sent " + what);
}

/// Runs f; what the library throws is the peer's mistake.
template <class F>
auto reading(F&& f)
{
    try {
        return f();
    } catch (const msgpack::size_overflow&) {
        refuse("a message that holds more than one may");
    } catch (const msgpack::unpack_error&) {
        refuse("what is no msgpack");
    } catch (const msgpack::type_error&) {
        refuse("a message with something in a wrong place");
    }
}

/// How a number begins, and the bytes that follow: msgpack's marks for whole numbers and for bytes.
struct Mark {
    std::uint8_t mark;
    std::size_t bytes;
};
constexpr Mark kNumbers[] = {{0xcc, 1}, {0xcd, 2}, {0xce, 4}, {0xcf, 8}};
constexpr Mark kBins[] = {{0xc4, 1}, {0xc5, 2}, {0xc6, 4}};

/// Cuts the number behind one of the marks off. None: not all of it has come.
std::optional<std::uint64_t> take_marked(std::span<const Mark> marks, ByteView& bytes, const char* otherwise)
{
    const auto found = std::ranges::find(marks, bytes[0], &Mark::mark);
    if (found == marks.end())
        refuse(otherwise);
    if (bytes.size() < 1 + found->bytes)
        return std::nullopt;
    std::uint64_t number = 0;
    for (std::size_t i = 1; i <= found->bytes; ++i)
        number = number << 8U | bytes[i];
    bytes = bytes.subspan(1 + found->bytes);
    return number;
}

std::optional<std::uint64_t> take_channel(ByteView& bytes)
{
    if (bytes[0] >= 0x80)
        return take_marked(kNumbers, bytes, "a message whose channel is no number");
    const std::uint8_t small = bytes[0];
    bytes = bytes.subspan(1);
    return small;
}

std::uint16_t channel_of(const msgpack::object& object)
{
    if (object.type != msgpack::type::POSITIVE_INTEGER || object.via.u64 > 0xffff)
        refuse("a channel that is no number up to 65535");
    return static_cast<std::uint16_t>(object.via.u64);
}

/// [name, channel, answer]
Message request_of(const msgpack::object_array& array)
{
    if (array.size != 3)
        refuse("a request that has not three parts");
    Message message;
    message.name = array.ptr[0].as<std::string>();
    message.channel = channel_of(array.ptr[1]);
    if (message.channel == kControl || message.channel == kProtocol)
        refuse("a request for a channel that is no channel");
    switch (static_cast<Answer>(array.ptr[2].as<std::uint8_t>())) {
    case Answer::request:
        message.kind = Message::Kind::request;
        break;
    case Answer::accept:
        message.kind = Message::Kind::accept;
        break;
    case Answer::decline:
        message.kind = Message::Kind::decline;
        break;
    default:
        refuse("an answer that is neither yes nor no");
    }
    return message;
}

/// {"v": version} or {"p": whether it asks}; other keys are for later versions.
std::optional<Message> protocol_of(const msgpack::object_map& map)
{
    for (std::uint32_t i = 0; i < map.size; ++i) {
        const auto& [key, value] = map.ptr[i];
        if (key.type != msgpack::type::STR)
            continue;
        const std::string_view name(key.via.str.ptr, key.via.str.size);
        Message message;
        if (name == "v") {
            message.kind = Message::Kind::version;
            message.version = value.as<std::int64_t>();
            return message;
        }
        if (name == "p") {
            message.kind = value.as<bool>() ? Message::Kind::beacon : Message::Kind::answer;
            return message;
        }
    }
    return std::nullopt;
}

void write_control(const Message& message, Bytes& out)
{
    Sink sink{out};
    Packer packer(sink);
    switch (message.kind) {
    case Message::Kind::data:
        break;
    case Message::Kind::request:
    case Message::Kind::accept:
    case Message::Kind::decline:
        packer.pack_array(3);
        packer.pack(message.name);
        packer.pack(message.channel);
        packer.pack(static_cast<std::uint8_t>(message.kind == Message::Kind::request  ? Answer::request
                                              : message.kind == Message::Kind::accept ? Answer::accept
                                                                                      : Answer::decline));
        break;
    case Message::Kind::version:
        packer.pack_map(1);
        packer.pack(std::string("v"));
        packer.pack(message.version);
        break;
    case Message::Kind::beacon:
    case Message::Kind::answer:
        packer.pack_map(1);
        packer.pack(std::string("p"));
        packer.pack(message.kind == Message::Kind::beacon);
        break;
    }
}

std::uint16_t carrier_of(const Message& message)
{
    switch (message.kind) {
    case Message::Kind::data:
        return message.channel;
    case Message::Kind::request:
    case Message::Kind::accept:
    case Message::Kind::decline:
        return kControl;
    default:
        return kProtocol;
    }
}

} // namespace

void write(const Message& message, Bytes& out)
{
    Bytes control;
    write_control(message, control);
    const ByteView payload = message.kind == Message::Kind::data ? message.data : ByteView(control);
    Sink sink{out};
    Packer packer(sink);
    packer.pack_array(2);
    packer.pack(carrier_of(message));
    packer.pack_bin(static_cast<std::uint32_t>(payload.size()));
    out.insert(out.end(), payload.begin(), payload.end());
}

std::optional<Message> MessageReader::next()
{
    for (;;) {
        if (!control_.empty()) {
            Message message = std::move(control_.front());
            control_.pop_front();
            return message;
        }
        if (!size_ && !take_head())
            return std::nullopt;
        const auto payload = take_payload();
        if (!payload)
            return std::nullopt;
        if (channel_ != kControl && channel_ != kProtocol)
            return Message{Message::Kind::data, channel_, *payload};
        take_control(channel_, *payload);
    }
}

/// An array of two, a number, and how many bytes follow. False if not all of it has come.
bool MessageReader::take_head()
{
    begun_.clear();
    while (!input_.empty()) {
        head_.push_back(input_[0]);
        input_ = input_.subspan(1);
        if (head_[0] != 0x92)
            refuse("a message that is no array of two");
        ByteView rest = ByteView(head_).subspan(1);
        const auto channel = rest.empty() ? std::nullopt : take_channel(rest);
        if (channel && *channel > 0xffff)
            refuse("a channel that is no number up to 65535");
        const auto size =
            !channel || rest.empty() ? std::nullopt : take_marked(kBins, rest, "a message that carries no bytes");
        if (!size)
            continue;
        if (*size > kMaxPayload)
            refuse("a message of more than 65535 bytes");
        channel_ = static_cast<std::uint16_t>(*channel);
        size_ = *size;
        head_.clear();
        return true;
    }
    return false;
}

/// As it lies in what was fed, or put together from pieces. None if not all of it has come.
std::optional<ByteView> MessageReader::take_payload()
{
    const ByteView piece = input_.first(std::min(*size_ - begun_.size(), input_.size()));
    input_ = input_.subspan(piece.size());
    if (piece.size() < *size_) {
        begun_.insert(begun_.end(), piece.begin(), piece.end());
        if (begun_.size() < *size_)
            return std::nullopt;
    }
    size_.reset();
    return begun_.empty() ? piece : ByteView(begun_);
}

/// One payload may hold several objects. Those of the protocol are taken on the channel for requests, too.
void MessageReader::take_control(std::uint16_t channel, ByteView payload)
{
    const auto* data = reinterpret_cast<const char*>(payload.data());
    for (std::size_t at = 0; at < payload.size();) {
        reading([&] {
            msgpack::zone zone;
            const msgpack::object object =
                msgpack::unpack(zone, data, payload.size(), at, nullptr, nullptr, kControlLimit);
            if (object.type == msgpack::type::MAP) {
                if (auto message = protocol_of(object.via.map))
                    control_.push_back(std::move(*message));
            } else if (object.type == msgpack::type::ARRAY && channel == kControl) {
                control_.push_back(request_of(object.via.array));
            } else {
                refuse("something else than requests and answers to the control channel");
            }
        });
    }
}

} // namespace mux_msgpack
