// Manifests: what is read, and each way one can be wrong.

#include "kernel/registry/manifest.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace {

using namespace jackfield::kernel;
using nlohmann::json;

const json kGood = json::parse(R"({
  "manifest": 1, "id": "media-files", "version": "0.10.2",
  "interfaces": ["jackfield.media_source/1", "jackfield.media_sink/1"],
  "abi": "1.0", "library": "media-files.so", "summary": "Reads and writes files",
  "config_schema": "media-files.schema.json", "license": "MIT", "status": "stable",
  "needs": ["jackfield.identity/1"], "seals_by_itself": true, "untrusted_input": true,
  "proves_nobody": true
})");

std::expected<Manifest, Error> read(const std::string& text)
{
    const jackfield::test::TemporaryFolder folder;
    return read_manifest(folder.write("media-files.plugin.json", text));
}

std::string problem(const std::string& text)
{
    const auto manifest = read(text);
    return manifest ? "accepted" : manifest.error().text;
}

std::string problem_with(const char* key, json value)
{
    auto manifest = kGood;
    manifest[key] = std::move(value);
    return problem(manifest.dump());
}

std::string problem_without(const char* key)
{
    auto manifest = kGood;
    manifest.erase(key);
    return problem(manifest.dump());
}

TEST(Manifest, IsReadWhole)
{
    const jackfield::test::TemporaryFolder folder;
    const auto manifest = read_manifest(folder.write("media-files.plugin.json", kGood.dump()));
    ASSERT_TRUE(manifest.has_value()) << manifest.error().text;
    EXPECT_EQ(manifest->id, "media-files");
    EXPECT_EQ(manifest->version, "0.10.2");
    EXPECT_TRUE(manifest->implements("jackfield.media_source/1"));
    EXPECT_TRUE(manifest->implements("jackfield.media_sink/1"));
    EXPECT_FALSE(manifest->implements("jackfield.media_sink"));
    EXPECT_EQ(manifest->abi, (AbiVersion{1, 0}));
    EXPECT_EQ(manifest->library_path(), folder.path() / "media-files.so");
    EXPECT_EQ(manifest->schema_path(), folder.path() / "media-files.schema.json");
    EXPECT_EQ(manifest->summary, "Reads and writes files");
    EXPECT_EQ(manifest->license, "MIT");
    EXPECT_EQ(manifest->status, "stable");
    EXPECT_EQ(manifest->needs, std::vector<std::string>{"jackfield.identity/1"});
    EXPECT_TRUE(manifest->seals_by_itself);
    EXPECT_TRUE(manifest->untrusted_input);
    EXPECT_TRUE(manifest->proves_nobody);
}

TEST(Manifest, MayHaveMembersOfALaterKernel)
{
    EXPECT_EQ(problem_with("colour", "blue"), "accepted");
}

TEST(Manifest, MustHaveItsIdVersionInterfacesAbiAndLibrary)
{
    EXPECT_EQ(problem_without("manifest"), "/manifest: expected 1, the only format this kernel reads");
    EXPECT_EQ(problem_without("id"), "/id: missing");
    EXPECT_EQ(problem_without("version"), "/version: missing");
    EXPECT_EQ(problem_without("interfaces"), "/interfaces: expected a list of 1 to 16 strings");
    EXPECT_EQ(problem_without("abi"), "/abi: missing");
    EXPECT_EQ(problem_without("library"), "/library: missing");
    EXPECT_EQ(problem_without("summary"), "accepted");
    EXPECT_EQ(problem_without("config_schema"), "accepted");
}

TEST(Manifest, IsRefusedForValuesOfTheWrongKind)
{
    EXPECT_EQ(problem("[]"), "expected an object");
    EXPECT_EQ(problem_with("manifest", 2), "/manifest: expected 1, the only format this kernel reads");
    EXPECT_EQ(problem_with("id", 7), "/id: expected a string");
    EXPECT_EQ(problem_with("id", "Media Files"),
              "/id: \"Media Files\" is no plugin id: small letters, digits and -, at most 64");
    EXPECT_EQ(problem_with("id", std::string(65, 'a')).substr(0, 10), "/id: \"aaaa");
    EXPECT_EQ(problem_with("version", "1.2"), "/version: expected \"<major>.<minor>.<patch>\", found \"1.2\"");
    EXPECT_EQ(problem_with("version", "1.2.x"), "/version: expected \"<major>.<minor>.<patch>\", found \"1.2.x\"");
    EXPECT_EQ(problem_with("abi", "1"), "/abi: expected \"<major>.<minor>\", found \"1\"");
    EXPECT_EQ(problem_with("abi", "1.99999"), "/abi: expected \"<major>.<minor>\", found \"1.99999\"");
    EXPECT_EQ(problem_with("interfaces", json::array()), "/interfaces: expected a list of 1 to 16 strings");
    EXPECT_EQ(problem_with("interfaces", {"a/1", 2}), "/interfaces/1: expected a short string");
    EXPECT_EQ(problem_with("interfaces", {"a/1", "a/1"}), "/interfaces/1: \"a/1\" stands there twice");
    EXPECT_EQ(problem_with("needs", "identity"), "/needs: expected a list of 0 to 16 strings");
    EXPECT_EQ(problem_with("untrusted_input", "yes"), "/untrusted_input: expected true or false");
    EXPECT_EQ(problem_with("summary", std::string(2000, 'a')), "/summary: longer than 1024 bytes, or with a zero byte");
}

TEST(Manifest, NamesNoFileOutsideItsFolder)
{
    const std::string rest = " is not a file name; the file must lie in the folder of the manifest";
    EXPECT_EQ(problem_with("library", "../a.so"), "/library: \"../a.so\"" + rest);
    EXPECT_EQ(problem_with("library", "/a.so"), "/library: \"/a.so\"" + rest);
    EXPECT_EQ(problem_with("library", ".."), "/library: \"..\"" + rest);
    EXPECT_EQ(problem_with("library", std::string("a.so\0/b", 7)),
              "/library: longer than 1024 bytes, or with a zero byte");
    EXPECT_EQ(problem_with("config_schema", "../../etc/passwd"), "/config_schema: \"../../etc/passwd\"" + rest);
}

TEST(Manifest, ForAnotherAbiIsRefusedForThatReasonWhateverElseItHolds)
{
    EXPECT_EQ(problem(R"({"manifest": 1, "id": "x", "abi": "2.0", "library": {"linux": "x.so"}})"),
              "built for ABI 2.0, this kernel speaks 1.0");
    EXPECT_EQ(problem_with("abi", "1.1"), "built for ABI 1.1, this kernel speaks 1.0");
}

TEST(Manifest, IsBoundedInSizeAndDepth)
{
    EXPECT_EQ(problem(std::string(65 * 1024, ' ')), "larger than 64 KiB");
    EXPECT_EQ(problem(std::string(1000, '[')), "nested deeper than 16 levels");
    EXPECT_EQ(problem("\"\xff\""), "line 1, column 2: not UTF-8");
}

} // namespace
