// Cuts a stream into SIP messages by Content-Length (RFC 3261 section 18.3), within stated bounds.
//
// Threads: the control thread. Lifetime: one splitter per stream; a frame owns its bytes.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::sip {

struct FramingLimits {
    std::size_t message_bytes = 65536; ///< head and body together
    std::size_t header_bytes = 16384;  ///< head alone: start line and header fields
    std::size_t header_count = 128;
};

/// One message, cut but not yet understood.
class Frame {
public:
    /// Start line and header fields, unfolded, without Content-Length, ending with an empty line.
    const std::string& head() const { return head_; }
    const std::string& body() const { return body_; }
    std::string_view start_line() const { return std::string_view(head_).substr(0, start_line_size_); }

    /// The value of the first header field of that name, or of its compact form (0: none). Nothing if there is none.
    std::optional<std::string_view> header(std::string_view name, char compact = 0) const;

    /// Every value of that name.
    std::vector<std::string_view> headers(std::string_view name, char compact = 0) const;

private:
    friend class Splitter;

    struct Field {
        std::uint32_t name_at, name_size, value_at, value_size;
    };

    std::string_view text(std::uint32_t at, std::uint32_t size) const { return {head_.data() + at, size}; }
    bool is_named(const Field& field, std::string_view name, char compact) const;

    std::string head_;
    std::string body_;
    std::size_t start_line_size_ = 0;
    std::vector<Field> fields_;
};

class Splitter {
public:
    explicit Splitter(FramingLimits limits) : limits_(limits) {}

    /// The one message of a datagram: without Content-Length its body ends with it, and what follows a shorter body is
    /// nothing (RFC 3261 section 18.3). Nothing for a keep-alive. Throws Failure JF_BAD_INPUT.
    static std::optional<Frame> datagram(FramingLimits limits, ByteView bytes);

    void feed(ByteView bytes) { buffer_.append(as_text(bytes)); }

    /// The next whole message, if it has arrived. Throws Failure JF_BAD_INPUT with a sentence if the stream is no SIP
    /// or breaks a limit; then the stream cannot be read any further.
    std::optional<Frame> next();

    /// True if a message has begun and not ended.
    bool in_the_middle() const { return head_ || taken_ < buffer_.size(); }

private:
    void skip_keep_alive();
    bool find_end_of_head();
    Frame read_head(std::string_view raw);
    void read_field(Frame& frame, std::string_view line);
    void take_content_length(std::string_view value);
    void forget_taken();

    FramingLimits limits_;
    std::string buffer_;
    std::size_t taken_ = 0;   ///< bytes of buffer_ already handed out
    std::size_t scanned_ = 0; ///< where the search for the end of the head goes on
    std::optional<Frame> head_;
    std::optional<std::size_t> content_length_;
    bool alone_ = false; ///< nothing follows: the length need not be said
};

} // namespace jackfield::sip
