// Real telephones, each a program of Debian in a folder of its own: baresip, SIPp, linphonec. What they say is read as
// it comes; they are killed when they go away.
//
// Threads: the test's thread; each telephone has a thread that reads its output.
#pragma once

#include "../plugins/discovery-sip/kamailio.hpp"
#include "world.hpp"

#include <jackfield/testing/free_port.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace scenarios {

/// A program whose output is lines of text.
class Telephone {
public:
    Telephone(const std::vector<std::string>& words, const std::filesystem::path& log)
        : child_("setpriv", ends_with_us(words), log.string()), reader_([this] {
              while (auto line = child_.line()) {
                  const std::lock_guard lock(mutex_);
                  lines_.push_back(std::move(*line));
                  changed_.notify_all();
              }
              const std::lock_guard lock(mutex_);
              ended_ = true;
              changed_.notify_all();
          })
    {}
    Telephone(const Telephone&) = delete;
    Telephone& operator=(const Telephone&) = delete;
    ~Telephone()
    {
        child_.kill();
        reader_.join();
    }

    /// Now or later; false if it has not in time, or has ended.
    bool says(const std::string& part, std::chrono::milliseconds limit = 20s)
    {
        std::unique_lock lock(mutex_);
        const auto said = [&] {
            return std::any_of(lines_.begin(), lines_.end(),
                               [&](const auto& line) { return line.find(part) != std::string::npos; });
        };
        changed_.wait_for(lock, limit, [&] { return ended_ || said(); });
        return said();
    }

    /// Its exit code, once it has ended by itself; -1 if it has not in time.
    int exit_code(std::chrono::milliseconds limit = 30s)
    {
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait_for(lock, limit, [&] { return ended_; }))
                return -1;
        }
        return child_.wait();
    }

    std::string all()
    {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const auto& line : lines_)
            text += line + "\n";
        return text;
    }

private:
    /// Also when we are killed; and each line is written when it is said.
    static std::vector<std::string> ends_with_us(const std::vector<std::string>& words)
    {
        std::vector<std::string> arguments{"--pdeathsig", "KILL", "stdbuf", "-oL"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        return arguments;
    }

    jackfield::program::Child child_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    bool ended_ = false;
    std::thread reader_;
};

inline void write_file(const std::filesystem::path& file, const std::string& text)
{
    std::ofstream(file) << text;
}

/// A minute of a tone, 16 bits, one channel, 8000 samples a second.
inline void write_tone(const std::filesystem::path& file, int frequency_hz)
{
    constexpr std::uint32_t rate = 8000;
    constexpr std::uint32_t bytes = rate * 60 * 2;
    std::ofstream out(file, std::ios::binary);
    const auto put = [&](std::uint32_t value, int size) {
        for (int i = 0; i < size; ++i)
            out.put(static_cast<char>(value >> (8 * i)));
    };
    out << "RIFF";
    put(36 + bytes, 4);
    out << "WAVEfmt ";
    put(16, 4);
    put(1, 2); // PCM
    put(1, 2); // one channel
    put(rate, 4);
    put(rate * 2, 4);
    put(2, 2);
    put(16, 2);
    out << "data";
    put(bytes, 4);
    for (std::uint32_t i = 0; i < bytes / 2; ++i) { // a triangle will do
        const auto phase = static_cast<int>((i * static_cast<std::uint32_t>(frequency_hz)) % rate);
        const int half = static_cast<int>(rate) / 2;
        const int height = phase < half ? phase : static_cast<int>(rate) - phase;
        put(static_cast<std::uint32_t>((height - half / 2) * 6), 2);
    }
}

/// How often a second the sound of such a file swings, over its second half: the frequency of a pure tone.
inline double swings_per_second(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    std::vector<std::int16_t> samples;
    for (std::size_t at = 44; at + 1 < all.size(); at += 2)
        samples.push_back(static_cast<std::int16_t>(static_cast<std::uint8_t>(all[at]) |
                                                    static_cast<std::uint8_t>(all[at + 1]) << 8));
    const std::size_t from = samples.size() / 2;
    int up = 0;
    for (std::size_t i = from + 1; i < samples.size(); ++i)
        up += samples[i - 1] < 0 && samples[i] >= 0 ? 1 : 0;
    return samples.size() < 1600 ? 0 : up * 8000.0 / static_cast<double>(samples.size() - from);
}

