// What stands inside QUIC: heads of channels, flows of datagrams.
#include "wire.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace quic_ngtcp2;

ByteView view_of(const Bytes& bytes)
{
    return bytes;
}

TEST(QuicHead, IsReadHoweverItComes)
{
    const Head head{JF_DATAGRAM, "media-1"};
    Bytes bytes = write_head(head);
    bytes.push_back(42);
    HeadReader at_once;
    ByteView all = view_of(bytes);
    EXPECT_EQ(at_once.next(all), head);
    ASSERT_EQ(all.size(), 1U) << "what follows stays";
    EXPECT_EQ(all[0], 42);

    HeadReader by_bytes;
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        ByteView one = view_of(bytes).subspan(i, 1);
        const auto read = by_bytes.next(one);
        EXPECT_TRUE(one.empty());
        EXPECT_EQ(read.has_value(), i + 2 == bytes.size());
    }
}

TEST(QuicHead, OfNoKnownKindOrWithoutANameIsRefused)
{
    for (const Bytes& bytes : {Bytes{0, 1, 'a'}, Bytes{3, 1, 'a'}, Bytes{255}, Bytes{1, 0}}) {
        HeadReader reader;
        ByteView input = view_of(bytes);
        EXPECT_THROW(reader.next(input), jackfield::Failure);
    }
}

TEST(QuicHead, HasANameOf255BytesAtMost)
{
    const Head longest{JF_STREAM, std::string(255, 'n')};
    const Bytes bytes = write_head(longest);
    EXPECT_EQ(bytes.size(), 257U);
    HeadReader reader;
    ByteView input = view_of(bytes);
    EXPECT_EQ(reader.next(input), longest);
}

// RFC 9000 appendix A.1.
TEST(QuicFlow, IsAVariableLengthInteger)
{
    const std::pair<std::uint64_t, Bytes> examples[] = {
        {151'288'809'941'952'652U, {0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}},
        {494'878'333U, {0x9d, 0x7f, 0x3e, 0x7d}},
        {15'293U, {0x7b, 0xbd}},
        {37U, {0x25}}};
    for (const auto& [flow, bytes] : examples) {
        const FlowHead head = write_flow(flow);
        EXPECT_EQ(Bytes(head.view().begin(), head.view().end()), bytes);
        Bytes datagram = bytes;
        datagram.push_back(7);
        ByteView rest = view_of(datagram);
        EXPECT_EQ(take_flow(rest), flow);
        ASSERT_EQ(rest.size(), 1U);
        EXPECT_EQ(rest[0], 7);
    }
    const Bytes longer{0x40, 0x25}; // the same number in two bytes
    ByteView rest = view_of(longer);
    EXPECT_EQ(take_flow(rest), 37U);
}

TEST(QuicFlow, ThatIsCutOffIsNone)
{
    for (const Bytes& bytes : {Bytes{}, Bytes{0x40}, Bytes{0x80, 0, 0}, Bytes{0xc0, 0, 0, 0, 0, 0, 0}}) {
        ByteView datagram = view_of(bytes);
        EXPECT_FALSE(take_flow(datagram));
    }
}

TEST(QuicFlow, IsAnotherForEveryStreamOfBothEndsAndNeverTheSecuredPaths)
{
    std::set<std::uint64_t> flows{kSecuredFlow};
    for (std::int64_t count = 0; count < 100; ++count) {
        EXPECT_TRUE(flows.insert(flow_of(count * 4)).second);     // RFC 9000 section 2.1: client's
        EXPECT_TRUE(flows.insert(flow_of(count * 4 + 1)).second); // server's
    }
    EXPECT_EQ(*flows.rbegin(), 200U) << "short numbers";
}

} // namespace
