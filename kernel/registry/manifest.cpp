// Manifests. See manifest.hpp.

#include "kernel/registry/manifest.hpp"

#include "kernel/registry/json_text.hpp"

#include <jackfield/abi/entry.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace jackfield::kernel {

namespace {

constexpr JsonLimits kLimits{.size_bytes = 64 * 1024, .depth = 16};
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxListItems = 16;

using nlohmann::json;

[[noreturn]] void refuse(const std::string& problem)
{
    throw Failure(JF_BAD_INPUT, problem);
}

std::string text_member(const json& manifest, const char* key, bool required)
{
    const auto found = manifest.find(key);
    if (found == manifest.end()) {
        if (required)
            refuse(fmt::format("/{}: missing", key));
        return {};
    }
    if (!found->is_string())
        refuse(fmt::format("/{}: expected a string", key));
    const auto& text = found->get_ref<const std::string&>();
    if (text.size() > kMaxTextBytes || text.find('\0') != std::string::npos)
        refuse(fmt::format("/{}: longer than {} bytes, or with a zero byte", key, kMaxTextBytes));
    if (required && text.empty())
        refuse(fmt::format("/{}: empty", key));
    return text;
}

bool flag_member(const json& manifest, const char* key)
{
    const auto found = manifest.find(key);
    if (found == manifest.end())
        return false;
    if (!found->is_boolean())
        refuse(fmt::format("/{}: expected true or false", key));
    return found->get<bool>();
}

std::vector<std::string> list_member(const json& manifest, const char* key, bool required)
{
    const auto found = manifest.find(key);
    if (found == manifest.end() && !required)
        return {};
    if (found == manifest.end() || !found->is_array() || found->size() > kMaxListItems || (required && found->empty()))
        refuse(fmt::format("/{}: expected a list of {} to {} strings", key, required ? 1 : 0, kMaxListItems));
    std::vector<std::string> items;
    for (const auto& item : *found) {
        if (!item.is_string() || item.get_ref<const std::string&>().size() > kMaxTextBytes)
            refuse(fmt::format("/{}/{}: expected a short string", key, items.size()));
        items.push_back(item.get<std::string>());
        if (std::count(items.begin(), items.end(), items.back()) > 1)
            refuse(fmt::format("/{}/{}: {} stands there twice", key, items.size() - 1, in_quotes(items.back())));
    }
    return items;
}

/// Two or three numbers with dots between them, each at most 65535. Empty if the text is anything else.
std::vector<std::uint16_t> numbers(std::string_view text)
{
    std::vector<std::uint16_t> parts;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (parts.size() < 4) {
        std::uint16_t part = 0;
        const auto [next, problem] = std::from_chars(at, end, part);
        if (problem != std::errc{})
            return {};
        parts.push_back(part);
        if (next == end)
            return parts;
        if (*next != '.')
            return {};
        at = next + 1;
    }
    return {};
}

bool is_plugin_id(std::string_view id)
{
    return !id.empty() && id.size() <= kMaxNameBytes && id.front() != '-' &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

/// The file lies in the folder of the manifest itself: a plain name, no way out of it.
std::string file_member(const json& manifest, const char* key, bool required)
{
    auto name = text_member(manifest, key, required);
    if (name == "." || name == ".." || name.find('/') != std::string::npos)
        refuse(fmt::format("/{}: {} is not a file name; the file must lie in the folder of the manifest", key,
                           in_quotes(name)));
    return name;
}

AbiVersion abi_member(const json& manifest)
{
    const auto text = text_member(manifest, "abi", true);
    const auto parts = numbers(text);
    if (parts.size() != 2)
        refuse(fmt::format("/abi: expected \"<major>.<minor>\", found {}", in_quotes(text)));
    return {parts[0], parts[1]};
}

/// The ABI is looked at before the rest: a manifest for another ABI may well have other members.
Manifest from_json(const json& text)
{
    if (!text.is_object())
        refuse("expected an object");
    const auto format = text.find("manifest");
    if (format == text.end() || *format != 1)
        refuse("/manifest: expected 1, the only format this kernel reads");

    Manifest manifest;
    manifest.id = text_member(text, "id", true);
    if (!is_plugin_id(manifest.id))
        refuse(fmt::format("/id: {} is no plugin id: small letters, digits and -, at most {}", in_quotes(manifest.id),
                           kMaxNameBytes));
    manifest.abi = abi_member(text);
    if (const auto problem = abi_problem(manifest.abi); !problem.empty())
        throw Failure(JF_UNSUPPORTED, problem);
    manifest.version = text_member(text, "version", true);
    if (numbers(manifest.version).size() != 3)
        refuse(fmt::format("/version: expected \"<major>.<minor>.<patch>\", found {}", in_quotes(manifest.version)));
    manifest.interfaces = list_member(text, "interfaces", true);
    manifest.library = file_member(text, "library", true);
    manifest.summary = text_member(text, "summary", false);
    manifest.config_schema = file_member(text, "config_schema", false);
    manifest.license = text_member(text, "license", false);
    manifest.status = text_member(text, "status", false);
    manifest.needs = list_member(text, "needs", false);
    manifest.seals_by_itself = flag_member(text, "seals_by_itself");
    manifest.untrusted_input = flag_member(text, "untrusted_input");
    manifest.proves_nobody = flag_member(text, "proves_nobody");
    manifest.datagrams_only = flag_member(text, "datagrams_only");
    manifest.multiplexes = flag_member(text, "multiplexes");
    manifest.datagram_channels = flag_member(text, "datagram_channels");
    return manifest;
}

} // namespace

bool Manifest::implements(std::string_view interface_id) const
{
    return std::find(interfaces.begin(), interfaces.end(), interface_id) != interfaces.end();
}

std::expected<Manifest, Error> read_manifest(const std::filesystem::path& path)
{
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return std::unexpected(Error{JF_NOT_FOUND, "not a regular file"});
    const auto text = read_text_file(path, kLimits.size_bytes);
    if (!text)
        return std::unexpected(text.error());
    const auto parsed = parse_json(*text, kLimits);
    if (!parsed)
        return std::unexpected(parsed.error());
    try {
        auto manifest = from_json(*parsed);
        manifest.path = path;
        return manifest;
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::string to_text(AbiVersion version)
{
    return fmt::format("{}.{}", version.major, version.minor);
}

std::string abi_problem(AbiVersion plugin)
{
    if (plugin.major == JF_ABI_MAJOR && plugin.minor <= JF_ABI_MINOR)
        return {};
    return fmt::format("built for ABI {}, this kernel speaks {}", to_text(plugin),
                       to_text({JF_ABI_MAJOR, JF_ABI_MINOR}));
}

} // namespace jackfield::kernel
