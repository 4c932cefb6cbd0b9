// Writing for people and scripts. See output.hpp.

#include "tools/jackfield/output.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace jackfield::program {

namespace {

std::atomic<int> output_error = 0; // the last errno of a write to standard output that failed

std::string_view variable(const char* name)
{
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Of the environment; the program's own locale stays "C", as libraries expect it.
bool locale_is_utf8()
{
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", nullptr);
    if (locale == nullptr)
        return false;
    const bool utf8 = std::string_view(nl_langinfo_l(CODESET, locale)) == "UTF-8";
    freelocale(locale);
    return utf8;
}

/// How many bytes the character at the beginning has, 0 if it is not well-formed UTF-8 (RFC 3629 section 4).
std::size_t character_size(std::string_view text)
{
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U; };
    const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80; };
    if (at(0) < 0x80)
        return 1;
    if (at(0) >= 0xC2 && at(0) <= 0xDF)
        return follows(1) ? 2 : 0;
    if (at(0) >= 0xE0 && at(0) <= 0xEF) {
        const bool too_small = at(0) == 0xE0 && at(1) < 0xA0;
        const bool surrogate = at(0) == 0xED && at(1) > 0x9F;
        return follows(1) && follows(2) && !too_small && !surrogate ? 3 : 0;
    }
    if (at(0) >= 0xF0 && at(0) <= 0xF4) {
        const bool too_small = at(0) == 0xF0 && at(1) < 0x90;
        const bool too_large = at(0) == 0xF4 && at(1) > 0x8F;
        return follows(1) && follows(2) && follows(3) && !too_small && !too_large ? 4 : 0;
    }
    return 0;
}

bool is_control(std::string_view character)
{
    const auto first = static_cast<std::uint8_t>(character[0]);
    if (character.size() == 1)
        return first < 0x20 || first == 0x7F;
    return character.size() == 2 && first == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0; // C1
}

} // namespace

Display display_of(std::FILE* stream)
{
    Display display;
    display.terminal = isatty(fileno(stream)) != 0 && variable("TERM") != "dumb";
    display.colour = display.terminal && variable("NO_COLOR").empty();
    display.utf8 = display.terminal && locale_is_utf8();
    return display;
}

std::size_t columns_of(std::FILE* stream)
{
    winsize size{};
    const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col : 80;
}

void put(std::FILE* stream, std::string_view text)
{
    errno = 0;
    const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
    if (!written && stream == stdout && errno != EPIPE)
        output_error = errno;
}

std::string output_problem()
{
    return output_error == 0 ? "" : std::generic_category().message(output_error);
}

std::string printable(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        const auto character = text.substr(0, size == 0 ? 1 : size);
        if (size == 0 || is_control(character))
            result += character == "\n" || character == "\t" ? ' ' : '?';
        else
            result += character;
        text.remove_prefix(character.size());
    }
    return result;
}

std::string printable_lines(std::string_view text)
{
    std::string result;
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        result += printable(text.substr(0, end)) + "\n";
        text.remove_prefix(end + 1);
    }
    return result + printable(text);
}

std::string log_line(int level, std::string_view who, std::string_view text)
{
    static constexpr const char* names[] = {"debug", "info", "warning", "error"};
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} {} {}: {}\n",
                       fmt::localtime(std::chrono::system_clock::to_time_t(now)), ms,
                       names[level < 0 || level > 3 ? 3 : level], who, printable(text));
}

} // namespace jackfield::program
