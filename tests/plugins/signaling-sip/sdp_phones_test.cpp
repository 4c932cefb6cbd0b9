// SDP in the manner of telephones, gateways and telephone systems, written for these tests.
//
// Threads: one.
#include "sdp_rig.hpp"

namespace jackfield::sip::testing {
namespace {

bool says(const std::string& sdp, const std::string& line)
{
    return ("\r\n" + sdp).find("\r\n" + line + "\r\n") != std::string::npos;
}

/// A desk telephone: SDES optional, so that the same sound is offered encrypted and in clear.
const std::string kDesk = R"(v=0
o=200 8000 8000 IN IP4 192.0.2.77
s=SIP Call
c=IN IP4 192.0.2.77
t=0 0
m=audio 5012 RTP/SAVP 0 8 9 18 101
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^32
a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:HRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA|2^32|1:1
a=sendrecv
a=rtpmap:0 PCMU/8000
a=ptime:20
a=rtpmap:8 PCMA/8000
a=rtpmap:9 G722/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
m=audio 5004 RTP/AVP 0 8 9 18 101
a=sendrecv
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
)";

TEST(SdpOfPhones, SaysWhereItIsAndWhatItTakesInEachLine)
{
    const json found = read(kDesk);
    ASSERT_EQ(found["media"].size(), 2U);
    EXPECT_FALSE(found.contains("ice"));
    const json& first = found["media"][0];
    EXPECT_EQ(first["address"], "192.0.2.77");
    EXPECT_EQ(first["port"], 5012);
    EXPECT_EQ(first["profile"], "RTP/SAVP");
    ASSERT_EQ(first["keys"].size(), 1U) << "the one with a lifetime; we do no MKI";
    EXPECT_EQ(first["keys"][0]["key"], "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd");
    EXPECT_FALSE(first.contains("rtcp_port"));
    const json& second = found["media"][1];
    EXPECT_EQ(second["port"], 5004);
    ASSERT_EQ(second["codecs"].size(), 5U);
    EXPECT_EQ(second["codecs"][2], json({{"payload_type", 9}, {"name", "G722"}, {"clock_rate_hz", 8000}}))
        << "static types need no rtpmap (RFC 3551 section 6)";
    EXPECT_EQ(second["codecs"][4]["name"], "telephone-event");
}

TEST(SdpOfPhones, MayHaveItsAddressAndItsRtcpInTheLine)
{
    const json found = read("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\na=sendonly\n"
                            "m=audio 4000 RTP/AVPF 8\nc=IN IP4 198.51.100.4/127\na=rtcp:4711 IN IP6 2001:db8::7\n"
                            "m=video 4002 RTP/AVP 34\nc=IN IP6 2001:db8::8\na=rtcp:4713\na=inactive\n");
    const json& audio = found["media"][0];
    EXPECT_EQ(audio["address"], "198.51.100.4");
    EXPECT_EQ(audio["rtcp_port"], 4711);
    EXPECT_EQ(audio["rtcp_address"], "2001:db8::7");
    EXPECT_EQ(audio["direction"], "sendonly") << "of the session";
    const json& video = found["media"][1];
    EXPECT_EQ(video["address"], "2001:db8::8") << "there is none of the session";
    EXPECT_EQ(video["rtcp_port"], 4713);
    EXPECT_FALSE(video.contains("rtcp_address"));
    EXPECT_EQ(video["direction"], "inactive");
}

// RFC 2543 had no other hold, and RFC 3264 section 8.4 still knows it.
TEST(SdpOfPhones, HoldsByTheAddressOfNobody)
{
    const auto held = [](const std::string& direction) {
        return read("v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4000 RTP/AVP 8\na=" +
                    direction + "\n")["media"][0]["direction"];
    };
    EXPECT_EQ(held("sendrecv"), "sendonly");
    EXPECT_EQ(held("sendonly"), "sendonly");
    EXPECT_EQ(held("recvonly"), "inactive");
    EXPECT_EQ(held("inactive"), "inactive");
}

TEST(SdpOfPhones, HasLinesThatNobodyHereKnows)
{
    const auto reading = read_sdp("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
                                  "m=image 4006 udptl t38\na=T38FaxVersion:0\n"
                                  "m=audio 4000 RTP/AVP 8\n"
                                  "m=audio 4010 TCP/RTP/AVP 8\n"
                                  "m=application 4020 UDP/BFCP *\n",
                                  SdpRole::offer);
    ASSERT_EQ(reading.description.media.size(), 1U);
    EXPECT_EQ(reading.description.media[0].port, 4000);
    EXPECT_EQ(reading.skeleton.lines.size(), 4U);
    MediaDescription answer = reading.description;
    answer.media[0].address = "192.0.2.9";
    answer.media[0].port = 5000;
    const std::string text = write_sdp(answer, {1, 1}, &reading.skeleton);
    EXPECT_TRUE(says(text, "m=image 0 udptl t38")) << text;
    EXPECT_TRUE(says(text, "m=audio 5000 RTP/AVP 8")) << text;
    EXPECT_TRUE(says(text, "m=audio 0 TCP/RTP/AVP 8")) << text;
    EXPECT_TRUE(says(text, "m=application 0 UDP/BFCP *")) << text;
}

TEST(SdpOfPhones, RejectsALineByItsPort)
{
    const json found = read("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
                            "m=audio 4000 RTP/AVP 8\nm=video 0 RTP/AVP 34\n",
                            SdpRole::answer);
    EXPECT_FALSE(found["media"][0].contains("rejected"));
    EXPECT_EQ(found["media"][1]["rejected"], true);
}

/// A telephone system in front of browsers: DTLS, with what says so for the whole session.
const std::string kDtls = R"(v=0
o=- 77 2 IN IP4 192.0.2.30
s=PBX
c=IN IP4 192.0.2.30
t=0 0
a=fingerprint:SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB
a=fingerprint:SHA-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
m=audio 14004 UDP/TLS/RTP/SAVPF 0 101
a=rtpmap:101 telephone-event/8000
a=rtcp-mux
m=video 14008 UDP/TLS/RTP/SAVP 99
a=setup:passive
a=rtpmap:99 VP8/90000
a=rtcp-fb:99 nack pli
)";

