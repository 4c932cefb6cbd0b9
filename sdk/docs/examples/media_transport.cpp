// How a transport answers `take`; see sdk/docs/interfaces/media_transport.md.
#include <jackfield/media_transport.hpp>

#include <optional>

// [example]
/// The packet that is first in turn, and when it is to be played. The bytes stay valid until the next take.
struct First {
    jf_payload payload;
    std::int64_t due_ns;
};

jackfield::Status
take(const std::optional<First>& first, std::int64_t now_ns, jf_payload& payload,
     std::int64_t& next_due_ns) noexcept // [media]: no allocation, no lock that control holds for long
{
    if (!first) {
        next_due_ns = INT64_MAX; // `arrived` wakes the media thread
        return JF_WOULD_BLOCK;
    }
    if (first->due_ns > now_ns) { // what is missing before it may still come
        next_due_ns = first->due_ns;
        return JF_WOULD_BLOCK;
    }
    payload = first->payload;
    return JF_OK;
}
// [end]
