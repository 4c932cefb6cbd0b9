// STUN messages, byte by byte: the samples of RFC 5769, and everything that is nearly one.

#include <shared/stun/message.hpp>

#include <gtest/gtest.h>

namespace shared_stun {
namespace {

using jackfield::ice::IpAddress;

Bytes from_hex(std::string_view text)
{
    Bytes bytes;
    std::string digits;
    for (const char letter : text) {
        if (letter == ' ')
            continue;
        digits += letter;
        if (digits.size() == 2) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return bytes;
}

/// RFC 5769 section 2.2: a success with SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT.
const Bytes kSample = from_hex("0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220"
                               "00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
                               "80280004 c07d4c96");

/// RFC 5769 section 2.3: the same with IPv6.
const Bytes kSampleV6 = from_hex("01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220"
                                 "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1"
                                 "1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c");

Message sample()
{
    Message message;
    message.id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    message.add(Type::software, jackfield::as_bytes("odd"));
    return message;
}

TEST(StunMessage, OfTheRfcIsRead)
{
    const auto message = read_message(kSample);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, Class::success);
    EXPECT_EQ(message->method, kBinding);
    EXPECT_EQ(jackfield::as_text(message->find(Type::software)->value), "test vector");
    EXPECT_EQ(mapped_address(*message), (Endpoint{*IpAddress::parse("192.0.2.1"), 32853}));
    const auto v6 = read_message(kSampleV6);
    ASSERT_TRUE(v6);
    EXPECT_EQ(mapped_address(*v6), (Endpoint{*IpAddress::parse("2001:db8:1234:5678:11:2233:4455:6677"), 32853}));
}

TEST(StunMessage, IsReadAsItWasWritten)
{
    for (const bool fingerprint : {false, true}) {
        for (const auto kind : {Class::request, Class::indication, Class::success, Class::error}) {
            for (const int method : {0x001, 0x003, 0xFFF, 0x010, 0x080}) {
                Message message = sample();
                message.kind = kind;
                message.method = static_cast<std::uint16_t>(method);
                EXPECT_EQ(read_message(write_message(message, fingerprint)), message);
            }
        }
    }
}

TEST(StunMessage, CarriesAddressesOfBothKinds)
{
    for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
        for (const auto type : {Type::xor_mapped_address, Type::mapped_address, Type::other_address}) {
            Message message = sample();
            const Endpoint endpoint{*IpAddress::parse(text), 40000};
            add_address(message, type, endpoint);
            EXPECT_EQ(read_address(*read_message(write_message(message, true)), type), endpoint);
        }
    }
    EXPECT_EQ(read_address(sample(), Type::other_address), std::nullopt);
}

TEST(StunMessage, TakesTheOldAttributeOfAnOldServer)
{
    Message message = sample();
    const Endpoint endpoint{*IpAddress::parse("192.0.2.1"), 1};
    add_address(message, Type::mapped_address, endpoint);
    EXPECT_EQ(mapped_address(message), endpoint);
}

TEST(StunMessage, DoesNotBelieveMalformedAddresses)
{
    for (const Bytes& value : {Bytes{0, 1, 0, 1, 1, 2, 3}, Bytes{0, 1, 0, 1, 1, 2, 3, 4, 5},
                               Bytes{0, 2, 0, 1, 1, 2, 3, 4}, Bytes{0, 3, 0, 1, 1, 2, 3, 4}, Bytes{}}) {
        Message message = sample();
        message.add(Type::mapped_address, value);
        EXPECT_EQ(read_address(message, Type::mapped_address), std::nullopt);
    }
}

TEST(StunMessage, SaysWhatWentWrong)
{
    const auto error = [](const Bytes& value) {
        Message message = sample();
        message.kind = Class::error;
        message.add(Type::error_code, value);
        return read_error(message);
    };
    const auto unauthorized = error({0, 0, 4, 1, 'n', 'o'});
    ASSERT_TRUE(unauthorized);
    EXPECT_EQ(unauthorized->code, 401);
    EXPECT_EQ(unauthorized->reason, "no");
    EXPECT_FALSE(error({0, 0, 2, 99}));
    EXPECT_FALSE(error({0, 0, 7, 0}));
    EXPECT_FALSE(error({0, 0, 4, 100}));
    EXPECT_FALSE(error({0, 0, 4}));
    EXPECT_FALSE(read_error(sample()));
}

TEST(StunMessage, IsWholeOrNone)
{
    const Bytes whole = write_message(sample(), true);
    ASSERT_TRUE(read_message(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_message(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.insert(longer.end(), 4, 0);
    EXPECT_FALSE(read_message(longer)) << "bytes that its length does not count";
    for (std::size_t at = 0; at < whole.size(); ++at) {
        if (at == whole.size() - 8 || at == whole.size() - 7)
            continue; // its name: then it is another attribute, and there is none
        Bytes damaged = whole;
        damaged[at] ^= 0x01;
        EXPECT_FALSE(read_message(damaged)) << "byte " << at << " is wrong, and FINGERPRINT says so";
    }
}

TEST(StunMessage, WithoutFingerprintMustStillBeWellFormed)
{
    const Bytes whole = write_message(sample(), false);
    const auto refuses = [&](std::size_t at, std::uint8_t value) {
        Bytes other = whole;
        other[at] = value;
        return !read_message(other);
    };
    EXPECT_TRUE(refuses(0, 0x80)) << "RTP";
    EXPECT_TRUE(refuses(0, 0x40)) << "a channel of TURN";
    EXPECT_TRUE(refuses(4, 0x22)) << "another cookie";
    EXPECT_TRUE(refuses(3, 4)) << "a length that is too short";
    EXPECT_TRUE(refuses(kHeaderBytes + 3, 5)) << "an attribute that is longer than the message";
    EXPECT_TRUE(refuses(kHeaderBytes + 2, 0xFF)) << "and one that is far longer";
}

/// CRC-32 of ISO 3309 with the mask of RFC 8489 section 14.7.
Bytes fingerprint_of(const Bytes& before)
{
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const auto byte : before) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    }
    const std::uint32_t sum = ~crc ^ 0x5354554EU;
    return {0x80,
            0x28,
            0,
            4,
            static_cast<std::uint8_t>(sum >> 24),
            static_cast<std::uint8_t>(sum >> 16),
            static_cast<std::uint8_t>(sum >> 8),
            static_cast<std::uint8_t>(sum)};
}

TEST(StunMessage, EndsWithItsFingerprint)
{
    const auto with_attribute_after = [](bool after) {
        Bytes bytes = write_message(sample(), false);
        bytes[3] = static_cast<std::uint8_t>(bytes[3] + (after ? 12 : 8));
        const Bytes fingerprint = fingerprint_of(bytes);
        bytes.insert(bytes.end(), fingerprint.begin(), fingerprint.end());
        if (after)
            bytes.insert(bytes.end(), {0x80, 0x22, 0, 0});
        return bytes;
    };
    EXPECT_EQ(with_attribute_after(false), write_message(sample(), true));
    EXPECT_FALSE(read_message(with_attribute_after(true))) << "whose fingerprint is right";
}

TEST(StunMessage, IsBounded)
{
    Message message = sample();
    while (message.attributes.size() < kMaxAttributes)
        message.add(Type::software, {});
    EXPECT_TRUE(read_message(write_message(message, false)));
    message.add(Type::software, {});
    EXPECT_FALSE(read_message(write_message(message, false)));
    Message large = sample();
    large.add(Type::software, Bytes(1444)); // 20 + 8 + 1448 + 8 with the fingerprint
    EXPECT_TRUE(read_message(write_message(large, true)));
    large.attributes.back().value.resize(1465);
    EXPECT_FALSE(read_message(write_message(large, true)));
}

TEST(StunMessage, AsksForAnAnswerFromElsewhere)
{
    Message message;
    add_change_request(message, true, false);
    EXPECT_EQ(message.find(Type::change_request)->value, (Bytes{0, 0, 0, 4}));
    Message other;
    add_change_request(other, true, true);
    EXPECT_EQ(other.find(Type::change_request)->value, (Bytes{0, 0, 0, 6}));
}

} // namespace
} // namespace shared_stun
