// What strangers and contacts say of themselves: requests to be a contact, and profile cards.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/contacts/contact_message.hpp"
#include "kernel/contacts/contacts.hpp"
#include "kernel/contacts/vcard.hpp"

#include <cstdlib>

namespace {

using namespace jackfield::kernel;

std::vector<std::uint8_t> bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

/// What has been read can be written, and reads the same.
void check(const ContactMessage& read)
{
    const auto again = read_contact_message(write_contact_message(read));
    if (!again || again->accepted != read.accepted || again->name != read.name || again->note != read.note)
        std::abort();
}

void check(const Vcard& read, std::string_view text)
{
    if (read.name.empty() || read.telephones.size() > vcard_limits::kOfAKind ||
        read.mails.size() > vcard_limits::kOfAKind || read.name.find_first_of("\r\n\t\x1b") != std::string::npos)
        std::abort();
    const auto small = read_vcard(without_media(text));
    if (small && (small->name != read.name || small->note != read.note || small->telephones != read.telephones))
        std::abort();
    const auto named = read_vcard(write_vcard(read.name));
    if (read.name.size() < 1024 && (!named || named->name != read.name))
        std::abort();
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const auto card =
        write_vcard("Zo\xc3\xab; Berg, \\ and a name that is so long that it must be folded somewhere, twice");
    return {bytes(write_contact_message({false, "Alice", "we met \"there\"", card})),
            bytes(write_contact_message({true, "Bob"})), bytes(card),
            bytes("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\nN:Berg;Bob;;;\r\na.TEL;TYPE=\"x:y\";VALUE=uri:tel:+1\r\n"
                  "EMAIL:a@b\r\nNOTE:a\\nb\r\n  c\r\nPHOTO:data:image/png;base64,AA\r\n BB\r\nKEY:x\r\nEND:VCARD\r\n"),
            bytes("BEGIN:vcard\nVERSION:4.0\nfn:x\nEND:VCARD")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto message = read_contact_message(text))
        check(*message);
    if (const auto card = read_vcard(text))
        check(*card, text);
    return 0;
}
