// The envelope of a text from a peer, and what may be in it: receipts and words about typing.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/texts/composing.hpp"
#include "kernel/texts/cpim.hpp"
#include "kernel/texts/imdn.hpp"
#include "kernel/texts/text.hpp"
#include "kernel/texts/wall_time.hpp"

#include <cstdlib>

namespace {

using namespace jackfield::kernel;

std::vector<std::uint8_t> bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

/// What has been read and fits can be written, and reads the same.
void check(const Cpim& read)
{
    if (read.content.size() > text_limits::kBodyBytes || read.message_id.size() > text_limits::kIdBytes)
        std::abort();
    if (read.message_id.empty() || read.sent_ms < 0 || read.content_type.empty())
        return;
    const auto again = read_cpim(write_cpim({"a", "b", read.sent_ms, read.message_id, read.wants_receipt,
                                             read.notification, read.content_type, read.content}));
    if (!again || again->message_id != read.message_id || again->sent_ms != read.sent_ms ||
        again->content != read.content || again->wants_receipt != read.wants_receipt)
        std::abort();
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::string text = write_cpim(
        {"alice", "bob", 1'795'755'000'123, "5d41402abc4b2a76", true, false, "text/plain; charset=utf-8", "hello"});
    return {bytes(text),
            bytes(write_cpim({"alice", "bob", 0, "", false, true, std::string(kImdnType), write_receipt("a&b", 0)})),
            bytes(write_cpim({"alice", "bob", 0, "", false, false, std::string(kComposingType),
                              write_composing({true, std::chrono::seconds(90)})})),
            bytes("NS: i <urn:ietf:params:imdn>\r\ni.Message-ID: a\r\nRequire: i.Message-ID, From\r\n"
                  "DateTime: 2006-04-04T12:16:49-05:00\r\n\r\nContent-type: text/plain\r\n\r\nHello")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    if (const auto message = read_cpim(body)) {
        check(*message);
        read_receipt(message->content);
        read_composing(message->content);
        bare_type(message->content_type);
    }
    return 0;
}
