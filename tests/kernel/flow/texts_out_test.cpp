// Texts go out in order, until each has its receipt.

#include "tests/kernel/flow/texts_flow.hpp"

namespace {

using namespace jackfield::doubles;

using TextsOut = TextsFlow;

TEST_F(TextsOut, LooksForThePeerSendsAndIsDoneWithTheReceipt)
{
    write("hello");
    EXPECT_EQ(sent(), Lines{"hello"});
    EXPECT_TRUE(delivered_.empty()) << "taken by the link is not kept by the peer";
    acknowledge("hello");
    EXPECT_EQ(delivered_, Lines{"bob hello"});
    EXPECT_TRUE(rig_.was_told("text progress delivered"));
    rig_.advance(400s);
    EXPECT_EQ(sent(), Lines{"hello"});
    EXPECT_EQ(rig_.discovery().looked_for, 1);
}

TEST_F(TextsOut, GoPlainToATelephoneOneAfterTheOtherAndItsAnswerIsTheReceipt)
{
    rig_.stage.script.carry = Play::happens;
    rig_.stage.script.message = Play::waits;
    write("one");
    write("two");
    using Messages = std::vector<std::pair<std::string, std::string>>;
    const Messages first{{"text/plain;charset=UTF-8", "one"}};
    EXPECT_EQ(rig_.signaling().messages, first);
    EXPECT_TRUE(delivered_.empty());
    rig_.stage.script.message = Play::happens;
    std::exchange(rig_.signaling().waiting, {}).front().succeed();
    rig_.settle();
    EXPECT_EQ(rig_.signaling().messages.size(), 2U);
    EXPECT_EQ(delivered_, (Lines{"bob one", "bob two"}));
}

TEST_F(TextsOut, TakesALinkThatIsOpenAndAsksNobodyForAnother)
{
    rig_.request();
    write("hello");
    EXPECT_EQ(sent(), Lines{"hello"});
    EXPECT_EQ(rig_.discovery().count("bob-1", JF_CALL_REQUEST), 0U);
}

TEST_F(TextsOut, HasSeveralOnTheirWayAtOnceButNotAll)
{
    rig_.stage.script.find = Play::waits; // nobody is found while they are written
    Lines all;
    for (int i = 0; i < 20; ++i) {
        write(std::to_string(i));
        all.push_back(std::to_string(i));
    }
    rig_.stage.script.find = Play::fails; // not even when bob calls: his link waits for that word
    rig_.request();
    EXPECT_EQ(sent(), Lines(all.begin(), all.begin() + text_limits::kWindow));
    acknowledge("0");
    acknowledge("3");
    EXPECT_EQ(sent(), Lines(all.begin(), all.begin() + text_limits::kWindow + 2));
    for (const auto& body : all)
        acknowledge(body);
    EXPECT_EQ(sent(), all);
    EXPECT_EQ(delivered_.size(), 20U) << "each once";
}

TEST_F(TextsOut, SendsWhatWasWrittenMeanwhileOverTheSameLinkAtOnce)
{
    write("one");
    write("two");
    EXPECT_EQ(sent(), (Lines{"one", "two"}));
    acknowledge("one");
    acknowledge("two");
    write("three");
    EXPECT_EQ(sent(), (Lines{"one", "two", "three"}));
    EXPECT_EQ(rig_.discovery().looked_for, 1) << "others of bob's devices were looked for a moment ago";
    acknowledge("three");
    rig_.advance(limits::kTextDevices);
    write("four");
    EXPECT_EQ(rig_.discovery().looked_for, 2);
}

TEST_F(TextsOut, WhatIsAcknowledgedWhileAnotherIsWrittenIsNotSentAgain)
{
    write("one");
    texts_->write("bob", "two", [&](const std::expected<std::string, Error>& id) { bodies_[*id] = "two"; });
    acknowledge("one"); // the store was asked what waits before it heard of that
    acknowledge("two");
    EXPECT_EQ(sent(), (Lines{"one", "two"}));
    EXPECT_EQ(delivered_, (Lines{"bob one", "bob two"}));
    write("three");
    EXPECT_EQ(sent(), (Lines{"one", "two", "three"}));
}

TEST_F(TextsOut, MoreThanOnePageOfThemWaitsForTheFirstOfARound)
{
    rig_.stage.script.find = Play::fails;
    Lines all;
    for (int i = 0; i < 2 * text_limits::kWindow; ++i) {
        write(std::to_string(i));
        all.push_back(std::to_string(i));
    }
    rig_.request();
    for (const auto& body : all)
        acknowledge(body);
    EXPECT_EQ(sent(), all);
}

TEST_F(TextsOut, RestsLongerAndLongerWhileNobodyIsThere)
{
    rig_.stage.script.find = Play::fails;
    write("hello");
    std::vector<int> attempts;
    int seconds = 0;
    for (int looked = rig_.discovery().looked_for; attempts.size() < 11; ++seconds) {
        if (const int now = rig_.discovery().looked_for; now != looked || seconds == 0) {
            attempts.push_back(seconds);
            looked = now;
        }
        rig_.advance(1s);
    }
    EXPECT_EQ(attempts, (std::vector<int>{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811}));
    rig_.stage.script.find = Play::happens;
    rig_.advance(300s);
    EXPECT_EQ(sent(), Lines{"hello"});
}

TEST_F(TextsOut, RestsShortlyAgainOnceSomethingHasArrived)
{
    rig_.stage.script.find = Play::fails;
    write("one");
    write("two");
    for (int second = 0; second < 20; ++second)
        rig_.advance(1s); // in the middle of a rest of 16 s
    rig_.request();
    acknowledge("one");
    rig_.signaling().break_off();
    rig_.settle();
    const int looked = rig_.discovery().looked_for;
    rig_.advance(limits::kTextPause);
    EXPECT_EQ(rig_.discovery().looked_for, looked + 1);
}

TEST_F(TextsOut, IsRefusedAndTriesAgainFromTheFirstWithoutAReceipt)
{
    write("one");
    rig_.stage.script.message = Play::fails;
    write("two");
    write("three");
    acknowledge("one");
    EXPECT_TRUE(rig_.was_told("text progress waits refused: " + kScripted)) << ::testing::PrintToString(rig_.told);
    const auto before = sent();
    rig_.stage.script.message = Play::happens;
    rig_.advance(900ms);
    EXPECT_EQ(sent(), before);
    rig_.advance(100ms);
    auto after = before;
    after.insert(after.end(), {"two", "three"});
    EXPECT_EQ(sent(), after);
    acknowledge("two");
    acknowledge("three");
    EXPECT_EQ(delivered_, (Lines{"bob one", "bob two", "bob three"}));
}

TEST_F(TextsOut, ATextThatIsWrittenInALongRestIsTriedSoon)
{
    rig_.stage.script.find = Play::fails;
    write("one");
    for (int second = 0; second < 20; ++second)
        rig_.advance(1s); // in the middle of a rest of 16 s
    const int looked = rig_.discovery().looked_for;
    rig_.stage.script.find = Play::happens;
    write("two");
    EXPECT_EQ(rig_.discovery().looked_for, looked + 1);
    EXPECT_EQ(sent(), (Lines{"one", "two"}));
}

TEST_F(TextsOut, ALinkThatThePeerOpensEndsTheRest)
{
    rig_.stage.script.find = Play::fails;
    write("one");
    rig_.advance(1s);
    rig_.request();
    EXPECT_EQ(sent(), Lines{"one"});
}

TEST_F(TextsOut, ALinkThatACallOpensEndsTheRest)
{
    rig_.stage.script.find = Play::fails;
    write("one");
    rig_.advance(1s);
    rig_.stage.script.find = Play::happens;
    rig_.call();
    EXPECT_EQ(sent(), Lines{"one"});
    EXPECT_EQ(rig_.discovery().count("bob-1", JF_CALL_REQUEST), 1U);
}

TEST_F(TextsOut, PresenceEndsTheRestAndIsWatchedOnlyMeanwhile)
{
    rig_.stage.script.find = Play::fails;
    write("one");
    EXPECT_EQ(rig_.discovery().watched, Lines{"bob"});
    rig_.advance(1s);
    rig_.stage.script.find = Play::happens;
    rig_.discovery().listener().presence(jackfield::Device("carol", "carol-1", ""), true);
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 0U) << "that is somebody else";
    rig_.discovery().listener().presence(jackfield::Device("bob", "bob-1", ""), false);
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 0U) << "he has gone";
    rig_.discovery().listener().presence(jackfield::Device("bob", "bob-1", ""), true);
    rig_.settle();
    EXPECT_EQ(sent(), Lines{"one"});
    acknowledge("one");
    EXPECT_EQ(rig_.discovery().watched, Lines());
}

