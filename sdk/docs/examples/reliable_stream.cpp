// What a reliable stream asks of the path below; see sdk/docs/interfaces/reliable_stream.md.
#include <jackfield/reliable_stream.hpp>

// [example]
/// The first lines of open: over a stream there is nothing to do, and the packets must fit. [control]
std::uint32_t usable_packet_bytes(const jackfield::Path& below)
{
    const jf_path_info info = below.describe();
    if (info.kind != JF_DATAGRAM)
        throw jackfield::Failure(JF_UNSUPPORTED, "the path below is a stream already; a path of datagrams would work");
    return info.max_datagram_bytes;
}
// [end]
