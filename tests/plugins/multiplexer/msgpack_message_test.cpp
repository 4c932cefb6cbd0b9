// Jami's multiplexed wire, byte for byte, and messages that are wrong.
#include "msgpack_bytes.hpp"

#include <gtest/gtest.h>

namespace jackfield::mux_test {
namespace {

TEST(MsgpackMessage, IsWrittenAsJamiWritesIt)
{
    EXPECT_EQ(bytes_of({Kind::request, 0xd2dd, {}, "sip"}), kRequest);
    EXPECT_EQ(bytes_of({Kind::accept, 0xd2dd, {}, "sip"}), kAccept);
    EXPECT_EQ(bytes_of({Kind::decline, 0xd2dd, {}, "sip"}).back(), 2);
    EXPECT_EQ(bytes_of({Kind::version, 0, {}, {}, 1}), kVersionOne);
    EXPECT_EQ(bytes_of({Kind::beacon}), kBeacon);
    EXPECT_EQ(bytes_of({Kind::answer}), kAnswer);
    EXPECT_EQ(bytes_of({Kind::data, 0xd8c8}), kEnd);
    const Bytes data{1, 2};
    EXPECT_EQ(bytes_of({Kind::data, 5, data}), (Bytes{0x92, 0x05, 0xc4, 0x02, 1, 2})) << "the shortest number";
}

TEST(MsgpackMessage, HasAHeadAsLongAsWasAllowedFor)
{
    const Bytes data(kMaxPayload);
    EXPECT_EQ(bytes_of({Kind::data, 0x1234, data}).size(), kMaxPayload + kMostHeadBytes);
}

TEST(MsgpackMessage, IsReadHoweverTheStreamIsCut)
{
    Bytes stream;
    const Bytes large(60'000, 7);
    for (const Bytes& each : {kVersionOne, kRequest, carried(9, large), kBeacon, kEnd, kAnswer, kAccept})
        stream.insert(stream.end(), each.begin(), each.end());
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}, std::size_t{100'000}}) {
        const auto all = read_all(stream, piece);
        std::vector<Kind> kinds;
        for (const auto& [message, data] : all)
            kinds.push_back(message.kind);
        ASSERT_EQ(kinds, (std::vector{Kind::version, Kind::request, Kind::data, Kind::beacon, Kind::data, Kind::answer,
                                      Kind::accept}))
            << piece;
        EXPECT_EQ(all[1].first.name, "sip");
        EXPECT_EQ(all[1].first.channel, 0xd2dd);
        EXPECT_EQ(all[2].second, large);
        EXPECT_TRUE(all[4].second.empty());
    }
}

TEST(MsgpackMessage, OfTheProtocolIsTakenOnTheControlChannelTooAndSeveralAtOnce)
{
    Bytes payload{0x81, 0xa1, 0x70, 0xc3};
    payload.insert(payload.end(), kRequest.begin() + 4, kRequest.end());
    const auto all = read_all(carried(kControl, payload));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].first.kind, Kind::beacon);
    EXPECT_EQ(all[1].first.kind, Kind::request);
}

TEST(MsgpackMessage, OfALaterVersionIsPassedOver)
{
    EXPECT_TRUE(read_all(carried(kProtocol, {0x81, 0xa1, 'z', 0x01})).empty());
    EXPECT_TRUE(read_all(carried(kProtocol, {0x81, 0x07, 0x01})).empty());
    EXPECT_TRUE(read_all(carried(kProtocol, {})).empty());
}

TEST(MsgpackMessage, ThatIsWrongIsRefused)
{
    Bytes long_name{0x93, 0xda, 0x04, 0x01};
    long_name.resize(4 + 1025, 'a');
    long_name.insert(long_name.end(), {0x07, 0x00});
    const std::pair<const char*, Bytes> wrong[] = {
        {"no array", {0x01}},
        {"one part", {0x91, 0x00}},
        {"three parts", {0x93, 0x00, 0xc4, 0x00, 0x00}},
        {"a large channel", {0x92, 0xce, 0x00, 0x01, 0x00, 0x00, 0xc4, 0x00}},
        {"a negative channel", {0x92, 0xff, 0xc4, 0x00}},
        {"text for bytes", {0x92, 0x05, 0xa1, 'a'}},
        {"too many bytes, announced", {0x92, 0x05, 0xc6, 0x00, 0x01, 0x00, 0x00}},
        {"an array in an array", {0x92, 0x92, 0x92}},
        {"an enormous array", {0xdd, 0xff, 0xff, 0xff, 0xff}},
        {"an enormous map", {0xdf, 0xff, 0xff, 0xff, 0xff}},
        {"a byte that msgpack never uses", {0xc1}},
        {"an enormous array of control", carried(kControl, {0xdd, 0xff, 0xff, 0xff, 0xff})},
        {"an enormous map of control", carried(kControl, {0xdf, 0xff, 0xff, 0xff, 0xff})},
        {"enormous text of control", carried(kControl, {0xdb, 0xff, 0xff, 0xff, 0xff})},
        {"bytes for a name", carried(kControl, {0x93, 0xc4, 0x01, 'a', 0x07, 0x00})},
        {"a request of two parts", carried(kControl, {0x92, 0xa1, 'a', 0x07})},
        {"a request for the control channel", carried(kControl, {0x93, 0xa1, 'a', 0x00, 0x00})},
        {"a request for the protocol's channel", carried(kControl, {0x93, 0xa1, 'a', 0xcd, 0xff, 0xff, 0x00})},
        {"a request without a name", carried(kControl, {0x93, 0x01, 0x07, 0x00})},
        {"neither yes nor no", carried(kControl, {0x93, 0xa1, 'a', 0x07, 0x03})},
        {"a name of 1025 bytes", carried(kControl, long_name)},
        {"half a request", carried(kControl, {0x93, 0xa1, 'a'})},
        {"depth", carried(kControl, {0x91, 0x91, 0x91, 0x91, 0x00})},
        {"an array on the protocol's channel", carried(kProtocol, {0x93, 0xa1, 'a', 0x07, 0x00})},
        {"words for a version", carried(kProtocol, {0x81, 0xa1, 'v', 0xa1, 'x'})},
        {"a number for a beacon", carried(kProtocol, {0x81, 0xa1, 'p', 0x01})}};
    for (const auto& [what, bytes] : wrong) {
        try {
            read_all(bytes);
            ADD_FAILURE() << "taken: " << what;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_INPUT) << what;
        }
    }
}

} // namespace
} // namespace jackfield::mux_test
