// The ffmpeg program as the other side of every codec, over RTP on loopback: it plays what we send, and we play what it
// sends.
//
// Threads: the test's, and the program's process. Lifetime: one temporary folder and one socket per test.
#include "every_codec.hpp"

#include "tests/kernel/temporary_folder.hpp"
#include "tests/plugins/ffmpeg_program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

namespace jackfield::codec::testing {

namespace {

using namespace std::chrono_literals;
using jackfield::test::TemporaryFolder;
using jackfield::testing::FfmpegProgram;

constexpr int kWidth = 160;
constexpr int kHeight = 120;
constexpr std::uint8_t kPayloadType = 96;
constexpr auto kDeadline = 60s;

/// A UDP socket on a free port of loopback.
class Socket {
public:
    Socket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        const int size = 4 << 20;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        sockaddr_in address = loopback(0);
        ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
        socklen_t length = sizeof(address);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(fd_); }

    std::uint16_t port() const { return port_; }

    void send(const Bytes& datagram, std::uint16_t port) const
    {
        const sockaddr_in address = loopback(port);
        ::sendto(fd_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address));
    }

    /// The next datagram, or nothing within that time.
    Bytes receive(std::chrono::milliseconds time) const
    {
        pollfd readable{fd_, POLLIN, 0};
        if (::poll(&readable, 1, static_cast<int>(time.count())) != 1)
            return {};
        Bytes datagram(65'536);
        const auto size = ::recv(fd_, datagram.data(), datagram.size(), 0);
        datagram.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return datagram;
    }

private:
    static sockaddr_in loopback(std::uint16_t port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    int fd_;
    std::uint16_t port_ = 0;
};

/// A port that was free a moment ago, with its neighbour for RTCP.
std::uint16_t free_port()
{
    return static_cast<std::uint16_t>(Socket().port() & ~1U);
}

/// RFC 3550 section 5.1.
Bytes rtp(const Sent& sent, std::uint16_t sequence, std::uint8_t payload_type)
{
    const std::uint32_t timestamp = sent.payload.rtp_timestamp;
    Bytes packet{0x80,
                 static_cast<std::uint8_t>(sent.payload.marker << 7 | payload_type),
                 static_cast<std::uint8_t>(sequence >> 8),
                 static_cast<std::uint8_t>(sequence & 0xFF),
                 static_cast<std::uint8_t>(timestamp >> 24),
                 static_cast<std::uint8_t>(timestamp >> 16 & 0xFF),
                 static_cast<std::uint8_t>(timestamp >> 8 & 0xFF),
                 static_cast<std::uint8_t>(timestamp & 0xFF),
                 0x4A,
                 0x41,
                 0x43,
                 0x4B};
    packet.insert(packet.end(), sent.bytes.begin(), sent.bytes.end());
    return packet;
}

/// The other way round; false for RTCP and for what is too short.
bool parse_rtp(const Bytes& packet, Sent& sent, std::uint16_t& sequence)
{
    if (packet.size() < 12 || (packet[1] & 0x7F) != kPayloadType)
        return false;
    sent.payload.marker = packet[1] >> 7;
    sequence = static_cast<std::uint16_t>(packet[2] << 8 | packet[3]);
    sent.payload.rtp_timestamp = static_cast<std::uint32_t>(packet[4]) << 24 |
                                 static_cast<std::uint32_t>(packet[5]) << 16 |
                                 static_cast<std::uint32_t>(packet[6]) << 8 | packet[7];
    sent.bytes.assign(packet.begin() + 12, packet.end());
    return true;
}

std::string description(std::string_view kind, std::uint16_t port, int payload_type, const std::string& codec)
{
    std::string text = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=";
    text += std::string(kind) + " " + std::to_string(port) + " RTP/AVP " + std::to_string(payload_type) + "\r\n";
    text += "a=rtpmap:" + std::to_string(payload_type) + " " + codec + "\r\n";
    if (codec.starts_with("H264"))
        text += "a=fmtp:" + std::to_string(payload_type) + " packetization-mode=1;profile-level-id=42e01f\r\n";
    return text;
}

Bytes read_all(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string words_of(const std::filesystem::path& path)
{
    const auto bytes = read_all(path);
    return "ffmpeg said: " + std::string(bytes.begin(), bytes.end());
}

/// How ffmpeg is told to encode it for a call; empty: not known here.
std::vector<std::string> encoder_of(const std::string& name)
{
    const std::map<std::string, std::vector<std::string>> known{
        {"VP8", {"-c:v", "libvpx", "-deadline", "realtime", "-lag-in-frames", "0"}},
        {"VP9",
         {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-strict",
          "experimental"}},
        {"H264", {"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"}},
        {"opus", {"-c:a", "libopus"}},
        {"PCMU", {"-c:a", "pcm_mulaw", "-ar", "8000"}},
        {"PCMA", {"-c:a", "pcm_alaw", "-ar", "8000"}}};
    const auto found = known.find(name);
    return found == known.end() ? std::vector<std::string>{} : found->second;
}

/// Whether it takes that codec from RTP; Debian's does not know the payload format of AV1.
bool takes_from_rtp(const std::string& name)
{
    return name != "AV1";
}

class CodecPeer : public ::testing::TestWithParam<CodecCase> {
protected:
    void SetUp() override
    {
        if (!FfmpegProgram::installed())
            GTEST_SKIP() << "the ffmpeg program is not installed";
    }

    /// Encodes frames and sends them to a running ffmpeg until it has enough of them and ends.
    void send_until_done(FfmpegProgram& program, EncoderUnderTest& encoder, std::uint16_t port,
                         std::uint8_t payload_type, const std::function<void(int number)>& encode_next)
    {
        const Socket socket;
        const auto end = std::chrono::steady_clock::now() + kDeadline;
        std::uint16_t sequence = 1;
        for (int number = 0; !program.wait(8ms) && std::chrono::steady_clock::now() < end; ++number) {
            encode_next(number);
            for (const auto& sent : encoder.take_sent())
                socket.send(rtp(sent, sequence++, payload_type), port);
        }
        EXPECT_EQ(program.wait(0ms), 0) << words_of(log());
    }

    /// Decodes what ffmpeg sends, until it ends. time_ns of a payload is its timestamp since the first.
    void receive_until_done(FfmpegProgram& program, const Socket& socket, DecoderUnderTest& decoder)
    {
        const auto end = std::chrono::steady_clock::now() + kDeadline;
        std::optional<std::uint16_t> last;
        std::uint32_t first_timestamp = 0;
        while (std::chrono::steady_clock::now() < end) {
            const bool ended = program.wait(0ms).has_value();
            const Bytes packet = socket.receive(ended ? 0ms : 20ms);
            if (packet.empty() && ended)
                break;
            Sent sent;
            std::uint16_t sequence = 0;
            if (!parse_rtp(packet, sent, sequence))
                continue;
            if (!last)
                first_timestamp = sent.payload.rtp_timestamp;
            sent.payload.time_ns = sent.payload.rtp_timestamp - first_timestamp;
            const auto lost = static_cast<std::uint16_t>(last ? sequence - *last - 1 : 0);
            EXPECT_EQ(decoder.decode(sent, lost), JF_OK);
            last = sequence;
        }
        EXPECT_EQ(program.wait(1s), 0) << words_of(log());
    }

    /// Lets ffmpeg encode a source in real time and decodes what it sends. False if it is not known how.
    bool receive_what_it_encodes(DecoderUnderTest& decoder, const std::vector<std::string>& source)
    {
        const auto encoder = encoder_of(GetParam().name());
        if (encoder.empty())
            return false;
        const Socket socket;
        const std::string port = std::to_string(socket.port());
        std::vector<std::string> arguments{"-re", "-f", "lavfi", "-i"};
        for (const auto& part : {source, encoder, {"-payload_type", "96", "-f", "rtp"}})
            arguments.insert(arguments.end(), part.begin(), part.end());
        arguments.push_back("rtp://127.0.0.1:" + port + "?rtcpport=" + port);
        FfmpegProgram program(arguments, log());
        receive_until_done(program, socket, decoder);
        return true;
    }

    std::filesystem::path log() const { return folder.path() / "ffmpeg.log"; }

    int payload_type() const
    {
        const auto& number = GetParam().entry["static_payload_type"];
        return number.is_null() ? kPayloadType : number.get<int>();
    }

    CodecPlugin plugin{GetParam().plugin, GetParam().options.dump()};
    TemporaryFolder folder;
};

class EverySoundCodecWithFfmpeg : public CodecPeer {
protected:
    std::uint32_t rate() const { return GetParam().entry["sample_rate_hz"]; }

    std::string rtpmap() const
    {
        const int channels = GetParam().entry["channels"];
        return GetParam().name() + "/" + std::to_string(rate()) + (channels > 1 ? "/" + std::to_string(channels) : "");
    }
};

class EveryPictureCodecWithFfmpeg : public CodecPeer {
protected:
    std::string config() const
    {
        return GetParam().config({{"width_px", kWidth}, {"height_px", kHeight}, {"bitrate_bps", 1'500'000}});
    }
};

INSTANTIATE_TEST_SUITE_P(Codecs, EverySoundCodecWithFfmpeg, ::testing::ValuesIn(every_codec("audio")), case_name);
INSTANTIATE_TEST_SUITE_P(Codecs, EveryPictureCodecWithFfmpeg, ::testing::ValuesIn(every_codec("video")), case_name);

} // namespace

TEST_P(EveryPictureCodecWithFfmpeg, ItPlaysThePicturesWeSend)
{
    if (!takes_from_rtp(GetParam().name()))
        GTEST_SKIP() << "ffmpeg does not take " << GetParam().name() << " from RTP";
    constexpr int kRepeat = 30; // the pictures repeat, and with each round a key frame comes
    constexpr int kFrames = 40;
    std::vector<Picture> pictures;
    for (int i = 0; i < kRepeat; ++i)
        pictures.emplace_back(kWidth, kHeight, i * 3);
    const std::uint16_t port = free_port();
    const auto sdp = folder.write("call.sdp", description("video", port, kPayloadType, GetParam().name() + "/90000"));
    const auto played = folder.path() / "played.yuv";
    FfmpegProgram program({"-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "1000000", "-i", sdp.string(),
                           "-fps_mode", "passthrough", "-frames:v", std::to_string(kFrames), "-pix_fmt", "yuv420p",
                           "-f", "rawvideo", played.string()},
                          log());
    EncoderUnderTest encoder(plugin, config());
    send_until_done(program, encoder, port, kPayloadType, [&](int number) {
        if (number % kRepeat == 0)
            encoder.request_key_frame();
        encoder.encode(pictures[static_cast<std::size_t>(number % kRepeat)].frame(video_time(number)));
    });

    const Bytes raw = read_all(played);
    const std::size_t luma = std::size_t{kWidth} * kHeight;
    ASSERT_EQ(raw.size(), luma * 3 / 2 * kFrames);
    std::optional<std::size_t> last;
    for (int i = 0; i < kFrames; ++i) {
        const auto from = raw.begin() + static_cast<std::ptrdiff_t>(luma * 3 / 2 * static_cast<std::size_t>(i));
        const std::vector<std::uint8_t> shown(from, from + static_cast<std::ptrdiff_t>(luma));
        std::size_t best = 0;
        double best_db = 0;
        for (std::size_t k = 0; k < pictures.size(); ++k) {
            const double db = psnr(shown, pictures[k].plane(0));
            if (db > best_db)
                std::tie(best, best_db) = std::pair(k, db);
        }
        EXPECT_GT(best_db, 30.0) << "picture " << i;
        if (last) {
            EXPECT_EQ(best, (*last + 1) % kRepeat) << "pictures come one after the other";
        }
        last = best;
    }
}

TEST_P(EverySoundCodecWithFfmpeg, ItPlaysTheSoundWeSend)
{
    const std::uint16_t port = free_port();
    const auto sdp = folder.write("call.sdp", description("audio", port, payload_type(), rtpmap()));
    const auto played = folder.path() / "played.raw";
    FfmpegProgram program({"-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "1000000", "-i", sdp.string(),
                           "-t", "1", "-ac", "1", "-ar", std::to_string(rate()), "-f", "f32le", played.string()},
                          log());
    EncoderUnderTest encoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
    send_until_done(program, encoder, port, static_cast<std::uint8_t>(payload_type()),
                    [&](int) { encoder.encode(tone.next(rate() / 50)); });

    const Bytes raw = read_all(played);
    std::vector<float> heard(raw.size() / sizeof(float));
    std::memcpy(heard.data(), raw.data(), heard.size() * sizeof(float));
    ASSERT_GT(heard.size(), rate() * 9 / 10);
    heard.erase(heard.begin(), heard.begin() + rate() / 4);
    EXPECT_GT(tone.share(heard), 0.95);
}

TEST_P(EveryPictureCodecWithFfmpeg, WePlayThePicturesItSends)
{
    const std::string source = "testsrc2=size=160x120:rate=30:duration=2";
    const auto original = folder.path() / "original.yuv";
    FfmpegProgram maker({"-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-f", "rawvideo", original.string()},
                        folder.path() / "maker.log");
    ASSERT_EQ(maker.wait(kDeadline), 0) << words_of(folder.path() / "maker.log");

    DecoderUnderTest decoder(plugin, config());
    if (!receive_what_it_encodes(decoder, {source, "-pix_fmt", "yuv420p", "-b:v", "1500k"}))
        GTEST_SKIP() << "how ffmpeg encodes " << GetParam().name() << " is not known here";

    const Bytes raw = read_all(original);
    const std::size_t luma = std::size_t{kWidth} * kHeight;
    ASSERT_EQ(raw.size(), luma * 3 / 2 * 60);
    EXPECT_EQ(decoder.got.size(), 60U);
    for (const auto& got : decoder.got) {
        const auto number = static_cast<std::size_t>((got.frame.time_ns + 1500) / 3000);
        ASSERT_LT(number, 60U);
        const auto from = raw.begin() + static_cast<std::ptrdiff_t>(luma * 3 / 2 * number);
        EXPECT_GT(psnr(got.planes[0], std::vector<std::uint8_t>(from, from + static_cast<std::ptrdiff_t>(luma))), 28.0)
            << "picture " << number;
    }
}

TEST_P(EverySoundCodecWithFfmpeg, WePlayTheSoundItSends)
{
    DecoderUnderTest decoder(plugin, GetParam().config());
    if (!receive_what_it_encodes(decoder, {"sine=frequency=440:sample_rate=48000:duration=2"}))
        GTEST_SKIP() << "how ffmpeg encodes " << GetParam().name() << " is not known here";
    auto heard = channel_of(decoder.got, 0);
    ASSERT_GT(heard.size(), rate() * 19 / 10);
    heard.erase(heard.begin(), heard.begin() + rate() / 4);
    heard.resize(rate());
    EXPECT_GT(Tone(rate(), 1, 440).share(heard), 0.95);
}

} // namespace jackfield::codec::testing
