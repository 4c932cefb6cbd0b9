// message/cpim. See cpim.hpp.

#include "kernel/texts/cpim.hpp"

#include "kernel/registry/json_text.hpp"
#include "kernel/texts/text.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace jackfield::kernel {

namespace {

constexpr std::string_view kImdn = "urn:ietf:params:imdn";
constexpr std::size_t kMaxTypeBytes = 256;
constexpr std::string_view kDomain = "jackfield.invalid"; // never looked up; RFC 6761 section 6.4

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
    return result;
}

std::string_view without_spaces(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Failure unreadable(const std::string& problem)
{
    return {JF_BAD_INPUT, "no message/cpim: " + problem};
}

/// A part of the list, up to a comma.
std::string_view next_item(std::string_view& list)
{
    const auto comma = list.find(',');
    const auto item = without_spaces(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    return item;
}

/// Reads headers line by line; the two blocks of a message share its limits.
class HeaderLines {
public:
    explicit HeaderLines(std::string_view rest) : rest_(rest) {}

    /// Name and value; nothing after the empty line that ends the block.
    std::optional<std::pair<std::string_view, std::string_view>> header()
    {
        const auto end = rest_.find('\n'); // CRLF (RFC 3862 section 3.1), and what is left of one
        if (end == std::string_view::npos)
            throw unreadable("it ends in its headers");
        auto line = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty())
            return std::nullopt;
        if (++count_ > text_limits::kHeaders)
            throw unreadable(fmt::format("more than {} headers", text_limits::kHeaders));
        if (line.size() > text_limits::kHeaderLineBytes)
            throw unreadable(fmt::format("a header of more than {} bytes", text_limits::kHeaderLineBytes));
        const auto colon = line.find(':');
        if (colon == 0 || colon == std::string_view::npos)
            throw unreadable("a header without a name");
        return std::pair{without_spaces(line.substr(0, colon)), without_spaces(line.substr(colon + 1))};
    }

    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    std::size_t count_ = 0;
};

class CpimReader {
public:
    explicit CpimReader(std::string_view body) : lines_(body) {}

    Cpim read()
    {
        while (const auto header = lines_.header())
            message_header(header->first, header->second);
        check_required();
        std::optional<std::size_t> length;
        while (const auto header = lines_.header()) {
            const auto name = lower(header->first);
            if (name == "content-type")
                message_.content_type = header->second.substr(0, kMaxTypeBytes);
            else if (name == "content-length")
                length = read_length(header->second);
            else if (name == "content-disposition")
                message_.notification = lower(header->second).starts_with("notification");
            else if (name == "content-transfer-encoding" && lower(header->second) != "8bit" &&
                     lower(header->second) != "7bit" && lower(header->second) != "binary")
                throw Failure(JF_UNSUPPORTED, "a content-transfer-encoding that is not read here");
        }
        take_content(length);
        return std::move(message_);
    }

private:
    // Names are told apart by the case of their letters (RFC 3862 section 3.1).
    void message_header(std::string_view name, std::string_view value)
    {
        if (name == "NS")
            return name_space(value);
        if (name == "From")
            message_.from = value;
        else if (name == "To")
            message_.to = value;
        else if (name == "DateTime")
            message_.sent_ms = read_date_time(value).value_or(0);
        else if (name == "Require")
            required_ = value;
        else if (const auto dot = name.find('.'); dot != std::string_view::npos)
            prefixed_header(name.substr(0, dot), name.substr(dot + 1), value);
    }

    /// "imdn <urn:ietf:params:imdn>" (RFC 3862 section 4.6); the name may be another.
    void name_space(std::string_view value)
    {
        const auto uri = value.find('<');
        if (uri == std::string_view::npos || !value.ends_with('>'))
            throw unreadable("a name space without a URI");
        if (value.substr(uri + 1, value.size() - uri - 2) == kImdn)
            imdn_prefix_ = without_spaces(value.substr(0, uri));
    }

    void prefixed_header(std::string_view prefix, std::string_view name, std::string_view value)
    {
        if (!imdn_prefix_ || prefix != *imdn_prefix_)
            return;
        if (name == "Message-ID") {
            const bool good = !value.empty() && value.size() <= text_limits::kIdBytes &&
                              std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; });
            if (!good)
                throw unreadable(fmt::format("an id of other than 1 to {} visible characters", text_limits::kIdBytes));
            message_.message_id = value;
        } else if (name == "Disposition-Notification") {
            while (!value.empty()) {
                const auto item = next_item(value);
                message_.wants_receipt |= lower(item.substr(0, item.find(';'))) == "positive-delivery";
            }
        }
    }

    void check_required() const
    {
        for (auto list = required_; !list.empty();) {
            const auto name = next_item(list);
            const bool ours = imdn_prefix_ && name.starts_with(std::string(*imdn_prefix_) + ".");
            if (!ours && name != "From" && name != "To" && name != "DateTime" && name != "NS")
                throw Failure(JF_UNSUPPORTED,
                              "a header must be understood that is not: " + in_quotes(std::string(name)));
        }
    }

    static std::size_t read_length(std::string_view value)
    {
        std::size_t length = 0;
        const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (problem != std::errc() || end != value.data() + value.size())
            throw unreadable("a length that is no number");
        return length;
    }

    void take_content(std::optional<std::size_t> length)
    {
        const auto rest = lines_.rest();
        if (length && *length > rest.size())
            throw unreadable("less content than it says");
        const auto content = rest.substr(0, length.value_or(rest.size()));
        if (content.size() > text_limits::kBodyBytes)
            throw unreadable(fmt::format("more than {} bytes of content", text_limits::kBodyBytes));
        message_.content = content;
    }

    HeaderLines lines_;
    Cpim message_;
    std::optional<std::string_view> imdn_prefix_;
    std::string_view required_;
};

} // namespace

std::string write_cpim(const Cpim& message)
{
    std::string text = fmt::format("From: <im:{}@{}>\r\nTo: <im:{}@{}>\r\nDateTime: {}\r\n", message.from, kDomain,
                                   message.to, kDomain, date_time(message.sent_ms));
    if (!message.message_id.empty())
        text += fmt::format("NS: imdn <{}>\r\nimdn.Message-ID: {}\r\n", kImdn, message.message_id);
    if (message.wants_receipt)
        text += "imdn.Disposition-Notification: positive-delivery\r\n";
    text += fmt::format("\r\nContent-Type: {}\r\n", message.content_type);
    if (message.notification)
        text += "Content-Disposition: notification\r\n";
    return text + fmt::format("Content-Length: {}\r\n\r\n", message.content.size()) + message.content;
}

std::expected<Cpim, Error> read_cpim(std::string_view body)
{
    try {
        return CpimReader(body).read();
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::string bare_type(std::string_view content_type)
{
    return lower(without_spaces(content_type.substr(0, content_type.find(';'))));
}

} // namespace jackfield::kernel
