// See nlohmann/json.hpp beside this.
#include <nlohmann/json.hpp>

JACKFIELD_JSON_ONCE(template);
