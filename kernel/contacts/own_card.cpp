// Our own profile card. See own_card.hpp.

#include "kernel/contacts/own_card.hpp"

#include "kernel/config/config.hpp"
#include "kernel/config/report.hpp"
#include "kernel/contacts/vcard.hpp"
#include "kernel/files/sha256.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

namespace {

OwnCard of_text(std::string text, std::string name)
{
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return {std::move(text), hash.hex(), std::move(name)};
}

[[noreturn]] void refuse(const Config& config, const std::string& problem)
{
    Report(config.name, "/profile/card", problem)
        .line("searched", config.profile.card.string())
        .line("would work", fmt::format("a vCard 4.0 with an FN, of at most {} bytes; or \"name\" in its place",
                                        vcard_limits::kBytes))
        .raise();
}

} // namespace

OwnCard own_card(const Config& config)
{
    const auto& profile = config.profile;
    if (!profile.name.empty())
        return of_text(write_vcard(profile.name), profile.name);
    if (profile.card.empty())
        return {};
    auto text = read_text_file(profile.card, vcard_limits::kBytes);
    if (!text)
        refuse(config, text.error().text);
    auto card = read_vcard(*text);
    if (!card)
        refuse(config, card.error().text);
    return of_text(std::move(*text), std::move(card->name));
}

} // namespace jackfield::kernel
