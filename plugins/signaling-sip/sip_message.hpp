// One SIP message as libosip2 holds it, checked for what libosip2 lets pass; and the bytes it becomes.
//
// Threads: the control thread. Lifetime: OsipMessage owns; everything else borrows from the message it was asked of.
#pragma once

#include "sip_framing.hpp"

#include <jackfield/basic.hpp>

#include <sys/time.h>

#include <osip2/osip.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::sip {

/// Makes libosip2 ready, once per process, and silences its trace, which would print a line per parse error.
void prepare_osip();

struct OsipMessageDelete {
    void operator()(osip_message_t* message) const { osip_message_free(message); }
};
using OsipMessage = std::unique_ptr<osip_message_t, OsipMessageDelete>;

/// What arrived: the parsed head, and the frame it came in. Borrowed for the time of the call.
struct Received {
    const osip_message_t& message;
    const Frame& frame;

    bool is_request() const { return message.status_code == 0; }
    std::string_view method() const { return message.sip_method; }
    int code() const { return message.status_code; }
    std::string_view cseq_method() const { return message.cseq->method; }
    std::uint32_t cseq() const;
    std::string call_id() const;
    std::string_view from_tag() const;
    std::string_view to_tag() const; ///< empty if there is none
    std::string_view branch() const;
    std::string_view from_user() const;
    std::string display_name() const; ///< of From, else of Contact
    std::string from_uri() const;
    std::string to_uri() const;
    std::string contact_uri() const;                ///< of the first Contact, empty if there is none
    std::vector<std::string> record_routes() const; ///< as they stand, in their order
    std::string_view content_type() const;          ///< as it was written, with its parameters; empty if there is none
    bool has_content_type(std::string_view type) const;
};

/// Parses the head of a frame. Throws Failure JF_BAD_INPUT with a sentence if it is no SIP message.
OsipMessage parse_message(const Frame& frame);

/// The start of a request: all but Via, which transactions add. `uri`, `from`, `to` are as they stand in the message.
OsipMessage make_request(std::string_view method, const std::string& uri, const std::string& from,
                         const std::string& to, const std::string& call_id, std::uint32_t cseq);

/// A response with what RFC 3261 section 8.2.6 copies from the request. to_tag is added if the request has none.
OsipMessage make_response(const osip_message_t& request, int code, const std::string& to_tag);

void add_header(osip_message_t& message, const char* name, const std::string& value);
void add_via(osip_message_t& message, const std::string& value);
void add_route(osip_message_t& message, const std::string& value);
void add_contact(osip_message_t& message, const std::string& value);
void set_content_type(osip_message_t& message, const std::string& value);

/// From a request to the response that makes a dialog (RFC 3261 section 12.1.1).
void copy_record_routes(const osip_message_t& request, osip_message_t& response);

/// Of a URI of libosip2; empty if it is none.
std::string uri_text(const osip_uri_t* uri);
void uri_without_parameters(osip_uri_t& uri); ///< and without headers

// For a request that is sent once more.
OsipMessage clone_message(const osip_message_t& message);
std::string request_uri(const osip_message_t& request);
std::uint32_t cseq_of(const osip_message_t& message);
void set_request_uri(osip_message_t& request, const std::string& uri);
void set_cseq(osip_message_t& request, std::uint32_t cseq);
void replace_via(osip_message_t& request, const std::string& value);
void replace_header(osip_message_t& message, const char* name, const std::string& value);

/// The bytes of a message: its head, Content-Length, the body.
std::string write_message(osip_message_t& message, std::string_view body);

} // namespace jackfield::sip
