// A document against a JSON schema. See schema_check.hpp.
#include "tests/schema_check/schema_check.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <fstream>

namespace jackfield::test {

bool satisfies(const nlohmann::json& document, const std::filesystem::path& schema_file)
{
    std::ifstream file(schema_file);
    const nlohmann::json text = nlohmann::json::parse(file);
    valijson::Schema schema;
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
    return valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

} // namespace jackfield::test
