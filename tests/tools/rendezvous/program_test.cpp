// jackfield-rendezvous as a program: its words, its exit codes, Ctrl-C, and what is there after it was killed.
#include "tests/kernel/temporary_folder.hpp"
#include "tests/tools/rendezvous/raw_client.hpp"
#include "tools/jackfield/child.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using namespace jackfield::rendezvous::testing;
using jackfield::program::Child;

class RendezvousProgram : public ::testing::Test {
protected:
    std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

    std::unique_ptr<Child> run(const std::vector<std::string>& arguments) const
    {
        return std::make_unique<Child>(JACKFIELD_BINARY_DIR "/bin/jackfield-rendezvous", arguments, file("log"));
    }
    int code_of(const std::vector<std::string>& arguments) const
    {
        const auto child = run(arguments);
        while (child->line()) {
        }
        return child->wait();
    }
    std::string log() const
    {
        std::ifstream in(file("log"));
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// One that listens, and its port.
    std::pair<std::unique_ptr<Child>, std::uint16_t> serve(const std::string& port = "0") const
    {
        auto child = run({"--bind", "127.0.0.1", "--port", port, "--store", file("board"), "--events", "json"});
        const auto line = nlohmann::json::parse(child->line().value_or("{}"));
        const std::string address = line.value("listening", "127.0.0.1:0");
        return {std::move(child), static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))};
    }

    jackfield::test::TemporaryFolder folder_;
};

TEST_F(RendezvousProgram, SaysWhatItTakes)
{
    const auto child = run({"--help"});
    std::string text;
    while (const auto line = child->line())
        text += *line + "\n";
    EXPECT_EQ(child->wait(), 0);
    for (const char* word :
         {"usage: jackfield-rendezvous", "--bind=", "--port=", "--store=", "--ttl=", "Exit codes: 0"})
        EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST_F(RendezvousProgram, HasAManualWithEveryOption)
{
    const std::string manual = JACKFIELD_SOURCE_DIR "/tools/rendezvous/manual/jackfield-rendezvous.1";
    std::ifstream in(manual);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto child = run({"--help"});
    int options = 0;
    while (const auto line = child->line()) {
        const auto end = line->find('=');
        if (!line->starts_with("--") || end == std::string::npos)
            continue;
        ++options;
        EXPECT_NE(text.find(".It Fl -" + line->substr(2, end - 2) + " Ar"), std::string::npos) << *line;
        EXPECT_NE(text.find(".Op Fl -" + line->substr(2, end - 2) + " Ar"), std::string::npos) << *line;
    }
    EXPECT_EQ(options, 12);
    if (std::system("command -v mandoc >/dev/null") != 0)
        GTEST_SKIP() << "mandoc is not installed; tools/install-deps brings it";
    EXPECT_EQ(std::system(("mandoc -Tlint -Wwarning " + manual).c_str()), 0);
}

TEST_F(RendezvousProgram, EndsWithACodeAndASentenceWhenSomethingIsWrong)
{
    EXPECT_EQ(code_of({"--prt", "1"}), 2);
    EXPECT_NE(log().find("did you mean \"port\"?"), std::string::npos) << log();
    EXPECT_EQ(code_of({"--port", "70000"}), 2);
    EXPECT_EQ(code_of({"--keys", "many"}), 2);
    EXPECT_EQ(code_of({"--store", file("no/such/folder")}), 3);
    EXPECT_EQ(code_of({"--store", "redis://:0"}), 3);
    EXPECT_EQ(code_of({"--store", ":memory:", "--bind", "nowhere"}), 3);
    EXPECT_NE(log().find("would work"), std::string::npos) << log();
}

TEST_F(RendezvousProgram, SaysItsPortAndEndsInOrderOnCtrlC)
{
    const auto [child, port] = serve();
    RawClient client(port);
    EXPECT_EQ(client.upgrade(), "HTTP/1.1 101 Switching Protocols");
    child->interrupt();
    EXPECT_EQ(client.close_code(), 1013);
    EXPECT_EQ(child->wait(), 0);
}

TEST_F(RendezvousProgram, HasWhatItAcknowledgedAfterItWasKilled)
{
    auto [child, port] = serve();
    {
        RawClient client(port);
        client.upgrade();
        EXPECT_EQ(client.ask({Op::put, 1, "k", bytes("accepted"), 60}).code, Code::ok);
        child->kill();
        child->wait();
    }
    const auto [again, same_port] = serve(std::to_string(port));
    ASSERT_EQ(same_port, port);
    RawClient client(port);
    client.upgrade();
    EXPECT_EQ(client.ask({Op::get, 1, "k"}).code, Code::ok);
    ASSERT_EQ(client.values.size(), 1U);
    EXPECT_EQ(client.values[0].value, bytes("accepted"));
    again->interrupt();
    EXPECT_EQ(again->wait(), 0);
}

} // namespace
