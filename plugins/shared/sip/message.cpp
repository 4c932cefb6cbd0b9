// Reads a SIP message as far as a transport has to: see the header.
//
// Threads: any. What strangers send comes through here; everything is bounded before it is looked at.
#include "message.hpp"

#include "header_value.hpp"

#include <algorithm>
#include <array>

namespace shared_sip {

namespace {

using jackfield::Failure;

constexpr std::string_view kVersion = "SIP/2.0";
constexpr std::string_view kEnd = "\r\n";
constexpr std::uint64_t kLargestCseq = 0x7fffffff; // below 2^31: RFC 3261 section 8.1.1.5

[[noreturn]] void refuse(const std::string& text)
{
    throw Failure(JF_BAD_INPUT, "no SIP message: " + text);
}

struct Compact {
    std::string_view letter;
    std::string_view name;
};
constexpr std::array<Compact, 8> kCompact{{{"v", "Via"},
                                           {"f", "From"},
                                           {"t", "To"},
                                           {"i", "Call-ID"},
                                           {"m", "Contact"},
                                           {"l", "Content-Length"},
                                           {"c", "Content-Type"},
                                           {"k", "Supported"}}};

bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') ||
               std::string_view("-.!%*_+`'~").find(letter) != std::string_view::npos;
    });
}

std::string long_name(std::string_view name)
{
    for (const auto& compact : kCompact) {
        if (same_word(name, compact.letter))
            return std::string(compact.name);
    }
    return std::string(name);
}

} // namespace

Message Message::read(std::string text)
{
    if (text.size() > kMostMessageBytes)
        refuse("more than " + std::to_string(kMostMessageBytes) + " bytes");
    const std::size_t head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos)
        refuse("its head does not end");
    if (head_end > kMostHeadBytes)
        refuse("a head of more than " + std::to_string(kMostHeadBytes) + " bytes");
    Message message;
    message.text_ = std::move(text);
    message.body_at_ = head_end + 4;
    if (std::string_view(message.text_).substr(0, head_end).find('\0') != std::string_view::npos)
        refuse("a zero byte in the head");
    std::size_t at = message.read_start_line();
    while (at < head_end + kEnd.size())
        at = message.read_field(at);
    message.check();
    message.take_content_length();
    return message;
}

/// Where the next line begins.
std::size_t Message::read_start_line()
{
    const std::size_t end = text_.find(kEnd);
    const std::string_view line = std::string_view(text_).substr(0, end);
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || line.find_first_of(kEnd) != std::string_view::npos)
        refuse("its first line is none of SIP");
    if (same_word(line.substr(0, first), kVersion)) {
        const auto code = read_number(line.substr(first + 1, second - first - 1), 699);
        if (!code || *code < 100)
            refuse("a status that is none");
        code_ = static_cast<int>(*code);
        reason_ = line.substr(second + 1);
    } else {
        method_ = line.substr(0, first);
        uri_ = line.substr(first + 1, second - first - 1);
        if (!is_token(method_) || uri_.empty() || !same_word(line.substr(second + 1), kVersion))
            refuse("its first line is none of SIP");
    }
    return end + kEnd.size();
}

/// Where the next line begins. A line that begins with a space goes on with the one before (RFC 3261 section 7.3.1).
std::size_t Message::read_field(std::size_t at)
{
    std::size_t end = text_.find(kEnd, at);
    while (text_[end + 2] == ' ' || text_[end + 2] == '\t')
        end = text_.find(kEnd, end + 2);
    const std::string_view line = std::string_view(text_).substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(stripped(line.substr(0, colon))))
        refuse("a header field without a name");
    if (fields_.size() >= kMostFields)
        refuse("more than " + std::to_string(kMostFields) + " header fields");
    const std::string_view raw = stripped(line.substr(colon + 1));
    Field field{long_name(stripped(line.substr(0, colon))), std::string(raw), 0, raw.size()};
    field.at = raw.empty() ? at + colon + 1 : static_cast<std::size_t>(raw.data() - text_.data());
    for (std::size_t fold = field.value.find(kEnd); fold != std::string::npos; fold = field.value.find(kEnd, fold))
        field.value.replace(fold, 2, " ");
    if (field.value.find_first_of(kEnd) != std::string::npos)
        refuse("a line that does not end with CR LF");
    fields_.push_back(std::move(field));
    return end + kEnd.size();
}