/// baresip with one account at that proxy; `parameters` as its accounts file has them (";mediaenc=srtp-mand").
class Baresip {
public:
    Baresip(std::filesystem::path folder, const std::string& proxy, const std::string& parameters,
            const std::string& user = "bare")
        : folder_(std::move(folder)), commands_port_(jackfield::testing::free_port(SOCK_STREAM))
    {
        std::filesystem::create_directories(folder_ / "sound");
        write_tone(folder_ / "tone.wav", 700);
        std::string config = "module_path /usr/lib/baresip/modules\nsip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\n"
                             "audio_source aufile," +
                             (folder_ / "tone.wav").string() + "\naudio_player aufile," +
                             (folder_ / "player.wav").string() + "\naudio_alert aufile," +
                             (folder_ / "alert.wav").string() + "\nausrc_srate 8000\nauplay_srate 8000\nsnd_path " +
                             (folder_ / "sound").string() + "\n";
        for (const char* module : {"g711", "aufile", "sndfile", "srtp", "dtls_srtp", "ice", "stdio"})
            config += std::string("module ") + module + ".so\n";
        config += "module ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:" + std::to_string(commands_port_) + "\n";
        config += "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app contact.so\n";
        write_file(folder_ / "config", config);
        write_file(folder_ / "contacts", "");
        write_file(folder_ / "accounts", "<sip:" + user + "@example.net>;outbound=\"sip:" + proxy +
                                             ";transport=udp\";auth_user=" + user +
                                             ";auth_pass=secret;regint=60;"
                                             "audio_codecs=PCMU" +
                                             parameters + "\n");
    }

    static bool installed() { return access("/usr/bin/baresip", X_OK) == 0; }

    /// Waits for calls, and answers them. True once it is registered.
    bool listen()
    {
        start({});
        return phone_->says("200 OK (");
    }

    void call(const std::string& uri) { start({"-e", "/dial " + uri}); }

    /// A command, as somebody would type it: "transfer", "sip:carol@example.net". False if it does not listen.
    bool say(const std::string& command, const std::string& parameters) const
    {
        const int connection = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(commands_port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const std::string text = Json{{"command", command}, {"params", parameters}, {"token", "1"}}.dump();
        const std::string framed = std::to_string(text.size()) + ":" + text + ",";
        std::array<char, 4096> answer{};
        const bool said = connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                          write(connection, framed.data(), framed.size()) == static_cast<ssize_t>(framed.size()) &&
                          read(connection, answer.data(), answer.size()) > 0;
        close(connection);
        return said;
    }

    /// Of what it has heard; 0 if that is nearly nothing.
    double heard_hz() const
    {
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / "sound")) {
            if (entry.path().string().ends_with("-dec.wav"))
                return swings_per_second(entry.path());
        }
        return 0;
    }

    Telephone& phone() { return *phone_; }

private:
    void start(const std::vector<std::string>& more)
    {
        std::vector<std::string> arguments{"baresip", "-v", "-f", folder_.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        phone_ = std::make_unique<Telephone>(arguments, folder_ / "errors.log");
    }

    std::filesystem::path folder_;
    std::uint16_t commands_port_;
    std::unique_ptr<Telephone> phone_;
};

/// linphonec with one account at that proxy. It answers every call, and plays a tone where its microphone would be.
class Linphone {
public:
    Linphone(std::filesystem::path folder, const std::string& proxy) : folder_(std::move(folder))
    {
        for (const char* part : {".local/share/linphone", ".config/linphone"})
            std::filesystem::create_directories(folder_ / part);
        write_tone(folder_ / "tone.wav", 700);
        write_file(folder_ / "rc",
                   "[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nuse_ipv6=0\ndefault_proxy=0\n"
                   "[auth_info_0]\nusername=lin\npasswd=secret\nrealm=example.net\ndomain=example.net\nalgorithm=MD5\n"
                   "[proxy_0]\nreg_proxy=<sip:" +
                       proxy + ";transport=udp>\nreg_route=<sip:" + proxy +
                       ";transport=udp;lr>\nreg_identity=sip:lin@example.net\nreg_expires=60\nreg_sendregister=1\n"
                       "publish=0\n[video]\nenabled=0\n");
        const std::string input = (folder_ / "commands").string();
        if (mkfifo(input.c_str(), 0600) != 0)
            throw std::runtime_error("no pipe for linphonec");
        commands_.open(input, std::ios::in | std::ios::out);
        phone_ = std::make_unique<Telephone>(
            std::vector<std::string>{"sh", "-c", "HOME=\"$0\" exec linphonec -a -c \"$0/rc\" < \"$0/commands\"",
                                     folder_.string()},
            folder_ / "errors.log");
        say("soundcard use files");
    }

    static bool installed() { return access("/usr/bin/linphonec", X_OK) == 0; }

    /// It only says so when it is asked.
    bool registered()
    {
        for (int tries = 0; tries < 40; ++tries) {
            say("status register");
            if (phone_->says("registered, identity", 500ms))
                return true;
        }
        return false;
    }

    void say(const std::string& command) { commands_ << command << std::endl; }
    void play() { say("play " + (folder_ / "tone.wav").string()); }
    Telephone& phone() { return *phone_; }

private:
    std::filesystem::path folder_;
    std::fstream commands_;
    std::unique_ptr<Telephone> phone_;
};

} // namespace scenarios
