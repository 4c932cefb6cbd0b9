// The ffmpeg program sends SRTP of its own making over loopback; the plugin opens every packet of it.
//
// Threads: the test's thread, and ffmpeg in a process of its own. The test ends when ffmpeg has ended and all it sent
// is read.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace media_transport_test {
namespace {

/// A UDP socket on an ephemeral port of the loopback interface.
class LoopbackSocket {
public:
    LoopbackSocket() : handle_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(bind(handle_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port = ntohs(address.sin_port);
    }
    LoopbackSocket(const LoopbackSocket&) = delete;
    LoopbackSocket& operator=(const LoopbackSocket&) = delete;
    ~LoopbackSocket() { close(handle_); }

    /// What has come so far.
    void read_into(std::vector<Bytes>& packets) const
    {
        Bytes buffer(2048);
        for (;;) {
            const ssize_t size = recv(handle_, buffer.data(), buffer.size(), 0);
            if (size < 0)
                return;
            packets.emplace_back(buffer.begin(), buffer.begin() + size);
        }
    }

    int handle() const { return handle_; }
    int port = 0;

private:
    int handle_;
};

/// Runs a program; both sockets are read until it has ended. Its exit status, or -1 if it cannot be run.
int run_and_read(const std::vector<std::string>& words, const LoopbackSocket (&sockets)[2],
                 std::vector<Bytes> (&packets)[2])
{
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
        return -1;
    const int child_handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    EXPECT_GE(child_handle, 0);
    pollfd waits[3] = {{sockets[0].handle(), POLLIN, 0}, {sockets[1].handle(), POLLIN, 0}, {child_handle, POLLIN, 0}};
    while ((waits[2].revents & POLLIN) == 0 && poll(waits, 3, 30'000) > 0) {
        for (int i = 0; i < 2; ++i)
            sockets[i].read_into(packets[i]);
    }
    if ((waits[2].revents & POLLIN) == 0)
        kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(child_handle);
    for (int i = 0; i < 2; ++i)
        sockets[i].read_into(packets[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(MediaSrtpFfmpeg, OpensWhatFfmpegProtected)
{
    Simulation simulation(2);
    Json config = audio_session(simulation, "AES_CM_128_HMAC_SHA1_80");
    Json& stream = config["streams"][0];
    stream["rtcp_path"] = 1;
    stream["payload_type"] = 0;
    stream["clock_rate_hz"] = 8000;
    ASSERT_EQ(simulation.sides[0].open(config, simulation.paths(0)), JF_OK);

    const LoopbackSocket sockets[2];
    std::vector<Bytes> packets[2];
    const std::string url = "srtp://127.0.0.1:" + std::to_string(sockets[0].port) +
                            "?rtcpport=" + std::to_string(sockets[1].port) + "&pkt_size=172";
    const int status = run_and_read({"ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i",
                                     "sine=frequency=440:sample_rate=8000:duration=2", "-c:a", "pcm_mulaw", "-f", "rtp",
                                     "-sdp_file", "/dev/null", "-srtp_out_suite", "AES_CM_128_HMAC_SHA1_80",
                                     "-srtp_out_params", stream["receive_key"]["key"].get<std::string>(), url},
                                    sockets, packets);
    if (status == -1)
        GTEST_SKIP() << "there is no ffmpeg program here";
    ASSERT_EQ(status, 0);
    ASSERT_GE(packets[0].size(), 90U);
    ASSERT_GE(packets[1].size(), 1U) << "ffmpeg sends its first sender report at once";

    simulation.inject(0, 1, packets[1][0]);
    for (const Bytes& packet : packets[0]) {
        simulation.inject(0, 0, packet);
        simulation.run(20 * kMs);
    }
    simulation.run(200 * kMs);
    const Json statistics = simulation.sides[0].statistics(0);
    EXPECT_EQ(statistics["packets_refused"], 0);
    EXPECT_EQ(statistics["packets_received"], packets[0].size());
    EXPECT_EQ(statistics["packets_lost"], 0);
    EXPECT_EQ(simulation.sides[0].played[0].size(), packets[0].size());
}

} // namespace
} // namespace media_transport_test
