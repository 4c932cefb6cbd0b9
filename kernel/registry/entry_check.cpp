// The checks of a plugin's entry, in the order of entry_problem. See entry_check.hpp.

#include "kernel/registry/entry_check.hpp"

#include "kernel/registry/interfaces.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

namespace jackfield::kernel {

namespace {

constexpr std::uint32_t kMaxFactories = 16;
constexpr std::size_t kMaxEntryTextBytes = 256;

/// Borrowed from the library. A text nobody could mean becomes empty, and then differs from the manifest.
std::string_view view(jf_text text)
{
    if (text.data == nullptr || text.size > kMaxEntryTextBytes)
        return {};
    return {text.data, text.size};
}

/// The versions stand in the first eight bytes for ever, so they are compared before the size of the rest.
std::string version_problem(const jf_entry& entry, const Manifest& manifest)
{
    if (entry.struct_size < offsetof(jf_entry, factory_count))
        return fmt::format("its entry has {} bytes, too few for a version", entry.struct_size);
    const AbiVersion abi{entry.abi_major, entry.abi_minor};
    if (auto problem = abi_problem(abi); !problem.empty())
        return problem;
    if (abi != manifest.abi)
        return fmt::format("its manifest says ABI {}, the library says {}", to_text(manifest.abi), to_text(abi));
    if (entry.struct_size < sizeof(jf_entry))
        return fmt::format("its entry has {} bytes, ABI {} asks for {}", entry.struct_size, to_text(abi),
                           sizeof(jf_entry));
    return {};
}

std::string factories_problem(const jf_entry& entry)
{
    if (entry.factories == nullptr || entry.factory_count == 0)
        return "its entry has no factories";
    if (entry.factory_count > kMaxFactories)
        return fmt::format("its entry has {} factories, more than {}", entry.factory_count, kMaxFactories);
    for (std::uint32_t i = 0; i < entry.factory_count; ++i) {
        const jf_factory* const factory = entry.factories[i];
        if (factory == nullptr)
            return fmt::format("its factory {} is null", i);
        if (factory->struct_size < sizeof(jf_factory))
            return fmt::format("its factory {} has {} bytes, ABI {} asks for {}", i, factory->struct_size,
                               to_text({entry.abi_major, entry.abi_minor}), sizeof(jf_factory));
    }
    return {};
}

std::string disagreement(const char* what, std::string_view manifest, std::string_view library)
{
    return fmt::format("its manifest says {} {}, the library says {}", what, in_quotes(manifest), in_quotes(library));
}

std::string names_problem(std::span<const jf_factory* const> factories, const Manifest& manifest)
{
    std::vector<std::string> interfaces;
    for (const jf_factory* factory : factories) {
        if (view(factory->plugin_id) != manifest.id)
            return disagreement("id", manifest.id, view(factory->plugin_id));
        if (view(factory->version) != manifest.version)
            return disagreement("version", manifest.version, view(factory->version));
        interfaces.emplace_back(view(factory->interface_id));
    }
    auto listed = manifest.interfaces;
    auto found = interfaces;
    std::sort(listed.begin(), listed.end());
    std::sort(found.begin(), found.end());
    if (listed != found)
        return disagreement("interfaces", fmt::format("{}", fmt::join(manifest.interfaces, ", ")),
                            fmt::format("{}", fmt::join(interfaces, ", ")));
    return {};
}

std::string methods_problem(const jf_factory& factory)
{
    const auto interface_id = view(factory.interface_id);
    if (factory.methods == nullptr)
        return fmt::format("its {} has no method table", interface_id);
    const auto* const rule = find_interface(interface_id);
    if (rule == nullptr)
        return {};
    const auto* const table = static_cast<const std::byte*>(factory.methods);
    std::uint32_t table_size = 0; // struct_size, the first member of every table
    std::memcpy(&table_size, table, sizeof table_size);
    if (table_size < rule->required_size_bytes)
        return fmt::format("its {} has a method table of {} bytes, at least {} are required", interface_id, table_size,
                           rule->required_size_bytes);
    for (const auto& method : rule->required) {
        void (*function)() = nullptr;
        std::memcpy(&function, table + method.offset_bytes, sizeof function);
        if (function == nullptr)
            return fmt::format("its {} lacks the method {}", interface_id, method.name);
    }
    return {};
}

} // namespace

std::string entry_problem(const jf_entry& entry, const Manifest& manifest)
{
    if (auto problem = version_problem(entry, manifest); !problem.empty())
        return problem;
    if (auto problem = factories_problem(entry); !problem.empty())
        return problem;
    const std::span factories(entry.factories, entry.factory_count);
    if (auto problem = names_problem(factories, manifest); !problem.empty())
        return problem;
    for (const jf_factory* factory : factories) {
        if (auto problem = methods_problem(*factory); !problem.empty())
            return problem;
    }
    for (const jf_factory* factory : factories) {
        if (factory->create == nullptr || factory->destroy == nullptr)
            return fmt::format("its {} lacks {}", view(factory->interface_id),
                               factory->create == nullptr ? "create" : "destroy");
    }
    return {};
}

} // namespace jackfield::kernel
