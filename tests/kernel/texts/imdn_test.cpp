// Receipts (RFC 5438).

#include "kernel/texts/imdn.hpp"
#include "kernel/texts/text.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

TEST(Imdn, ReadsTheReceiptThatItWrites)
{
    const auto receipt = read_receipt(write_receipt("a<&\"'>z", 0));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->message_id, "a<&\"'>z");
    EXPECT_TRUE(receipt->delivered);
}

// RFC 5438 section 7.2.1 has one like it.
TEST(Imdn, ReadsTheReceiptOfAnotherProgram)
{
    const auto receipt = read_receipt(R"(<?xml version="1.0" encoding="UTF-8"?>
        <im:imdn xmlns:im="urn:ietf:params:xml:ns:imdn">
          <im:message-id>34jk324j</im:message-id>
          <im:datetime>2008-04-04T12:16:49-05:00</im:datetime>
          <im:recipient-uri>im:bob@example.com</im:recipient-uri>
          <im:delivery-notification><im:status><im:delivered/></im:status></im:delivery-notification>
        </im:imdn>)");
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->message_id, "34jk324j");
    EXPECT_TRUE(receipt->delivered);
}

TEST(Imdn, TellsAFailureFromADelivery)
{
    const auto receipt =
        read_receipt("<imdn><message-id>a</message-id><delivery-notification><status><failed/></status>"
                     "</delivery-notification></imdn>");
    ASSERT_TRUE(receipt);
    EXPECT_FALSE(receipt->delivered);
    EXPECT_FALSE(read_receipt("<imdn><message-id>a</message-id><display-notification><status><delivered/></status>"
                              "</display-notification></imdn>")
                     ->delivered);
}

TEST(Imdn, ReadsNothingWithoutAnId)
{
    EXPECT_FALSE(read_receipt(""));
    EXPECT_FALSE(read_receipt("<imdn/>"));
    EXPECT_FALSE(read_receipt("<imdn><message-id></message-id></imdn>"));
    EXPECT_FALSE(
        read_receipt("<imdn><message-id>" + std::string(text_limits::kIdBytes + 1, 'a') + "</message-id></imdn>"));
}

} // namespace
