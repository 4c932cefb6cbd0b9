// isolated-trouble: does what a plugin must not, when a datagram, a frame or its configuration says so, and answers
// with what came of it.
#include <jackfield/audio_stage.hpp>
#include <jackfield/codec.hpp>
#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

std::string outcome(long result)
{
    return result >= 0 ? "done" : strerrorname_np(errno);
}

long start_process()
{
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, nullptr, 0);
    return child;
}

long start_program()
{
    char name[] = "/bin/true";
    char* words[] = {name, nullptr};
    return execve(name, words, environ); // comes back only if it must not
}

long make_code()
{
    void* const place = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return place == MAP_FAILED ? -1 : 0;
}

/// What the word asks for; empty if it asks for nothing.
std::string obey(const std::string& word)
{
    if (word == "abort")
        std::abort();
    if (word == "exit")
        _exit(7);
    if (word == "hang")
        for (;;)
            pause();
    if (word == "pid")
        return std::to_string(getpid());
    if (word == "socket")
        return outcome(socket(AF_INET, SOCK_DGRAM, 0));
    if (word == "write")
        return outcome(open("/tmp/isolated-trouble", O_WRONLY | O_CREAT, 0600));
    if (word == "read")
        return outcome(open("/etc/passwd", O_RDONLY));
    if (word == "fork")
        return outcome(start_process());
    if (word == "exec")
        return outcome(start_program());
    if (word == "code")
        return outcome(make_code());
    if (word == "privileges")
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "no new ones" : "new ones";
    if (word == "hang up") // the socket to the kernel
        return outcome(close(3));
    return {};
}

class TroublePath final : public jackfield::DecoratedPath {
public:
    using DecoratedPath::DecoratedPath;
    ~TroublePath() override { close(); }

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::string word(reinterpret_cast<const char*>(parts[0].data), parts[0].size);
        const std::string answer = obey(word);
        return answer.empty() ? DecoratedPath::send(parts)
                              : below().send(jackfield::ByteView(reinterpret_cast<const std::uint8_t*>(answer.data()),
                                                                 answer.size()));
    }
};

class TroubleDecorator final : public jackfield::PathDecorator {
public:
    TroubleDecorator(jackfield::Host host, std::string_view config_json) : PathDecorator(host)
    {
        for (const char* const word : {"abort", "exit", "socket", "hang"}) {
            if (config_json == "{\"at_create\":\"" + std::string(word) + "\"}") {
                if (const auto came_of_it = obey(word); came_of_it != "EPERM")
                    throw jackfield::ConfigError("/at_create: " + came_of_it);
                throw jackfield::ConfigError("/at_create: it was not allowed");
            }
        }
    }

    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        obey(place.peer);
        if (place.peer == "refuse")
            throw jackfield::Failure(JF_REFUSED, "it said refuse");
        host_.log(JF_LOG_INFO, "stands at " + place.seam);
        return std::make_unique<TroublePath>(below);
    }
};

class TroubleEncoder final : public jackfield::Encoder {
public:
    explicit TroubleEncoder(jackfield::PayloadSink sink) : sink_(sink) {}

    /// A payload: process, bitrate, key frames, loss, and how many samples there were. Louder than 1: the end.
    jackfield::Status encode(const jf_frame& frame) noexcept override
    {
        if (frame.samples[0] > 1)
            std::abort();
        const std::uint32_t words[] = {static_cast<std::uint32_t>(getpid()), bitrate_, key_frames_, loss_,
                                       frame.samples_per_channel};
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = 960;
        payload.time_ns = frame.time_ns;
        payload.bytes = {reinterpret_cast<const std::uint8_t*>(words), sizeof(words)};
        sink_.payload(payload);
        sink_.payload(payload);
        return JF_OK;
    }
    void set_bitrate(std::uint32_t bits_per_second) noexcept override { bitrate_ = bits_per_second; }
    void request_key_frame() noexcept override { ++key_frames_; }
    void set_loss(std::uint32_t percent) noexcept override { loss_ = percent; }

private:
    jackfield::PayloadSink sink_;
    std::uint32_t bitrate_ = 0;
    std::uint32_t key_frames_ = 0;
    std::uint32_t loss_ = 0;
};

/// Pictures of 4 x 2 whose planes count on from the payload's first byte.
class TroubleDecoder final : public jackfield::Decoder {
public:
    explicit TroubleDecoder(jackfield::FrameSink sink) : sink_(sink) {}

    jackfield::Status decode(const jf_payload& payload) noexcept override
    {
        if (payload.bytes.size == 0)
            return JF_WOULD_BLOCK;
        std::uint8_t bytes[24];
        for (std::size_t i = 0; i < sizeof(bytes); ++i)
            bytes[i] = static_cast<std::uint8_t>(payload.bytes.data[0] + i);
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.width_px = 4;
        frame.height_px = 2;
        frame.rotation_deg = 90;
        frame.time_ns = payload.time_ns;
        frame.planes[0] = bytes;
        frame.planes[1] = bytes + 16;
        frame.planes[2] = bytes + 20;
        frame.strides_bytes[0] = 8; // the other half is nobody's
        frame.strides_bytes[1] = frame.strides_bytes[2] = 2;
        sink_.frame(frame);
        return JF_OK;
    }

private:
    jackfield::FrameSink sink_;
};

class TroubleCodec final : public jackfield::Codec {
public:
    TroubleCodec(jackfield::Host host, std::string_view) : Codec(host) {}

    std::string capabilities() override { return R"({"codecs": []})"; }
    std::unique_ptr<jackfield::Encoder> open_encoder(std::string_view config_json, jackfield::PayloadSink sink) override
    {
        if (config_json != "{}")
            throw jackfield::Failure(JF_UNSUPPORTED, "no such codec");
        return std::make_unique<TroubleEncoder>(sink);
    }
    std::unique_ptr<jackfield::Decoder> open_decoder(std::string_view, jackfield::FrameSink sink) override
    {
        return std::make_unique<TroubleDecoder>(sink);
    }
};

/// Turns our sound round, and counts what the peer says into the first sample.
class TroubleSession final : public jackfield::AudioStageSession {
public:
    jackfield::Status process(const jf_frame& frame, float* samples) noexcept override
    {
        for (std::uint32_t i = 0; i < frame.samples_per_channel * frame.channels; ++i)
            samples[i] = -samples[i];
        samples[0] = static_cast<float>(played_);
        return JF_OK;
    }
    void played(const jf_frame&) noexcept override { ++played_; }

private:
    std::atomic<int> played_{0};
};

class TroubleStage final : public jackfield::AudioStage {
public:
    TroubleStage(jackfield::Host host, std::string_view) : AudioStage(host) {}

    std::unique_ptr<jackfield::AudioStageSession> open(std::string_view form_json) override
    {
        if (form_json.empty())
            throw jackfield::Failure(JF_UNSUPPORTED, "no such form");
        return std::make_unique<TroubleSession>();
    }
};

} // namespace

JF_PLUGIN(TroubleDecorator, TroubleCodec, TroubleStage)
