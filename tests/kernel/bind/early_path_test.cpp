// A path that is not there yet: what is said upon it goes early, and once more where that may have been lost.

#include "kernel/bind/early_path.hpp"

#include <jackfield/abi/connectivity.h>
#include <jackfield/path.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using jackfield::ByteView;
using jackfield::Path;
using jackfield::Status;
using jackfield::kernel::EarlyPath;

using Datagrams = std::vector<std::string>;

ByteView bytes_of(const std::string& text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The path that comes at last. It may bring something when it is opened.
class RealPath : public jackfield::PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1300, 28, 0, 0}; }
    void open(jf_path_receiver receiver) override
    {
        if (opens_with != JF_OK)
            throw jackfield::Failure(opens_with, "as the test says");
        receiver_ = receiver;
        if (!waiting.empty())
            bring(waiting);
    }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (closes > 0)
            return JF_CLOSED;
        std::string datagram;
        for (const auto& part : parts)
            datagram.append(reinterpret_cast<const char*>(part.data), part.size);
        const std::lock_guard lock(mutex_);
        sent_.push_back(datagram);
        return JF_OK;
    }
    void close() noexcept override { ++closes; }

    void bring(const std::string& text)
    {
        const jf_packet packet{sizeof(jf_packet), JF_ECN_UNKNOWN, jackfield::to_bytes(bytes_of(text)), 1};
        receiver_.methods->received(receiver_.self, &packet);
    }
    void end() { receiver_.methods->closed(receiver_.self, JF_CLOSED, nullptr); }
    void become_writable() { receiver_.methods->writable(receiver_.self); }

    Datagrams sent()
    {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

    std::string waiting;
    Status opens_with = JF_OK;
    std::atomic<int> closes{0};

private:
    jf_path_receiver receiver_{};
    std::mutex mutex_;
    Datagrams sent_;
};

/// Encryption above; it may answer what comes at once.
struct Encryption : jackfield::PathReceiver {
    void received(const jf_packet& packet) noexcept override
    {
        heard.emplace_back(reinterpret_cast<const char*>(packet.bytes.data), packet.bytes.size);
        if (answers_on != nullptr)
            answers_on->send(bytes_of("answer to " + heard.back()));
    }
    void writable() noexcept override { ++writables; }
    void closed(Status, std::string_view) noexcept override { ++ends; }

    Datagrams heard;
    int writables = 0;
    int ends = 0;
    const Path* answers_on = nullptr;
};

class EarlyPaths : public ::testing::Test {
protected:
    EarlyPaths() { path_.open(above_); }
    Status send(const std::string& text) { return path_.send(bytes_of(text)); }

    RealPath real_;
    Encryption above_;
    int unsent_ = 0;
    EarlyPath early_{{sizeof(jf_path_info), JF_DATAGRAM, 1000, 28, 0, 0}, [this] { ++unsent_; }};
    Path path_{early_.path()};
};

TEST_F(EarlyPaths, GiveOutWhatWasSaidOnce)
{
    EXPECT_EQ(send("a"), JF_OK);
    EXPECT_EQ(send("b"), JF_OK);
    EXPECT_EQ(unsent_, 1) << "who comes for one takes both";
    EXPECT_EQ(early_.take_unsent(), (Datagrams{"a", "b"}));
    EXPECT_EQ(early_.take_unsent(), Datagrams());
    EXPECT_EQ(send("c"), JF_OK);
    EXPECT_EQ(unsent_, 2);
    EXPECT_EQ(early_.take_unsent(), Datagrams{"c"});
}

TEST_F(EarlyPaths, JoinTheParts)
{
    const std::string one = "ab";
    const std::string two = "cd";
    const jf_bytes parts[] = {jackfield::to_bytes(bytes_of(one)), jackfield::to_bytes(bytes_of(two))};
    EXPECT_EQ(path_.send(parts), JF_OK);
    EXPECT_EQ(early_.take_unsent(), Datagrams{"abcd"});
}

