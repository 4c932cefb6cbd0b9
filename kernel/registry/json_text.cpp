// Reading JSON that somebody else wrote. See json_text.hpp.

#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kShownBytes = 80;

struct TooDeep {};

/// The same key twice in one object: JSON leaves open which one counts (RFC 8259 section 4), so neither does here.
struct DoubleKey {
    std::string key;
};

/// Watches the parser; throws, out of it, what it would accept but we do not. The parser keeps no recursion, so a
/// document that is too deep is left at the limit.
class Watch {
public:
    explicit Watch(int max_depth) : max_depth_(max_depth) {}

    bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& value)
    {
        using Event = nlohmann::json::parse_event_t;
        if ((event == Event::object_start || event == Event::array_start) && depth >= max_depth_)
            throw TooDeep{};
        if (event == Event::object_start)
            keys_.emplace_back();
        else if (event == Event::object_end)
            keys_.pop_back();
        else if (event == Event::key && !keys_.back().insert(value.get_ref<const std::string&>()).second)
            throw DoubleKey{value.get<std::string>()};
        return true;
    }

private:
    int max_depth_;
    std::vector<std::set<std::string>> keys_;
};

/// Both counted from 1, columns in bytes.
std::string line_and_column(std::string_view text, std::size_t offset)
{
    std::size_t line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++line;
            line_start = i + 1;
        }
    }
    return fmt::format("line {}, column {}", line, offset - line_start + 1);
}

std::string larger_than(std::size_t limit_bytes)
{
    return fmt::format("larger than {} KiB", limit_bytes / 1024);
}

/// The sentence inside nlohmann's message: without its number, its own position and what it read last.
std::string syntax_problem(std::string_view what)
{
    if (const auto start = what.find("syntax error"); start != std::string_view::npos)
        what.remove_prefix(start);
    else if (const auto colon = what.find("] "); colon != std::string_view::npos)
        what.remove_prefix(colon + 2);
    return std::string(what.substr(0, 2 * kShownBytes));
}

/// How many bytes the character that begins with this byte has, and the least code point such a length may encode.
struct Utf8Lead {
    std::size_t size;
    std::uint32_t bits;
    std::uint32_t least;
};

Utf8Lead utf8_lead(unsigned char byte)
{
    if (byte < 0x80)
        return {1, byte, 0};
    if ((byte & 0xe0) == 0xc0)
        return {2, byte & 0x1fU, 0x80};
    if ((byte & 0xf0) == 0xe0)
        return {3, byte & 0x0fU, 0x800};
    if ((byte & 0xf8) == 0xf0)
        return {4, byte & 0x07U, 0x10000};
    return {0, 0, 0};
}

} // namespace

std::expected<std::string, Error> read_text_file(const std::filesystem::path& path, std::size_t limit_bytes)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file)
        return std::unexpected(Error{JF_NOT_FOUND, std::strerror(errno)});

    std::string text;
    char buffer[16384];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) {
        text.append(buffer, got);
        if (text.size() > limit_bytes)
            return std::unexpected(Error{JF_BAD_INPUT, larger_than(limit_bytes)});
    }
    if (std::ferror(file.get()) != 0)
        return std::unexpected(Error{JF_NOT_FOUND, std::strerror(errno)});
    return text;
}

std::expected<nlohmann::json, Error> parse_json(std::string_view text, JsonLimits limits)
{
    const auto refuse = [](const std::string& problem) { return std::unexpected(Error{JF_BAD_INPUT, problem}); };
    if (text.size() > limits.size_bytes)
        return refuse(larger_than(limits.size_bytes));
    if (const auto bad = first_bad_utf8(text))
        return refuse(fmt::format("{}: not UTF-8", line_and_column(text, *bad)));
    try {
        return nlohmann::json::parse(text, Watch(limits.depth), /*allow_exceptions=*/true, /*ignore_comments=*/true);
    } catch (const nlohmann::json::parse_error& error) {
        return refuse(fmt::format("{}: {}", line_and_column(text, error.byte == 0 ? 0 : error.byte - 1),
                                  syntax_problem(error.what())));
    } catch (const nlohmann::json::exception& error) {
        return refuse(syntax_problem(error.what()));
    } catch (const TooDeep&) {
        return refuse(fmt::format("nested deeper than {} levels", limits.depth));
    } catch (const DoubleKey& error) {
        return refuse(fmt::format("the key {} stands twice in one object", in_quotes(error.key)));
    }
}

std::optional<std::size_t> first_bad_utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = utf8_lead(static_cast<unsigned char>(text[i]));
        if (lead.size == 0 || lead.size > text.size() - i)
            return i;
        std::uint32_t code = lead.bits;
        for (std::size_t k = 1; k < lead.size; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0) != 0x80)
                return i;
            code = (code << 6) | (next & 0x3fU);
        }
        // RFC 3629 section 3: no longer form than needed, no surrogates, nothing above U+10FFFF.
        if (code < lead.least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return i;
        i += lead.size;
    }
    return std::nullopt;
}

namespace {

std::string cut(std::string_view name)
{
    if (name.size() <= kShownBytes)
        return std::string(name);
    std::size_t end = kShownBytes;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
        --end;
    return std::string(name.substr(0, end)) + "...";
}

} // namespace

std::string in_quotes(std::string_view name)
{
    using json = nlohmann::json;
    return json(cut(name)).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string at(const std::string& pointer, std::string_view key)
{
    std::string escaped;
    for (const char c : cut(key)) {
        if (c == '~')
            escaped += "~0";
        else if (c == '/')
            escaped += "~1";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            escaped += '?'; // would break the line it is shown in
        else
            escaped += c;
    }
    return pointer + "/" + escaped;
}

std::string at(const std::string& pointer, std::size_t index)
{
    return fmt::format("{}/{}", pointer, index);
}

} // namespace jackfield::kernel
