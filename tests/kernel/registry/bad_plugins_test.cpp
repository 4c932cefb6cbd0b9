// Each plugin of tests/bad_plugins is refused with its own sentence, and none of its functions is called before.

#include "kernel/registry/instance.hpp"
#include "kernel/registry/registry.hpp"

#include <jackfield/abi/codec.h>
#include <jackfield/abi/media_sink.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace {

using namespace jackfield::kernel;

const std::filesystem::path kFolder = std::filesystem::path(JACKFIELD_BINARY_DIR) / "tests/bad_plugins";

Registry scan_bad_plugins()
{
    const std::vector<std::filesystem::path> folders{kFolder};
    return Registry::scan(folders);
}

struct Case {
    const char* id;
    const char* sentence;
};

void PrintTo(const Case& tried, std::ostream* out)
{
    *out << tried.id;
}

class BadPlugin : public testing::TestWithParam<Case> {};

TEST_P(BadPlugin, IsRefusedWithASentence)
{
    auto registry = scan_bad_plugins();
    const auto loaded = registry.load(GetParam().id);
    ASSERT_FALSE(loaded.has_value());
    const auto place = (kFolder / (std::string(GetParam().id) + ".so")).string();
    EXPECT_EQ(loaded.error().text, place + ": " + GetParam().sentence);
}

const Case kCases[] = {
    {"bad-abi-major", "built for ABI 2.0, this kernel speaks 1.0"},
    {"bad-abi-minor", "built for ABI 1.7, this kernel speaks 1.0"},
    {"bad-entry-tiny", "its entry has 4 bytes, too few for a version"},
    {"bad-entry-short", "its entry has 16 bytes, ABI 1.0 asks for 24"},
    {"bad-no-factories", "its entry has no factories"},
    {"bad-many-factories", "its entry has 100000 factories, more than 16"},
    {"bad-null-factory", "its factory 0 is null"},
    {"bad-factory-short", "its factory 0 has 72 bytes, ABI 1.0 asks for 80"},
    {"bad-null-table", "its jackfield.codec/1 has no method table"},
    {"bad-table-short", "its jackfield.codec/1 has a method table of 24 bytes, at least 32 are required"},
    {"bad-null-method", "its jackfield.codec/1 lacks the method open_encoder"},
    {"bad-null-create", "its jackfield.codec/1 lacks create"},
    {"bad-null-destroy", "its jackfield.codec/1 lacks destroy"},
    {"bad-no-symbol", "has no symbol jackfield_plugin"},
    {"bad-function-symbol", "its symbol jackfield_plugin is not data of type jf_entry"},
    {"bad-small-symbol", "its symbol jackfield_plugin has 4 bytes, a jf_entry has 24"},
    {"bad-undefined", "cannot be loaded: undefined symbol: no_such_function_anywhere"},
    {"bad-id", "its manifest says id \"bad-id\", the library says \"somebody-else\""},
    {"bad-version", "its manifest says version \"1.2.3\", the library says \"9.9.9\""},
    {"bad-interface", "its manifest says interfaces \"jackfield.codec/1, jackfield.media_sink/1\", the library says "
                      "\"jackfield.control/1, jackfield.media_sink/1\""},
    {"bad-interface-count", "its manifest says interfaces \"jackfield.codec/1\", the library says "
                            "\"jackfield.codec/1, jackfield.media_sink/1\""},
    {"bad-missing", "no such file"},
    {"bad-empty", "cannot be loaded: file too short"},
    {"bad-not-elf", "cannot be loaded: invalid ELF header"},
};

std::string test_name(const testing::TestParamInfo<Case>& info)
{
    std::string name = info.param.id;
    for (char& c : name) {
        if (c == '-')
            c = '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Registry, BadPlugin, testing::ValuesIn(kCases), test_name);

TEST(BadPlugin, WhoseManifestCannotBeUsedIsSkippedWithTheReason)
{
    const auto registry = scan_bad_plugins();
    std::vector<std::string> skipped;
    for (const auto& [file, reason] : registry.skipped())
        skipped.push_back(file.filename().string() + ": " + reason);
    const std::vector<std::string> expected{
        "bad-absolute.plugin.json: /library: \"/usr/lib/good-c.so\" is not a file name; the file must lie in the "
        "folder of the manifest",
        "bad-other-abi.plugin.json: built for ABI 2.0, this kernel speaks 1.0",
        "bad-outside.plugin.json: /library: \"../good-c.so\" is not a file name; the file must lie in the folder of "
        "the manifest",
    };
    EXPECT_EQ(skipped, expected);
}

Error failed_create(const char* id)
{
    auto registry = scan_bad_plugins();
    const auto loaded = registry.load(id);
    if (!loaded)
        return loaded.error();
    const jf_host host{};
    const auto& interface_id = (*loaded)->manifest().interfaces.front();
    const auto instance = create_instance(*(*loaded)->factory(interface_id), host, "{}");
    return instance ? Error{JF_OK, "an instance"} : instance.error();
}

TEST(BadPlugin, ThatThrowsInCreateIsAnError)
{
    const auto error = failed_create("bad-create-throws");
    EXPECT_EQ(error.status, JF_INTERNAL);
    EXPECT_EQ(error.text, "bad-create-throws: an exception came out of create");
}

TEST(BadPlugin, ThatRefusesInCreateWithoutAReasonIsAnErrorWithItsStatus)
{
    const auto error = failed_create("bad-create-refused");
    EXPECT_EQ(error.status, JF_EXHAUSTED);
    EXPECT_EQ(error.text, "bad-create-refused: exhausted");
}

TEST(BadPlugin, ThatCreatesNothingIsAnError)
{
    const auto error = failed_create("bad-create-nothing");
    EXPECT_EQ(error.status, JF_INTERNAL);
    EXPECT_EQ(error.text, "bad-create-nothing: create made no instance and gave no error");
}

TEST(GoodPlugin, WrittenInCIsLoadedOnceAndGivesItsFactories)
{
    auto registry = scan_bad_plugins();
    const auto loaded = registry.load("good-c");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_EQ(*registry.load("good-c"), *loaded);
    EXPECT_EQ((*loaded)->manifest().version, "1.2.3");
    EXPECT_EQ((*loaded)->factory("jackfield.control/1"), nullptr);
    ASSERT_NE((*loaded)->factory(JF_CODEC_INTERFACE), nullptr);
    ASSERT_NE((*loaded)->factory(JF_MEDIA_SINK_INTERFACE), nullptr);

    const jf_host host{};
    const auto instance = create_instance(*(*loaded)->factory(JF_CODEC_INTERFACE), host, "{}");
    ASSERT_TRUE(instance.has_value()) << instance.error().text;
    jf_error error{};
    const auto* const codec = instance->methods<jf_codec_methods>();
    EXPECT_EQ(codec->capabilities(instance->self(), jf_writer{}, &error), JF_UNSUPPORTED);
}

TEST(GoodPlugin, MayImplementAnInterfaceOfALaterKernelBesideOneOfOurs)
{
    auto registry = scan_bad_plugins();
    const auto loaded = registry.load("good-newer-interface");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_NE((*loaded)->factory(JF_MEDIA_SINK_INTERFACE), nullptr);
}

TEST(GoodPlugin, MayHaveALongerMethodTableThanOurs)
{
    auto registry = scan_bad_plugins();
    const auto loaded = registry.load("good-longer-table");
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text;
}

} // namespace
