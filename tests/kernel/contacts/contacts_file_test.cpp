// The file of contacts: what is read, the place and words of each mistake, and that a change is whole or not at all.

#include "kernel/contacts/contacts_file.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>
#include <thread>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;

const std::string kSomebody(64, 'b');

std::string text_in(const std::filesystem::path& file)
{
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::string problem(const std::string& text)
{
    const TemporaryFolder folder;
    const auto file = folder.write("contacts.json", text);
    const auto contacts = load_contacts(file);
    if (contacts)
        return "accepted";
    EXPECT_EQ(contacts.error().status, JF_BAD_CONFIG);
    EXPECT_TRUE(contacts.error().text.starts_with(file.string() + ": ")) << contacts.error().text;
    return contacts.error().text.substr(file.string().size() + 2);
}

Error add(const std::filesystem::path& file, const Contact& contact)
{
    return change_contacts(file, [&](Contacts& contacts) { return contacts.put(contact); });
}

TEST(ContactsFile, ThatIsMissingHasNobody)
{
    const TemporaryFolder folder;
    const auto contacts = load_contacts(folder.path() / "contacts.json");
    ASSERT_TRUE(contacts);
    EXPECT_TRUE(contacts->all().empty());
}

TEST(ContactsFile, IsReadWithCommentsAsPeopleWriteIt)
{
    const TemporaryFolder folder;
    const auto contacts =
        load_contacts(folder.write("contacts.json", R"({ "contacts": [ // friends
        {"account": ")" + kSomebody + R"(", "name": "bob"}, {"account": ")" +
                                                        std::string(64, 'C') + R"(", "banned": true} ] })"));
    ASSERT_TRUE(contacts) << contacts.error().text;
    ASSERT_EQ(contacts->all().size(), 2U);
    EXPECT_EQ(contacts->all()[0].name, "bob");
    EXPECT_EQ(contacts->all()[1].account_id, std::string(64, 'c'));
    EXPECT_TRUE(contacts->all()[1].banned);
}

TEST(ContactsFile, SaysWhereItIsWrong)
{
    EXPECT_EQ(problem("{"), "line 1, column 2: syntax error while parsing object key - unexpected end of input; "
                            "expected string literal");
    EXPECT_EQ(problem("{}"), "/contacts: expected a list of contacts, found null");
    EXPECT_EQ(problem(R"({"contacts": {}})"), "/contacts: expected a list of contacts, found {}");
    EXPECT_EQ(problem(R"({"contacts": [{"name": "bob"}]})"),
              "/contacts/0/account: missing; it is what the contact's \"jackfield id\" prints");
    EXPECT_EQ(
        problem(R"({"contacts": [{"account": "bob"}]})"),
        "/contacts/0: \"bob\" is no account: it has 64 hexadecimal digits, or is a URI like sip:alice@example.net");
    EXPECT_EQ(
        problem(R"({"contacts": [{"account": ")" + kSomebody + R"(", "baned": true}]})"),
        "/contacts/0/baned: no such key; did you mean \"banned\"?\n  known      account, name, banned, asked, note");
    EXPECT_EQ(problem(R"({"contacts": [{"account": ")" + kSomebody + R"("}, {"account": ")" + kSomebody + R"("}]})"),
              "/contacts/1: the account stands in the list twice");
    EXPECT_EQ(problem(std::string(6'291'457, ' ')), "larger than 6144 KiB");
    EXPECT_EQ(problem(std::string(1000, '[')), "nested deeper than 4 levels");
}

TEST(ContactsFile, IsMadeWithItsFolderForItsOwnerAlone)
{
    const TemporaryFolder folder;
    const auto file = folder.path() / "new" / "contacts.json";
    ASSERT_EQ(add(file, {kSomebody, "bob", false}).text, "");
    EXPECT_EQ(text_in(file),
              "{\n  \"contacts\": [\n    {\"account\":\"" + kSomebody + "\",\"name\":\"bob\"}\n  ]\n}\n");
    struct stat info{};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(ContactsFile, IsLeftAloneByAChangeThatIsNone)
{
    const TemporaryFolder folder;
    const auto file = folder.write("contacts.json", "{\"contacts\": []} // mine");
    EXPECT_EQ(add(file, {"bob", "bob", false}).status, JF_BAD_INPUT);
    EXPECT_EQ(text_in(file), "{\"contacts\": []} // mine");
    const auto broken = folder.write("broken.json", "{");
    EXPECT_EQ(add(broken, {kSomebody, "bob", false}).status, JF_BAD_CONFIG);
    EXPECT_EQ(text_in(broken), "{");
}

TEST(ContactsFile, ThatCannotBeWrittenIsNamedAndNothingIsLeftBehind)
{
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path() / "contacts.json"); // not a file
    const auto result = add(folder.path() / "contacts.json", {kSomebody, "bob", false});
    EXPECT_NE(result.status, JF_OK);
    EXPECT_NE(result.text.find("contacts.json"), std::string::npos) << result.text;
    folder.write("in the way", "");
    EXPECT_NE(add(folder.path() / "in the way" / "contacts.json", {kSomebody, "bob", false}).status, JF_OK);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(ContactsFile, IsChangedAfterSomebodyWhoWasKilledAtIt)
{
    const TemporaryFolder folder;
    folder.write(".contacts.json.new", "half a li");
    ASSERT_EQ(add(folder.path() / "contacts.json", {kSomebody, "bob", false}).text, "");
    EXPECT_EQ(load_contacts(folder.path() / "contacts.json")->all().size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / ".contacts.json.new"));
}

TEST(ContactsFile, LosesNothingWhenSeveralChangeItAtOnce)
{
    const TemporaryFolder folder;
    const auto file = folder.path() / "contacts.json";
    std::vector<std::thread> writers;
    for (const char digit : {'0', '1', '2', '3'}) {
        writers.emplace_back([&file, digit] {
            for (const char second : {'a', 'b', 'c', 'd', 'e'})
                EXPECT_EQ(add(file, {std::string(63, digit) + second, "", false}).text, "");
        });
    }
    for (auto& writer : writers)
        writer.join();
    EXPECT_EQ(load_contacts(file)->all().size(), 20U);
}

} // namespace