TEST_F(TextsOut, ALinkOverWhichNoReceiptComesIsTakenForDead)
{
    write("one");
    rig_.advance(limits::kTextReceipt - 1s);
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 1U);
    rig_.advance(1s);
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 0U);
    EXPECT_TRUE(rig_.was_told("text progress waits timeout: the peer's device sent no receipt in time"));
    rig_.advance(1s);
    EXPECT_EQ(sent(), Lines{"one"}) << "over a link that is new";
    acknowledge("one");
    EXPECT_EQ(delivered_, Lines{"bob one"});
}

TEST_F(TextsOut, ALinkThatBreaksIsOpenedAnewForWhatHasNoReceipt)
{
    write("one");
    write("two");
    acknowledge("one");
    rig_.signaling().break_off();
    rig_.settle();
    rig_.advance(1s);
    EXPECT_EQ(sent(), Lines{"two"});
    acknowledge("two");
    EXPECT_EQ(delivered_, (Lines{"bob one", "bob two"}));
}

TEST_F(TextsOut, EveryDeviceGetsItAndTheFirstReceiptCounts)
{
    rig_.stage.script.devices = {"bob-1", "bob-2"};
    write("one");
    EXPECT_EQ(sent("bob-1"), Lines{"one"});
    EXPECT_EQ(sent("bob-2"), Lines{"one"});
    acknowledge("one", "bob-2");
    EXPECT_EQ(delivered_, Lines{"bob one"});
    write("two");
    EXPECT_EQ(sent("bob-1"), (Lines{"one", "two"}));
    EXPECT_EQ(sent("bob-2"), (Lines{"one", "two"})) << "though bob-1 owes a receipt";
    acknowledge("one", "bob-1");
    EXPECT_EQ(delivered_, Lines{"bob one"}) << "the second changes nothing";
}

