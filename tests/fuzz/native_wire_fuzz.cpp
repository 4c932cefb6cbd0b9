// What a stranger can write to a board: sealed messages, as they lie there and as they look once opened, and cards.
//
// Threads: one. Lifetime: one node for all inputs; the identity is a fake, so that a fuzzer gets past the seal.
// links: jackfield_sdk_testing
#include "fuzz.hpp"

#include <jackfield/testing/fake_identity.hpp>

#include <jackfield/device_card.hpp>

namespace {

using namespace jackfield;

struct Node {
    testing::FakeHost host{testing::Clock::manual};
    testing::FakeIdentity alice{host.host(), "alice", "laptop"};
    testing::FakeIdentity bob{host.host(), "bob", "phone"};
};

Node& node()
{
    static Node node;
    return node;
}

/// A message of these insides, sealed as it should be.
Bytes sealed(ByteView inside)
{
    BinaryWriter out;
    out.raw(detail::kMessageHead);
    out.raw(node().alice.seal(node().bob.device().chain_pem, inside));
    return out.take();
}

Bytes card()
{
    const std::int64_t now_ms = node().host.host().wall_ms();
    testing::FakeIdentity desk(node().host.host(), "alice", "desk");
    desk.revoke_device("tablet");
    DeviceCard card{node().alice.device(), now_ms, now_ms + 600'000, false};
    card.revocations = desk.revocations("");
    return encode_card(node().alice.service(), card);
}

CallMessage message()
{
    CallMessage message;
    message.purpose = "call";
    message.blob = "0d04b935\n";
    return message;
}

void read(ByteView input)
{
    ReplayMemory replays;
    for (const Bytes& value : {Bytes(input.begin(), input.end()), sealed(input)})
        guarded(nullptr, [&] { open_message(node().host.host(), node().bob.service(), replays, value); });
    guarded(nullptr, [&] { decode_card(node().host.host(), node().bob.service(), "alice", input); });
}

} // namespace

namespace jackfield::fuzz {

std::vector<std::vector<std::uint8_t>> seeds()
{
    const Bytes value = seal_message(node().host.host(), node().alice.service(), node().bob.device(), message());
    return {value, node().bob.open(ByteView(value).subspan(detail::kMessageHead.size())), card()};
}

} // namespace jackfield::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    read({data, size});
    return 0;
}
