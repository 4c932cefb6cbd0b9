// Cuts a connection into messages: see the header.
//
// Threads: one. The head is looked at once here, for its length, and once where the message is read.
#include "stream_reader.hpp"

#include "header_value.hpp"

namespace shared_sip {

namespace {

using jackfield::Failure;

/// Of a whole head, the size of the body that follows. A connection needs it in every message.
std::size_t length_in(std::string_view head)
{
    std::optional<std::uint64_t> length;
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        const std::size_t colon = line.find(':');
        const std::string_view name = stripped(line.substr(0, colon));
        if (colon == std::string_view::npos || line.starts_with(' ') || line.starts_with('\t') ||
            (!same_word(name, "Content-Length") && !same_word(name, "l")))
            continue;
        if (length)
            throw Failure(JF_BAD_INPUT, "a message with two Content-Length fields");
        length = read_number(stripped(line.substr(colon + 1)), kMostMessageBytes);
        if (!length)
            throw Failure(JF_BAD_INPUT, "a Content-Length that is none, or of more than " +
                                            std::to_string(kMostMessageBytes) + " bytes");
    }
    if (!length)
        throw Failure(JF_BAD_INPUT, "a message without Content-Length");
    return static_cast<std::size_t>(*length);
}

} // namespace

std::optional<std::string> StreamReader::next()
{
    if (whole_ == 0) {
        skip_empty_lines();
        const std::size_t end = buffer_.find("\r\n\r\n", looked_ > 3 ? looked_ - 3 : 0);
        looked_ = buffer_.size();
        if (std::min(end, buffer_.size()) > kMostHeadBytes)
            throw Failure(JF_BAD_INPUT, "a head of more than " + std::to_string(kMostHeadBytes) + " bytes");
        if (end == std::string::npos)
            return std::nullopt;
        whole_ = end + 4 + length_in(std::string_view(buffer_).substr(0, end + 2));
        if (whole_ > kMostMessageBytes)
            throw Failure(JF_BAD_INPUT, "a message of more than " + std::to_string(kMostMessageBytes) + " bytes");
    }
    if (buffer_.size() < whole_)
        return std::nullopt;
    std::string message = buffer_.substr(0, whole_);
    buffer_.erase(0, whole_);
    whole_ = 0;
    looked_ = 0;
    return message;
}

void StreamReader::skip_empty_lines()
{
    while (buffer_.starts_with("\r\n")) {
        buffer_.erase(0, 2);
        ++empty_lines_;
        looked_ = 0;
    }
}

} // namespace shared_sip
