// A plugin's folder may be deleted: the tests of the others go on, and a test that needs it says so and is skipped.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace jackfield::test {

/// Ends the process with the code that CTest knows (JackfieldTest.cmake) if one of the plugins was not built.
inline void need_plugins(const std::vector<std::string>& ids, const std::function<void()>& tidy_up = [] {})
{
    constexpr int kSkipped = 77;
    for (const auto& id : ids) {
        if (std::filesystem::exists(std::string(JACKFIELD_TEST_PLUGIN_DIR) + "/" + id + ".plugin.json"))
            continue;
        std::printf("skipped: this test needs %s, which was not built\n", id.c_str());
        std::fflush(stdout);
        tidy_up();
        std::_Exit(kSkipped);
    }
}

} // namespace jackfield::test
