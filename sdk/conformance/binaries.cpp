// What can be said of a plugin by looking at its files: symbols it exports, the schema of its configuration.
//
// Threads: the test's. Lifetime: plain values. A file is read within bounds, for it may be anything.
#include "lists.hpp"

#include <nlohmann/json.hpp>

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>

namespace jackfield::conformance {

namespace binaries {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLibraryBytes = 512UL << 20;

/// A library as bytes; what lies outside of it is refused.
class File {
public:
    explicit File(const std::string& path)
    {
        std::ifstream stream(path, std::ios::binary | std::ios::ate);
        const auto size =
            static_cast<std::size_t>(std::max<std::streamoff>(stream ? std::streamoff(stream.tellg()) : 0, 0));
        require(size > sizeof(Elf64_Ehdr) && size < kMaxLibraryBytes,
                "the library has " + std::to_string(size) + " bytes");
        bytes_.resize(size);
        stream.seekg(0);
        stream.read(bytes_.data(), static_cast<std::streamsize>(size));
    }
    template <class T>
    T at(std::size_t offset) const
    {
        require(offset <= bytes_.size() && bytes_.size() - offset >= sizeof(T), "the library ends in the middle");
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }
    std::string text(std::size_t offset) const
    {
        require(offset < bytes_.size(), "a name of the library lies outside of it");
        return {bytes_.data() + offset,
                ::strnlen(bytes_.data() + offset, std::min<std::size_t>(bytes_.size() - offset, 200))};
    }

private:
    std::vector<char> bytes_;
};

/// The names that a library offers to others.
std::set<std::string> exported(const std::string& path)
{
    const File file(path);
    const auto head = file.at<Elf64_Ehdr>(0);
    require(std::memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_ident[EI_CLASS] == ELFCLASS64,
            "the library is no ELF file of 64 bits");
    std::set<std::string> names;
    for (std::size_t i = 0; i < head.e_shnum; ++i) {
        const auto table = file.at<Elf64_Shdr>(head.e_shoff + i * sizeof(Elf64_Shdr));
        if (table.sh_type != SHT_DYNSYM)
            continue;
        const auto strings = file.at<Elf64_Shdr>(head.e_shoff + table.sh_link * sizeof(Elf64_Shdr));
        for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = file.at<Elf64_Sym>(table.sh_offset + at);
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS ||
                ELF64_ST_BIND(symbol.st_info) == STB_LOCAL)
                continue;
            const auto name = file.text(strings.sh_offset + symbol.st_name);
            if (!std::string_view(name).starts_with("__odr_asan.")) // AddressSanitizer's, for each that is exported
                names.insert(name);
        }
    }
    return names;
}

void exports_one_symbol(Bench& bench)
{
    auto names = exported(bench.request().plugin);
    require(names.erase(JF_ENTRY_SYMBOL) == 1, "the library does not export " JF_ENTRY_SYMBOL);
    require(names.empty(), "the library exports more than that, " + std::to_string(names.size()) +
                               " in all; the first is " + (names.empty() ? "" : *names.begin()));
}

// --- the schema -----------------------------------------------------------------------------------------------------

bool has_type(const json& value, const std::string& type)
{
    return (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
           (type == "array" && value.is_array()) || (type == "object" && value.is_object()) ||
           (type == "number" && value.is_number()) || (type == "integer" && value.is_number_integer()) ||
           (type == "null" && value.is_null());
}

/// Whether an option takes a value, as far as its type, its list of values and its bounds say.
bool takes(const json& option, const json& value)
{
    if (option.contains("enum"))
        return std::ranges::find(option["enum"], value) != option["enum"].end();
    const json types = option.value("type", json());
    const auto typed = [&](const json& type) { return type.is_string() && has_type(value, type.get<std::string>()); };
    if (types.is_array() ? std::ranges::none_of(types, typed) : (types.is_string() && !typed(types)))
        return false;
    const bool low = value.is_number() && option.contains("minimum") && value < option["minimum"];
    const bool high = value.is_number() && option.contains("maximum") && value > option["maximum"];
    return !low && !high;
}

/// Values that an option surely takes: its default, what it lists, its bounds, yes and no.
std::vector<json> allowed(const json& option)
{
    std::vector<json> values;
    for (const char* key : {"default", "minimum", "maximum"}) {
        if (option.contains(key))
            values.push_back(option[key]);
    }
    for (const json& value : option.value("enum", json::array()))
        values.push_back(value);
    if (option.value("type", json()) == "boolean")
        values.insert(values.end(), {true, false});
    std::erase_if(values, [&](const json& value) { return !takes(option, value); });
    return values;
}

void check_option(const std::string& name, const json& option)
{
    require(option.is_object(), "/properties/" + name + " is no object");
    const bool typed = option.contains("type") || option.contains("enum") || option.contains("oneOf") ||
                       option.contains("anyOf") || option.contains("$ref") || option.contains("const");
    require(typed, "/properties/" + name + " has neither a type nor a list of values");
    require(!option.value("description", "").empty(), "/properties/" + name + " has no description");
    require(!option.contains("default") || takes(option, option["default"]),
            "/properties/" + name + "/default is not what the option takes");
}

void schema_is_whole(Bench& bench)
{
    const std::string name = bench.manifest().value("config_schema", "");
    skip_if(name.empty(), "it has no options");
    const json schema = bench.schema();
    require(!schema.empty(), name + " is missing, or no JSON object");
    require(schema.value("type", json()) == "object", name + " describes no object");
    require(schema.value("additionalProperties", json()) == false,
            name + " takes options that nobody knows: \"additionalProperties\" is not false");
    const json properties = schema.value("properties", json::object());
    require(properties.is_object(), name + ": /properties is no object");
    for (const auto& [option, described] : properties.items())
        check_option(option, described);
}

/// What every factory says that refuses a configuration; empty if one takes it, or has another reason than it.
std::string refusal(Bench& bench, const std::string& config)
{
    std::string words;
    for (std::uint32_t i = 0; i < bench.entry().factory_count; ++i) {
        try {
            bench.make_with(view(bench.entry().factories[i]->interface_id), config).destroy();
            return {};
        } catch (const Failure& failure) {
            if (failure.status() != JF_BAD_CONFIG)
                return {};
            words = failure.what();
        }
    }
    return words;
}

/// A value may not go together with another option; then the refusal names that one.
bool names_another(std::string words, const std::string& option, const json& properties)
{
    if (words.starts_with("/" + option))
        words.erase(0, option.size() + 1);
    return std::ranges::any_of(properties.items(), [&](const auto& other) {
        return other.key() != option && words.find(other.key()) != std::string::npos;
    });
}

void create_takes_what_the_schema_takes(Bench& bench)
{
    const json usual = json::parse(bench.config(0));
    const json properties = bench.schema().value("properties", json::object());
    for (const auto& [option, described] : properties.items()) {
        for (const json& value : described.is_object() ? allowed(described) : std::vector<json>{}) {
            json changed = usual;
            changed[option] = value;
            const std::string words = refusal(bench, changed.dump());
            require(words.empty() || names_another(words, option, properties),
                    "the schema takes " + value.dump() + " for /" + option + ", create refuses it: " + words);
        }
    }
}

} // namespace
} // namespace binaries

void add_binary_tests(TestList& list)
{
    using namespace binaries;
    list.push_back({"JF-GEN-10", "", "The library exports one symbol", exports_one_symbol});
    list.push_back({"JF-GEN-11", "", "The schema says what each option takes", schema_is_whole});
    list.push_back({"JF-GEN-11", "", "create takes what the schema takes", create_takes_what_the_schema_takes});
}

} // namespace jackfield::conformance