TEST(SdpOfPhones, NamesTheCertificateOfItsHandshake)
{
    const json found = read(kDtls);
    const std::string sha256 = found["media"][0]["fingerprint"];
    EXPECT_TRUE(sha256.starts_with("SHA-256 6B:8B:")) << sha256;
    EXPECT_EQ(found["media"][0]["setup"], "actpass");
    EXPECT_EQ(found["media"][0]["rtcp_mux"], true);
    EXPECT_EQ(found["media"][0]["profile"], "UDP/TLS/RTP/SAVPF");
    EXPECT_EQ(found["media"][1]["setup"], "passive") << "its own";
    EXPECT_EQ(found["media"][1]["fingerprint"], sha256);
    EXPECT_FALSE(found["media"][0].contains("keys"));
    std::string text = kDtls;
    text.replace(text.find("SHA-256 6B"), 10, "SHA-256 zz");
    EXPECT_TRUE(read(text)["media"][0]["fingerprint"].get<std::string>().starts_with("SHA-1"))
        << "what is not in form is nothing";
}

TEST(SdpOfPhones, IsAnsweredWithOurAddressesAndOurCertificate)
{
    const auto reading = read_sdp(kDtls, SdpRole::offer);
    MediaDescription answer = reading.description;
    for (auto& line : answer.media) {
        line.address = "192.0.2.9";
        line.port = 5000;
        line.rtcp_address = "192.0.2.10";
        line.rtcp_port = 5007;
        line.rtp_component = 1;
        line.rtcp_component = 2;
        line.rtcp_mux = false;
        line.fingerprint = "sha-256 AA:BB";
        line.setup = "active";
    }
    const std::string text = write_sdp(answer, {1, 1}, &reading.skeleton);
    EXPECT_TRUE(says(text, "m=audio 5000 UDP/TLS/RTP/SAVPF 0 101")) << text;
    EXPECT_TRUE(says(text, "c=IN IP4 192.0.2.9")) << text;
    EXPECT_TRUE(says(text, "a=rtcp:5007 IN IP4 192.0.2.10")) << text;
    EXPECT_TRUE(says(text, "a=fingerprint:sha-256 AA:BB")) << text;
    EXPECT_TRUE(says(text, "a=setup:active")) << text;
    EXPECT_EQ(text.find("a=ice"), std::string::npos) << text;
    EXPECT_EQ(text.find("a=candidate"), std::string::npos) << text;
    const json back = read(text, SdpRole::answer);
    EXPECT_EQ(back["media"][1]["rtcp_port"], 5007);
    EXPECT_EQ(back["media"][1]["setup"], "active");
}

