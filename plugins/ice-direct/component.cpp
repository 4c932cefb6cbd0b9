// See component.hpp.
#include "component.hpp"

namespace jackfield::direct {

std::string Component::nobody_answered(const std::vector<std::string>& tried) const
{
    constexpr std::size_t kMostNamed = 6; // an error has 240 characters
    std::string text = setup_.name + ": nobody answered at ";
    for (std::size_t i = 0; i < std::min(tried.size(), kMostNamed); ++i)
        text += (i == 0 ? "" : ", ") + tried[i];
    if (tried.size() > kMostNamed)
        text += " and " + std::to_string(tried.size() - kMostNamed) + " more";
    return text + " within " + std::to_string(setup_.options.connect_timeout.count()) + " ms";
}

} // namespace jackfield::direct
