// Both ends of a file over a path that is turned by hand: words first, data within the window, nothing blocks.

#include "kernel/files/file_channel.hpp"
#include "kernel/files/file_reader.hpp"
#include "kernel/files/file_writer.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;

/// A path that keeps what is sent, and takes nothing while it is blocked.
struct HandPath {
    static const jf_path_methods kMethods;

    jf_path handle() { return {&kMethods, this}; }

    void hear(std::span<const std::uint8_t> bytes)
    {
        jf_packet packet{};
        packet.struct_size = sizeof(packet);
        packet.bytes = {bytes.data(), bytes.size()};
        receiver.methods->received(receiver.self, &packet);
    }
    void unblock()
    {
        {
            const std::lock_guard lock(mutex);
            blocked = false;
        }
        receiver.methods->writable(receiver.self);
    }
    std::string kinds() // of all frames that were sent
    {
        std::string all;
        FileFrameReader reader(
            {[&](std::span<const std::uint8_t>) { all += all.ends_with('d') ? "" : "d"; },
             [&](FileFrame kind, std::string_view) { all += std::to_string(static_cast<int>(kind)); }});
        const std::lock_guard lock(mutex);
        reader.feed(sent);
        return all;
    }

    jf_path_receiver receiver{};
    std::mutex mutex;
    std::vector<std::uint8_t> sent; // guarded by mutex
    bool blocked = false;           // guarded by mutex
    bool closed = false;
};

const jf_path_methods HandPath::kMethods{sizeof(jf_path_methods),
                                         0,
                                         [](void*, jf_path_info*) {},
                                         [](void* self, jf_path_receiver receiver, jf_error*) -> jf_status {
                                             static_cast<HandPath*>(self)->receiver = receiver;
                                             return JF_OK;
                                         },
                                         [](void* self, const jf_bytes* parts, size_t count) -> jf_status {
                                             auto& path = *static_cast<HandPath*>(self);
                                             const std::lock_guard lock(path.mutex);
                                             if (path.blocked)
                                                 return JF_WOULD_BLOCK;
                                             for (size_t i = 0; i < count; ++i)
                                                 path.sent.insert(path.sent.end(), parts[i].data,
                                                                  parts[i].data + parts[i].size);
                                             return JF_OK;
                                         },
                                         [](void* self) { static_cast<HandPath*>(self)->closed = true; }};

struct Ear {
    FileChannel::Events events()
    {
        return {[](std::span<const std::uint8_t>) {}, [this](FileFrame, std::string_view) { ++words; },
                [this] { ++writables; }, [this](Error error) { closed = std::move(error); }};
    }
    int words = 0;
    int writables = 0;
    std::optional<Error> closed;
};

TEST(FileChannel, SendsWordsThatWouldHaveBlockedBeforeAnythingElse)
{
    HandPath path;
    Ear ear;
    {
        FileChannel channel(path.handle(), ear.events());
        path.blocked = true;
        channel.say(FileFrame::answer, "{}");
        channel.say_written(5);
        channel.say_written(7);
        EXPECT_EQ(channel.send_data({}), JF_WOULD_BLOCK);
        EXPECT_EQ(path.kinds(), "");
        path.unblock();
        EXPECT_EQ(path.kinds(), "42") << "how much is written is said once";
        EXPECT_EQ(ear.writables, 1);
    }
    EXPECT_TRUE(path.closed);
}

TEST(FileChannel, EndsWithWhatMakesNoSense)
{
    HandPath path;
    Ear ear;
    FileChannel channel(path.handle(), ear.events());
    const std::array<std::uint8_t, 4> nonsense{99, 0, 0, 0};
    path.hear(nonsense);
    path.hear(nonsense);
    ASSERT_TRUE(ear.closed);
    EXPECT_EQ(ear.closed->status, JF_BAD_INPUT);
    EXPECT_EQ(ear.words, 0);
}

