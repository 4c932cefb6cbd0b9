// What two processes write into memory that both have, and what one of them may find there if the other is hostile.

#include "kernel/isolate/media_words.hpp"
#include "kernel/isolate/packet_ring.hpp"
#include "kernel/isolate/shared_call.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>

namespace jackfield::kernel::isolate {

namespace {

jf_bytes bytes_in(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_in(jf_bytes bytes)
{
    return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

class Ring : public ::testing::Test {
protected:
    jf_status push(const std::string& text, std::uint32_t session = 1)
    {
        const jf_bytes part = bytes_in(text);
        return writer_.push({Event::kSend, session, 2, 3, {}}, &part, 1);
    }

    SharedMemory memory_{PacketRing::kRingBytes};
    PacketRing writer_{memory_.bytes()};
    PacketRing reader_{memory_.bytes()};
};

TEST_F(Ring, GivesOutWhatWasPutInInItsOrder)
{
    EXPECT_FALSE(reader_.pop());
    const jf_bytes parts[] = {bytes_in("a packet of "), bytes_in(""), bytes_in("three parts")};
    EXPECT_EQ(writer_.push({Event::kReceived, 7, 2, -5, {}}, parts, 3), JF_OK);
    EXPECT_EQ(push(""), JF_OK);
    const auto first = reader_.pop();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->event, Event::kReceived);
    EXPECT_EQ(first->session, 7U);
    EXPECT_EQ(first->detail, 2U);
    EXPECT_EQ(first->time_ns, -5);
    EXPECT_EQ(text_in(first->bytes), "a packet of three parts");
    const auto second = reader_.pop();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->bytes.size, 0U);
    EXPECT_FALSE(reader_.pop());
}

TEST_F(Ring, GoesRoundAnyNumberOfTimesWithPacketsOfAnySize)
{
    std::minstd_rand random(4);
    std::size_t total = 0;
    for (std::uint32_t number = 0; total < 5 * PacketRing::kCapacity; ++number) {
        const std::string text(random() % PacketRing::kMostBytes, static_cast<char>('a' + number % 26));
        ASSERT_EQ(push(text, number), JF_OK);
        const auto record = reader_.pop();
        ASSERT_TRUE(record);
        ASSERT_EQ(record->session, number);
        ASSERT_EQ(text_in(record->bytes), text);
        total += text.size();
    }
}

TEST_F(Ring, RefusesWhatItHasNoRoomForAndSaysOnceWhenThereIsSome)
{
    const std::string text(10'000, 'x');
    int taken = 0;
    while (push(text) == JF_OK)
        ++taken;
    EXPECT_GE(taken, 100);
    EXPECT_EQ(push(text), JF_WOULD_BLOCK);
    EXPECT_TRUE(reader_.pop());
    EXPECT_TRUE(reader_.made_room());
    EXPECT_FALSE(reader_.made_room());
    EXPECT_EQ(push(text), JF_OK);
    int left = 0;
    while (reader_.pop())
        ++left;
    EXPECT_EQ(left, taken);
}

TEST_F(Ring, RefusesAPacketThatNoRecordCanHold)
{
    EXPECT_EQ(push(std::string(PacketRing::kMostBytes + 1, 'x')), JF_BAD_INPUT);
    EXPECT_EQ(push(std::string(PacketRing::kMostBytes, 'x')), JF_OK);
}

TEST_F(Ring, WakesAReaderThatSleeps)
{
    constexpr int kPackets = 20'000;
    std::thread reader([&] {
        for (int got = 0; got < kPackets;) {
            while (reader_.pop())
                ++got;
            reader_.made_room();
            if (got < kPackets)
                reader_.wait_for_more();
        }
    });
    for (int sent = 0; sent < kPackets;) {
        if (push("a packet") == JF_OK)
            ++sent;
        else
            writer_.wait_for_room(std::chrono::hours(1));
    }
    reader.join(); // or the test never ends
}

TEST_F(Ring, IsBrokenByWhateverCannotBeThereAndNeverReadsBeyondItself)
{
    std::minstd_rand random(7);
    for (int round = 0; round < 2000; ++round) {
        SharedMemory memory(PacketRing::kRingBytes);
        PacketRing writer(memory.bytes());
        PacketRing reader(memory.bytes());
        const jf_bytes part = bytes_in("something");
        for (int i = 0; i < 3; ++i)
            writer.push({Event::kSend, 1, 0, 0, {}}, &part, 1);
        // A hostile writer: words of the head (how far it has written) and of the labels.
        const std::size_t place = round % 2 == 0 ? 0 : PacketRing::kHeadBytes + 4 * (random() % 40);
        const auto word = static_cast<std::uint32_t>(random() * (round % 3 == 0 ? 1U : 65537U));
        std::memcpy(memory.bytes().data() + place, &word, sizeof(word));
        int read = 0;
        while (reader.pop() && read < 100'000)
            ++read;
        EXPECT_LT(read, 100'000);
    }
}

TEST_F(Ring, SaysThatItIsBroken)
{
    push("something");
    const std::uint32_t size = 0x7fffffff;
    std::memcpy(memory_.bytes().data() + PacketRing::kHeadBytes, &size, sizeof(size));
    EXPECT_FALSE(reader_.pop());
    EXPECT_TRUE(reader_.broken());
    EXPECT_FALSE(reader_.pop());
}

TEST_F(Ring, IsBrokenByARecordThatIsLongerThanAnyOrThanWhatWasWritten)
{
    const auto broken_by = [](std::uint32_t written, std::uint32_t size) {
        const SharedMemory memory(PacketRing::kRingBytes);
        PacketRing reader(memory.bytes());
        std::memcpy(memory.bytes().data(), &written, sizeof(written));
        std::memcpy(memory.bytes().data() + PacketRing::kHeadBytes, &size, sizeof(size));
        return !reader.pop() && reader.broken();
    };
    EXPECT_FALSE(broken_by(64, 32));
    EXPECT_TRUE(broken_by(64, 33));
    EXPECT_FALSE(broken_by(65'568, 65'536));
    EXPECT_TRUE(broken_by(131'072, 65'537));
    EXPECT_TRUE(broken_by(PacketRing::kCapacity + 32, 32));
}

class Call : public ::testing::Test {
protected:
    static constexpr std::size_t kBytes = 4096;

    SharedMemory memory_{kBytes};
    SharedCall caller_{memory_.bytes()};
};

TEST_F(Call, IsDoneByTheThreadThatServesIt)
{
    std::thread callee([this] {
        SharedCall call(memory_.bytes());
        call.serve([](std::span<const std::byte> arguments, std::span<std::byte> results) {
            Unpacker unpacker(arguments);
            const auto number = unpacker.take<int>();
            return Packer(results).put(number + 1).size();
        });
    });
    for (int i = 0; i < 1000; ++i) {
        const auto size = Packer(caller_.arguments()).put(i).size();
        ASSERT_EQ(caller_.run(size, std::chrono::seconds(20)), JF_OK);
        Unpacker results(caller_.results());
        ASSERT_EQ(results.take<int>(), i + 1);
    }
    caller_.abandon();
    callee.join();
    EXPECT_EQ(caller_.run(0, std::chrono::seconds(20)), JF_CLOSED);
}

TEST_F(Call, EndsWhenNobodyIsThereAnyMore)
{
    std::thread other([this] { SharedCall(memory_.bytes()).abandon(); });
    EXPECT_EQ(caller_.run(0, std::chrono::hours(1)), JF_CLOSED);
    other.join();
}

TEST_F(Call, TakesNoLongerThanItMay)
{
    EXPECT_EQ(caller_.run(0, std::chrono::milliseconds(20)), JF_TIMEOUT);
    EXPECT_EQ(caller_.run(0, std::chrono::milliseconds(20)), JF_CLOSED)
        << "the answer may still come, to another question";
}

TEST_F(Call, DoesNotBelieveASizeBeyondTheMemory)
{
    std::thread callee([this] {
        SharedCall call(memory_.bytes());
        call.serve([](std::span<const std::byte>, std::span<std::byte>) { return std::size_t{1} << 31; });
    });
    EXPECT_EQ(caller_.run(0, std::chrono::seconds(20)), JF_CLOSED);
    caller_.abandon();
    callee.join();
}

TEST(Memory, OfAnotherProcessIsTakenOnlyWithItsSizeAndIfItCannotShrink)
{
    const SharedMemory ours(4096);
    EXPECT_THROW(SharedMemory(Descriptor(::dup(ours.descriptor())), 8192), Failure);
    EXPECT_NO_THROW(SharedMemory(Descriptor(::dup(ours.descriptor())), 4096));
    const Descriptor open_ended(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(open_ended.get(), 4096), 0);
    EXPECT_THROW(SharedMemory(Descriptor(::dup(open_ended.get())), 4096), Failure);
    EXPECT_THROW(SharedMemory(Descriptor(), 4096), Failure);
}

TEST(Words, ComeOutAsTheyWentIn)
{
    alignas(16) std::byte room[512];
    Packer packer(room);
    packer.put(std::uint8_t{3}).put_text("a text").put_bytes("bytes", 5).put(-7);
    ASSERT_TRUE(packer.fits());
    Unpacker unpacker(std::span(room, packer.size()));
    EXPECT_EQ(unpacker.take<std::uint8_t>(), 3);
    EXPECT_EQ(unpacker.take_text(), "a text");
    const auto bytes = unpacker.take_bytes();
    EXPECT_EQ(std::memcmp(bytes.data(), "bytes", 5), 0);
    EXPECT_EQ((bytes.data() - room) % 16, 0);
    EXPECT_EQ(unpacker.take<int>(), -7);
    EXPECT_TRUE(unpacker.sound());
    unpacker.take<int>();
    EXPECT_FALSE(unpacker.sound());
}

TEST(Words, ThatDoNotFitAreNotWritten)
{
    std::byte room[16]{};
    Packer packer(std::span(room, 8));
    packer.put_text("longer than eight");
    EXPECT_FALSE(packer.fits());
    EXPECT_EQ(room[8], std::byte{0});
}

TEST(Frames, WhosePlanesDoNotHaveTheSizeTheySayAreNotTaken)
{
    std::vector<std::byte> room(4096);
    const std::uint8_t bytes[64]{};
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_VIDEO;
    frame.width_px = frame.height_px = 4;
    frame.planes[0] = frame.planes[1] = frame.planes[2] = bytes;
    frame.strides_bytes[0] = frame.strides_bytes[1] = frame.strides_bytes[2] = 4;
    Packer packer(room);
    put_frame(packer, frame);
    const std::span whole(room.data(), packer.size());
    Unpacker good(whole);
    EXPECT_TRUE(take_frame(good));
    Unpacker cut(whole.first(whole.size() - 1));
    EXPECT_FALSE(take_frame(cut));
    std::minstd_rand random(3);
    for (int round = 0; round < 20'000; ++round) { // a hostile frame: whatever comes out lies within the memory
        auto spoilt = std::vector<std::byte>(whole.begin(), whole.end());
        for (int i = 0; i < 3; ++i)
            spoilt[random() % 40] = static_cast<std::byte>(random());
        Unpacker unpacker(spoilt);
        const auto taken = take_frame(unpacker);
        if (taken && taken->kind == JF_VIDEO) {
            const auto* const last = taken->planes[2] + (taken->height_px + 1) / 2 * taken->strides_bytes[2];
            ASSERT_LE(last, reinterpret_cast<const std::uint8_t*>(spoilt.data() + spoilt.size()));
        } else if (taken) {
            const auto* const last = taken->samples + std::size_t{taken->channels} * taken->samples_per_channel;
            ASSERT_LE(reinterpret_cast<const std::byte*>(last), spoilt.data() + spoilt.size());
        }
    }
}

} // namespace

} // namespace jackfield::kernel::isolate
