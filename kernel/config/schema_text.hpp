// A plugin's JSON schema (draft 7) read for people: what is expected at a place, and what it means.
//
// Threads: plain functions, any thread. The results point into the schema document.

#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace jackfield::kernel {

/// A place of a schema together with everything that is said there by way of $ref, allOf, anyOf and oneOf.
using SchemaParts = std::vector<const nlohmann::json*>;

/// `root` is the document that $ref "#/..." points into; other references are not followed.
SchemaParts schema_parts(const nlohmann::json& root, const nlohmann::json& schema);

/// The schemas of a member of an object, of an item of a list. Empty if nothing is said about it.
SchemaParts member_schemas(const nlohmann::json& root, const SchemaParts& parts, const std::string& key);
SchemaParts item_schemas(const nlohmann::json& root, const SchemaParts& parts);

/// "a whole number from 5 to 500", "one of "a", "b"". Empty if the schema says nothing that could be said shortly.
std::string expected_text(const nlohmann::json& schema);

} // namespace jackfield::kernel
