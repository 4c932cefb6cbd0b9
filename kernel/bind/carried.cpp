// What a service says of a link that it carries. See carried.hpp.

#include "kernel/bind/carried.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

std::string Carried::local() const
{
    std::string text;
    ErrorSlot error;
    if (carrier_.methods->describe(carrier_.self, append_to(text), &error) != JF_OK)
        return {};
    const auto description = nlohmann::json::parse(text, nullptr, false);
    const bool says = description.is_object() && description.contains("local") && description["local"].is_string();
    return says ? description["local"].get<std::string>() : "";
}

} // namespace jackfield::kernel