TEST_F(TextsOut, ADeviceThatIsSilentDoesNotHoldUpAnother)
{
    rig_.stage.script.devices = {"bob-1", "bob-2"};
    rig_.stage.script.message = Play::waits;
    write("one");
    acknowledge("one", "bob-2");
    write("two");
    EXPECT_EQ(sent("bob-2"), (Lines{"one", "two"}));
    acknowledge("two", "bob-2");
    rig_.advance(limits::kTextReceipt);
    EXPECT_EQ(delivered_, (Lines{"bob one", "bob two"}));
    rig_.advance(400s);
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 0U);
    rig_.completions_stay = true;
}

TEST_F(TextsOut, AReceiptOfSomebodyElseIsNone)
{
    write("one");
    rig_.request("carol-1", kPeerBlob, "carol");
    acknowledge("one", "carol-1");
    EXPECT_EQ(delivered_, Lines());
    acknowledge("one");
    acknowledge("one");
    EXPECT_EQ(delivered_, Lines{"bob one"});
}

TEST_F(TextsOut, AReceiptThatSaysItFailedIsNone)
{
    write("one");
    EXPECT_EQ(rig_.signaling().hear(kImdnType, "<imdn><message-id>" + id_of("one") +
                                                   "</message-id><delivery-notification><status><failed/></status>"
                                                   "</delivery-notification></imdn>"),
              JF_OK);
    rig_.settle();
    EXPECT_EQ(delivered_, Lines());
    EXPECT_EQ(rig_.signaling().hear(kImdnType, write_receipt(id_of("one"), 0)), JF_OK) << "without an envelope";
    rig_.settle();
    EXPECT_EQ(delivered_, Lines{"bob one"});
}

TEST_F(TextsOut, WhatWasWrittenBeforeTheNodeStartedGoesOutWhenItDoes)
{
    texts_->work_in(nullptr);
    write("one");
    write("to carol", "carol");
    EXPECT_EQ(rig_.discovery().looked_for, 0);
    texts_->work_in(rig_.node.get());
    rig_.settle();
    EXPECT_EQ(sent(), (Lines{"one", "to carol"})) << "the double of discovery calls every device bob-1";
    EXPECT_EQ(rig_.discovery().looked_for, 2);
}

TEST_F(TextsOut, TextsEndWithTheNodeInTheMiddleOfEverything)
{
    for (const auto step : {&Script::find, &Script::answer, &Script::tls, &Script::message}) {
        rig_.stage.script = {};
        rig_.stage.script.*step = Play::waits;
        write("one");
    }
    rig_.completions_stay = true;
    rig_.close(); // which looks whether its flows have ended
}

TEST_F(TextsOut, RefusesToKeepWhatIsNoText)
{
    const auto status = [&](const std::string& body) {
        jf_status result = JF_OK;
        texts_->write("bob", body, [&](const std::expected<std::string, Error>& kept) {
            result = kept ? JF_OK : kept.error().status;
        });
        rig_.settle();
        return result;
    };
    EXPECT_EQ(status(""), JF_BAD_INPUT);
    EXPECT_EQ(status("\xff"), JF_BAD_INPUT);
    EXPECT_EQ(status(std::string(text_limits::kBodyBytes + 1, 'a')), JF_BAD_INPUT);
    EXPECT_EQ(status(std::string(text_limits::kBodyBytes, 'a')), JF_OK);
}

} // namespace
