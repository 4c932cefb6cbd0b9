// Profile cards: what is read of them, what makes one broken, what we write ourselves, and where they are kept.

#include "kernel/config/config.hpp"
#include "kernel/contacts/card_folder.hpp"
#include "kernel/contacts/own_card.hpp"
#include "kernel/contacts/vcard.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

std::string card_with(const std::string& lines)
{
    return "BEGIN:VCARD\r\nVERSION:4.0\r\n" + lines + "END:VCARD\r\n";
}

std::string problem_of(const std::string& text)
{
    const auto card = read_vcard(text);
    if (card)
        return "accepted";
    EXPECT_EQ(card.error().status, JF_BAD_INPUT);
    return card.error().text;
}

TEST(Vcard, IsReadAsPeopleAreShownIt)
{
    const auto card = read_vcard(card_with("fn:Zo\xc3\xab van den\r\n  Berg\\, MSc\r\n"
                                           "N:van den Berg;Zo\xc3\xab\\;;;;MSc\r\n"
                                           "item1.TEL;VALUE=uri;TYPE=\"voice,home:x\":tel:+32-2-555-0100\r\n"
                                           "TEL:555 0101\r\n"
                                           "EMAIL;PREF=1:zoe@example.net\r\n"
                                           "NOTE:one\\ntwo\\Nthree \\\\ \\;\r\n"
                                           "PHOTO:data:image/png;base64,AAAA\r\n BBBB\r\n"
                                           "FN:another\r\nX-LATER;A=B:whatever\r\n"));
    ASSERT_TRUE(card) << card.error().text;
    EXPECT_EQ(card->name, "Zo\xc3\xab van den Berg, MSc");
    EXPECT_EQ(card->family, "van den Berg");
    EXPECT_EQ(card->given, "Zo\xc3\xab;");
    EXPECT_EQ(card->telephones, (std::vector<std::string>{"tel:+32-2-555-0100", "555 0101"}));
    EXPECT_EQ(card->mails, std::vector<std::string>{"zoe@example.net"});
    EXPECT_EQ(card->note, "one\ntwo\nthree \\ ;");
}

TEST(Vcard, MayEndItsLinesWithLfAloneAndFoldInsideACharacter)
{
    const auto card = read_vcard("BEGIN:vcard\nVERSION:4.0\nFN:Zo\xc3\n \xab\nEND:VCARD\n\n");
    EXPECT_FALSE(card) << "an empty line in the middle is none, and these halves are no UTF-8 as they stand";
    EXPECT_TRUE(read_vcard("BEGIN:vcard\nVERSION:4.0\nFN:Zo\n e\nEND:VCARD")) << "and needs no end of its last line";
}

TEST(Vcard, SaysInWhichLineItIsBroken)
{
    EXPECT_EQ(problem_of(""), "the vCard's line 1 is not BEGIN:VCARD");
    EXPECT_EQ(problem_of("BEGIN:VCARD\r\nFN:Bob\r\nEND:VCARD\r\n"), "the vCard's line 2 is not VERSION:4.0");
    EXPECT_EQ(problem_of("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob\r\nEND:VCARD\r\n"),
              "the vCard's line 2 is not VERSION:4.0");
    EXPECT_EQ(problem_of("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\n"),
              "the vCard's line 3 is the last and is not END:VCARD");
    EXPECT_EQ(problem_of(card_with("N:Berg\r\n")), "the vCard has no FN");
    EXPECT_EQ(problem_of(card_with("FN:\r\n")), "the vCard has no FN");
    EXPECT_EQ(problem_of(card_with("FN:Bob\r\nno value\r\n")), "the vCard's line 4 has no value");
    EXPECT_EQ(problem_of(card_with("FN:Bob\r\nTEL;TYPE=\"a:b\r\n")), "the vCard's line 4 has no value");
    EXPECT_EQ(problem_of(card_with("FN:Bob\r\n:x\r\n")), "the vCard's line 4 has no name");
    EXPECT_EQ(problem_of(card_with("FN:a\x1b[2J\r\n")), "the vCard's line 3 has control characters in it");
    EXPECT_EQ(problem_of(card_with("FN:Bob\r\n") + card_with("FN:Eve\r\n")),
              "the vCard's line 4 belongs to another card, or stands there twice");
    EXPECT_EQ(problem_of(" FN:Bob"), "the vCard's line 1 goes on with nothing");
    EXPECT_EQ(problem_of(card_with("FN:\xff\r\n")), "the vCard is not UTF-8");
}

TEST(Vcard, IsBoundedInSizeLinesAndWhatIsShown)
{
    const auto note = [](std::size_t size) { return card_with("FN:Bob\r\nNOTE:" + std::string(size, 'x') + "\r\n"); };
    const auto rest = note(0).size();
    EXPECT_EQ(problem_of(note(vcard_limits::kBytes - rest)), "accepted");
    EXPECT_EQ(problem_of(note(vcard_limits::kBytes - rest + 1)), "the vCard is larger than 61440 bytes");
    std::string lines;
    for (std::size_t i = 0; i < vcard_limits::kLines; ++i)
        lines += "TEL:1\r\n";
    EXPECT_EQ(problem_of(card_with("FN:Bob\r\n" + lines)), "the vCard's line 1025 is one too many");
    const auto many = read_vcard(card_with("FN:Bob\r\n" + lines.substr(0, lines.size() / 2)));
    ASSERT_TRUE(many);
    EXPECT_EQ(many->telephones.size(), vcard_limits::kOfAKind);
}

