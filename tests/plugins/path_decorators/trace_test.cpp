// path-trace, judged by Wireshark's own reader.
#include "decorated_link.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jackfield::decorator_test {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class PathTrace : public ::testing::Test {
protected:
    PathTrace() : file_(::testing::TempDir() + "path_trace_" + std::to_string(getpid()) + ".pcapng")
    {
        std::filesystem::remove(file_);
    }
    ~PathTrace() override { std::filesystem::remove(file_); }

    std::string config(const std::string& more = "") const { return R"({"file": ")" + file_ + "\"" + more + "}"; }

    /// One row for each packet that tshark sees.
    Rows packets(const std::string& fields) const
    {
        std::string command = "tshark -n -r '" + file_ + "' -T fields";
        std::istringstream names(fields);
        for (std::string name; names >> name;)
            command += " -e " + name;
        FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
        std::string text;
        std::array<char, 4096> chunk{};
        for (std::size_t got; (got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
            text.append(chunk.data(), got);
        EXPECT_EQ(pclose(pipe), 0) << text;
        Rows rows;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("Running as user"))
                continue;
            rows.emplace_back();
            std::istringstream cells(line);
            for (std::string cell; std::getline(cells, cell, '\t');)
                rows.back().push_back(cell);
        }
        return rows;
    }

    std::string file_;
};

TEST_F(PathTrace, OfDatagramsShowsBothDirectionsWithTheirTimes)
{
    const auto before = std::chrono::system_clock::now().time_since_epoch();
    {
        DecoratedLink link("path-trace", config(), JF_DATAGRAM, 3);
        link.open();
        link.near().send(packet_of(0xab, 10));
        ASSERT_TRUE(link.at_far().wait_for_packets(1));
        link.far().send(packet_of(0xcd, 20));
        ASSERT_TRUE(link.at_near().wait_for_packets(1));
    }
    const Rows rows = packets("frame.interface_name ip.src ip.dst udp.dstport udp.payload frame.time_epoch");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0][0], "media 3");
    EXPECT_EQ(rows[0][1], "192.0.2.1");
    EXPECT_EQ(rows[0][2], "192.0.2.2");
    EXPECT_EQ(rows[0][3], "5006");
    EXPECT_EQ(rows[0][4], "abababababababababab");
    EXPECT_EQ(rows[1][1], "192.0.2.2") << "the peer is the callee";
    EXPECT_EQ(rows[1][4].size(), 40U);
    EXPECT_NEAR(std::stod(rows[0][5]), std::chrono::duration<double>(before).count(), 5);
    EXPECT_GE(std::stod(rows[1][5]), std::stod(rows[0][5]));
}

TEST_F(PathTrace, OfAStreamCanBePutTogetherAgain)
{
    {
        DecoratedLink link("path-trace", config(R"(, "plaintext": true)"), JF_STREAM, 1, "signaling");
        link.open();
        const std::string request = "OPTIONS sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK1\r\n"
                                    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: 1\r\n"
                                    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
        const Bytes bytes(request.begin(), request.end());
        const ByteView view(bytes);
        ASSERT_EQ(link.near().send(view.first(40)), JF_OK);
        ASSERT_EQ(link.near().send(view.subspan(40)), JF_OK);
        ASSERT_EQ(link.near().send(packet_of(1, 65'536)), JF_OK); // more than one IP packet can hold
        ASSERT_TRUE(link.at_far().wait([](const auto& heard) { return heard.bytes > 65'536; }));
    }
    const Rows rows = packets("ip.proto tcp.seq sip.Method tcp.len");
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0][0], "6");
    EXPECT_EQ(rows[1][2], "OPTIONS") << "found in its second piece";
    EXPECT_EQ(std::stoi(rows[2][3]) + std::stoi(rows[3][3]) + std::stoi(rows[4][3]), 65'536);
}

TEST_F(PathTrace, IsReadableByItsOwnerAlone)
{
    DecoratedLink("path-trace", config(), JF_DATAGRAM).open();
    struct stat status{};
    ASSERT_EQ(stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(PathTrace, AddsToAFileThatIsThere)
{
    for (int run = 0; run < 2; ++run) {
        DecoratedLink link("path-trace", config(), JF_DATAGRAM);
        link.open();
        link.near().send(packet_of(1));
    }
    EXPECT_EQ(packets("frame.number").size(), 2U);
}

TEST_F(PathTrace, LeavesOutWhatTheDiskIsTooSlowForAndSaysSo)
{
    ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0); // a disk that takes nothing until somebody reads
    const int reader = open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    DecoratedLink link("path-trace", config(R"(, "buffer_kib": 256)"), JF_STREAM);
    link.open();
    for (int i = 0; i < 20; ++i) // 1.3 MB: more than the pipe and both buffers hold
        ASSERT_EQ(link.near().send(packet_of(1, 65'536)), JF_OK) << "the path does not wait for the disk";
    ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0); // from here on it waits for what comes
    std::jthread drain([reader] {
        std::array<char, 65'536> chunk{};
        while (read(reader, chunk.data(), chunk.size()) > 0) { // until the plugin has closed it
        }
    });
    link.end();
    drain.join();
    close(reader);
    const auto lines = link.host().log_lines();
    EXPECT_TRUE(std::ranges::any_of(
        lines, [](const std::string& line) { return line.find("packets are not in the file") != std::string::npos; }));
}

TEST_F(PathTrace, RefusesTheSeamsWhereCallsAreInTheClearUnlessToldOtherwise)
{
    for (const char* seam : {"secured", "signaling"}) {
        try {
            const DecoratedLink link("path-trace", config(), JF_STREAM, 1, seam);
            ADD_FAILURE() << seam;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_REFUSED);
            EXPECT_NE(std::string(failure.what()).find("\"plaintext\": true would allow"), std::string::npos);
        }
    }
}

TEST_F(PathTrace, RefusesAFileThatCannotBeWritten)
{
    try {
        const DecoratedLink link("path-trace", R"({"file": "/nowhere/trace.pcapng"})", JF_DATAGRAM);
        ADD_FAILURE();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_NE(std::string(failure.what()).find("a file in a folder of ours would work"), std::string::npos);
    }
}

} // namespace
} // namespace jackfield::decorator_test
