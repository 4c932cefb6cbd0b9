// Scanning, look-up, plugins that are handed in, retired ids.

#include "kernel/registry/entry_check.hpp"
#include "kernel/registry/interfaces.hpp"
#include "kernel/registry/registry.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <jackfield/abi/control.h>
#include <jackfield/abi/identity.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;

std::string manifest_text(std::string_view id, std::string_view interface_id)
{
    return fmt::format(R"({{"manifest": 1, "id": "{0}", "version": "1.0.0", "interfaces": ["{1}"], "abi": "1.0",
        "library": "{0}.so"}})",
                       id, interface_id);
}

Registry scan(std::initializer_list<std::filesystem::path> list)
{
    const std::vector<std::filesystem::path> folders(list);
    return Registry::scan(folders);
}

TEST(Registry, FindsPluginsByIdAndByInterfaceWithoutOpeningThem)
{
    const TemporaryFolder folder;
    folder.write("b.plugin.json", manifest_text("codec-b", "jackfield.codec/1"));
    folder.write("a.plugin.json", manifest_text("codec-a", "jackfield.codec/1"));
    folder.write("c.plugin.json", manifest_text("ice-c", "jackfield.connectivity/1"));
    folder.write("codec-a.schema.json", "not a manifest");
    const auto registry = scan({folder.path()});

    ASSERT_NE(registry.find("ice-c"), nullptr);
    EXPECT_EQ(registry.find("ice"), nullptr);
    const auto codecs = registry.available("jackfield.codec/1");
    ASSERT_EQ(codecs.size(), 2U);
    EXPECT_EQ(codecs[0]->id, "codec-a");
    EXPECT_EQ(codecs[1]->id, "codec-b");
    EXPECT_EQ(registry.all().size(), 3U);
    EXPECT_EQ(registry.searched()[0].manifests, 3U);
    EXPECT_TRUE(registry.skipped().empty());
}

TEST(Registry, TakesTheFirstOfTwoWithTheSameIdAndSaysSo)
{
    const TemporaryFolder first;
    const TemporaryFolder second;
    const auto winner = first.write("x.plugin.json", manifest_text("codec-x", "jackfield.codec/1"));
    const auto loser = second.write("x.plugin.json", manifest_text("codec-x", "jackfield.codec/1"));
    const auto registry = scan({first.path(), second.path()});

    EXPECT_EQ(registry.find("codec-x")->path, winner);
    ASSERT_EQ(registry.skipped().size(), 1U);
    EXPECT_EQ(registry.skipped()[0].file, loser);
    EXPECT_EQ(registry.skipped()[0].reason, "codec-x was already found as " + winner.string());
}

TEST(Registry, RemembersFoldersThatAreNotThere)
{
    const TemporaryFolder folder;
    const auto file = folder.write("file", "");
    const auto registry = scan({folder.path() / "nowhere", file});
    ASSERT_EQ(registry.searched().size(), 2U);
    EXPECT_EQ(registry.searched()[0].problem, "no such folder");
    EXPECT_EQ(registry.searched()[1].problem, "Not a directory");
}

TEST(Registry, SkipsAManifestThatIsAFolder)
{
    const TemporaryFolder folder;
    folder.write("x.plugin.json/inside", "");
    const auto registry = scan({folder.path()});
    ASSERT_EQ(registry.skipped().size(), 1U);
    EXPECT_EQ(registry.skipped()[0].reason, "not a regular file");
}

TEST(Registry, HasNoUnknownPluginToLoad)
{
    Registry registry;
    const auto loaded = registry.load("ice-nowhere");
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().status, JF_NOT_FOUND);
    EXPECT_EQ(loaded.error().text, "no plugin \"ice-nowhere\"");
}

TEST(Registry, KnowsWhatReplacedARetiredPlugin)
{
    Registry registry;
    EXPECT_EQ(registry.replacement("ice-old"), "");
    registry.retire("ice-old", "ice-libnice");
    EXPECT_EQ(registry.replacement("ice-old"), "ice-libnice");
}

// A plugin inside this program, as a test of the kernel hands it in.

constexpr jf_text text(std::string_view view)
{
    return {view.data(), view.size()};
}

