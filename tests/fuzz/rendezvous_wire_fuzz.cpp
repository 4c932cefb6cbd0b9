// The messages of a rendezvous, as a server reads them from strangers and a client from its server: whatever is read
// is written again to the same.
//
// Threads: one.
// links: shared_rendezvous
#include "fuzz.hpp"

#include <shared/rendezvous/wire.hpp>

#include <cstdlib>

namespace {

using namespace jackfield::rendezvous;

std::vector<std::uint8_t> bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

void require(bool holds)
{
    if (!holds)
        std::abort();
}

void as_server(std::string_view text)
{
    const auto read = read_request(text);
    const auto* request = std::get_if<Request>(&read);
    if (request == nullptr)
        return require(!std::get<Malformed>(read).text.empty());
    require(is_key(request->key) && is_slot(request->slot));
    require(request->op != Op::put || (!request->value.empty() && request->ttl_s > 0));
    const auto again = read_request(write(*request));
    const auto* same = std::get_if<Request>(&again);
    require(same != nullptr && same->op == request->op && same->id == request->id && same->key == request->key &&
            same->value == request->value && same->ttl_s == request->ttl_s && same->slot == request->slot);
}

void as_client(std::string_view text)
{
    const auto read = read_server_message(text);
    if (const auto* reply = std::get_if<Reply>(&read)) {
        const auto again = read_server_message(write(*reply));
        const auto* same = std::get_if<Reply>(&again);
        require(same != nullptr && same->id == reply->id && same->code == reply->code);
    } else if (const auto* value = std::get_if<Value>(&read)) {
        require(!value->value.empty());
        const auto again = read_server_message(write(*value));
        const auto* same = std::get_if<Value>(&again);
        require(same != nullptr && same->id == value->id && same->key == value->key && same->value == value->value);
    }
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {
        bytes(write(Request{Op::put, 7, "callto:0123", {1, 2, 3, 4}, 60, "secret"})),
        bytes(write(Request{Op::get, 8, "0123456789abcdef"})),
        bytes(write(Request{Op::listen, 9, "callto:0123"})),
        bytes(write(Request{Op::unlisten, 10, "callto:0123"})),
        bytes(write(Reply{7, Code::ok})),
        bytes(write(Reply{7, Code::too_many_requests, "slower", 500})),
        bytes(write(Value{8, {}, {9, 9}})),
        bytes(write(Value{std::nullopt, "callto:0123", {9}})),
        bytes(R"({"id":18446744073709551615,"op":"put","key":"\u0000","value":"A===","ttl":-1})"),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    as_server(text);
    as_client(text);
    return 0;
}
