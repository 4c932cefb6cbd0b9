// The messages of the rendezvous. See wire.hpp.
//
// Threads:  any.
#include "wire.hpp"

#include <shared/base64/base64.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::rendezvous {

namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestId = 1ULL << 53; // what every JSON reader can count to (RFC 8259 section 6)
constexpr std::uint32_t kLongestTtl_s = 7U * 24 * 3600;

/// Thrown inside this file only.
struct Wrong {
    std::string text;
};

bool is_visible(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char letter) { return letter > 0x20 && letter < 0x7f; });
}

/// Readers of one message: each member is what it should be, or Wrong is thrown.
class Members {
public:
    explicit Members(std::string_view message) : object_(json::parse(message, nullptr, /*allow_exceptions=*/false))
    {
        if (!object_.is_object())
            throw Wrong{"the message is no JSON object; {\"op\":\"get\",\"id\":1,\"key\":\"some-key\"} would be one"};
    }

    bool has(const char* name) const { return object_.contains(name); }

    std::uint64_t number(const char* name, std::uint64_t least, std::uint64_t most) const
    {
        const auto found = object_.find(name);
        if (found == object_.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() < least ||
            found->get<std::uint64_t>() > most)
            throw Wrong{std::string("/") + name + ": expected a whole number from " + std::to_string(least) + " to " +
                        std::to_string(most)};
        return found->get<std::uint64_t>();
    }

    const std::string& text(const char* name, const char* what) const
    {
        const auto found = object_.find(name);
        if (found == object_.end() || !found->is_string())
            throw Wrong{std::string("/") + name + ": expected " + what};
        return found->get_ref<const std::string&>();
    }

    std::string key() const
    {
        const std::string& key = text("key", "a text");
        if (!is_key(key))
            throw Wrong{"/key: expected 1 to 200 visible ASCII characters"};
        return key;
    }

    Bytes value() const
    {
        auto value = decode_base64(text("value", "base64 of at least one byte"));
        if (!value || value->empty())
            throw Wrong{"/value: expected base64 of at least one byte, with its padding (RFC 4648 section 4)"};
        return std::move(*value);
    }

private:
    json object_;
};

Op op_of(const std::string& word)
{
    for (const auto& [name, op] : {std::pair{"put", Op::put}, std::pair{"get", Op::get},
                                   std::pair{"listen", Op::listen}, std::pair{"unlisten", Op::unlisten}}) {
        if (word == name)
            return op;
    }
    throw Wrong{R"(/op: expected "put", "get", "listen" or "unlisten")"};
}

const char* name_of(Op op)
{
    switch (op) {
    case Op::put:
        return "put";
    case Op::get:
        return "get";
    case Op::listen:
        return "listen";
    case Op::unlisten:
        break;
    }
    return "unlisten";
}

Code code_of(std::uint64_t number)
{
    for (const Code code : {Code::ok, Code::bad_request, Code::too_large, Code::too_many_requests, Code::full}) {
        if (static_cast<std::uint64_t>(code) == number)
            return code;
    }
    // Unknown ones mean what the first of their hundred means (RFC 9110 section 15).
    return number < 300 ? Code::ok : number < 500 ? Code::bad_request : Code::unavailable;
}

} // namespace

bool is_key(std::string_view text)
{
    return !text.empty() && text.size() <= kLargestKey_bytes && is_visible(text);
}

bool is_slot(std::string_view text)
{
    return text.size() <= kLargestSlot_bytes && is_visible(text);
}

std::string write(const Request& request)
{
    json message{{"op", name_of(request.op)}, {"id", request.id}, {"key", request.key}};
    if (request.op == Op::put) {
        message["value"] = encode_base64(request.value);
        message["ttl"] = request.ttl_s;
        if (!request.slot.empty())
            message["slot"] = request.slot;
    }
    return message.dump();
}

std::string write(const Reply& reply)
{
    json message{{"id", reply.id}, {"status", static_cast<int>(reply.code)}};
    if (!reply.text.empty())
        message["text"] = reply.text;
    if (reply.retry_ms != 0)
        message["retry_ms"] = reply.retry_ms;
    return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string write(const Value& value)
{
    json message{{"value", encode_base64(value.value)}};
    if (value.id)
        message["id"] = *value.id;
    else
        message["key"] = value.key;
    return message.dump();
}

std::variant<Request, Malformed> read_request(std::string_view message)
{
    Request request;
    try {
        const Members members(message);
        request.id = members.number("id", 0, kLargestId);
        request.op = op_of(members.text("op", R"("put", "get", "listen" or "unlisten")"));
        request.key = members.key();
        if (request.op == Op::put) {
            request.value = members.value();
            request.ttl_s = static_cast<std::uint32_t>(members.number("ttl", 1, kLongestTtl_s));
            if (members.has("slot"))
                request.slot = members.text("slot", "a text");
            if (!is_slot(request.slot))
                throw Wrong{"/slot: expected at most 64 visible ASCII characters"};
        }
        return request;
    } catch (const Wrong& wrong) {
        return Malformed{request.id, wrong.text};
    }
}

std::variant<Reply, Value, Malformed> read_server_message(std::string_view message)
{
    std::uint64_t id = 0;
    try {
        const Members members(message);
        if (members.has("id"))
            id = members.number("id", 0, kLargestId);
        if (members.has("value")) {
            if (members.has("id"))
                return Value{id, {}, members.value()};
            return Value{std::nullopt, members.key(), members.value()};
        }
        Reply reply{id, code_of(members.number("status", 100, 599))};
        if (members.has("text"))
            reply.text = members.text("text", "a text").substr(0, 200);
        if (members.has("retry_ms"))
            reply.retry_ms = static_cast<std::uint32_t>(members.number("retry_ms", 0, 60'000));
        return reply;
    } catch (const Wrong& wrong) {
        return Malformed{id, wrong.text};
    }
}

} // namespace jackfield::rendezvous
