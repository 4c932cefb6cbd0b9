// STUN messages of strangers: whatever is read as one is written again so that it reads the same, and no attribute of
// it leads astray.
//
// Threads: one.
// links: shared_stun
#include "fuzz.hpp"

#include <shared/stun/behaviour_discovery.hpp>

#include <cstdlib>

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    using namespace shared_stun;
    std::vector<std::vector<std::uint8_t>> inputs;
    for (const char* address : {"192.0.2.1", "2001:db8::1"}) {
        Message message;
        message.kind = Class::success;
        for (const auto type :
             {Type::xor_mapped_address, Type::mapped_address, Type::other_address, Type::response_origin})
            add_address(message, type, {*ice::IpAddress::parse(address), 3478});
        message.add(Type::software, as_bytes("none"));
        inputs.push_back(write_message(message, true));
        inputs.push_back(write_message(message, false));
    }
    Message refusal;
    refusal.kind = Class::error;
    const std::uint8_t code[] = {0, 0, 4, 20, 'n', 'o'};
    refusal.add(Type::error_code, code);
    add_change_request(refusal, true, true);
    inputs.push_back(write_message(refusal, false));
    return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace shared_stun;
    const ByteView input(data, size);
    if (const auto message = read_message(input)) {
        for (const bool fingerprint : {false, true}) {
            const auto again = write_message(*message, fingerprint);
            if (again.size() <= kMaxMessageBytes && read_message(again) != message)
                std::abort();
        }
        for (const auto type : {Type::xor_mapped_address, Type::mapped_address, Type::other_address})
            read_address(*message, type);
        if (const auto error = read_error(*message); error && (error->code < 300 || error->code > 699))
            std::abort();
    }
    // The ids of its requests are all zeros, and so are those of the seeds: answers to it.
    BehaviourDiscovery discovery({*jackfield::ice::IpAddress::parse("198.51.100.1"), 3478}, {},
                                 [](std::span<std::uint8_t>) {}, {});
    for (Time now{}; !discovery.report() && now < std::chrono::seconds(30); now += std::chrono::milliseconds(100)) {
        for (const auto& datagram : discovery.send(now))
            discovery.receive(datagram.to, input, now);
    }
    return 0;
}
