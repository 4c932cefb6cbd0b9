// Framing, the SIP parser and the SDP reader over bytes from outside, and what must hold for whatever they accept.
//
// Threads: one. Lifetime: nothing outlives one input.
// links: signaling_sip_parts
#include "fuzz.hpp"

#include "sdp_reader.hpp"
#include "sdp_writer.hpp"
#include "sip_framing.hpp"
#include "sip_message.hpp"
#include <shared/signaling/media_description.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace jackfield;
using namespace jackfield::sip;

void must(bool holds, const char* what)
{
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

/// A description that was read is one the boundary takes, and what is written of it can be read.
void check_sdp(const std::string& text, SdpRole role)
{
    std::string json;
    SdpSkeleton skeleton;
    try {
        const SdpReading reading = read_sdp(text, role);
        must(reading.skeleton.described() == reading.description.media.size(), "the skeleton fits");
        json = write_description(reading.description);
        skeleton = reading.skeleton;
    } catch (const Failure&) {
        return;
    }
    const MediaDescription again = read_description(json); // throws if it is not to the schema: then the test fails
    must(write_description(again) == json, "JSON survives");
    std::string written;
    try {
        written = write_sdp(again, {1, 1}, role == SdpRole::answer ? &skeleton : nullptr);
    } catch (const Failure&) {
        return; // no codec we know
    }
    read_sdp(written, role);
}

/// A message that was accepted can be answered, and the answer is a message.
void check_message(const Frame& frame)
{
    OsipMessage message;
    try {
        message = parse_message(frame);
    } catch (const Failure&) {
        return;
    }
    const Received received{*message, frame};
    must(!received.call_id().empty() && !received.from_tag().empty(), "identifiers are there");
    must(received.branch().starts_with("z9hG4bK"), "the branch has its cookie");
    (void)received.cseq();
    (void)received.to_tag();
    (void)received.from_user();
    (void)received.from_uri();
    (void)received.to_uri();
    (void)received.display_name();
    (void)received.contact_uri();
    (void)received.content_type();
    if (!received.is_request()) {
        must(received.code() >= 100 && received.code() <= 699, "a status is a status");
        return;
    }
    const OsipMessage response = make_response(*message, 486, "tag");
    const std::string text = write_message(*response, "body");
    Splitter splitter({65536 * 4, 65536 * 4, 1000});
    splitter.feed(as_bytes(text));
    const auto back = splitter.next();
    must(back && back->body() == "body" && !splitter.in_the_middle(), "an answer is one message");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    prepare_osip();
    Splitter splitter({});
    const std::size_t cut = size == 0 ? 0 : data[size / 2] % size; // somewhere, the same for the same input
    try {
        for (const ByteView part : {ByteView(data, cut), ByteView(data + cut, size - cut)}) {
            splitter.feed(part);
            while (const auto frame = splitter.next()) {
                check_message(*frame);
                check_sdp(frame->body(), SdpRole::offer);
                check_sdp(frame->body(), SdpRole::answer);
            }
        }
    } catch (const Failure&) {
        // the stream ends
    }
    return 0;
}

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {}; // they lie in corpus/
}
