// Every plugin of this build: the kernel finds it, accepts its library, and can check options against its schema.

#include "kernel/config/options.hpp"
#include "kernel/registry/interfaces.hpp"
#include "kernel/registry/registry.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace jackfield::kernel;

std::vector<std::string> plugin_ids()
{
    std::vector<std::string> ids;
    std::istringstream list(JACKFIELD_PLUGIN_IDS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

class EveryPlugin : public testing::TestWithParam<std::string> {
protected:
    EveryPlugin()
    {
        const std::vector<std::filesystem::path> folders{JACKFIELD_TEST_PLUGIN_DIR};
        registry_ = Registry::scan(folders);
    }

    Registry registry_;
};

TEST_P(EveryPlugin, IsLoadedAndPassesTheChecksOfItsEntry)
{
    const auto loaded = registry_.load(GetParam());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    for (const auto& interface_id : (*loaded)->manifest().interfaces)
        EXPECT_NE(find_interface(interface_id), nullptr) << interface_id << " is no interface of this kernel";
}

TEST_P(EveryPlugin, HasASchemaThatNamesAnOptionItDoesNotKnow)
{
    const auto* const manifest = registry_.find(GetParam());
    ASSERT_NE(manifest, nullptr);
    const auto checked = check_options(R"({"no_such_option": 1})", *manifest, {"call.json", "/config", ""});
    ASSERT_FALSE(checked.has_value());
    EXPECT_TRUE(checked.error().text.starts_with("call.json: /config/no_such_option: no such option of " + GetParam()))
        << checked.error().text;
}

TEST_P(EveryPlugin, HasASummaryAndAStatusInItsManifest)
{
    const auto* const manifest = registry_.find(GetParam());
    ASSERT_NE(manifest, nullptr);
    EXPECT_FALSE(manifest->summary.empty());
    EXPECT_TRUE(manifest->status == "stable" || manifest->status == "experimental") << manifest->status;
}

std::string test_name(const testing::TestParamInfo<std::string>& info)
{
    std::string name = info.param;
    for (char& c : name) {
        if (c == '-')
            c = '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Built, EveryPlugin, testing::ValuesIn(plugin_ids()), test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EveryPlugin); // a tree without plugins is fine, too

} // namespace
