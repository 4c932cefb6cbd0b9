// One SIP message, read as far as a transport has to: start line, header fields, where the body begins. Who gets it
// understands it.
//
// Threads: any. Lifetime: a message owns its text.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shared_sip {

inline constexpr std::size_t kMostHeadBytes = 16 * 1024;
inline constexpr std::size_t kMostMessageBytes = 64 * 1024;
inline constexpr std::size_t kMostFields = 128;

class Message {
public:
    struct Field {
        std::string name;
        std::string value; ///< unfolded
        std::size_t at;    ///< of the value in the text, and its size there
        std::size_t size;
    };

    /// Throws Failure JF_BAD_INPUT with a sentence if it is no SIP message: what is left out of the head cannot be
    /// asked for, so Via, From, To, Call-ID and CSeq stand in it, and all but Via once. Bytes after Content-Length are
    /// cut off (RFC 3261 section 18.3).
    static Message read(std::string text);

    const std::string& text() const { return text_; }
    std::string_view body() const { return std::string_view(text_).substr(body_at_); }

    bool is_request() const { return code_ == 0; }
    const std::string& method() const { return method_; } ///< of a response that of its CSeq
    const std::string& uri() const { return uri_; }
    int code() const { return code_; }
    const std::string& reason() const { return reason_; }
    std::uint32_t cseq() const { return cseq_; }

    /// The first field of that name, long or compact. Null if there is none.
    const Field* field(std::string_view name) const;
    std::string_view value(std::string_view name) const; ///< empty if there is none
    /// Every element of every field of that name, for the headers that are lists.
    std::vector<std::string_view> elements(std::string_view name) const;
    /// Every field of that name as it is.
    std::vector<std::string_view> values(std::string_view name) const;

    std::string call_id() const { return std::string(value("Call-ID")); }
    std::string from_tag() const;
    std::string to_tag() const; ///< empty if there is none
    std::string top_via() const;
    std::string branch() const; ///< of the topmost Via

    /// The same message with another topmost Via.
    Message with_top_via(const std::string& via) const;

private:
    std::size_t read_start_line();
    std::size_t read_field(std::size_t at);
    void check();
    void take_content_length();

    std::string text_;
    std::string method_;
    std::string uri_;
    std::string reason_;
    int code_ = 0;
    std::uint32_t cseq_ = 0;
    std::size_t body_at_ = 0;
    std::vector<Field> fields_;
};

/// A response with what RFC 3261 section 8.2.6 copies from the request, without a body. `to_tag` is added if there is
/// none yet; `more`: further lines, each ended.
std::string make_response(const Message& request, int code, std::string_view reason, const std::string& to_tag,
                          const std::string& more = {});

} // namespace shared_sip
