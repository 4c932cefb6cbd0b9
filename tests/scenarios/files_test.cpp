// Files between two processes: sent, refused, cut off and gone on with, whatever is killed in between.

#include "tests/tools/running_program.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <random>

namespace {

using namespace scenarios;
namespace fs = std::filesystem;

class Files : public ::testing::Test {
protected:
    Files()
    {
        need_plugins({"mux-yamux"});
        const Json slots{{"multiplexer", {{"use", "mux-yamux"}}}};
        world_.configure("bob", {.slots = slots});
        world_.configure("alice", {.slots = slots});
        take_files({{"from", "anyone"}});
        bob_account_ = world_.account("bob");
    }

    void take_files(Json settings)
    {
        settings["folder"] = in_.string();
        world_.change("bob", [&](Json& config) { config["files"] = settings; });
    }

    /// Of random bytes, so that nothing is compressed or guessed.
    fs::path make(const std::string& name, std::size_t size)
    {
        std::mt19937_64 random(size);
        std::string content;
        while (content.size() < size) {
            const std::uint64_t word = random();
            content.append(reinterpret_cast<const char*>(&word), std::min(sizeof(word), size - content.size()));
        }
        const auto file = world_.folder() / name;
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

    /// Of nothing but zeros, and made at once: so large that there is time to disturb it.
    fs::path make_large(const std::string& name, std::uintmax_t size = 256 << 20)
    {
        const auto file = world_.folder() / name;
        std::ofstream(file, std::ios::binary).flush();
        fs::resize_file(file, size);
        return file;
    }

    std::unique_ptr<Process> send(const std::vector<std::string>& files)
    {
        std::vector<std::string> arguments{"send-file", "--config", (world_.folder() / "alice.json").string(),
                                           "--events",  "json",     bob_account_};
        arguments.insert(arguments.end(), files.begin(), files.end());
        return std::make_unique<Process>(arguments, world_.folder() / ("send-" + std::to_string(++sends_) + ".log"));
    }

    static bool same(const fs::path& one, const fs::path& other)
    {
        const auto content = [](const fs::path& file) {
            std::ifstream stream(file, std::ios::binary);
            return std::string{std::istreambuf_iterator<char>(stream), {}};
        };
        return fs::exists(other) && content(one) == content(other);
    }

    /// Part of a file has been written in bob's folder.
    bool part_is_there() const
    {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        const auto grown = [](const fs::directory_entry& entry) {
            std::error_code ignored;
            return entry.path().extension() == ".part" && entry.file_size(ignored) > 0;
        };
        while (std::chrono::steady_clock::now() < limit) {
            std::error_code ignored;
            if (std::any_of(fs::directory_iterator(in_, ignored), fs::directory_iterator(), grown))
                return true;
            std::this_thread::yield();
        }
        return false;
    }

    std::size_t visible() const // files in bob's folder
    {
        return static_cast<std::size_t>(
            std::count_if(fs::directory_iterator(in_), fs::directory_iterator(),
                          [](const auto& entry) { return !entry.path().filename().string().starts_with("."); }));
    }

    /// The failure that the sender's timeline tells.
    static Json failure(Process& sender) { return sender.event("file", "failed")["detail"]; }

    World world_;
    const fs::path in_ = world_.folder() / "in";
    std::string bob_account_;
    int sends_ = 0;
};

TEST_F(Files, SeveralAtOnceArriveAsTheyWereSent)
{
    const auto bob = world_.listen("bob", {"--decline"});
    std::vector<std::string> names;
    for (int i = 0; i < 6; ++i)
        names.push_back(make("file-" + std::to_string(i), static_cast<std::size_t>(i) * 300'001).string());
    const auto alice = send(names);
    EXPECT_EQ(alice->exit_code(), 0);
    for (const auto& name : names)
        EXPECT_TRUE(same(name, in_ / fs::path(name).filename())) << name;
    EXPECT_EQ(alice->count("secure_channel", "done"), 1U) << "one link for all of them";
    EXPECT_EQ(bob->count("file", "done"), 6U);
}

TEST_F(Files, SentAgainIsNotReceivedAgain)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto file = make("film.bin", 100'000);
    EXPECT_EQ(send({file.string()})->exit_code(), 0);
    const auto again = send({file.string()});
    EXPECT_EQ(again->exit_code(), 0);
    EXPECT_EQ(again->event("file", "done")["detail"]["was_there"], true);
    EXPECT_EQ(visible(), 1U);
}

TEST_F(Files, ThatAreNotTakenAreRefused)
{
    world_.change("bob", [](Json& config) { config.erase("files"); });
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = send({make("a", 10).string()});
    EXPECT_EQ(failure(*alice)["status"], "refused");
    EXPECT_EQ(alice->exit_code(), 4);
}

TEST_F(Files, OfStrangersAreRefusedWhereContactsAloneMaySend)
{
    std::ofstream(world_.folder() / "contacts.json") << R"({"contacts": []})";
    world_.change("bob", [](Json& config) { config["contacts"] = "contacts.json"; });
    take_files({{"from", "contacts"}});
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = send({make("a", 10).string()});
    EXPECT_EQ(failure(*alice)["status"], "refused");
    EXPECT_EQ(alice->exit_code(), 4);
    EXPECT_FALSE(fs::exists(in_));
}

TEST_F(Files, BeyondTheQuotaAreRefusedWithAReason)
{
    take_files({{"from", "anyone"}, {"quota_mib", 1}});
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = send({make("small", 100'000).string(), make("large", 1'000'000).string()});
    const Json refused = failure(*alice);
    EXPECT_EQ(refused["status"], "exhausted") << refused;
    EXPECT_NE(refused["text"].get<std::string>().find("no room"), std::string::npos) << refused;
    EXPECT_EQ(alice->exit_code(), 4);
    EXPECT_EQ(alice->count("file", "done"), 1U) << "the small one is through";
}

TEST_F(Files, ThatCannotBeReadEndTheSenderWithAReason)
{
    const auto alice = send({(world_.folder() / "missing").string()});
    EXPECT_EQ(failure(*alice)["status"], "not found");
    EXPECT_EQ(alice->exit_code(), 7);
}

TEST_F(Files, ToAPeerThatIsNotThereEndTheSenderWithAReason)
{
    const auto alice = send({make("a", 10).string()});
    EXPECT_EQ(failure(*alice)["status"], "not found");
    EXPECT_EQ(alice->exit_code(), 5);
}

TEST_F(Files, SayThatTheirFolderCannotBeMade)
{
    std::ofstream(in_) << "a file where the folder should be";
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = send({make("a", 10).string()});
    EXPECT_EQ(failure(*alice)["status"], "internal error");
    EXPECT_EQ(alice->exit_code(), 70);
}

TEST_F(Files, ThatChangeWhileTheyAreSentEndWithAReasonAtBothEnds)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto shrinks = make_large("shrinks.bin");
    const auto changes = make_large("changes.bin");
    for (const auto& file : {shrinks, changes}) {
        const auto alice = send({file.string()});
        ASSERT_FALSE(alice->event("file", "progress", "accepted").is_null());
        ASSERT_TRUE(part_is_there());
        if (file == shrinks)
            fs::resize_file(file, 1000);
        else
            std::fstream(file, std::ios::binary | std::ios::in | std::ios::out) << "other words";
        const Json failed = failure(*alice);
        EXPECT_EQ(failed["status"], "bad input") << failed;
        EXPECT_NE(failed["text"].get<std::string>().find("while it was being sent"), std::string::npos) << failed;
        EXPECT_EQ(alice->exit_code(), 7);
        const Json told = bob->find([&](const Json& event) {
            return event.value("step", "") == "file" && event.value("event", "") == "failed" &&
                   event["detail"].value("text", "").find(file.filename()) != std::string::npos;
        });
        EXPECT_FALSE(told.is_null()) << "see " << bob->log();
    }
    EXPECT_EQ(visible(), 0U);
}

TEST_F(Files, WhoseFolderGoesAwayEndWithAReasonAtBothEndsAndTheNextOneMakesItAnew)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto file = make_large("film.bin");
    {
        const auto alice = send({file.string()});
        ASSERT_FALSE(alice->event("file", "progress", "accepted").is_null());
        ASSERT_TRUE(part_is_there());
        fs::remove_all(in_);
        EXPECT_EQ(failure(*alice)["status"], "internal error");
        EXPECT_EQ(alice->exit_code(), 70);
        const Json told = bob->event("file", "failed");
        ASSERT_TRUE(told.is_object());
        EXPECT_NE(told["detail"].value("text", "").find(in_.string()), std::string::npos) << told;
    }
    const auto small = make("small.bin", 1000);
    EXPECT_EQ(send({small.string()})->exit_code(), 0);
    EXPECT_TRUE(same(small, in_ / "small.bin"));
}

TEST_F(Files, AreDrawnAsABarAtBothEndsWhileTheyGo)
{
    NEEDS_A_TERMINAL();
    const auto words = [&](const char* name, std::vector<std::string> more) {
        std::vector<std::string> all{more.front(), "--config", (world_.folder() / name).string()};
        all.insert(all.end(), more.begin() + 1, more.end());
        return all;
    };
    const jackfield::test::How terminal{.terminal = true, .environment = {{"TERM", "xterm"}}};
    jackfield::test::RunningProgram bob(words("bob.json", {"listen", "--decline"}), terminal);
    ASSERT_TRUE(bob.says("announced")) << bob.out();
    const auto one = make_large("one.bin", 96 << 20);
    std::string letters; // of two bytes each, so that the line ends in the middle of one every other time
    for (int letter = 0; letter < 60; ++letter)
        letters += "ü";
    const auto other = make_large(letters + ".bin", 96 << 20);
    jackfield::test::RunningProgram alice(
        words("alice.json", {"send-file", bob_account_, one.string(), other.string()}), terminal);
    for (auto* end : {&alice, &bob}) {
        EXPECT_TRUE(end->says("\r\x1b[K  2 files [")) << end->out();
        EXPECT_TRUE(end->says("#.")) << end->out();
        EXPECT_TRUE(end->says(" s left: ")) << end->out();
    }
    EXPECT_EQ(alice.exit_code(), 0) << alice.out();
    for (const std::string& name : {std::string("one"), letters}) {
        EXPECT_NE(alice.out().find(name + ".bin sent, 96.0 MiB, "), std::string::npos) << alice.out();
        EXPECT_TRUE(bob.says(name + ".bin received, 96.0 MiB, ")) << bob.out();
    }
    EXPECT_NO_THROW(Json(alice.out()).dump()) << "half a letter is no UTF-8";
    bob.signal(SIGINT);
    bob.exit_code();
}

TEST_F(Files, AreCancelledByCtrlC)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto file = make_large("film.bin");
    const auto alice = send({file.string()});
    ASSERT_FALSE(alice->event("file", "progress", "accepted").is_null());
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 130);
    EXPECT_FALSE(bob->event("file", "failed").is_null());
    EXPECT_EQ(visible(), 0U);
}

TEST_F(Files, GoOnWhereverASenderWasKilled)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto file = make("film.bin", 96 << 20);
    bool gone_on = false;
    for (int round = 0; round < 3; ++round) {
        const auto alice = send({file.string()});
        const Json accepted = alice->event("file", "progress", "accepted");
        ASSERT_FALSE(accepted.is_null());
        gone_on = gone_on || accepted["detail"]["offset"] > 0;
        ASSERT_TRUE(part_is_there());
        alice->kill();
        ASSERT_TRUE(bob->find([seen = 0, round](const Json& event) mutable {
                           seen += event.value("step", "") == "file" && event.value("event", "") == "failed" ? 1 : 0;
                           return seen > round;
                       })
                        .is_object());
    }
    EXPECT_EQ(send({file.string()})->exit_code(), 0);
    EXPECT_TRUE(gone_on) << "each began anew";
    EXPECT_TRUE(same(file, in_ / "film.bin"));
    EXPECT_EQ(visible(), 1U);
}

TEST_F(Files, GoOnByThemselvesWhenAReceiverWasKilledAndComesBack)
{
    auto bob = world_.listen("bob", {"--decline"});
    const auto file = make("film.bin", 96 << 20);
    const auto alice = send({file.string()});
    ASSERT_FALSE(alice->event("file", "progress", "accepted").is_null());
    bob->kill();
    ASSERT_FALSE(alice->event("file", "progress", "broken").is_null());
    bob = world_.listen("bob", {"--decline"});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_TRUE(same(file, in_ / "film.bin"));
    EXPECT_EQ(visible(), 1U);
}

} // namespace