/// A softphone with ICE behind a gateway that does not know it.
const std::string kSoft = R"(v=0
o=bob 11 1 IN IP4 192.0.2.50
s=Talk
c=IN IP4 192.0.2.50
t=0 0
a=ice-pwd:ce1f45adaf94b18a24ef5c3e
a=ice-ufrag:a66ce5f4
m=audio 7078 RTP/AVP 96 0 101
a=rtpmap:96 opus/48000/2
a=rtpmap:101 telephone-event/48000
a=candidate:1 1 UDP 2130706303 192.0.2.50 7078 typ host
a=candidate:1 2 UDP 2130706302 192.0.2.50 7079 typ host
a=rtcp:7079
)";

TEST(SdpOfPhones, HasNoIceAnyMoreIfSomebodyChangedItsAddressOnTheWay)
{
    EXPECT_TRUE(read(kSoft).contains("ice"));
    std::string text = kSoft;
    text.replace(text.find("c=IN IP4 192.0.2.50"), 19, "c=IN IP4 203.0.113.1");
    text.replace(text.find("m=audio 7078"), 12, "m=audio 30000");
    const auto reading = read_sdp(text, SdpRole::offer);
    EXPECT_FALSE(reading.description.ice);
    EXPECT_EQ(reading.description.media[0].address, "203.0.113.1");
    EXPECT_EQ(reading.description.media[0].port, 30000);
    MediaDescription answer = reading.description;
    const std::string told = write_sdp(answer, {1, 1}, &reading.skeleton);
    EXPECT_TRUE(says(told, "a=ice-mismatch")) << told;
    EXPECT_FALSE(says(write_sdp(answer, {1, 1}, nullptr), "a=ice-mismatch"));
    const auto unchanged = read_sdp(kSoft, SdpRole::offer);
    EXPECT_FALSE(unchanged.skeleton.ice_mismatch);
}

TEST(SdpOfPhones, IsReadWithoutIceWhereThatIsSwitchedOff)
{
    const json found = read(kSoft, SdpRole::offer, false);
    EXPECT_FALSE(found.contains("ice"));
    EXPECT_EQ(found["media"][0]["address"], "192.0.2.50");
    EXPECT_EQ(found["media"][0]["rtcp_port"], 7079);
    EXPECT_EQ(found["media"][0]["rtcp_component"], 2);
}

const char* const kOurs = R"({"ice": {"ufrag": "0d04b935", "pwd": "7c33834e7cf944bf0e367b42", "candidates": [
        "H6 1 UDP 2130706431 2001:db8::1 14133 typ host", "H4 1 UDP 2130705431 192.0.2.9 4000 typ host",
        "H6 2 UDP 2130706430 2001:db8::1 14134 typ host", "H4 2 UDP 2130705430 192.0.2.9 4005 typ host"]},
    "media": [{"kind": "audio", "rtp_component": 1, "rtcp_component": 2,
               "codecs": [{"payload_type": 0, "name": "PCMU", "clock_rate_hz": 8000}]}]})";

TEST(SdpOfPhones, FindsInAnOfferWithIceWhereToSendWithout)
{
    const std::string text = write_sdp(read_description(kOurs), {1, 1}, nullptr);
    EXPECT_TRUE(says(text, "m=audio 4000 RTP/AVP 0")) << text;
    EXPECT_TRUE(says(text, "c=IN IP4 192.0.2.9")) << text;
    EXPECT_TRUE(says(text, "a=rtcp:4005 IN IP4 192.0.2.9")) << text;
    EXPECT_NE(text.find("a=candidate:"), std::string::npos);
}

TEST(SdpOfPhones, GetsNoWordOfIceWhereThatIsSwitchedOff)
{
    const std::string text = write_sdp(read_description(kOurs), {1, 1, false}, nullptr);
    EXPECT_TRUE(says(text, "m=audio 4000 RTP/AVP 0")) << text;
    EXPECT_TRUE(says(text, "a=rtcp:4005 IN IP4 192.0.2.9")) << text;
    for (const char* word : {"ice-", "candidate", "trickle"})
        EXPECT_EQ(text.find(word), std::string::npos) << text;
}

} // namespace
} // namespace jackfield::sip::testing
