// Receipts and words about typing from a peer: XML.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/texts/composing.hpp"
#include "kernel/texts/imdn.hpp"
#include "kernel/texts/text.hpp"
#include "kernel/texts/xml_elements.hpp"

#include <cstdlib>
#include <string>

namespace {

using namespace jackfield::kernel;

std::vector<std::uint8_t> bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {bytes(write_receipt("34jk<&\"'>324j", 1'795'755'000'123)), bytes(write_composing({true})),
            bytes(write_composing({false})),
            bytes("<?xml version='1.0'?><!-- c --><a:b xmlns:a='u' c=\">\"><a:d/>&lt;e&gt;</a:b>")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view document(reinterpret_cast<const char*>(data), size);
    if (const auto elements = read_xml(document)) {
        if (elements->size() > text_limits::kXmlElements || elements->empty())
            std::abort();
        for (const auto& element : *elements) {
            if (element.text.size() > document.size())
                std::abort();
        }
    }
    if (const auto receipt = read_receipt(document)) {
        const auto again = read_receipt(write_receipt(receipt->message_id, 0));
        if (!again || again->message_id != receipt->message_id || !again->delivered)
            std::abort();
    }
    if (const auto composing = read_composing(document)) {
        if (composing->refresh < std::chrono::seconds(1) || composing->refresh > std::chrono::seconds(600))
            std::abort();
    }
    return 0;
}
