// What a program says and asks of texts, and whose they stay when a running node takes another configuration.
//
// Threads: the test's is the program's; what it hears comes on the node's.

#include "kernel/texts/composing.hpp"
#include "kernel/texts/cpim.hpp"
#include "kernel/texts/imdn.hpp"
#include "tests/kernel/node/node_ear.hpp"
#include "tests/kernel/temporary_folder.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

/// Notes texts as well.
class TextEar final : public Ear {
public:
    void text_received(const Text& text) override { note("received " + text.body); }
    void text_delivered(const std::string& peer, const std::string& id) override { note("delivered " + peer + id); }
    void typing(const std::string& peer, bool active) override { note(peer + (active ? " writes" : " stopped")); }

    bool hears_of_texts(const std::string& line)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return std::ranges::find(lines_, line) != lines_.end(); });
    }

private:
    void note(const std::string& line)
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back(line);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

class NodeTexts : public NodeWithDoubles {
protected:
    Config config(const std::string& file = "texts.sqlite", const RigOptions& options = {}) const
    {
        Config config = config_of_doubles(options);
        if (!file.empty())
            config.texts.file = folder_.path() / file;
        return config;
    }
    /// With another identity plugin instance than before.
    Config with_another_identity() const
    {
        Config changed = config();
        for (auto& choice : changed.choices) {
            if (choice.slot->name == "identity")
                choice.config_json = R"({"variant": 1})";
        }
        return changed;
    }
    std::unique_ptr<Node> started(const Config& config)
    {
        auto node = Node::create(config, registry_of_doubles(), text_ear_);
        EXPECT_TRUE(node);
        const auto started = (*node)->start();
        EXPECT_TRUE(started);
        return std::move(*node);
    }

    /// Runs it on the node's thread, where its links may be touched, and waits for it.
    void on_the_link(Node& node, const std::function<void(SignalingDouble::Session&)>& what)
    {
        text_ear_->do_in_timeline([&] { what(stage_.get<SignalingDouble::Session>("signaling bob-1")); });
        ASSERT_TRUE(node.send_text("nobody who is there", "so that something is told"));
        node.describe_discovery(); // on the node's thread, and waited for: it has run
    }
    static void write_as_bob(SignalingDouble::Session& link, const std::string& id, const std::string& body)
    {
        EXPECT_EQ(link.hear(kCpimType, write_cpim({"bob", "alice", 1, id, true, false, "text/plain", body})), JF_OK);
    }

    jackfield::test::TemporaryFolder folder_;
    std::shared_ptr<TextEar> text_ear_ = std::make_shared<TextEar>();
};

/// Place, problem, where we looked, what would work.
void expect_four_parts(const Error& error, const std::string& place, const std::string& problem,
                       const std::string& searched, const std::string& would_work)
{
    for (const std::string& part :
         {place, problem, std::string("searched"), searched, std::string("would work"), would_work})
        EXPECT_NE(error.text.find(part), std::string::npos) << part << " is missing in: " << error.text;
}

TEST_F(NodeTexts, KeepsWhatIsWrittenSendsItAndHearsOfItsArrival)
{
    const auto node = started(config());
    const auto id = node->send_text("bob", "hello");
    ASSERT_TRUE(id) << id.error().text;
    ASSERT_TRUE(stage_.comes_to("signaling bob-1", 1));
    auto history = node->history("bob", 10);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 1U);
    EXPECT_EQ(history->front().body, "hello");
    EXPECT_EQ(history->front().id, *id);
    EXPECT_TRUE(history->front().ours);
    EXPECT_FALSE(history->front().done);
    on_the_link(*node, [&](auto& link) { EXPECT_EQ(link.hear(kImdnType, write_receipt(*id, 0)), JF_OK); });
    EXPECT_TRUE(text_ear_->hears_of_texts("delivered bob" + *id));
    history = node->history("bob", 10);
    ASSERT_TRUE(history);
    EXPECT_TRUE(history->front().done);
}

TEST_F(NodeTexts, HistoryHasTheLastTextsOfBothTheOldestFirstAndOfEverybodyIfNobodyIsNamed)
{
    const auto node = started(config());
    ASSERT_TRUE(node->send_text("bob", "one"));
    ASSERT_TRUE(node->send_text("bob", "two"));
    ASSERT_TRUE(stage_.comes_to("signaling bob-1", 1));
    on_the_link(*node, [](auto& link) { write_as_bob(link, "a", "three"); });
    ASSERT_TRUE(text_ear_->hears_of_texts("received three"));
    const auto of_bob = node->history("bob", 2);
    ASSERT_TRUE(of_bob);
    ASSERT_EQ(of_bob->size(), 2U);
    EXPECT_EQ((*of_bob)[0].body, "two");
    EXPECT_EQ((*of_bob)[1].body, "three");
    EXPECT_FALSE((*of_bob)[1].ours);
    const auto of_all = node->history("", 100);
    ASSERT_TRUE(of_all);
    EXPECT_EQ(of_all->size(), 4U) << "and what was said to nobody";
}

