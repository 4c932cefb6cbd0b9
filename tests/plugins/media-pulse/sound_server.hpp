// A PulseAudio daemon of the test's own, in a folder of its own, with sinks that play nowhere and their monitors.
//
// Threads:  the test's; one that reads what the daemon says.
// Lifetime: the destructor ends the daemon.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sound_test {

/// What a command writes to its standard output.
inline std::string output_of(const std::string& command)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "re"), pclose);
    std::string output;
    std::array<char, 4096> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
        output.append(buffer.data(), size);
    return output;
}

class SoundServer {
public:
    /// With a sink for each name, the first of which is the default one; to record from "NAME.monitor".
    explicit SoundServer(const std::vector<std::string>& sinks = {"line", "ear"})
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-pulse-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        start(sinks);
    }
    SoundServer(const SoundServer&) = delete;
    SoundServer& operator=(const SoundServer&) = delete;
    ~SoundServer()
    {
        stop();
        std::filesystem::remove_all(folder_);
    }

    void start(const std::vector<std::string>& sinks)
    {
        ready_ = false;
        const std::string here = "HOME=" + folder_ + " XDG_RUNTIME_DIR=" + folder_ + " PULSE_RUNTIME_PATH=" + folder_ +
                                 " PULSE_STATE_PATH=" + folder_ + "/state ";
        std::string command = "exec setpriv --pdeathsig KILL env -u DBUS_SESSION_BUS_ADDRESS " + here +
                              "pulseaudio --daemonize=no -n --use-pid-file=no --exit-idle-time=-1 -v "
                              "--log-target=stderr --realtime=no --high-priority=no "
                              "-L 'module-native-protocol-unix socket=" +
                              folder_ + "/native auth-anonymous=1'";
        for (const auto& sink : sinks)
            command += " -L '" + sink_words(sink) + "'";
        daemon_ = popen((command + " 2>&1").c_str(), "re");
        reader_ = std::thread([this] {
            std::array<char, 4096> line{};
            while (std::fgets(line.data(), line.size(), daemon_) != nullptr) {
                const std::lock_guard lock(mutex_);
                said_ += line.data();
                ready_ = ready_ || std::string(line.data()).find("startup complete") != std::string::npos;
                changed_.notify_all();
            }
            const std::lock_guard lock(mutex_);
            ended_ = true;
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ready_ || ended_; });
        EXPECT_TRUE(ready_) << said_;
    }

    void stop()
    {
        if (daemon_ == nullptr)
            return;
        pactl("exit");
        reader_.join();
        pclose(std::exchange(daemon_, nullptr));
        ended_ = false;
    }

    std::string address() const { return "unix:" + folder_ + "/native"; }
    std::string config() const { return R"({"server": ")" + address() + R"("})"; }

    std::string pactl(const std::string& words) const
    {
        return output_of("pactl -s " + address() + " " + words + " 2>&1");
    }

    /// Its number, for unload.
    std::string load(const std::string& words) const
    {
        std::string number = pactl("load-module " + words);
        while (!number.empty() && number.back() == '\n')
            number.pop_back();
        EXPECT_FALSE(number.empty() || number.find_first_not_of("0123456789") != std::string::npos) << number;
        return number;
    }
    void unload(const std::string& number) const { pactl("unload-module " + number); }

    /// A sink by that name; "plug in".
    std::string load_sink(const std::string& name) const { return load(sink_words(name)); }

    /// A tone without end into that sink.
    std::string load_tone(const std::string& sink, int hertz) const
    {
        return load("module-sine sink=" + sink + " frequency=" + std::to_string(hertz) + " rate=48000");
    }

    /// "Unplugs" a sink that start has made.
    void unplug(const std::string& name) const
    {
        const auto modules = pactl("list short modules");
        std::size_t from = 0;
        while (from < modules.size()) {
            const auto end = modules.find('\n', from);
            const auto line = modules.substr(from, end - from);
            if (line.find("sink_name=" + name + " ") != std::string::npos)
                unload(line.substr(0, line.find('\t')));
            from = end == std::string::npos ? modules.size() : end + 1;
        }
    }

    /// So much of what can be heard there from now on, one channel at 48 kHz.
    std::vector<float> record(const std::string& source, double seconds) const
    {
        const std::string command = "exec parec -s " + address() + " -d " + source +
                                    " --format=float32le --rate=48000 --channels=1 --latency-msec=20 2>/dev/null";
        std::FILE* const pipe = popen(command.c_str(), "re");
        std::vector<float> samples(static_cast<std::size_t>(seconds * 48'000));
        samples.resize(std::fread(samples.data(), sizeof(float), samples.size(), pipe));
        pclose(pipe);
        return samples;
    }

private:
    static std::string sink_words(const std::string& name)
    {
        return "module-null-sink sink_name=" + name + " rate=48000 sink_properties=device.description=The_" + name;
    }

    std::string folder_;
    std::FILE* daemon_ = nullptr;
    std::thread reader_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string said_;
    bool ready_ = false;
    bool ended_ = false;
};

} // namespace sound_test
