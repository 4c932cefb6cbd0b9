// The channel of a file before a peer that says anything at all: frames, and every word in them.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/files/file_frames.hpp"
#include "kernel/files/file_name.hpp"

#include <cstdlib>
#include <string>

namespace {

using namespace jackfield::kernel;

void append(std::vector<std::uint8_t>& all, FileFrame kind, std::string_view payload)
{
    const auto header = file_frame_header(kind, payload.size());
    all.insert(all.end(), header.begin(), header.end());
    all.insert(all.end(), payload.begin(), payload.end());
}

void read(FileFrame kind, std::string_view words)
{
    if (words.size() > kFileWordsBytes)
        std::abort();
    if (kind == FileFrame::offer) {
        if (const auto offer = read_file_offer(words)) {
            const auto name = safe_file_name(offer->name);
            if (offer->id.size() != 32 || name.size() > kMaxFileNameBytes || name.starts_with('.') ||
                name.find('/') != std::string::npos)
                std::abort();
        }
    } else if (kind == FileFrame::answer) {
        read_file_answer(words);
    } else if (kind == FileFrame::end) {
        read_file_end(words);
    } else if (kind == FileFrame::refusal && read_file_refusal(words).status == JF_OK) {
        std::abort();
    }
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    std::vector<std::uint8_t> sender;
    append(sender, FileFrame::offer, to_json(FileOffer{std::string(32, 'a'), "../a\xE2\x80\xAE.txt", 3}));
    append(sender, FileFrame::data, "abc");
    append(sender, FileFrame::end, file_end(std::string(64, '0')));
    std::vector<std::uint8_t> receiver;
    append(receiver, FileFrame::answer, file_answer(0, false));
    append(receiver, FileFrame::written, std::string(8, '\0'));
    append(receiver, FileFrame::done, "");
    append(receiver, FileFrame::refusal, file_refusal({JF_EXHAUSTED, "no room"}));
    return {sender, receiver};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::size_t handed_up = 0;
    FileFrameReader reader({[&](std::span<const std::uint8_t> bytes) { handed_up += bytes.size(); },
                            [&](FileFrame kind, std::string_view words) {
                                handed_up += words.size();
                                read(kind, words);
                            }});
    for (std::size_t at = 0; at < size;) {
        const std::size_t piece = std::min<std::size_t>(size - at, 1 + data[at] % 50);
        if (!reader.feed({data + at, piece}))
            break;
        at += piece;
    }
    if (handed_up > size)
        std::abort();
    return 0;
}
