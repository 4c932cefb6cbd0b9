// The wire of signaling-json as somebody else reads and writes it: every line satisfies the schema, what is no message
// ends the stream with a reason, limits hold, and messages out of turn are nothing.
//
// Threads: the test's thread is control.
#include "wire.hpp"

#include "../signaling/signaling_rig.hpp"

#include "tests/schema_check/schema_check.hpp"

#include <set>
#include <sstream>

namespace jackfield::json_signaling {
namespace {

using namespace signaling_test;

/// Bob, a session of the plugin, before a peer that writes lines.
class JsonWire : public ::testing::Test {
protected:
    ~JsonWire() override { bob.release(); }

    ::testing::AssertionResult heard(const std::string& event)
    {
        if (host.run_until([&] { return bob.log.has(event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no \"" << event << "\" among: " << bob.log.all() << peer.text();
    }
    ::testing::AssertionResult got(const std::string& part)
    {
        if (host.run_until([&] { return peer.got(part); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "the peer did not get " << part << " but:\n" << peer.text();
    }

    void say(const Json& message) { peer.send(message.dump() + "\n"); }

    std::vector<Json> lines() const
    {
        std::vector<Json> messages;
        std::stringstream text(peer.text());
        for (std::string line; std::getline(text, line);)
            messages.push_back(Json::parse(line));
        return messages;
    }

    static Json invite(const std::string& id = "c1")
    {
        return {{"type", "invite"}, {"call", id}, {"name", "Alice"}, {"offer", Json::parse(kOffer)}};
    }

    /// A running call that the peer placed: 1 at Bob's.
    void establish()
    {
        say(invite());
        ASSERT_TRUE(heard("invited 1 Alice"));
        ASSERT_EQ(bob.answer(1), JF_OK);
        ASSERT_TRUE(got("\"answer\""));
        say({{"type", "confirm"}, {"call", "c1"}});
        ASSERT_TRUE(heard("confirmed 1"));
    }

    /// A running call that Bob placed: 2 there. Its id.
    std::string place()
    {
        EXPECT_EQ(bob.invite(2), JF_OK);
        EXPECT_TRUE(got("\"invite\""));
        const std::string id = lines().back()["call"];
        say({{"type", "answer"}, {"call", id}, {"answer", Json::parse(kAnswer)}});
        EXPECT_TRUE(heard("answered 2"));
        return id;
    }

    FakeHost host{Clock::manual};
    InstanceUnderTest<jf_signaling_methods> plugin{host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-json",
                                                   JF_SIGNALING_INTERFACE, R"({"max_message_bytes": 8192})"};
    MemoryLink link{JF_STREAM};
    TextPeer peer{link.path(0)};
    SessionUnderTest bob{plugin, link.path(1), kBob, kAlice, "Bob"};
};

TEST_F(JsonWire, EveryLineSatisfiesTheSchemaThatIsWrittenDown)
{
    establish();
    ASSERT_EQ(bob.update(1), JF_OK);
    ASSERT_TRUE(got("\"update\""));
    say({{"type", "update-answer"}, {"call", "c1"}, {"answer", nullptr}});
    ASSERT_TRUE(heard("update_refused 1"));
    say({{"type", "update"}, {"call", "c1"}, {"offer", Json::parse(kOffer)}});
    ASSERT_TRUE(heard("updated 1"));
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    bob.info(1, "text/plain", "x");
    bob.message(0, "application/octet-stream", std::string("\xff\x00", 2));
    say({{"type", "message"}, {"id", 9}, {"content_type", "text/plain"}, {"text", "hello"}});
    ASSERT_TRUE(heard("message 0"));
    ASSERT_EQ(bob.bye(1), JF_OK);
    say(invite("c2"));
    ASSERT_TRUE(heard("invited 3 Alice"));
    ASSERT_EQ(bob.ring(3), JF_OK);
    ASSERT_EQ(bob.refuse(3, JF_REASON_BUSY), JF_OK);
    const std::string id = place();
    ASSERT_EQ(bob.invite(4), JF_OK);
    ASSERT_EQ(bob.cancel(4), JF_OK);
    ASSERT_TRUE(got("\"cancel\""));

    const std::string schema = JACKFIELD_SOURCE_DIR "/plugins/signaling-json/message.schema.json";
    std::set<std::string> seen;
    for (const Json& message : lines()) {
        EXPECT_TRUE(test::satisfies(message, schema)) << message;
        seen.insert(message["type"].get<std::string>());
    }
    EXPECT_EQ(seen, (std::set<std::string>{"trying", "answer", "update", "update-answer", "info", "message", "taken",
                                           "bye", "ringing", "refuse", "invite", "confirm", "cancel"}));
    EXPECT_FALSE(test::satisfies({{"type", "bye"}}, schema)) << "or the schema lets everything pass";
}

TEST_F(JsonWire, BodiesThatAreNoTextAreBase64)
{
    bob.message(0, "application/octet-stream", std::string("\xff\x00", 2));
    bob.message(0, "text/plain", "Grüße");
    ASSERT_TRUE(got("Grüße"));
    EXPECT_EQ(lines()[0]["base64"], "/wA=");
    EXPECT_FALSE(lines()[0].contains("text"));
    EXPECT_EQ(lines()[1]["text"], "Grüße");
}

TEST_F(JsonWire, WhatIsNoMessageEndsTheStreamAndSaysWhy)
{
    const std::string deep = R"({"type":"x","a":)" + std::string(20, '[') + std::string(20, ']') + "}";
    for (const std::string& line :
         {std::string("hello"), std::string("[]"), std::string("{}"), std::string(R"({"type":7})"), std::string(),
          std::string("{\"type\":\"x\""), std::string("\xff\xfe"), deep, std::string(R"({"type":"invite"})"),
          std::string(R"({"type":"invite","call":7})"),
          std::string(R"({"type":"message","id":-1,"content_type":"a/b"})"),
          std::string(R"({"type":"message","id":1})"),
          std::string(R"({"type":"info","id":1,"content_type":"a/b","base64":"%%%"})"),
          std::string(R"({"type":"taken","status":"ok"})"),
          std::string(R"({"type":")") + std::string(100, 'x') + "\"}"}) {
        MemoryLink own(JF_STREAM);
        TextPeer stranger(own.path(0));
        SessionUnderTest session(plugin, own.path(1), kBob, kAlice);
        stranger.send(line + "\n");
        ASSERT_TRUE(host.run_until([&] { return session.log.has_prefix("closed"); })) << line;
        EXPECT_TRUE(session.log.has("closed " + std::to_string(JF_BAD_INPUT))) << line << session.log.all();
        EXPECT_FALSE(session.log.texts.back().empty());
        session.release();
    }
}

TEST_F(JsonWire, ALineThatIsTooLongEndsTheStreamHoweverItComes)
{
    for (const bool ended : {true, false}) {
        MemoryLink own(JF_STREAM);
        TextPeer stranger(own.path(0));
        SessionUnderTest session(plugin, own.path(1), kBob, kAlice);
        stranger.send(R"({"type":"x","a":")" + std::string(8200, 'x') + (ended ? "\"}\n" : ""));
        ASSERT_TRUE(host.run_until([&] { return session.log.has_prefix("closed"); }));
        EXPECT_NE(session.log.texts.back().find("8192"), std::string::npos) << session.log.texts.back();
        session.release();
    }
}

TEST(JsonLines, ComeOutWhereverTheStreamIsCut)
{
    const std::string text = "{\"a\":1}\n\n{\"b\":\"ö\"}\nrest";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Lines lines(100);
        std::vector<std::string> got;
        for (const auto& part : {text.substr(0, cut), text.substr(cut)}) {
            lines.feed(as_bytes(part));
            while (const auto line = lines.next())
                got.push_back(*line);
        }
        EXPECT_EQ(got, (std::vector<std::string>{"{\"a\":1}", "", "{\"b\":\"ö\"}"})) << cut;
        EXPECT_TRUE(lines.in_the_middle());
    }
}

// A million empty lines in one piece: giving each out must not move all that follow.
TEST(JsonLines, AreGivenOutInLinearTime)
{
    Lines lines(65536);
    lines.feed(as_bytes(std::string(1'000'000, '\n')));
    std::size_t count = 0;
    while (lines.next())
        ++count;
    EXPECT_EQ(count, 1'000'000U);
}

TEST_F(JsonWire, WhatItDoesNotKnowIsLeftOut)
{
    say({{"type", "weather"}, {"rain", true}});
    Json message = invite();
    message["colour"] = "blue";
    say(message);
    ASSERT_TRUE(heard("invited 1 Alice"));
}

TEST_F(JsonWire, MessagesAboutCallsThatAreOverOrOutOfTurnAreNothing)
{
    establish();
    for (const char* type : {"trying", "ringing", "answer", "refuse", "confirm", "cancel", "update-answer"})
        say({{"type", type}, {"call", "c1"}, {"answer", Json::parse(kAnswer)}, {"reason", "busy"}});
    for (const char* type : {"bye", "answer", "update", "cancel"})
        say({{"type", type}, {"call", "another"}, {"reason", "normal"}});
    say({{"type", "message"}, {"id", 1}, {"call", "another"}, {"content_type", "text/plain"}, {"text", "x"}});
    ASSERT_TRUE(got("no-call"));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; confirmed 1; ");
}

TEST_F(JsonWire, ASecondInviteToOneCallEndsTheStream)
{
    establish();
    say(invite());
    ASSERT_TRUE(heard("closed " + std::to_string(JF_BAD_INPUT)));
}

TEST_F(JsonWire, ASecondOfferBeforeTheFirstIsAnsweredEndsTheStream)
{
    establish();
    const Json update{{"type", "update"}, {"call", "c1"}, {"offer", Json::parse(kOffer)}};
    say(update);
    say(update);
    ASSERT_TRUE(heard("closed " + std::to_string(JF_BAD_INPUT)));
}

TEST_F(JsonWire, AnOfferThatCannotBeUsedIsRefusedAndTheStreamGoesOn)
{
    Json bad = invite();
    bad["offer"] = {{"media", {{{"kind", "smell"}, {"codecs", Json::array()}}}}};
    say(bad);
    ASSERT_TRUE(got("not-acceptable"));
    EXPECT_NE(lines().back()["text"].get<std::string>().find("kind"), std::string::npos) << lines().back();
    say(invite("c2"));
    ASSERT_TRUE(heard("invited 1 Alice"));
}

TEST_F(JsonWire, CallsBeyondTheLimitAreBusy)
{
    for (int i = 0; i < 17; ++i)
        say(invite("c" + std::to_string(i)));
    ASSERT_TRUE(got("\"busy\""));
    EXPECT_EQ(lines().back()["call"], "c16");
    EXPECT_FALSE(bob.log.has_prefix("invited 33"));
}

TEST_F(JsonWire, AnAnswerWithOtherLinesThanTheOfferEndsTheCall)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\"invite\""));
    Json answer = Json::parse(kAnswer);
    answer["media"].push_back(answer["media"][0]);
    say({{"type", "answer"}, {"call", lines().back()["call"]}, {"answer", answer}});
    ASSERT_TRUE(heard("refused 2 6 0"));
    ASSERT_TRUE(got("\"bye\""));
}

TEST_F(JsonWire, TheCallersOfferGoesFirstAndTheCalleesIsMadeAnew)
{
    establish(); // the peer placed it
    ASSERT_EQ(bob.update(1), JF_OK);
    ASSERT_TRUE(got("\"update\""));
    say({{"type", "update"}, {"call", "c1"}, {"offer", Json::parse(kOffer)}}); // crossed ours
    ASSERT_TRUE(heard("updated 1"));
    EXPECT_EQ(bob.update(1), JF_BUSY);
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    ASSERT_TRUE(heard("update_refused 1")) << "it was made for what the call is no more";
    ASSERT_TRUE(host.run_until([&] { return lines().back()["type"] == "update-answer"; })) << peer.text();
    ASSERT_EQ(bob.update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(host.run_until([&] { return lines().back()["type"] == "update"; })) << peer.text();
    say({{"type", "update-answer"}, {"call", "c1"}, {"answer", Json::parse(kAnswer)}});
    ASSERT_TRUE(heard("update_answered 1"));
}

TEST_F(JsonWire, TheCalleesOfferThatCrossedOursIsLeftOut)
{
    const std::string id = place();
    ASSERT_EQ(bob.update(2), JF_OK);
    ASSERT_TRUE(got("\"update\""));
    say({{"type", "update"}, {"call", id}, {"offer", Json::parse(kOffer)}});
    say({{"type", "update-answer"}, {"call", id}, {"answer", Json::parse(kAnswer)}});
    ASSERT_TRUE(heard("update_answered 2"));
    EXPECT_FALSE(bob.log.has("updated 2"));
    say({{"type", "update"}, {"call", id}, {"offer", Json::parse(kOffer)}});
    ASSERT_TRUE(heard("updated 2")) << "now it has its turn";
}

TEST_F(JsonWire, APingIsAnsweredWhateverElseGoesOn)
{
    say({{"type", "ping"}, {"id", 7}});
    ASSERT_TRUE(got(R"({"id":7,"status":"ok","type":"taken"})"));
    EXPECT_EQ(bob.log.all(), "");
}

/// What the peer's own program would not even send.
TEST_F(JsonWire, AWishIsTakenWhenTheOneBeforeHasHadItsLastWord)
{
    establish();
    int id = 0;
    const auto answer_to_refer = [&] {
        say({{"type", "refer"}, {"call", "c1"}, {"id", ++id}, {"target", "carol"}});
        EXPECT_TRUE(got("\"id\":" + std::to_string(id)));
        return lines().back()["status"].get<std::string>();
    };
    EXPECT_EQ(answer_to_refer(), "ok");
    EXPECT_EQ(answer_to_refer(), "busy");
    ASSERT_EQ(bob.refer_progress(1, 199), JF_OK);
    ASSERT_TRUE(got("199"));
    EXPECT_EQ(answer_to_refer(), "busy");
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(got("\"code\":200"));
    EXPECT_EQ(bob.refer_progress(1, 486), JF_BAD_INPUT) << "that was the last word";
    EXPECT_EQ(answer_to_refer(), "ok");
    EXPECT_EQ(std::ranges::count_if(bob.log.events, [](const auto& e) { return e.starts_with("referred"); }), 2);
}

TEST_F(JsonWire, TheLastWordAboutOurWishIsTheLast)
{
    establish();
    const auto refer = [&] {
        const auto before = bob.done_statuses.size();
        bob.refer(1, "carol");
        host.run_pending();
        if (bob.done_statuses.size() == before) {
            EXPECT_TRUE(host.run_until([&] { return lines().back()["type"] == "refer"; })) << peer.text();
            say({{"type", "taken"}, {"id", lines().back()["id"]}, {"status", "ok"}});
            EXPECT_TRUE(host.run_until([&] { return bob.done_statuses.size() > before; }));
        }
        return bob.done_statuses.back();
    };
    const auto progress = [&](int code) { say({{"type", "referral"}, {"call", "c1"}, {"code", code}}); };
    EXPECT_EQ(refer(), JF_OK);
    progress(199);
    ASSERT_TRUE(heard("refer_progressed 1 199"));
    EXPECT_EQ(refer(), JF_BUSY);
    progress(200);
    progress(486); // nobody listens any more
    say({{"type", "ping"}, {"id", 99}});
    ASSERT_TRUE(got("\"id\":99"));
    EXPECT_TRUE(bob.log.has("refer_progressed 1 200"));
    EXPECT_FALSE(bob.log.has("refer_progressed 1 486")) << bob.log.all();
    EXPECT_EQ(refer(), JF_OK);
}

TEST_F(JsonWire, NamesTheCallThatIsToBeReplaced)
{
    establish();
    EXPECT_EQ(bob.name_of(1), "c1");
    bob.refer(1, "carol", "0b7e");
    ASSERT_TRUE(got(R"("replaces":"0b7e")"));
    ASSERT_EQ(bob.invite_referred(2, "alice-account", "0b7e"), JF_OK);
    ASSERT_TRUE(got(R"("type":"invite")"));
    EXPECT_EQ(lines().back()["replaces"], "0b7e");
    EXPECT_EQ(lines().back()["referred_by"], "alice-account");
    say({{"type", "refer"}, {"call", "c1"}, {"id", 1}, {"target", "carol"}, {"replaces", "a b"}});
    ASSERT_TRUE(got("refused"));
    Json with_nonsense = invite("c2");
    with_nonsense["referred_by"] = "a\nb";
    say(with_nonsense);
    ASSERT_TRUE(heard("invited 3 Alice")) << "who cannot be said is left out";
}

TEST_F(JsonWire, AReasonThatItDoesNotKnowIsAFailure)
{
    establish();
    say({{"type", "bye"}, {"call", "c1"}, {"reason", "bored"}});
    ASSERT_TRUE(heard("ended 1 7"));
}

TEST(JsonOptions, AreRefusedWithTheirPlace)
{
    FakeHost host;
    for (const char* config : {R"({"max_calls": 0})", R"({"max_message_bytes": 100})", R"({"colour": 1})", "7"}) {
        try {
            InstanceUnderTest<jf_signaling_methods>(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-json",
                                                    JF_SIGNALING_INTERFACE, config);
            ADD_FAILURE() << config;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG) << config;
        }
    }
}

} // namespace
} // namespace jackfield::json_signaling
