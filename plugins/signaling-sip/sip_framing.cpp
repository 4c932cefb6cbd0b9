// Cuts a stream into SIP messages: see the header.
//
// Threads: the control thread. Whatever is malformed here ends the stream: after it no boundary can be trusted.
#include "sip_framing.hpp"

#include "sip_text.hpp"

#include <string>

namespace jackfield::sip {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

[[noreturn]] void refuse_frame(const std::string& text)
{
    throw Failure(JF_BAD_INPUT, "malformed SIP: " + text);
}

} // namespace

bool Frame::is_named(const Field& field, std::string_view name, char compact) const
{
    const std::string_view ours = text(field.name_at, field.name_size);
    if (equals_ignoring_case(ours, name))
        return true;
    return compact != 0 && equals_ignoring_case(ours, std::string_view(&compact, 1));
}

std::optional<std::string_view> Frame::header(std::string_view name, char compact) const
{
    for (const Field& field : fields_) {
        if (is_named(field, name, compact))
            return text(field.value_at, field.value_size);
    }
    return std::nullopt;
}

std::vector<std::string_view> Frame::headers(std::string_view name, char compact) const
{
    std::vector<std::string_view> values;
    for (const Field& field : fields_) {
        if (is_named(field, name, compact))
            values.push_back(text(field.value_at, field.value_size));
    }
    return values;
}

std::optional<Frame> Splitter::datagram(FramingLimits limits, ByteView bytes)
{
    Splitter splitter(limits);
    splitter.alone_ = true;
    splitter.feed(bytes);
    auto frame = splitter.next();
    if (!frame && splitter.in_the_middle())
        refuse_frame("a datagram that ends before its message");
    return frame;
}

std::optional<Frame> Splitter::next()
{
    if (!head_) {
        skip_keep_alive();
        if (!find_end_of_head())
            return std::nullopt;
        const std::size_t size = scanned_ - taken_;
        head_ = read_head(std::string_view(buffer_).substr(taken_, size));
        if (!content_length_)
            content_length_ = buffer_.size() - scanned_;
        if (*content_length_ > limits_.message_bytes - std::min(size, limits_.message_bytes))
            refuse_frame("a message of more than " + std::to_string(limits_.message_bytes) + " bytes");
        taken_ = scanned_;
    }
    if (buffer_.size() - taken_ < *content_length_)
        return std::nullopt;

    Frame frame = std::move(*head_);
    head_.reset();
    frame.body_ = buffer_.substr(taken_, *content_length_);
    taken_ += *content_length_;
    content_length_.reset();
    forget_taken();
    scanned_ = taken_;
    return frame;
}

/// Empty lines between messages are keep-alives (RFC 3261 section 7.5, RFC 5626 section 3.5.1).
void Splitter::skip_keep_alive()
{
    while (taken_ < buffer_.size() && (buffer_[taken_] == '\r' || buffer_[taken_] == '\n'))
        ++taken_;
    scanned_ = std::max(scanned_, taken_);
    if (taken_ == buffer_.size())
        forget_taken();
}

/// Leaves scanned_ behind the empty line. Each byte is looked at about once, however the stream is cut.
bool Splitter::find_end_of_head()
{
    const std::size_t from = std::max(taken_, scanned_ > kHeadEnd.size() ? scanned_ - kHeadEnd.size() + 1 : 0);
    const std::size_t end = buffer_.find(kHeadEnd, from);
    const std::size_t size = (end == std::string::npos ? buffer_.size() : end + kHeadEnd.size()) - taken_;
    if (size > limits_.header_bytes)
        refuse_frame("header fields of more than " + std::to_string(limits_.header_bytes) + " bytes");
    scanned_ = end == std::string::npos ? buffer_.size() : end + kHeadEnd.size();
    return end != std::string::npos;
}

Frame Splitter::read_head(std::string_view raw)
{
    raw.remove_suffix(kLineEnd.size()); // the empty line
    if (raw.find('\0') != std::string_view::npos)
        refuse_frame("a zero byte in the header");
    if (!is_utf8(raw))
        refuse_frame("header fields that are not UTF-8");

    Frame frame;
    frame.head_.reserve(raw.size() + kLineEnd.size());
    content_length_.reset();
    std::string line;
    bool first = true;
    while (!raw.empty()) {
        const std::size_t end = raw.find(kLineEnd);
        line = raw.substr(0, end);
        raw.remove_prefix(end + kLineEnd.size());
        while (!raw.empty() && (raw.front() == ' ' || raw.front() == '\t')) { // folded: RFC 3261 section 7.3.1
            const std::size_t more = raw.find(kLineEnd);
            line += ' ';
            line += trim(raw.substr(0, more));
            raw.remove_prefix(more + kLineEnd.size());
        }
        if (line.find_first_of(kLineEnd) != std::string::npos)
            refuse_frame("a line that does not end with CR LF");
        if (first) {
            frame.start_line_size_ = line.size();
            frame.head_ += line;
            frame.head_ += kLineEnd;
        } else {
            read_field(frame, line);
        }
        first = false;
    }
    if (!content_length_ && !alone_) // required on streams: RFC 3261 section 18.3
        refuse_frame("no Content-Length");
    frame.head_ += kLineEnd;
    return frame;
}

void Splitter::read_field(Frame& frame, std::string_view line)
{
    const std::size_t colon = line.find(':');
    const std::string_view name = trim(line.substr(0, colon));
    if (colon == std::string_view::npos || !is_token(name))
        refuse_frame("a header field without a name");
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "l"))
        return take_content_length(value);
    if (frame.fields_.size() >= limits_.header_count)
        refuse_frame("more than " + std::to_string(limits_.header_count) + " header fields");

    const auto at = [&] { return static_cast<std::uint32_t>(frame.head_.size()); };
    Frame::Field field{};
    field.name_at = at();
    field.name_size = static_cast<std::uint32_t>(name.size());
    frame.head_ += name;
    frame.head_ += ": ";
    field.value_at = at();
    field.value_size = static_cast<std::uint32_t>(value.size());
    frame.head_ += value;
    frame.head_ += kLineEnd;
    frame.fields_.push_back(field);
}

/// Kept out of the head: the parser gets no body, so it cannot misjudge one.
void Splitter::take_content_length(std::string_view value)
{
    if (content_length_)
        refuse_frame("two Content-Length fields");
    const auto length = parse_number(value, 0xffffffffU);
    if (!length)
        refuse_frame("Content-Length is not a number");
    content_length_ = static_cast<std::size_t>(*length);
}

void Splitter::forget_taken()
{
    if (taken_ == buffer_.size() || taken_ >= limits_.message_bytes) {
        buffer_.erase(0, taken_);
        scanned_ -= std::min(scanned_, taken_);
        taken_ = 0;
    }
}

} // namespace jackfield::sip
