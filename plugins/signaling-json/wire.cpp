// See wire.hpp.
#include "wire.hpp"

#include <jackfield/abi/signaling.h>
#include <shared/base64/base64.hpp>
#include <shared/signaling/media_description.hpp>

#include <algorithm>
#include <array>

namespace jackfield::json_signaling {

namespace {

constexpr std::array<std::string_view, 9> kReasons{"normal",    "declined",       "busy",   "no-answer",   "cancelled",
                                                   "elsewhere", "not-acceptable", "failed", "no-such-call"};

[[noreturn]] void refuse(const std::string& what)
{
    throw Failure(JF_BAD_INPUT, "the peer sent a message that is none: " + what);
}

/// Before the parser sees it: how deep brackets go, strings left out.
bool is_too_deep(std::string_view line)
{
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kMaxDepth)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

} // namespace

void Lines::feed(ByteView bytes)
{
    waiting_.erase(0, begin_); // once for all lines that were given out
    scanned_ -= begin_;
    begin_ = 0;
    waiting_.append(as_text(bytes));
}

std::optional<std::string> Lines::next()
{
    const auto end = waiting_.find('\n', scanned_);
    const std::size_t size = std::min(end, waiting_.size()) - begin_;
    if (size >= longest_)
        throw Failure(JF_BAD_INPUT, "the peer sent a line longer than " + std::to_string(longest_) + " bytes");
    if (end == std::string::npos) {
        scanned_ = waiting_.size();
        return std::nullopt;
    }
    std::string line = waiting_.substr(begin_, size);
    begin_ = scanned_ = end + 1;
    return line;
}

Message::Message(const std::string& line)
{
    if (is_too_deep(line))
        refuse("it is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    document_ = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!document_.is_object())
        refuse("a line is no JSON object");
    type_ = text("type", kMaxIdBytes);
}

const Json* Message::member(const char* field) const
{
    const auto found = document_.find(field);
    return found == document_.end() || found->is_null() ? nullptr : &*found;
}

std::string Message::text(const char* field, std::size_t most) const
{
    const Json* const found = member(field);
    if (found == nullptr)
        refuse(std::string("\"") + field + "\" is missing");
    if (!found->is_string() || found->get_ref<const std::string&>().size() > most)
        refuse(std::string("\"") + field + "\" is no text of at most " + std::to_string(most) + " bytes");
    return found->get<std::string>();
}

std::string Message::optional_text(const char* field, std::size_t most) const
{
    return member(field) == nullptr ? std::string() : text(field, most);
}

std::uint64_t Message::number(const char* field) const
{
    const Json* const found = member(field);
    if (found == nullptr || !found->is_number_unsigned())
        refuse(std::string("\"") + field + "\" is no whole number");
    return found->get<std::uint64_t>();
}

std::uint32_t Message::reason() const
{
    const std::string word = optional_text("reason", kMaxIdBytes);
    if (word.empty())
        return JF_REASON_NORMAL;
    const auto found = std::find(kReasons.begin(), kReasons.end(), word);
    return found == kReasons.end() ? JF_REASON_FAILED : static_cast<std::uint32_t>(found - kReasons.begin());
}

std::string Message::description(const char* field, bool may_be_missing) const
{
    const Json* const found = member(field);
    if (found == nullptr && may_be_missing)
        return {};
    if (found == nullptr)
        refuse(std::string("\"") + field + "\" is missing");
    return signaling::write_description(signaling::read_description(found->dump()));
}

Bytes Message::body() const
{
    if (const Json* const plain = member("text"); plain != nullptr && plain->is_string()) {
        const auto& body = plain->get_ref<const std::string&>();
        return {body.begin(), body.end()};
    }
    const Json* const encoded = member("base64");
    auto bytes = encoded != nullptr && encoded->is_string() ? decode_base64(encoded->get_ref<const std::string&>())
                                                            : std::optional<Bytes>(Bytes());
    if (!bytes)
        refuse("\"base64\" is not base64");
    return std::move(*bytes);
}

std::string_view word_of_reason(std::uint32_t reason)
{
    return reason < kReasons.size() ? kReasons[reason] : kReasons[JF_REASON_FAILED];
}

void put_body(Json& message, ByteView body)
{
    const std::string text(as_text(body));
    try {
        Json(text).dump(); // strict: throws if it is not UTF-8
        message["text"] = text;
    } catch (const Json::exception&) {
        message["base64"] = encode_base64(body);
    }
}

std::string cut_text(std::string_view text, std::size_t most)
{
    if (text.size() <= most)
        return std::string(text);
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    return std::string(text.substr(0, most));
}

std::string line_of(const Json& message)
{
    return message.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace jackfield::json_signaling