TEST_F(EarlyPaths, AreBounded)
{
    EXPECT_EQ(send(std::string(1001, 'x')), JF_BAD_INPUT);
    EXPECT_EQ(send(""), JF_BAD_INPUT);
    for (int i = 0; i < JF_EARLY_DATAGRAMS + 5; ++i)
        EXPECT_EQ(send(std::string(1000, 'x')), JF_OK) << "lost, as datagrams may be";
    EXPECT_EQ(early_.take_unsent().size(), std::size_t{JF_EARLY_DATAGRAMS});
    early_.stand_on(real_.handle());
    EXPECT_EQ(real_.sent().size(), std::size_t{JF_EARLY_DATAGRAMS});
}

TEST_F(EarlyPaths, DescribeThePathThatWillBeThenTheOneThatIs)
{
    EXPECT_EQ(path_.describe().max_datagram_bytes, 1000U);
    EXPECT_FALSE(early_.stands());
    early_.stand_on(real_.handle());
    EXPECT_TRUE(early_.stands());
    EXPECT_EQ(path_.describe().max_datagram_bytes, 1300U);
}

TEST_F(EarlyPaths, SayItOnceMoreWhenThePathIsThereAndThenAsTheyAreTold)
{
    send("hello");
    early_.take_unsent();
    EXPECT_FALSE(early_.repeat()) << "there is no path";
    early_.stand_on(real_.handle());
    EXPECT_EQ(real_.sent(), Datagrams{"hello"});
    EXPECT_TRUE(early_.repeat());
    EXPECT_EQ(real_.sent(), (Datagrams{"hello", "hello"}));
    real_.bring("hello yourself");
    EXPECT_FALSE(early_.repeat());
    EXPECT_EQ(send("finished"), JF_OK);
    EXPECT_EQ(real_.sent(), (Datagrams{"hello", "hello", "finished"}));
    EXPECT_EQ(early_.take_unsent(), Datagrams()) << "nothing goes early any more";
    EXPECT_EQ(above_.heard, Datagrams{"hello yourself"});
}

TEST_F(EarlyPaths, SendTheAnswerAndNotTheFirstFlightIfThePeersIsThereAlready)
{
    above_.answers_on = &path_;
    send("hello");
    early_.take_unsent();
    real_.waiting = "hello yourself";
    early_.stand_on(real_.handle());
    EXPECT_EQ(real_.sent(), Datagrams{"answer to hello yourself"});
}

TEST_F(EarlyPaths, TellWhatBecomesOfThePath)
{
    early_.stand_on(real_.handle());
    real_.become_writable();
    real_.end();
    EXPECT_EQ(above_.writables, 1);
    EXPECT_EQ(above_.ends, 1);
}

TEST_F(EarlyPaths, CloseWhatTheyStandOnOnce)
{
    early_.stand_on(real_.handle());
    path_.close();
    path_.close();
    EXPECT_EQ(real_.closes, 1);
    EXPECT_EQ(send("a"), JF_CLOSED);
    EXPECT_FALSE(early_.repeat());
}

TEST_F(EarlyPaths, AreClosedBeforeThereIsAPath)
{
    send("hello");
    path_.close();
    EXPECT_EQ(send("a"), JF_CLOSED);
    EXPECT_EQ(early_.take_unsent(), Datagrams());
    early_.stand_on(real_.handle());
    EXPECT_EQ(real_.sent(), Datagrams());
    EXPECT_FALSE(early_.stands());
}

TEST_F(EarlyPaths, SayThatThePathCannotBeOpened)
{
    real_.opens_with = JF_BUSY;
    EXPECT_THROW(early_.stand_on(real_.handle()), jackfield::kernel::Failure);
    EXPECT_FALSE(early_.stands());
    path_.close();
    EXPECT_EQ(real_.closes, 0) << "it was never ours";
}

TEST_F(EarlyPaths, MayBeSpokenUponWhileThePathComes)
{
    std::atomic<bool> there{false};
    std::thread speaker([&] {
        for (int after = 0; after < 100;) {
            EXPECT_EQ(send("datagram"), JF_OK);
            after += there ? 1 : 0;
        }
    });
    early_.take_unsent();
    early_.stand_on(real_.handle());
    there = true;
    speaker.join();
    EXPECT_GE(real_.sent().size(), 99U);
    path_.close();
}

} // namespace
