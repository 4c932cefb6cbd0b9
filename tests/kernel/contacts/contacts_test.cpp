// Whom a person knows: names and accounts, and whose calls come through.

#include "kernel/contacts/contacts.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

const std::string kBob(64, 'b');
const std::string kCarol(64, 'c');

Contacts bob_and_a_banned_carol()
{
    Contacts contacts;
    EXPECT_EQ(contacts.put({kBob, "Bob", false}).status, JF_OK);
    EXPECT_EQ(contacts.put({kCarol, "Carol", true}).status, JF_OK);
    return contacts;
}

TEST(Contacts, AreCalledByNameWhateverTheCaseOfItsLetters)
{
    const auto contacts = bob_and_a_banned_carol();
    EXPECT_EQ(contacts.account_of("bob"), kBob);
    EXPECT_EQ(contacts.account_of("CAROL"), kCarol);
    EXPECT_EQ(contacts.account_of("dave"), std::nullopt);
    EXPECT_EQ(contacts.account_of(""), std::nullopt);
}

TEST(Contacts, NeedNotBeKnownToBeCalledByTheirAccount)
{
    EXPECT_EQ(Contacts().account_of(std::string(64, 'A')), std::string(64, 'a'));
    EXPECT_EQ(Contacts().account_of(std::string(40, '0')), std::string(40, '0'));
    EXPECT_EQ(Contacts().account_of(std::string(63, 'a')), std::nullopt);
}

TEST(Contacts, MayBeAccountsOfAServiceWhoseHostIsWrittenInSmallLetters)
{
    EXPECT_EQ(Contacts().account_of("SIP:Alice@Example.NET"), "sip:Alice@example.net");
    EXPECT_EQ(Contacts().account_of("sips:1000@[2001:DB8::1]:5061"), "sips:1000@[2001:db8::1]:5061");
    for (const std::string none : {"sip:", "sip:@", "sip:alice", "sip:alice@", "sip:@host", "alice@example.net",
                                   "1:a@b", "sip:a b@c", "sip:a@b>", "sip:a\n@b"})
        EXPECT_EQ(Contacts().account_of(none), std::nullopt) << none;
    EXPECT_EQ(Contacts().account_of("sip:" + std::string(300, 'a') + "@b"), std::nullopt);
    Contacts contacts;
    ASSERT_EQ(contacts.put({"sip:alice@EXAMPLE.net", "Alice", true}).status, JF_OK);
    EXPECT_FALSE(contacts.may_call("sip:alice@example.net", CallsFrom::kAnyone));
}

TEST(Contacts, ThatAreBannedNeverCall)
{
    const auto contacts = bob_and_a_banned_carol();
    EXPECT_FALSE(contacts.may_call(kCarol, CallsFrom::kAnyone));
    EXPECT_FALSE(contacts.may_call(kCarol, CallsFrom::kContacts));
}

TEST(Contacts, DecideWhetherStrangersMayCall)
{
    const auto contacts = bob_and_a_banned_carol();
    const std::string stranger(64, 'd');
    EXPECT_TRUE(contacts.may_call(stranger, CallsFrom::kAnyone));
    EXPECT_FALSE(contacts.may_call(stranger, CallsFrom::kContacts));
    EXPECT_TRUE(contacts.may_call(kBob, CallsFrom::kContacts));
}

TEST(Contacts, AreChangedInTheirPlace)
{
    auto contacts = bob_and_a_banned_carol();
    EXPECT_EQ(contacts.put({std::string(64, 'B'), "Robert", true}).status, JF_OK);
    ASSERT_EQ(contacts.all().size(), 2U);
    EXPECT_EQ(contacts.all()[0].name, "Robert");
    EXPECT_FALSE(contacts.may_call(kBob, CallsFrom::kAnyone));
    EXPECT_EQ(contacts.account_of("Bob"), std::nullopt);
    EXPECT_TRUE(contacts.remove(kBob));
    EXPECT_FALSE(contacts.remove(kBob));
    EXPECT_TRUE(contacts.may_call(kBob, CallsFrom::kAnyone));
}

TEST(Contacts, HaveNamesThatMeanOnePersonAndShowWell)
{
    auto contacts = bob_and_a_banned_carol();
    EXPECT_EQ(contacts.put({std::string(64, 'd'), "bOB", false}).text, "the name \"bOB\" is that of " + kBob);
    for (const auto& wrong : {std::string("a\nb"), std::string("\x1b[2J"), std::string("\xff"), std::string(" Bob"),
                              std::string("Dave "), std::string(64, 'e'), std::string(129, 'x')})
        EXPECT_EQ(contacts.put({std::string(64, 'd'), wrong, false}).status, JF_BAD_INPUT) << wrong;
    EXPECT_EQ(contacts.put({std::string(64, 'd'), "Zoë Ω", false}).status, JF_OK);
    EXPECT_EQ(contacts.put({std::string(64, 'e'), "", false}).status, JF_OK) << "one whose name we do not know";
    EXPECT_EQ(contacts.put({std::string(64, 'f'), "", true}).status, JF_OK) << "and another";
}

TEST(Contacts, AreBoundedInNumber)
{
    Contacts contacts;
    const auto account = [](std::size_t number) {
        const auto digits = std::to_string(number);
        return std::string(64 - digits.size(), '0') + digits;
    };
    for (std::size_t i = 0; i < Contacts::kMaxContacts; ++i)
        ASSERT_EQ(contacts.put({account(i), "", false}).status, JF_OK);
    EXPECT_EQ(contacts.put({account(Contacts::kMaxContacts), "", false}).status, JF_EXHAUSTED);
    EXPECT_EQ(contacts.put({account(0), "zero", false}).status, JF_OK) << "one of them may still change";
}

} // namespace
