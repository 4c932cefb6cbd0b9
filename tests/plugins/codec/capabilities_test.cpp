// What every codec plugin says of itself.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "every_codec.hpp"

#include "tests/schema_check/schema_check.hpp"

namespace jackfield::codec::testing {

namespace {

using Json = nlohmann::json;

bool satisfies_the_schema(const Json& document)
{
    return jackfield::test::satisfies(document,
                                      JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/codec-capabilities.schema.json");
}

class EveryCodec : public ::testing::TestWithParam<CodecCase> {
protected:
    CodecPlugin plugin{GetParam().plugin, GetParam().options.dump()};
};

std::vector<CodecCase> all()
{
    auto cases = every_codec("audio");
    for (auto& more : every_codec("video"))
        cases.push_back(std::move(more));
    return cases;
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, ::testing::ValuesIn(all()), case_name);

} // namespace

TEST_P(EveryCodec, IsDescribedAsTheSchemaOfTheBoundaryWants)
{
    EXPECT_TRUE(satisfies_the_schema({{"codecs", {GetParam().entry}}}));
    EXPECT_FALSE(satisfies_the_schema(Json::parse(R"({"codecs": [{"name": 1}]})")));
}

TEST_P(EveryCodec, OpensWithItsOwnEntry)
{
    Json more{{"payload_type", 100}, {"max_payload_bytes", 1200}};
    const DecoderUnderTest decoder(plugin, GetParam().config(more));
    if (GetParam().entry["kind"] == "video")
        more.update({{"width_px", 320}, {"height_px", 240}});
    const EncoderUnderTest encoder(plugin, GetParam().config(more));
}

TEST_P(EveryCodec, IsFoundByItsNameInAnyCase)
{
    std::string name = GetParam().name();
    for (char& c : name) {
        const auto letter = static_cast<unsigned char>(c);
        c = static_cast<char>(std::islower(letter) != 0 ? std::toupper(letter) : std::tolower(letter));
    }
    const DecoderUnderTest decoder(plugin, GetParam().config({{"name", name}}));
}

TEST_P(EveryCodec, RefusesAnotherNameInWords)
{
    try {
        const DecoderUnderTest decoder(plugin, GetParam().config({{"name", "unheard-of"}}));
        FAIL() << "opened";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        EXPECT_NE(std::string(failure.what()).find("what would work: "), std::string::npos) << failure.what();
        EXPECT_NE(std::string(failure.what()).find(GetParam().name()), std::string::npos) << failure.what();
    }
}

} // namespace jackfield::codec::testing
