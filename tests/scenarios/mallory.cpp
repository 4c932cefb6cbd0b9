// A stranger at the door. See mallory.hpp.

#include "mallory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace scenarios {

using namespace jackfield;

namespace {

// The frames of discovery-static (plugins/discovery-static/connection.hpp).
constexpr std::uint8_t kGet = 1;
constexpr std::uint8_t kValue = 2;
constexpr std::uint8_t kEnd = 3;
constexpr std::uint8_t kPut = 4;

int connect_to(const std::string& address)
{
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval limit{20, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
        throw Failure(JF_UNREACHABLE, "nobody listens at " + address);
    return socket;
}

Bytes receive(int socket, std::size_t size)
{
    Bytes bytes(size);
    if (::recv(socket, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
        throw Failure(JF_CLOSED, "the peer has closed the door");
    return bytes;
}

} // namespace

Mallory::Mallory(const std::string& address, const std::string& account)
    : account_(account), socket_(connect_to(address))
{
    identity_.provide_to(host_);
    peer_ = decode_card(host_.host(), identity_.service(), account, ask(account)).device;
}

Mallory::~Mallory()
{
    ::close(socket_);
}

CallMessage Mallory::request() const
{
    CallMessage message;
    message.kind = JF_CALL_REQUEST;
    message.call_id = host_.host().random_number();
    message.purpose = "call";
    message.blob = "ufra\npasswordOfMallory000000\nH1 1 UDP 2130706431 127.0.0.1 9 typ host\n"
                   "ufrb\npasswordOfMallory111111\nH1 1 TCP 2130706431 127.0.0.1 9 typ host tcptype active\n";
    return message;
}

Bytes Mallory::seal(const CallMessage& message) const
{
    return seal_message(host_.host(), identity_.service(), peer_, message);
}

Bytes Mallory::seal_as(const jackfield::testing::TestIdentity& sender, const CallMessage& message) const
{
    return seal_message(host_.host(), sender.service(), peer_, message);
}

Bytes Mallory::encode(const CallMessage& message, const std::string& sender_chain) const
{
    detail::MessageBody body{message, 0, {}, sender_chain, peer_.device_id};
    body.message.sent_ms = host_.host().wall_ms();
    body.expiry_ms = body.message.sent_ms + kMessageLifetime.count();
    host_.host().random(body.nonce);
    const Bytes encoded = body.encode();
    BinaryWriter plain;
    plain.raw(encoded);
    plain.block(identity_.service().sign(JF_KEY_DEVICE, detail::labelled(detail::kMessageLabel, encoded)));
    return plain.take();
}

Bytes Mallory::in_clear(const CallMessage& message) const
{
    BinaryWriter out;
    out.raw(detail::kMessageHead);
    out.raw(encode(message, identity_.device().chain_pem));
    return out.take();
}

Bytes Mallory::seal_for_herself(const CallMessage& message) const
{
    return seal_message(host_.host(), identity_.service(), identity_.device(), message);
}

Bytes Mallory::seal_long_ago(const CallMessage& message) const
{
    jackfield::testing::FakeHost past(jackfield::testing::Clock::manual);
    past.set_wall_ms(host_.host().wall_ms() - 10 * 60'000);
    return seal_message(past.host(), identity_.service(), peer_, message);
}

Bytes Mallory::seal_in_the_name_of_another(const CallMessage& message) const
{
    const jackfield::testing::TestIdentity another;
    BinaryWriter out;
    out.raw(detail::kMessageHead);
    out.raw(identity_.service().seal(peer_.chain_pem, encode(message, another.device().chain_pem)));
    return out.take();
}

void Mallory::put(ByteView value) const
{
    send_frame(kPut, "callto:" + peer_.device_id, value);
}

void Mallory::wait_until_taken() const
{
    ask(account_); // frames of one connection are taken in their order
}

void Mallory::send_frame(std::uint8_t type, const std::string& key, ByteView value) const
{
    Bytes frame;
    const auto number = [&frame](std::size_t n, int bytes) {
        while (bytes-- > 0)
            frame.push_back(static_cast<std::uint8_t>(n >> (8 * bytes)));
    };
    number(1 + 2 + key.size() + value.size(), 4);
    number(type, 1);
    number(key.size(), 2);
    frame.insert(frame.end(), key.begin(), key.end());
    frame.insert(frame.end(), value.begin(), value.end());
    ::send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL);
}

Bytes Mallory::ask(const std::string& key) const
{
    send_frame(kGet, key, {});
    Bytes last;
    for (;;) {
        const Bytes head = receive(socket_, 4);
        const std::size_t size = std::size_t{head[0]} << 24U | std::size_t{head[1]} << 16U |
                                 std::size_t{head[2]} << 8U | std::size_t{head[3]};
        const Bytes body = receive(socket_, size);
        const std::size_t skip = 3 + (std::size_t{body.at(1)} << 8U | body.at(2));
        if (body[0] == kEnd)
            return last;
        if (body[0] == kValue)
            last.assign(body.begin() + static_cast<std::ptrdiff_t>(skip), body.end());
    }
}

} // namespace scenarios
