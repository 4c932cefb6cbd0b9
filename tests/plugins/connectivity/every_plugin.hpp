// The fixtures of the tests that every connectivity plugin passes.
#pragma once

#include "session_under_test.hpp"

#include <sstream>

namespace jackfield::connectivity_test {

/// Those that are built, from the list in CMake.
inline std::vector<std::string> plugins()
{
    std::vector<std::string> ids;
    std::stringstream list(JACKFIELD_CONNECTIVITY_PLUGINS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

/// "ice-libnice" as part of a test's name.
inline std::string name_of(std::string id)
{
    std::erase(id, '-');
    return id;
}

inline std::string kind_name(std::uint32_t kind)
{
    return kind == JF_DATAGRAM ? "Udp" : "Tcp";
}

/// Parameters of which the first is the plugin.
template <class Parameters>
class Every : public ::testing::TestWithParam<Parameters> {
protected:
    std::string plugin() const
    {
        if constexpr (std::is_same_v<Parameters, std::string>)
            return this->GetParam();
        else
            return std::get<0>(this->GetParam());
    }

    /// On loopback alone. more: further options, as they stand in the object.
    std::unique_ptr<Instance> make(FakeHost& host, const std::string& more = {}) const
    {
        std::string config = R"({"addresses": ["127.0.0.1"])";
        if (plugin() == "ice-libnice")
            config += R"(, "pacing_ms": 1)";
        return make_with(host, config + (more.empty() ? "" : ", " + more) + "}");
    }

    std::unique_ptr<Instance> make_with(FakeHost& host, std::string_view config) const
    {
        return make_instance(host, plugin(), config);
    }
};

using EveryPlugin = Every<std::string>;

class EveryKind : public Every<std::tuple<std::string, std::uint32_t>> {
protected:
    std::uint32_t kind() const { return std::get<1>(GetParam()); }
};

} // namespace jackfield::connectivity_test

#define JF_INSTANTIATE_EVERY_PLUGIN(suite)                                                                             \
    INSTANTIATE_TEST_SUITE_P(Connectivity, suite, ::testing::ValuesIn(plugins()),                                      \
                             [](const auto& test) { return name_of(test.param); })

#define JF_INSTANTIATE_EVERY_KIND(suite)                                                                               \
    INSTANTIATE_TEST_SUITE_P(                                                                                          \
        Connectivity, suite,                                                                                           \
        ::testing::Combine(::testing::ValuesIn(plugins()), ::testing::Values(JF_DATAGRAM, JF_STREAM)),                 \
        [](const auto& test) { return name_of(std::get<0>(test.param)) + kind_name(std::get<1>(test.param)); })