const jf_control_methods kMethods{
    sizeof(jf_control_methods),
    0,
    [](void*, jf_control_dispatcher, jf_error*) -> jf_status { return JF_OK; },
    [](void*, uint64_t, jf_text) {},
    [](void*, jf_done) {},
};
const jf_factory kFactory{
    sizeof(jf_factory),
    0,
    text("control-inside"),
    text(JF_CONTROL_INTERFACE),
    text("1.0.0"),
    &kMethods,
    [](const jf_host*, jf_text, void**, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
    [](void*) {},
};
const std::array<const jf_factory*, 1> kFactories{&kFactory};
const jf_entry kEntry{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, kFactories.data()};

Manifest manifest_inside()
{
    Manifest manifest;
    manifest.id = "control-inside";
    manifest.version = "1.0.0";
    manifest.interfaces = {JF_CONTROL_INTERFACE};
    manifest.abi = {JF_ABI_MAJOR, JF_ABI_MINOR};
    return manifest;
}

TEST(Registry, LoadsAPluginThatWasHandedIn)
{
    Registry registry;
    registry.add(manifest_inside(), &kEntry);
    const auto loaded = registry.load("control-inside");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_EQ((*loaded)->factory(JF_CONTROL_INTERFACE), &kFactory);
}

TEST(Registry, KeepsWhatItGaveOutWhenItIsMoved)
{
    Registry registry;
    registry.add(manifest_inside(), &kEntry);
    const auto* const loaded = *registry.load("control-inside");
    const auto moved = std::move(registry);
    EXPECT_EQ(&loaded->manifest(), moved.find("control-inside"));
}

TEST(Registry, ChecksAPluginThatWasHandedInLikeAnyOther)
{
    auto manifest = manifest_inside();
    manifest.version = "2.0.0";
    Registry registry;
    registry.add(manifest, &kEntry);
    EXPECT_EQ(registry.load("control-inside").error().text,
              "control-inside: its manifest says version \"2.0.0\", the library says \"1.0.0\"");
}

TEST(EntryCheck, ComparesTheAbiOfManifestAndLibrary)
{
    auto manifest = manifest_inside();
    manifest.abi.minor = 9;
    EXPECT_EQ(entry_problem(kEntry, manifest), "its manifest says ABI 1.9, the library says 1.0");
}

TEST(EntryCheck, ReadsNoTextWithoutDataOrOfAbsurdSize)
{
    for (const jf_text id : {jf_text{nullptr, 14}, jf_text{"control-inside", 1'000'000}}) {
        auto factory = kFactory;
        factory.plugin_id = id;
        const std::array<const jf_factory*, 1> factories{&factory};
        auto entry = kEntry;
        entry.factories = factories.data();
        EXPECT_EQ(entry_problem(entry, manifest_inside()),
                  "its manifest says id \"control-inside\", the library says \"\"");
    }
}

TEST(Interfaces, RequireExactlyTheMethodsBeforeTheOptionalOnes)
{
    const auto* const identity = find_interface(JF_IDENTITY_INTERFACE);
    ASSERT_NE(identity, nullptr);
    EXPECT_EQ(identity->required_size_bytes, offsetof(jf_identity_methods, private_key_pem));
    const auto* const control = find_interface(JF_CONTROL_INTERFACE);
    EXPECT_EQ(control->required_size_bytes, sizeof(jf_control_methods));
    EXPECT_EQ(find_interface("jackfield.path/1"), nullptr);
}

TEST(Interfaces, ListTheirMethodsInOrderWithoutAGap)
{
    for (const char* id :
         {"identity", "discovery", "connectivity", "secure_channel", "reliable_stream", "multiplexer", "signaling",
          "media_transport", "congestion_control", "codec", "media_source", "media_sink", "control", "diagnosis"}) {
        const auto* const rule = find_interface(fmt::format("jackfield.{}/1", id));
        ASSERT_NE(rule, nullptr) << id;
        auto expected = sizeof(std::uint64_t); // struct_size and reserved
        for (const auto& method : rule->required) {
            EXPECT_EQ(method.offset_bytes, expected) << id << " " << method.name;
            expected += sizeof(void (*)());
        }
        EXPECT_EQ(rule->required_size_bytes, expected) << id;
    }
}

} // namespace