void Message::check()
{
    for (const std::string_view name : {"From", "To", "Call-ID", "CSeq", "Content-Length"}) {
        const auto count = std::ranges::count_if(fields_, [&](const Field& one) { return same_word(one.name, name); });
        if (count > 1 || (count == 0 && name != "Content-Length"))
            refuse((count == 0 ? "no " : "more than one ") + std::string(name));
        if (!is_closed(value(name)))
            refuse(std::string(name) + " with a quote or a bracket that does not end");
    }
    if (call_id().empty() || call_id().size() > 256)
        refuse("a Call-ID that is empty, or longer than 256 bytes");
    const std::string_view sequence = value("CSeq");
    const std::size_t space = std::min(sequence.find_first_of(" \t"), sequence.size());
    const auto number = read_number(sequence.substr(0, space), kLargestCseq);
    const std::string_view method = stripped(sequence.substr(space));
    if (!number || !is_token(method) || (is_request() && method != method_))
        refuse("a CSeq that is none, or of another method");
    cseq_ = static_cast<std::uint32_t>(*number);
    method_ = method;
    const std::string via = top_via();
    if (via.size() < kVersion.size() || !same_word(via.substr(0, kVersion.size()), kVersion))
        refuse("no Via");
}

void Message::take_content_length()
{
    const Field* const length = field("Content-Length");
    if (length == nullptr)
        return;
    const auto size = read_number(length->value, kMostMessageBytes);
    if (!size || *size > body().size())
        refuse("a Content-Length that is none, or of more than there is");
    text_.resize(body_at_ + static_cast<std::size_t>(*size));
}

const Message::Field* Message::field(std::string_view name) const
{
    const auto found = std::ranges::find_if(fields_, [&](const Field& one) { return same_word(one.name, name); });
    return found == fields_.end() ? nullptr : &*found;
}

std::string_view Message::value(std::string_view name) const
{
    const Field* const found = field(name);
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

std::vector<std::string_view> Message::values(std::string_view name) const
{
    std::vector<std::string_view> found;
    for (const Field& one : fields_) {
        if (same_word(one.name, name))
            found.emplace_back(one.value);
    }
    return found;
}

std::vector<std::string_view> Message::elements(std::string_view name) const
{
    std::vector<std::string_view> found;
    for (const std::string_view one : values(name)) {
        const auto parts = split_list(one);
        found.insert(found.end(), parts.begin(), parts.end());
    }
    return found;
}

std::string Message::from_tag() const
{
    return parameter(value("From"), "tag").value_or("");
}

std::string Message::to_tag() const
{
    return parameter(value("To"), "tag").value_or("");
}

std::string Message::top_via() const
{
    return std::string(split_list(value("Via")).front());
}

std::string Message::branch() const
{
    return parameter(top_via(), "branch").value_or("");
}

Message Message::with_top_via(const std::string& via) const
{
    const Field& first = *field("Via");
    std::string line = via;
    const auto parts = split_list(first.value);
    for (std::size_t i = 1; i < parts.size(); ++i)
        line.append(", ").append(parts[i]);
    std::string text = text_;
    text.replace(first.at, first.size, line);
    return read(std::move(text));
}

std::string make_response(const Message& request, int code, std::string_view reason, const std::string& to_tag,
                          const std::string& more)
{
    std::string text = std::string(kVersion) + " " + std::to_string(code) + " " + std::string(reason) + "\r\n";
    const auto line = [&](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append(kEnd);
    };
    for (const std::string_view via : request.values("Via"))
        line("Via", via);
    line("From", request.value("From"));
    const bool tagged = !request.to_tag().empty();
    line("To", std::string(request.value("To")) + (tagged ? "" : ";tag=" + to_tag));
    line("Call-ID", request.value("Call-ID"));
    line("CSeq", request.value("CSeq"));
    return text + more + "Content-Length: 0\r\n\r\n";
}

} // namespace shared_sip
