// A document against a JSON schema. For tests.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>

namespace jackfield::test {

/// Throws if the file holds no schema.
bool satisfies(const nlohmann::json& document, const std::filesystem::path& schema_file);

} // namespace jackfield::test
