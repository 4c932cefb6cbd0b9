// Texts come in, each once and in order; and words about typing.

#include "tests/kernel/flow/texts_flow.hpp"

namespace {

using namespace jackfield::doubles;

using TextsIn = TextsFlow;

TEST_F(TextsIn, ATextIsKeptThenAcknowledgedAndShownOnce)
{
    rig_.request();
    EXPECT_EQ(hear("a", "hello"), JF_OK);
    EXPECT_EQ(acknowledged(), Lines()) << "before it is on the disk";
    EXPECT_EQ(received_, Lines());
    rig_.settle();
    EXPECT_EQ(acknowledged(), Lines{"a"});
    EXPECT_EQ(received_, Lines{"hello"});
    EXPECT_EQ(hear("a", "hello"), JF_OK);
    rig_.settle();
    EXPECT_EQ(acknowledged(), (Lines{"a", "a"})) << "its sender did not hear it";
    EXPECT_EQ(received_, Lines{"hello"});
    EXPECT_TRUE(rig_.was_told("text progress received"));
}

TEST_F(TextsIn, WhatCameBeforeARestartIsKnownAfterIt)
{
    rig_.request();
    hear("a", "hello");
    rig_.settle();
    open();
    EXPECT_EQ(hear("a", "hello"), JF_OK);
    rig_.settle();
    EXPECT_EQ(acknowledged(), (Lines{"a", "a"}));
    EXPECT_EQ(received_, Lines{"hello"});
}

TEST_F(TextsIn, ATextOfAPlainSipPhoneIsTakenWithoutAReceipt)
{
    rig_.request();
    EXPECT_EQ(rig_.signaling().hear("text/plain; charset=UTF-8", "hello"), JF_OK);
    EXPECT_EQ(rig_.signaling().hear("text/plain", "hello"), JF_OK);
    rig_.settle();
    EXPECT_EQ(received_, (Lines{"hello", "hello"})) << "two texts, which say the same";
    EXPECT_EQ(acknowledged(), Lines());
}

TEST_F(TextsIn, WhatIsNoTextIsRefused)
{
    rig_.request();
    EXPECT_EQ(rig_.signaling().hear("text/vcard", "x"), JF_UNSUPPORTED) << "that is for the program";
    EXPECT_EQ(rig_.signaling().hear(kCpimType, "x"), JF_BAD_INPUT);
    EXPECT_EQ(rig_.signaling().hear("text/plain", "\xff"), JF_BAD_INPUT);
    EXPECT_EQ(rig_.signaling().hear("text/plain", std::string(text_limits::kBodyBytes + 1, 'a')), JF_BAD_INPUT);
    EXPECT_EQ(rig_.signaling().hear(kImdnType, "x"), JF_BAD_INPUT);
    EXPECT_EQ(rig_.signaling().hear(kComposingType, "x"), JF_BAD_INPUT);
    EXPECT_EQ(rig_.signaling().hear(kCpimType, write_cpim({"b", "a", 0, "i", true, false, "image/png", "x"})),
              JF_UNSUPPORTED);
    rig_.settle();
    EXPECT_EQ(received_, Lines());
}

TEST_F(TextsIn, WhoMayNotWriteIsRefusedButHisReceiptsCount)
{
    write("one");
    wanted_ = false;
    EXPECT_EQ(hear("a", "hello"), JF_REFUSED);
    EXPECT_EQ(rig_.signaling().hear("text/plain", "hello"), JF_REFUSED);
    EXPECT_EQ(rig_.signaling().hear(kComposingType, write_composing({true})), JF_REFUSED);
    acknowledge("one");
    EXPECT_EQ(delivered_, Lines{"bob one"});
    EXPECT_EQ(received_, Lines());
    EXPECT_EQ(typing_, Lines());
}

TEST_F(TextsIn, AStormIsRefusedAndNothingOvertakesWhatWas)
{
    TextSettings settings;
    settings.burst = 2;
    settings.per_second = 1;
    open(settings);
    rig_.request();
    EXPECT_EQ(hear("a", "a"), JF_OK);
    EXPECT_EQ(hear("b", "b"), JF_OK);
    EXPECT_EQ(hear("c", "c"), JF_BUSY);
    rig_.advance(10s); // there would be room
    EXPECT_EQ(hear("d", "d"), JF_BUSY) << "c has not come again";
    EXPECT_EQ(hear("c", "c"), JF_OK);
    EXPECT_EQ(hear("d", "d"), JF_OK);
    rig_.settle();
    EXPECT_EQ(received_, (Lines{"a", "b", "c", "d"}));
    rig_.request("carol-1", kPeerBlob, "carol");
    EXPECT_EQ(hear("e", "e"), JF_BUSY);
    EXPECT_EQ(rig_.signaling("carol-1").hear(kCpimType, envelope("e", "e")), JF_OK) << "an account's own";
}

TEST_F(TextsIn, WhatNeverComesAgainHoldsBackNothingForEver)
{
    TextSettings settings;
    settings.burst = 1;
    open(settings);
    rig_.request();
    EXPECT_EQ(hear("a", "a"), JF_OK);
    EXPECT_EQ(hear("b", "b"), JF_BUSY);
    rig_.advance(limits::kTextComesAgain - 1s);
    EXPECT_EQ(hear("c", "c"), JF_BUSY);
    rig_.advance(1s);
    EXPECT_EQ(hear("c", "c"), JF_OK);
}

TEST_F(TextsIn, WhatCannotBeKeptIsNotAcknowledgedAndNothingOvertakesIt)
{
    TextSettings settings;
    settings.max_mib = 1;
    open(settings);
    rig_.request();
    const std::string large(30'000, 'x');
    Lines kept;
    while (!rig_.told.back().starts_with("text failed exhausted") && kept.size() < 100) {
        kept.push_back(std::to_string(kept.size()));
        ASSERT_EQ(hear(kept.back(), large), JF_OK);
        rig_.settle();
    }
    const auto lost = kept.back();
    kept.pop_back();
    EXPECT_EQ(acknowledged(), kept);
    EXPECT_EQ(received_.size(), kept.size());
    EXPECT_EQ(hear("small", "x"), JF_BUSY) << "that would fit, and come before its turn";
    open();
    EXPECT_EQ(hear(lost, large), JF_OK);
    EXPECT_EQ(hear("small", "x"), JF_OK);
    rig_.settle();
    EXPECT_EQ(received_.size(), kept.size() + 2);
    EXPECT_EQ(received_.back(), "x");
}

TEST_F(TextsIn, AReceiptThatFindsItsLinkGoneIsNoHarm)
{
    rig_.request();
    EXPECT_EQ(hear("a", "hello"), JF_OK);
    rig_.signaling().break_off();
    rig_.settle();
    EXPECT_EQ(received_, Lines{"hello"});
}

// --- typing ---------------------------------------------------------------------------------------------------------

TEST_F(TextsIn, TypingIsHeardUntilItIsOver)
{
    rig_.request();
    const auto say = [&](const Composing& composing) {
        EXPECT_EQ(rig_.signaling().hear(kComposingType, write_composing(composing)), JF_OK);
        rig_.settle();
    };
    say({true, 60s});
    EXPECT_EQ(typing_, Lines{"bob writes"});
    rig_.advance(50s);
    say({true, 60s});
    rig_.advance(50s);
    EXPECT_EQ(typing_, Lines{"bob writes"}) << "he said it again";
    rig_.advance(10s);
    EXPECT_EQ(typing_, (Lines{"bob writes", "bob stopped"}));
    say({true});
    say({false});
    say({false});
    EXPECT_EQ(typing_, (Lines{"bob writes", "bob stopped", "bob writes", "bob stopped"}));
    say({true});
    hear("a", "there it is");
    rig_.settle();
    EXPECT_EQ(typing_.back(), "bob stopped");
    EXPECT_EQ(received_, Lines{"there it is"}) << "and nothing else was kept";
}

TEST_F(TextsIn, TypingIsSaidOverLinksThatAreOpenAndOpensNone)
{
    texts_->say_typing("bob", true);
    rig_.settle();
    EXPECT_EQ(rig_.discovery().looked_for, 0);
    rig_.request();
    texts_->say_typing("bob", true);
    texts_->say_typing("bob", false);
    rig_.settle();
    ASSERT_EQ(rig_.signaling().messages.size(), 2U);
    EXPECT_EQ(rig_.signaling().messages[0].first, kComposingType);
    EXPECT_TRUE(read_composing(rig_.signaling().messages[0].second)->active);
    EXPECT_FALSE(read_composing(rig_.signaling().messages[1].second)->active);
}

} // namespace
