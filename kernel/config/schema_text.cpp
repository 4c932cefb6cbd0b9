// Walking a schema and putting it into words. See schema_text.hpp.

#include "kernel/config/schema_text.hpp"

#include "kernel/config/object_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxParts = 64;
constexpr int kMaxReferences = 16; // one after the other; what ends a circle

void collect(const json& root, const json& schema, SchemaParts& parts, int references = 0)
{
    if (!schema.is_object() || parts.size() >= kMaxParts || references > kMaxReferences)
        return;
    if (const auto ref = schema.find("$ref"); ref != schema.end() && ref->is_string()) {
        const auto& target = ref->get_ref<const std::string&>();
        if (target.starts_with("#/")) {
            const json::json_pointer pointer(target.substr(1));
            if (root.contains(pointer))
                collect(root, root.at(pointer), parts, references + 1);
        }
        return; // draft 7: what stands beside a $ref does not count
    }
    parts.push_back(&schema);
    for (const char* key : {"allOf", "anyOf", "oneOf"}) {
        if (const auto several = schema.find(key); several != schema.end() && several->is_array()) {
            for (const auto& one : *several)
                collect(root, one, parts, references + 1);
        }
    }
}

std::string range(const json& schema, const char* least_key, const char* most_key, const char* unit)
{
    const auto least = schema.find(least_key);
    const auto most = schema.find(most_key);
    if (least != schema.end() && most != schema.end())
        return fmt::format(" from {} to {}{}", least->dump(), most->dump(), unit);
    if (least != schema.end())
        return fmt::format(" of at least {}{}", least->dump(), unit);
    if (most != schema.end())
        return fmt::format(" of at most {}{}", most->dump(), unit);
    return {};
}

std::string type_text(const json& schema, const std::string& type)
{
    if (type == "integer")
        return "a whole number" + range(schema, "minimum", "maximum", "");
    if (type == "number")
        return "a number" + range(schema, "minimum", "maximum", "");
    if (type == "boolean")
        return "true or false";
    if (type == "object")
        return "an object";
    if (type == "string") {
        const auto pattern = schema.find("pattern");
        return "a string" + range(schema, "minLength", "maxLength", " characters") +
               (pattern == schema.end() ? std::string() : fmt::format(" that matches {}", shown(*pattern)));
    }
    if (type == "array") {
        const auto items = schema.find("items");
        const auto item = items == schema.end() ? std::string() : expected_text(*items);
        return "a list" + range(schema, "minItems", "maxItems", " items") + (item.empty() ? item : ", each " + item);
    }
    return type;
}

std::string joined_texts(const json& several, const json* schema)
{
    std::vector<std::string> texts;
    for (const auto& one : several) {
        auto text = schema == nullptr ? expected_text(one) : type_text(*schema, one.get<std::string>());
        if (!text.empty())
            texts.push_back(std::move(text));
    }
    return fmt::format("{}", fmt::join(texts, " or "));
}

} // namespace

SchemaParts schema_parts(const json& root, const json& schema)
{
    SchemaParts parts;
    collect(root, schema, parts);
    return parts;
}

SchemaParts member_schemas(const json& root, const SchemaParts& parts, const std::string& key)
{
    SchemaParts found;
    for (const json* part : parts) {
        const auto properties = part->find("properties");
        if (properties != part->end() && properties->is_object() && properties->contains(key))
            collect(root, properties->at(key), found);
        else if (const auto others = part->find("additionalProperties"); others != part->end())
            collect(root, *others, found);
    }
    return found;
}

SchemaParts item_schemas(const json& root, const SchemaParts& parts)
{
    SchemaParts found;
    for (const json* part : parts) {
        if (const auto items = part->find("items"); items != part->end())
            collect(root, *items, found);
    }
    return found;
}

std::string expected_text(const json& schema)
{
    if (!schema.is_object())
        return {};
    if (const auto value = schema.find("const"); value != schema.end())
        return value->dump();
    if (const auto values = schema.find("enum"); values != schema.end() && values->is_array()) {
        std::vector<std::string> words;
        for (const auto& value : *values)
            words.push_back(value.dump());
        return fmt::format("{}{}", words.size() == 1 ? "" : "one of ", fmt::join(words, ", "));
    }
    if (const auto type = schema.find("type"); type != schema.end()) {
        if (type->is_string())
            return type_text(schema, type->get<std::string>());
        if (type->is_array())
            return joined_texts(*type, &schema);
    }
    for (const char* key : {"oneOf", "anyOf"}) {
        if (const auto several = schema.find(key); several != schema.end() && several->is_array())
            return joined_texts(*several, nullptr);
    }
    return {};
}

} // namespace jackfield::kernel