TEST(Vcard, ThatWeWriteReadsTheSameAndHasNoLongLine)
{
    for (const std::string& name :
         {std::string("Bob"), std::string("a;b,c\\d:e\""), std::string(64, 'x') + std::string(20, 'y'),
          std::string("\xf0\x9f\x98\x80") + std::string(70, 'x') + "\xf0\x9f\x98\x80"}) {
        const auto text = write_vcard(name);
        const auto card = read_vcard(text);
        ASSERT_TRUE(card) << card.error().text << text;
        EXPECT_EQ(card->name, name);
        for (std::size_t at = 0; at < text.size(); at = text.find("\r\n", at) + 2)
            EXPECT_LE(text.find("\r\n", at) - at, 75U) << text;
    }
}

TEST(Vcard, WithoutWhatIsLargeIsStillTheSameCard)
{
    const auto text = card_with("FN:Bob\r\nPHOTO:data:image/png;base64," + std::string(5000, 'A') + "\r\n" +
                                std::string("a.KEY:x\r\nNOTE:") + std::string(200, 'n') + "\r\n");
    const auto small = without_media(text);
    EXPECT_LT(small.size(), 400U);
    const auto card = read_vcard(small);
    ASSERT_TRUE(card) << card.error().text;
    EXPECT_EQ(card->note, std::string(200, 'n'));
}

// --- ours -----------------------------------------------------------------------------------------------------------

TEST(OwnCard, IsMadeOfTheNameOrReadFromItsFileAndHasItsHashAsVersion)
{
    const jackfield::test::TemporaryFolder folder;
    const auto config = [&](const std::string& profile) {
        return *parse_config(R"({"jackfield":1,"slots":{},"profile":)" + profile + "}", "alice.json", folder.path());
    };
    const auto named = own_card(config(R"({"name":"Alice"})"));
    EXPECT_EQ(named.text, write_vcard("Alice"));
    EXPECT_EQ(named.name, "Alice");
    EXPECT_NE(named.version, own_card(config(R"({"name":"Alicia"})")).version);
    folder.write("me.vcf", card_with("FN:Alice A.\r\n"));
    const auto read = own_card(config(R"({"card":"me.vcf"})"));
    EXPECT_EQ(read.text, card_with("FN:Alice A.\r\n"));
    EXPECT_EQ(read.name, "Alice A.");
    EXPECT_EQ(read.version.size(), 64U);
    folder.write("me.vcf", "BEGIN:VCARD");
    for (const std::string profile : {R"({"card":"me.vcf"})", R"({"card":"missing.vcf"})"}) {
        try {
            own_card(config(profile));
            ADD_FAILURE() << profile << " was taken";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            for (const char* part : {"alice.json: /profile/card: ", "searched", ".vcf", "would work", "\"name\""})
                EXPECT_NE(failure.error().text.find(part), std::string::npos) << part << ": " << failure.error().text;
        }
    }
}

// --- theirs ---------------------------------------------------------------------------------------------------------

TEST(CardFolder, KeepsTheLastCardOfEachAccountAndOnlySoMany)
{
    const jackfield::test::TemporaryFolder folder;
    const auto where = folder.path() / "alice.cards";
    const std::string bob(64, 'b');
    EXPECT_EQ(kept_card(where, bob), std::nullopt);
    EXPECT_TRUE(keep_card(where, bob, "one"));
    EXPECT_FALSE(keep_card(where, bob, "one")) << "it is there";
    EXPECT_TRUE(keep_card(where, bob, "two"));
    EXPECT_EQ(kept_card(where, bob), "two");
    for (const std::string& nobody :
         {std::string("../../etc"), std::string("sip:bob@example.net"), std::string(129, 'a')}) {
        EXPECT_FALSE(keep_card(where, nobody, "x")) << nobody;
        EXPECT_EQ(kept_card(where, nobody), std::nullopt);
    }
    using namespace std::chrono_literals;
    std::filesystem::last_write_time(where / (bob + ".vcf"), std::filesystem::file_time_type::clock::now() - 1h);
    for (std::size_t i = 0; i < card_limits::kCards; ++i)
        folder.write(fmt::format("alice.cards/{:064x}.vcf", i), "x");
    std::filesystem::remove(where / fmt::format("{:064x}.vcf", 0));
    EXPECT_TRUE(keep_card(where, std::string(64, 'c'), "new"));
    EXPECT_EQ(kept_card(where, bob), std::nullopt) << "the oldest has gone";
    EXPECT_EQ(kept_card(where, std::string(64, 'c')), "new");
}

TEST(CardFolder, RemembersWhatWasSentToWhomAndThatAFileWhichMakesNoSenseIsNone)
{
    const jackfield::test::TemporaryFolder folder;
    EXPECT_TRUE(sent_cards(folder.path()).empty());
    note_sent_card(folder.path(), "bob-1", {"v1", 0});
    note_sent_card(folder.path(), "bob-2", {"v1", 3});
    note_sent_card(folder.path(), "bob-1", {"v2", 1});
    const auto sent = sent_cards(folder.path());
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent.at("bob-1").version, "v2");
    EXPECT_EQ(sent.at("bob-1").refused, 1);
    EXPECT_EQ(sent.at("bob-2").refused, 3);
    for (const std::string text : {"{", "[]", R"({"sent":[{"device":7}]})", R"({"sent":7})"}) {
        folder.write("sent.json", text);
        EXPECT_TRUE(sent_cards(folder.path()).empty()) << text;
    }
}

} // namespace