/// A file and who reads it, on a thread of its own.
struct Sending {
    explicit Sending(std::uint64_t size)
        : text(size, 'x'), file(*open_to_send(folder.write("f", text))), reader(file), channel(path.handle(), events())
    {}
    ~Sending()
    {
        reader.stop();
        if (thread.joinable())
            thread.join();
    }
    FileChannel::Events events()
    {
        return {[](std::span<const std::uint8_t>) {}, [](FileFrame, std::string_view) {}, [this] { reader.writable(); },
                [](const Error&) {}};
    }
    void run(std::uint64_t offset = 0)
    {
        thread = std::thread([this, offset] { reader.run(offset, channel); });
    }

    TemporaryFolder folder;
    std::string text;
    OpenFile file;
    HandPath path;
    FileReader reader;
    FileChannel channel;
    std::thread thread;
};

TEST(FileReader, SendsNoMoreThanTheWindowUntilItIsWritten)
{
    Sending sending(2 * kFileWindowBytes);
    sending.run();
    std::uint64_t written = 0;
    while (sending.path.kinds() != "d5") { // it goes on because more is written, and only then
        const std::size_t sent = [&] {
            const std::lock_guard lock(sending.path.mutex);
            return sending.path.sent.size();
        }();
        ASSERT_LE(sent, written + kFileWindowBytes + kFileWindowBytes / 1000);
        sending.reader.written(written += kFileDataBytes);
    }
    sending.thread.join();
    EXPECT_EQ(sending.reader.outcome().status, JF_OK);
}

TEST(FileReader, GoesOnWhenThePathTakesMore)
{
    Sending sending(1000);
    sending.path.blocked = true;
    sending.run();
    sending.path.unblock(); // before or after it has tried
    sending.thread.join();
    EXPECT_EQ(sending.path.kinds(), "d5");
}

TEST(FileReader, HashesWhatTheReceiverHasAlready)
{
    Sending sending(1000);
    sending.run(999);
    sending.thread.join();
    std::string end;
    std::size_t data = 0;
    FileFrameReader frames({[&](std::span<const std::uint8_t> bytes) { data += bytes.size(); },
                            [&](FileFrame, std::string_view words) { end = words; }});
    frames.feed(sending.path.sent);
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(sending.text.data()), sending.text.size()});
    EXPECT_EQ(data, 1U);
    EXPECT_EQ(read_file_end(end), hash.hex());
}

TEST(FileReader, NoticesThatTheFileHasChanged)
{
    Sending sending(1000);
    sending.path.blocked = true;
    sending.run();
    sending.folder.write("f", std::string(1000, 'y') + "more");
    sending.path.unblock();
    sending.thread.join();
    EXPECT_EQ(sending.reader.outcome().status, JF_BAD_INPUT);
    EXPECT_EQ(sending.path.kinds().find('5'), std::string::npos) << "and does not say the end";
}

TEST(FileReader, StopsWhileItWaits)
{
    Sending sending(1000);
    sending.path.blocked = true;
    sending.run();
    sending.reader.stop();
    sending.thread.join();
    EXPECT_EQ(sending.reader.outcome().status, JF_CANCELLED);
}

/// Somebody who writes what a test sends.
struct Receiving {
    explicit Receiving(std::uint64_t size)
    {
        settings.folder = folder.path() / "in";
        writer = std::make_unique<FileWriter>(settings, "bob", FileOffer{std::string(32, 'a'), "f", size}, 0, [] {});
        thread = std::thread([this] { writer->run(channel); });
    }
    ~Receiving()
    {
        writer->stop({JF_CANCELLED, "the test is over"});
        if (thread.joinable())
            thread.join();
    }

    TemporaryFolder folder;
    DownloadSettings settings;
    HandPath path;
    Ear ear;
    FileChannel channel{path.handle(), ear.events()};
    std::unique_ptr<FileWriter> writer;
    std::thread thread;
};

