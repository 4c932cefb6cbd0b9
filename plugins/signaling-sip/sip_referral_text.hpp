// What REFER and its notifications say: whom to call (RFC 3515 section 2.1), in whose place (RFC 3891), what became of
// it (RFC 3420), and which subscription is meant (RFC 6665 section 8.2).
//
// Threads: any. Lifetime: pure functions, everything is returned by value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::sip {

/// A URI that somebody is asked to call, taken apart.
struct ReferTarget {
    std::string scheme;       ///< in small letters
    std::string user;         ///< without escapes
    std::string host;         ///< in small letters
    std::string uri;          ///< without parameters and headers
    std::string method;       ///< of the parameter; empty if there is none
    std::string replaces;     ///< of the header behind a question mark, without escapes; empty if there is none
    bool has_headers = false; ///< there are others
};

/// Printable, and nothing in it that could end what it is written into.
bool is_uri_text(std::string_view text);

/// Of a value of Refer-To or Referred-By (name-addr or addr-spec). Nothing if it is none with a host.
std::optional<ReferTarget> read_refer_target(std::string_view value);

/// A value of Replaces (RFC 3891 section 6.1): a call of the end that gets it, whose tag is the to-tag.
struct DialogName {
    std::string call_id;
    std::string to_tag;
    std::string from_tag;
    bool early_only = false; ///< it may only be replaced while it rings
};
std::optional<DialogName> read_dialog_name(std::string_view value);
std::string write_dialog_name(const DialogName& name);

/// "refer", and the number of its REFER if it names one. Nothing if it is another event, or none.
struct ReferEvent {
    std::optional<std::uint64_t> id;
};
std::optional<ReferEvent> read_refer_event(std::string_view value);

/// The first line of a message/sipfrag that is a response.
struct Fragment {
    std::uint32_t code = 0;
    std::string text;
};
std::optional<Fragment> read_fragment(std::string_view body);

/// An empty text becomes the status's own.
std::string write_fragment(const Fragment& fragment);

} // namespace jackfield::sip
