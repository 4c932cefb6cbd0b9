// Sessions of ice-libnice, for the tests of what is its own.
#pragma once

#include "../connectivity/session_under_test.hpp"

namespace jackfield::ice_test {

using namespace connectivity_test;
using connectivity_test::Instance;

inline constexpr const char* kLoopbackConfig = R"({"addresses": ["127.0.0.1"], "pacing_ms": 1})";

inline std::unique_ptr<Instance> make_instance(FakeHost& host, std::string_view config = kLoopbackConfig)
{
    return connectivity_test::make_instance(host, "ice-libnice", config);
}

} // namespace jackfield::ice_test
