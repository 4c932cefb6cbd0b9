// Names of files that come in. See file_name.hpp.

#include "kernel/files/file_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// How many bytes of UTF-8 (RFC 3629) begin there; 0 if none do.
std::size_t utf8_length(std::string_view text)
{
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto continued = [&](std::size_t at) { return at < text.size() && (byte(at) & 0xC0) == 0x80; };
    const unsigned lead = byte(0);
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return continued(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const bool overlong = lead == 0xE0 && text.size() > 1 && byte(1) < 0xA0;
        const bool surrogate = lead == 0xED && text.size() > 1 && byte(1) >= 0xA0;
        return continued(1) && continued(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const bool overlong = lead == 0xF0 && text.size() > 1 && byte(1) < 0x90;
        const bool beyond = lead == 0xF4 && text.size() > 1 && byte(1) >= 0x90;
        return continued(1) && continued(2) && continued(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

/// C0, DEL, C1: a terminal would obey them. And the marks that turn the order of letters, by which "gpj.exe" looks like
/// a picture (Unicode UAX #9).
bool misleads(std::string_view one)
{
    const auto byte = [one](std::size_t at) { return static_cast<unsigned char>(one[at]); };
    if (one.size() == 1)
        return byte(0) < 0x20 || byte(0) == 0x7F;
    if (one.size() == 2)
        return byte(0) == 0xC2 && byte(1) < 0xA0;
    return one.starts_with("\xE2\x80") &&
           ((byte(2) >= 0x8E && byte(2) <= 0x8F) || (byte(2) >= 0xAA && byte(2) <= 0xAE));
}

std::string readable(std::string_view text)
{
    std::string kept;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto one = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0)
            kept += '_';
        else if (!misleads(one))
            kept += one;
        text.remove_prefix(one.size());
    }
    return kept;
}

std::pair<std::string_view, std::string_view> parted(std::string_view name)
{
    constexpr std::size_t kLongestExtension = 16;
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kLongestExtension)
        return {name, {}};
    return {name.substr(0, dot), name.substr(dot)};
}

/// At most that many bytes, and no half of a letter.
std::string_view cut(std::string_view text, std::size_t bytes)
{
    if (text.size() <= bytes)
        return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80)
        --bytes;
    return text.substr(0, bytes);
}

} // namespace

std::string safe_file_name(std::string_view said)
{
    if (const auto slash = said.find_last_of("/\\"); slash != std::string_view::npos)
        said.remove_prefix(slash + 1);
    std::string name = readable(said);
    name.erase(0, name.find_first_not_of(" ."));
    name.erase(name.find_last_not_of(' ') + 1);
    const auto [stem, extension] = parted(name);
    return std::string(cut(stem, kMaxFileNameBytes - extension.size())) + std::string(extension);
}

std::string numbered_file_name(std::string_view name, int number)
{
    const auto [stem, extension] = parted(name);
    return fmt::format("{} ({}){}", stem, number, extension);
}

} // namespace jackfield::kernel