TEST_F(NodeTexts, TypingIsSaidAndHeard)
{
    const auto node = started(config());
    ASSERT_TRUE(node->send_text("bob", "one"));
    ASSERT_TRUE(stage_.comes_to("signaling bob-1", 1));
    node->typing("bob", true);
    node->typing("bob", false);
    std::vector<bool> said;
    on_the_link(*node, [&](auto& link) {
        for (const auto& [type, body] : link.messages) {
            if (type == kComposingType)
                said.push_back(read_composing(body)->active);
        }
        EXPECT_EQ(link.hear(kComposingType, write_composing({true})), JF_OK);
        EXPECT_EQ(link.hear(kComposingType, write_composing({false})), JF_OK);
    });
    EXPECT_EQ(said, (std::vector<bool>{true, false}));
    EXPECT_TRUE(text_ear_->hears_of_texts("bob writes"));
    EXPECT_TRUE(text_ear_->hears_of_texts("bob stopped"));
}

TEST_F(NodeTexts, RefusesWhatIsNoText)
{
    const auto node = started(config());
    EXPECT_EQ(node->send_text("bob", "").error().status, JF_BAD_INPUT);
    EXPECT_EQ(node->send_text("bob", "\xff").error().status, JF_BAD_INPUT);
    EXPECT_EQ(node->send_text("bob", std::string(text_limits::kBodyBytes + 1, 'a')).error().status, JF_BAD_INPUT);
}

TEST_F(NodeTexts, ANodeThatKeepsNoneSaysSoAndWhatWouldWork)
{
    const auto node = started(config(""));
    const auto id = node->send_text("bob", "hello");
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().status, JF_UNSUPPORTED);
    expect_four_parts(id.error(), "texts", "says nothing of them", "top of the configuration", R"("texts": {})");
    const auto history = node->history("bob", 10);
    ASSERT_FALSE(history);
    EXPECT_EQ(history.error().status, JF_UNSUPPORTED);
    node->typing("bob", true); // to nobody
}

TEST_F(NodeTexts, AnotherFileIsRefusedWhileTheNodeRunsAndNothingHasChanged)
{
    const auto node = started(config());
    for (const std::string file : {"others.sqlite", ""}) {
        const auto taken = node->reconfigure(config(file), registry_of_doubles());
        ASSERT_FALSE(taken) << file;
        EXPECT_EQ(taken.error().status, JF_BAD_CONFIG);
        expect_four_parts(taken.error(), "/texts/file", "cannot change", "texts.sqlite", "starting it again");
        EXPECT_FALSE(std::filesystem::exists(folder_.path() / "others.sqlite"));
    }
    EXPECT_TRUE(node->send_text("bob", "hello"));
}

TEST_F(NodeTexts, ANodeThatKeepsNoneBeginsNoStoreWhileItRuns)
{
    const auto node = started(config(""));
    const auto taken = node->reconfigure(config(), registry_of_doubles());
    ASSERT_FALSE(taken);
    expect_four_parts(taken.error(), "/texts/file", "cannot change", "no texts are kept now", "starting it again");
}

TEST_F(NodeTexts, AnotherAccountIsRefusedTheStoreOfThisOneAndNothingHasChanged)
{
    const auto node = started(config());
    stage_.script.account = "mallory";
    const auto taken = node->reconfigure(with_another_identity(), registry_of_doubles());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().status, JF_BAD_CONFIG);
    expect_four_parts(taken.error(), "texts.sqlite", "another account, alice", "mallory", "another \"file\"");
    EXPECT_EQ(stage_.count("identity"), 1U);
    EXPECT_TRUE(node->send_text("bob", "hello")) << "alice's";
}

TEST_F(NodeTexts, AnotherAccountDoesNotStartWithTheStoreOfThisOne)
{
    started(config());
    stage_.script.account = "mallory";
    const auto node = Node::create(config(), registry_of_doubles(), text_ear_);
    ASSERT_TRUE(node);
    const auto ids = (*node)->start();
    ASSERT_FALSE(ids);
    EXPECT_EQ(ids.error().status, JF_BAD_CONFIG);
}

TEST_F(NodeTexts, WhatWaitsGoesOutOverTheStackThatIsTakenInBetween)
{
    stage_.script.find = Play::fails;
    const auto node = started(config());
    ASSERT_TRUE(node->send_text("bob", "one"));
    ASSERT_TRUE(text_ear_->hears("text progress", 2)) << "kept, and waits";
    stage_.script.find = Play::happens;
    const auto taken = node->reconfigure(config("texts.sqlite", {.multiplexer = true}), registry_of_doubles());
    ASSERT_TRUE(taken) << taken.error().text;
    ASSERT_TRUE(text_ear_->hears("multiplexer done"));
    ASSERT_TRUE(stage_.comes_to_messages(1));
    std::ptrdiff_t texts = 0; // that one; what on_the_link writes to be called goes out, too
    on_the_link(*node, [&](auto& link) {
        texts = std::ranges::count_if(link.messages, [](const auto& one) { return one.second.ends_with("one"); });
    });
    EXPECT_EQ(texts, 1);
}

} // namespace
