// Two pipes and a process. See dissononce.hpp.
//
// Threads: the test's.
#include "dissononce.hpp"

#include "pem.hpp"

#include <nlohmann/json.hpp>
#include <sodium.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;

namespace {

std::string base64(ByteView bytes)
{
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    return text;
}

void need(bool fine, const char* what)
{
    if (!fine)
        throw jackfield::Failure(JF_INTERNAL, what);
}

} // namespace

Dissononce::Dissononce(bool initiator, bool datagrams, const jackfield::testing::TestIdentity& identity,
                       const jackfield::Device& peer)
    : datagrams_(datagrams)
{
    std::signal(SIGPIPE, SIG_IGN); // a program that ended early is noticed by what it did not say
    nlohmann::json settings{{"role", initiator ? "initiator" : "responder"},
                            {"kind", datagrams ? "datagrams" : "stream"},
                            {"key", identity.service().private_key_pem()},
                            {"peer", base64(certificates_of(peer.chain_pem).front())}};
    for (const auto& certificate : certificates_of(identity.device().chain_pem))
        settings["chain"].push_back(base64(certificate));
    const std::string file = folder_.path() + "/peer.json";
    std::ofstream(file) << settings.dump();

    int in[2];
    int out[2];
    need(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::string script = JACKFIELD_SOURCE_DIR "/tests/plugins/secure-noise/dissononce_peer.py";
    std::string python = "/usr/bin/python3";
    std::string argument = file;
    char* arguments[] = {python.data(), script.data(), argument.data(), nullptr};
    const int code = posix_spawn(&pid_, python.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    need(code == 0, "/usr/bin/python3 cannot be started");
}

Dissononce::~Dissononce()
{
    if (pid_ != 0) {
        kill(pid_, SIGKILL);
        exit_code();
    }
    ::close(to_);
    ::close(from_);
}

void Dissononce::send(ByteView bytes)
{
    Bytes whole;
    if (datagrams_)
        whole = {static_cast<std::uint8_t>(bytes.size() >> 8U), static_cast<std::uint8_t>(bytes.size() & 0xffU)};
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    for (std::size_t at = 0; at < whole.size();) {
        const auto count = ::write(to_, whole.data() + at, whole.size() - at);
        if (count <= 0)
            return;
        at += static_cast<std::size_t>(count);
    }
}

bool Dissononce::read_exactly(std::uint8_t* data, std::size_t size)
{
    while (size > 0) {
        const auto count = ::read(from_, data, size);
        if (count <= 0)
            return false;
        data += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

Bytes Dissononce::receive()
{
    Bytes bytes(65'535);
    if (datagrams_) {
        std::uint8_t head[2];
        if (!read_exactly(head, sizeof(head)))
            return {};
        bytes.resize(std::size_t{head[0]} << 8U | head[1]);
        return read_exactly(bytes.data(), bytes.size()) ? bytes : Bytes();
    }
    const auto count = ::read(from_, bytes.data(), bytes.size());
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

int Dissononce::exit_code()
{
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace secure_noise
