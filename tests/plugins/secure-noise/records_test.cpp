// Records, the window against replay, the end of keys, and messages cut from a stream.
//
// Threads: the test's.
#include "engines.hpp"

#include "frames.hpp"

#include <random>
#include <set>

namespace secure_noise {
namespace {

using What = Opened::What;

/// Keys of both ends without a handshake.
std::pair<Keys, Keys> some_keys()
{
    prepare_library();
    const Secret up = KeyPair::generate().secret;
    const Secret down = KeyPair::generate().secret;
    return {Keys{Cipher(up), Cipher(down), {}, {}}, Keys{Cipher(down), Cipher(up), {}, {}}};
}

Bytes copy(ByteView bytes)
{
    return {bytes.begin(), bytes.end()};
}

TEST(Records, OfAStreamKeepTheirOrder)
{
    const auto [ours, theirs] = some_keys();
    StreamRecords from(ours);
    StreamRecords to(theirs);
    const Bytes first = copy(from.seal(RecordKind::data, from_hex("aa")));
    const Bytes second = copy(from.seal(RecordKind::close, {}));
    EXPECT_EQ(first.size(), StreamRecords::kOverhead + 1);
    EXPECT_EQ(first[0] << 8U | first[1], static_cast<int>(first.size()) - 2);
    EXPECT_EQ(to.open(ByteView(second).subspan(2)).what, What::damaged);
    const Opened opened = to.open(ByteView(second).subspan(2)); // the damaged one had the number of the first
    ASSERT_EQ(opened.what, What::record);
    EXPECT_EQ(opened.kind, RecordKind::close);
}

TEST(Records, OfAStreamEndWithTheirKeys)
{
    const auto [ours, theirs] = some_keys();
    StreamRecords from(ours, {.records = 2});
    StreamRecords to(theirs, {.records = 2});
    for (int i = 0; i < 2; ++i) {
        const Bytes record = copy(from.seal(RecordKind::data, from_hex("aa")));
        ASSERT_FALSE(record.empty());
        EXPECT_EQ(to.open(ByteView(record).subspan(2)).what, What::record);
    }
    EXPECT_TRUE(from.seal(RecordKind::data, from_hex("aa")).empty());
    EXPECT_EQ(to.open(Bytes(30)).what, What::worn_out);
}

TEST(Records, InDatagramsComeInAnyOrderAndOnce)
{
    const auto [ours, theirs] = some_keys();
    DatagramRecords from(ours);
    DatagramRecords to(theirs);
    std::vector<Bytes> sent;
    for (std::uint8_t i = 0; i < 50; ++i)
        sent.push_back(copy(from.seal(RecordKind::data, Bytes{i})));
    for (std::size_t i = sent.size(); i-- > 0;) {
        EXPECT_EQ(to.look_at(sent[i]).what, What::record) << "looking changes nothing";
        const Opened opened = to.open(sent[i]);
        ASSERT_EQ(opened.what, What::record);
        EXPECT_EQ(opened.content[0], i);
        EXPECT_EQ(to.open(sent[i]).what, What::repeated);
    }
}

TEST(Records, InDatagramsAreBoundToTheirHead)
{
    const auto [ours, theirs] = some_keys();
    DatagramRecords from(ours);
    DatagramRecords to(theirs);
    const Bytes sent = copy(from.seal(RecordKind::data, from_hex("aa")));
    for (std::size_t at = 0; at < sent.size(); ++at) {
        Bytes changed = sent;
        changed[at] ^= 0x80U;
        EXPECT_NE(to.open(changed).what, What::record) << "byte " << at;
    }
    for (std::size_t size = 0; size < sent.size(); ++size)
        EXPECT_EQ(to.open(ByteView(sent).first(size)).what, What::damaged);
    EXPECT_EQ(to.open(sent).what, What::record);
}

TEST(Records, InDatagramsEndWithTheirKeys)
{
    const auto [ours, theirs] = some_keys();
    DatagramRecords from(ours, {.records = 3});
    DatagramRecords to(theirs, {.records = 2, .forgeries = 2});
    EXPECT_EQ(to.open(copy(from.seal(RecordKind::data, from_hex("aa")))).what, What::record);
    EXPECT_EQ(to.open(copy(from.seal(RecordKind::data, from_hex("aa")))).what, What::record);
    EXPECT_EQ(to.open(copy(from.seal(RecordKind::data, from_hex("aa")))).what, What::damaged) << "a third";
    EXPECT_TRUE(from.seal(RecordKind::data, from_hex("aa")).empty());
    Bytes forged(40);
    forged[0] = DatagramRecords::kType;
    forged[8] = 9;
    EXPECT_EQ(to.open(forged).what, What::damaged);
    EXPECT_EQ(to.open(forged).what, What::worn_out) << "two forgeries are as many as these keys bear";
}

/// What a window should do, slowly.
struct SlowWindow {
    bool take(std::uint64_t counter)
    {
        const bool fresh = counter >= end || (end - counter <= ReplayWindow::kSize - 64 && !seen.contains(counter));
        seen.insert(counter);
        end = std::max(end, counter + 1);
        return fresh;
    }
    std::set<std::uint64_t> seen;
    std::uint64_t end = 0;
};

TEST(ReplayWindow, DoesAsASlowOneDoes)
{
    std::mt19937 random(4);
    ReplayWindow window;
    SlowWindow slow;
    std::uint64_t around = 0;
    for (int i = 0; i < 200'000; ++i) {
        if (random() % 1000 == 0)
            around += random() % 5000;
        around += random() % 3;
        const std::uint64_t counter = around - std::min<std::uint64_t>(around, random() % 1200);
        const bool fresh = window.is_new(counter);
        if (fresh)
            window.note(counter);
        ASSERT_EQ(fresh, slow.take(counter)) << "counter " << counter << ", step " << i;
    }
}

// ---- messages of a stream ----

TEST(Frames, ComeTheSameInPiecesOfAnySize)
{
    Bytes stream;
    std::vector<Bytes> messages;
    for (const std::size_t size : {0U, 1U, 300U, 65'535U, 2U, 0U, 40U}) {
        messages.emplace_back(size, static_cast<std::uint8_t>(size));
        stream.push_back(static_cast<std::uint8_t>(size >> 8U));
        stream.push_back(static_cast<std::uint8_t>(size & 0xffU));
        stream.insert(stream.end(), messages.back().begin(), messages.back().end());
    }
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, stream.size()}) {
        FrameReader reader;
        std::vector<Bytes> got;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            reader.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
            for (auto next = reader.next(); next.what != FrameReader::What::more; next = reader.next())
                got.push_back(copy(next.message));
        }
        EXPECT_EQ(got, messages) << "by " << step;
    }
}

TEST(Frames, TooLargeAMessageIsKnownByItsSizeAlone)
{
    for (const bool split : {false, true}) {
        const Bytes head = from_hex("0401");
        FrameReader reader;
        if (split) {
            reader.feed(ByteView(head).first(1));
            EXPECT_EQ(reader.next(1024).what, FrameReader::What::more);
        }
        reader.feed(ByteView(head).subspan(split ? 1 : 0));
        EXPECT_EQ(reader.next(1024).what, FrameReader::What::too_large);
    }
}

} // namespace
} // namespace secure_noise