TEST(FileWriter, AnswersWritesAndSaysDone)
{
    const std::string text(3 * kFileWindowBytes / 2, 'x');
    Receiving receiving(text.size());
    const std::span<const std::uint8_t> all{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    for (std::size_t at = 0; at < all.size(); at += kFileDataBytes) {
        while (!receiving.writer->data(all.subspan(at, std::min(kFileDataBytes, all.size() - at))))
            std::this_thread::yield(); // it writes; a sender would have waited for its word
    }
    Sha256 hash;
    hash.update(all);
    receiving.writer->end(hash.hex());
    receiving.thread.join();
    EXPECT_EQ(receiving.writer->outcome().error.status, JF_OK) << receiving.writer->outcome().error.text;
    const auto kinds = receiving.path.kinds();
    EXPECT_TRUE(kinds.starts_with("24") && kinds.ends_with("46")) << kinds;
}

/// Bytes of nothing, as they come from the path.
void arrive(Receiving& receiving, std::size_t size)
{
    EXPECT_TRUE(receiving.writer->data(std::vector<std::uint8_t>(size)));
}

/// False if so much is not written within half a minute.
bool writes_until(const Receiving& receiving, std::uint64_t offset)
{
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (receiving.writer->offset() < offset && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
    return receiving.writer->offset() >= offset;
}

TEST(FileWriter, WritesWhatASlowPeerSendsBeforeItIsWorthATurn)
{
    Receiving receiving(kFileWindowBytes);
    arrive(receiving, 1);
    ASSERT_TRUE(writes_until(receiving, 1));
    auto last = std::chrono::steady_clock::now();
    for (int sent = 1; receiving.writer->offset() == 1 && sent < 5'000;) {
        if (const auto at = std::chrono::steady_clock::now(); at - last >= std::chrono::milliseconds(1)) {
            arrive(receiving, 1);
            last = at;
            ++sent;
        } else {
            std::this_thread::yield();
        }
    }
    EXPECT_GT(receiving.writer->offset(), 1U);
}

TEST(FileWriter, WritesTheRestWhenTheConnectionBreaks)
{
    Receiving receiving(kFileWindowBytes);
    arrive(receiving, 1);
    ASSERT_TRUE(writes_until(receiving, 1));
    arrive(receiving, 16 * 1024);
    receiving.writer->stop({JF_CLOSED, "the connection broke"});
    receiving.thread.join();
    EXPECT_EQ(receiving.writer->outcome().error.status, JF_CLOSED);
    EXPECT_EQ(receiving.writer->offset(), 1U + 16 * 1024);
}

TEST(FileWriter, SaysOncePerMegabyteHowFarAFastPeerHasCome)
{
    constexpr std::size_t kPiece = 256 * 1024;
    constexpr std::size_t kPieces = 40;
    const auto began = std::chrono::steady_clock::now();
    Receiving receiving(kPieces * kPiece);
    for (std::size_t i = 1; i <= kPieces; ++i) {
        arrive(receiving, kPiece);
        ASSERT_TRUE(writes_until(receiving, i * kPiece));
    }
    receiving.writer->stop({JF_CANCELLED, "enough"});
    receiving.thread.join();
    const auto kinds = receiving.path.kinds();
    const auto said = std::ranges::count(kinds, '4');
    const auto slowness = (std::chrono::steady_clock::now() - began) / std::chrono::milliseconds(100);
    EXPECT_GE(said, 9);
    EXPECT_LE(said, 11 + slowness) << kinds;
}

TEST(FileWriter, RefusesMoreThanItsWindow)
{
    Receiving receiving(100 * kFileWindowBytes);
    receiving.writer->stop({JF_CANCELLED, "nobody writes"});
    receiving.thread.join();
    const std::vector<std::uint8_t> piece(kFileDataBytes);
    FileWriter nobody(receiving.settings, "bob", FileOffer{std::string(32, 'a'), "f", 100 * kFileWindowBytes}, 0,
                      [] {});
    std::uint64_t taken = 0;
    while (nobody.data(piece))
        taken += piece.size();
    EXPECT_LE(taken, kFileWindowBytes + kFileDataBytes);
    EXPECT_GE(taken, kFileWindowBytes - kFileDataBytes);
}

TEST(FileWriter, SaysWhyItDoesNotTakeTheFile)
{
    Receiving receiving(std::uint64_t{1} << 45);
    receiving.thread.join();
    EXPECT_EQ(receiving.writer->outcome().error.status, JF_EXHAUSTED);
    EXPECT_EQ(receiving.path.kinds(), "7");
}

} // namespace
