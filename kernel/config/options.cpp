// Options against a schema. See options.hpp.
//
// valijson decides; the walk before it finds mistyped names, since "did you mean" needs the names that are known.

#include "kernel/config/options.hpp"

#include "kernel/config/nearest.hpp"
#include "kernel/config/object_reader.hpp"
#include "kernel/config/report.hpp"
#include "kernel/config/schema_text.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

constexpr JsonLimits kSchemaLimits{.size_bytes = 256 * 1024, .depth = 32};
constexpr JsonLimits kOptionsLimits{.size_bytes = 1024 * 1024, .depth = 32};

/// The regular expressions of the standard library use stack for every character they look at.
constexpr std::size_t kMaxMatchedBytes = 2 * 1024;

/// The file that says which options there are; empty for a plugin that is part of the program.
std::string schema_name(const Manifest& manifest)
{
    return manifest.config_schema.empty() ? manifest.path.string() : manifest.schema_path().string();
}

/// One check: the schema, the place, and what it is about.
struct Check {
    const json& schema;
    const Manifest& manifest;
    const OptionsPlace& place;

    Report report(const std::string& pointer, const std::string& problem) const
    {
        Report report(place.file, pointer, problem);
        report.line("searched", schema_name(manifest));
        return report;
    }
};

/// `~` is the home of whoever runs the program; other relative paths start at the folder of the file.
std::string resolved_path(const Check& check, const std::string& pointer, const std::string& path)
{
    if (path.empty())
        return path; // "not set", for those plugins whose schema allows it
    if (path.front() != '~')
        return std::filesystem::absolute(check.place.folder / path).lexically_normal().string();
    if (path.size() > 1 && path[1] != '/')
        check.report(pointer, fmt::format("of ~ paths only ~/... is understood, found {}", in_quotes(path))).raise();
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
        check.report(pointer, "~ stands for the HOME of the environment, which is not set").raise();
    return (std::filesystem::path(home) / path.substr(std::min<std::size_t>(path.size(), 2))).string();
}

bool is_path(const SchemaParts& parts)
{
    return std::any_of(parts.begin(), parts.end(), [](const json* part) {
        const auto format = part->find("format");
        return format != part->end() && *format == "path";
    });
}

bool has_pattern(const SchemaParts& parts)
{
    return std::any_of(parts.begin(), parts.end(), [](const json* part) { return part->contains("pattern"); });
}

/// The names an object may have here, if the schema closes the list of them.
struct KnownNames {
    std::vector<std::string_view> names;
    bool closed = false;
};

KnownNames known_names(const SchemaParts& parts)
{
    KnownNames known;
    for (const json* part : parts) {
        if (const auto properties = part->find("properties"); properties != part->end()) {
            for (auto at_name = properties->begin(); at_name != properties->end(); ++at_name)
                known.names.push_back(at_name.key());
        }
        const auto others = part->find("additionalProperties");
        known.closed =
            known.closed || (others != part->end() && *others == false && !part->contains("patternProperties"));
    }
    return known;
}

void check_name(const Check& check, const KnownNames& known, const std::string& pointer, const std::string& name)
{
    if (!known.closed || std::find(known.names.begin(), known.names.end(), name) != known.names.end())
        return;
    check
        .report(at(pointer, name),
                fmt::format("no such option of {}{}", check.manifest.id, did_you_mean(name, known.names)))
        .line("available", known.names.empty() ? "none" : fmt::format("{}", fmt::join(known.names, ", ")))
        .raise();
}

void check_required(const Check& check, const SchemaParts& parts, const json& object, const std::string& pointer)
{
    const auto required = parts.empty() ? json::const_iterator{} : parts.front()->find("required");
    if (parts.empty() || required == parts.front()->end() || !required->is_array())
        return;
    for (const auto& name : *required) {
        if (!name.is_string() || object.contains(name.get<std::string>()))
            continue;
        const auto schemas = member_schemas(check.schema, parts, name.get<std::string>());
        check.report(at(pointer, name.get<std::string>()), fmt::format("missing; {} needs it", check.manifest.id))
            .line("expected", schemas.empty() ? "" : expected_text(*schemas.front()))
            .line("meaning", schemas.empty() ? "" : schemas.front()->value("description", ""))
            .raise();
    }
}

