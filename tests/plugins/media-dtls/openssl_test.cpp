// The openssl program at the other end, as server and as client: it shakes hands with the session, and says which key
// material came of it. What the session sends then opens with those keys.
//
// Threads: the test's thread, one that reads what the program prints; the program is a process of its own.
#include "tests/plugins/media_transport/call.hpp"

#include "tests/udp_phone.hpp"
#include <shared/srtp/srtp_context.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <regex>

extern char** environ;

namespace media_transport_test {
namespace {

using jackfield::test::UdpPhone;
namespace rtp = jackfield::rtp;

/// A program whose output is read line by line, and whose input stays open.
class Program {
public:
    explicit Program(const std::string& command)
    {
        int input[2];
        int output[2];
        EXPECT_EQ(pipe2(input, O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(output, O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input[0], 0);
        posix_spawn_file_actions_adddup2(&actions, output[1], 1);
        posix_spawn_file_actions_adddup2(&actions, output[1], 2);
        const char* words[] = {"/bin/sh", "-c", command.c_str(), nullptr};
        EXPECT_EQ(posix_spawn(&process_, "/bin/sh", &actions, nullptr, const_cast<char**>(words), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        close(input[0]);
        close(output[1]);
        input_ = input[1];
        output_ = output[0];
        const int flags = fcntl(output_, F_GETFL);
        fcntl(output_, F_SETFL, flags | O_NONBLOCK);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program()
    {
        kill(process_, SIGTERM);
        close(input_);
        close(output_);
        waitpid(process_, nullptr, 0);
    }

    /// What it has printed so far.
    const std::string& text()
    {
        char buffer[4096];
        for (ssize_t size = 0; (size = read(output_, buffer, sizeof(buffer))) > 0;)
            text_.append(buffer, static_cast<std::size_t>(size));
        return text_;
    }

    /// The first group of the expression in it; empty if there is none yet.
    std::string find(const std::string& expression)
    {
        std::smatch found;
        const std::string& all = text();
        return std::regex_search(all, found, std::regex(expression)) ? found[1].str() : std::string();
    }

private:
    pid_t process_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string text_;
};

bool wait_for(const std::function<bool()>& done)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end)
        poll(nullptr, 0, 1);
    return done();
}

Bytes from_hex(const std::string& text)
{
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
    return bytes;
}

class OpensslProgram : public ::testing::TestWithParam<std::pair<std::string, bool>> {
protected:
    OpensslProgram() : folder_(std::filesystem::temp_directory_path() / ("media-dtls-" + std::to_string(getpid())))
    {
        std::filesystem::create_directories(folder_);
        Program made(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=phone -days 2 "
            "-keyout " +
            file("key") + " -out " + file("cert") + " && openssl x509 -noout -fingerprint -sha256 -in " + file("cert"));
        EXPECT_TRUE(wait_for([&] { return !(fingerprint_ = made.find("ingerprint=([0-9A-F:]+)\n")).empty(); }))
            << made.text();
    }
    ~OpensslProgram() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name) const { return (folder_ / name).string() + ".pem"; }
    const rtp::Suite& suite() const { return *jackfield::srtp::find_suite(GetParam().first); }
    bool we_are_client() const { return GetParam().second; }

    std::string common() const
    {
        const bool gcm = GetParam().first == "AEAD_AES_128_GCM";
        return " -dtls1_2 -key " + file("key") + " -cert " + file("cert") + " -use_srtp " +
               (gcm ? "SRTP_AEAD_AES_128_GCM" : "SRTP_AES128_CM_SHA1_80") +
               " -keymatexport EXTRACTOR-dtls_srtp -keymatexportlen " +
               std::to_string(2 * (suite().key_bytes + suite().salt_bytes));
    }

    /// The key of one end, out of what both have exported (RFC 5764 section 4.2).
    rtp::Key key_of(bool client, const Bytes& all) const
    {
        const auto key = all.begin() + static_cast<std::ptrdiff_t>(client ? 0 : suite().key_bytes);
        const auto salt =
            all.begin() + static_cast<std::ptrdiff_t>(2 * suite().key_bytes + (client ? 0 : suite().salt_bytes));
        Bytes bytes(key, key + static_cast<std::ptrdiff_t>(suite().key_bytes));
        bytes.insert(bytes.end(), salt, salt + static_cast<std::ptrdiff_t>(suite().salt_bytes));
        return {&suite(), bytes};
    }

    std::filesystem::path folder_;
    std::string fingerprint_;
};

TEST_P(OpensslProgram, ExportsTheKeysThatTheSessionUses)
{
    UdpPhone ours;
    std::unique_ptr<Program> program;
    std::string port;
    if (we_are_client()) {
        program = std::make_unique<Program>("exec openssl s_server -accept 127.0.0.1:0 -Verify 1" + common());
        ASSERT_TRUE(wait_for([&] { return !(port = program->find("ACCEPT 127.0.0.1:(\\d+)")).empty(); }))
            << program->text();
    }
    std::uint16_t theirs = port.empty() ? 0 : static_cast<std::uint16_t>(std::stoi(port));
    std::vector<Bytes> sent;
    End end([&](Bytes bytes) {
        sent.push_back(bytes);
        if (theirs != 0)
            ours.send_to(theirs, bytes);
        return JF_OK;
    });
    Side side("{}", "media-dtls"); // goes before its path does
    side.peer_fingerprint = "sha-256 " + fingerprint_;
    Json config{{"streams", {stream_config("audio", kAudioSsrc, side, "")}}};
    config["streams"][0]["dtls_role"] = we_are_client() ? "client" : "server";
    jackfield::check(side.open(config, {end.handle()}), jackfield::no_error());
    if (!we_are_client())
        program = std::make_unique<Program>("exec openssl s_client -connect 127.0.0.1:" + std::to_string(ours.port()) +
                                            common());
    std::string material;
    const auto relay = [&] {
        std::uint16_t from = 0;
        for (Bytes bytes = ours.receive_now(&from); !bytes.empty(); bytes = ours.receive_now(&from)) {
            theirs = from;
            end.gate.deliver(jackfield::make_packet(bytes, side.host.now_ns()));
        }
        side.host.advance(std::chrono::milliseconds(1));
        return side.statistics(0)["suite"] != "none" &&
               !(material = program->find("Keying material: ([0-9A-F]+)\n")).empty();
    };
    ASSERT_TRUE(wait_for(relay)) << program->text();
    EXPECT_EQ(side.statistics(0)["suite"], GetParam().first);

    // What we send opens with our key as the program has exported it; what its key protects, we take.
    const Bytes all = from_hex(material);
    sent.clear();
    ASSERT_EQ(side.send(0, 0, numbered(7)), JF_OK);
    ASSERT_EQ(sent.size(), 1U);
    auto opener = jackfield::srtp::make_opener(key_of(we_are_client(), all), {});
    std::size_t size = sent[0].size();
    ASSERT_TRUE(opener->rtp(sent[0], size));
    EXPECT_EQ(size, 12 + 160U);
    EXPECT_EQ(Bytes(sent[0].begin() + 12, sent[0].begin() + static_cast<std::ptrdiff_t>(size)), numbered(7));
    auto protector = jackfield::srtp::make_protector(key_of(!we_are_client(), all), 99);
    for (std::uint8_t sequence = 1; sequence < 4; ++sequence) {
        Bytes packet{0x80, 111, 0, sequence, 0, 0, 0, sequence, 0, 0, 0, 99};
        packet.resize(12 + 160 + rtp::kMaxTrailerBytes, sequence);
        size = 12 + 160;
        ASSERT_TRUE(protector->rtp(packet, size));
        packet.resize(size);
        end.gate.deliver(jackfield::make_packet(packet, side.host.now_ns()));
    }
    EXPECT_EQ(side.statistics(0)["packets_refused"], 0);
    side.host.advance(std::chrono::milliseconds(300));
    side.work();
    EXPECT_EQ(side.played[0].size(), 3U) << "from the first packet on, though nobody announced its source";
    side.release();
}

INSTANTIATE_TEST_SUITE_P(MediaDtls, OpensslProgram,
                         ::testing::Values(std::pair{"AEAD_AES_128_GCM", true}, std::pair{"AEAD_AES_128_GCM", false},
                                           std::pair{"AES_CM_128_HMAC_SHA1_80", true},
                                           std::pair{"AES_CM_128_HMAC_SHA1_80", false}),
                         [](const auto& test) {
                             return std::string(test.param.first == "AEAD_AES_128_GCM" ? "Gcm" : "Cm") +
                                    (test.param.second ? "AsServer" : "AsClient");
                         });

} // namespace
} // namespace media_transport_test
