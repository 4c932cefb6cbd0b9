// The wire: one JSON object a line, each with a "type" (message.schema.json). What a stranger sent is cut into lines
// and checked here before anything is believed.
//
// Threads: control. Lifetime: values.
#pragma once

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace jackfield::json_signaling {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxDepth = 16;
inline constexpr std::size_t kMaxIdBytes = 64;
inline constexpr std::size_t kMaxNameBytes = 128;
inline constexpr std::size_t kMaxTextBytes = 240;
inline constexpr std::size_t kMaxContentTypeBytes = 256;
inline constexpr std::size_t kMaxTargetBytes = 512;

/// Cuts a stream into lines.
class Lines {
public:
    explicit Lines(std::size_t longest) : longest_(longest) {}

    void feed(ByteView bytes);

    /// The next whole line, without its end. Throws Failure if one is too long.
    std::optional<std::string> next();

    bool in_the_middle() const { return begin_ < waiting_.size(); }

private:
    std::size_t longest_;
    std::string waiting_;
    std::size_t begin_ = 0;   // of what has not been given out
    std::size_t scanned_ = 0; // no line ends before here
};

/// One message of the peer. All of its readers throw Failure(JF_BAD_INPUT) with the name of the field.
class Message {
public:
    /// Throws Failure(JF_BAD_INPUT) if the line is no JSON object with a type, or nested deeper than kMaxDepth.
    explicit Message(const std::string& line);

    const std::string& type() const { return type_; }

    /// The call it belongs to; "" if none is named.
    std::string call() const { return optional_text("call", kMaxIdBytes); }
    std::string text(const char* field, std::size_t most) const;
    std::string optional_text(const char* field, std::size_t most) const;
    std::uint64_t number(const char* field) const;
    std::uint32_t reason() const;

    /// A media description as JSON text, checked; "" if it is null or not there and may be missing.
    std::string description(const char* field, bool may_be_missing = false) const;

    /// "text" as it stands, or "base64" decoded.
    Bytes body() const;

private:
    const Json* member(const char* field) const;

    Json document_;
    std::string type_;
};

/// "declined" for JF_REASON_DECLINED, ..
std::string_view word_of_reason(std::uint32_t reason);

/// A body as the members of a message: "text" if it is UTF-8, else "base64".
void put_body(Json& message, ByteView body);

/// Cut to that many bytes, between two characters.
std::string cut_text(std::string_view text, std::size_t most);

/// The line of a message, its end included. Texts of ours that are no UTF-8 are mended, not thrown over.
std::string line_of(const Json& message);

} // namespace jackfield::json_signaling