/// Names and paths. Recursion is bounded by the depth of the options.
void walk(const Check& check, const SchemaParts& parts, json& value, const std::string& pointer)
{
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        if (text.size() > kMaxMatchedBytes && has_pattern(parts))
            check.report(pointer, fmt::format("longer than {} KiB", kMaxMatchedBytes / 1024)).raise();
        if (is_path(parts))
            text = resolved_path(check, pointer, text);
    } else if (value.is_array()) {
        const auto schemas = item_schemas(check.schema, parts);
        for (std::size_t i = 0; i < value.size(); ++i)
            walk(check, schemas, value[i], at(pointer, i));
    } else if (value.is_object()) {
        const auto known = known_names(parts);
        for (auto& [name, member] : value.items()) {
            check_name(check, known, pointer, name);
            walk(check, member_schemas(check.schema, parts, name), member, at(pointer, name));
        }
        check_required(check, parts, value, pointer);
    }
}

/// The mistake that lies deepest is the one that was made; what is above it fails because of it.
valijson::ValidationResults::Error deepest(const valijson::ValidationResults& results)
{
    return *std::max_element(results.begin(), results.end(),
                             [](const auto& a, const auto& b) { return a.context.size() < b.context.size(); });
}

[[noreturn]] void raise_invalid(const Check& check, const json& options, const valijson::ValidationResults& results)
{
    const auto error = deepest(results);
    const json* value = &options;
    auto pointer = check.place.pointer;
    auto parts = schema_parts(check.schema, check.schema);
    for (const auto& step : error.context) {
        if (step.size() < 2 || step.front() != '[')
            continue; // "<root>"
        const auto name = step.substr(1, step.size() - 2);
        pointer = at(pointer, name);
        const bool in_list = value->is_array();
        parts = in_list ? item_schemas(check.schema, parts) : member_schemas(check.schema, parts, name);
        value = in_list ? &value->at(std::stoul(name)) : &value->at(name);
    }
    const auto expected = parts.empty() ? std::string() : expected_text(*parts.front());
    const auto problem = expected.empty() ? error.description : fmt::format("expected {}", expected);
    auto report = check.report(pointer, fmt::format("{}, found {}", problem, shown(*value)));
    if (!parts.empty()) {
        report.line("meaning", parts.front()->value("description", ""));
        if (const auto usual = parts.front()->find("default"); usual != parts.front()->end())
            report.line("default", usual->dump());
    }
    report.raise();
}

void validate(const Check& check, const json& options)
{
    valijson::Schema schema;
    try {
        valijson::SchemaParser parser;
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(check.schema), schema);
    } catch (const std::exception& problem) {
        check
            .report(check.place.pointer,
                    fmt::format("the schema of {} cannot be used: {}", check.manifest.id, problem.what()))
            .raise();
    }
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (!validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(options), &results))
        raise_invalid(check, options, results);
}

json read_schema(const Manifest& manifest, const OptionsPlace& place)
{
    if (!manifest.schema_json.empty())
        return json::parse(manifest.schema_json);
    if (manifest.config_schema.empty())
        return json::parse(R"({"type": "object", "additionalProperties": false})");
    const auto refuse = [&](const std::string& problem) {
        Report(place.file, place.pointer, fmt::format("the schema of {} cannot be read: {}", manifest.id, problem))
            .line("searched", schema_name(manifest))
            .raise();
    };
    const auto text = read_text_file(manifest.schema_path(), kSchemaLimits.size_bytes);
    if (!text)
        refuse(text.error().text);
    const auto schema = parse_json(*text, kSchemaLimits);
    if (!schema)
        refuse(schema.error().text);
    if (!schema->is_object())
        refuse("not an object");
    return *schema;
}

} // namespace

std::expected<std::string, Error> check_options(const std::string& options_json, const Manifest& manifest,
                                                const OptionsPlace& place)
{
    try {
        auto options = parse_json(options_json, kOptionsLimits);
        if (!options)
            Report(place.file, place.pointer, options.error().text).raise();
        const auto schema = read_schema(manifest, place);
        const Check check{schema, manifest, place};
        walk(check, schema_parts(schema, schema), *options, place.pointer);
        validate(check, *options);
        return options->dump();
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    } catch (const json::exception& problem) {
        // A schema with members of the wrong kind: "properties": 7.
        return std::unexpected(Report(place.file, place.pointer,
                                      fmt::format("the schema of {} cannot be used: {}", manifest.id, problem.what()))
                                   .line("searched", schema_name(manifest))
                                   .error());
    }
}

} // namespace jackfield::kernel
