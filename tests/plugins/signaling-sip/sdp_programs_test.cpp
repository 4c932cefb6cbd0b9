// SDP in the manner of other programs, written for these tests: what they have in common with us must be read.
//
// Threads: one.
#include "sdp_rig.hpp"

namespace jackfield::sip::testing {
namespace {

const std::string kJamiLike = R"(v=0
o=somehost 3909721600 0 IN IP4 192.0.2.2
s=Call ID 12345
c=IN IP4 192.0.2.2
t=0 0
a=ice-ufrag:099a0ab8
a=ice-pwd:18a8e36b579562c43e803bc9
m=audio 23630 RTP/SAVP 104 101
a=rtpmap:104 opus/48000/2
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=rtcp:23631 IN IP4 192.0.2.2
a=sendrecv
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd
a=candidate:Hc0000202 1 UDP 2130706431 192.0.2.2 41990 typ host
a=candidate:Hc0000202 2 UDP 2130706430 192.0.2.2 42466 typ host
m=video 61028 RTP/SAVP 96 97
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=428029
a=rtpmap:97 VP8/90000
a=rtcp:61029 IN IP4 192.0.2.2
a=sendrecv
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:HRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA
a=candidate:Hc0000202 3 UDP 2130706429 192.0.2.2 54464 typ host
a=candidate:Hc0000202 4 UDP 2130706428 192.0.2.2 56219 typ host
)";

TEST(SdpOfOthers, ComponentsThatRunOnOverTheLinesAreTakenAsTheyAre)
{
    const json found = read(kJamiLike);
    EXPECT_EQ(found["ice"]["candidates"], json({"Hc0000202 1 UDP 2130706431 192.0.2.2 41990 typ host",
                                                "Hc0000202 2 UDP 2130706430 192.0.2.2 42466 typ host",
                                                "Hc0000202 3 UDP 2130706429 192.0.2.2 54464 typ host",
                                                "Hc0000202 4 UDP 2130706428 192.0.2.2 56219 typ host"}));
    EXPECT_EQ(found["media"][1]["rtp_component"], 3);
    EXPECT_EQ(found["media"][1]["rtcp_component"], 4);
    EXPECT_EQ(found["media"][0]["codecs"][1]["parameters"], "0-15");
    EXPECT_EQ(found["media"][1]["codecs"][0]["parameters"], "profile-level-id=428029");
    EXPECT_EQ(found["media"][0]["keys"][0]["suite"], "AES_CM_128_HMAC_SHA1_80");
    EXPECT_EQ(found["ice"]["complete"], true);
    EXPECT_FALSE(found.contains("bundle"));
}

TEST(SdpOfOthers, AReofferWithoutIceKeepsItsPorts)
{
    std::string text = kJamiLike;
    for (const char* name : {"a=ice-", "a=candidate"}) {
        for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name))
            text.erase(at, text.find('\n', at) + 1 - at);
    }
    const json found = read(text);
    EXPECT_FALSE(found.contains("ice"));
    EXPECT_EQ(found["media"][0]["port"], 23630);
    EXPECT_EQ(found["media"][1]["address"], "192.0.2.2");
}

TEST(SdpOfOthers, AVideoThatIsSwitchedOffKeepsItsPlace)
{
    std::string text = kJamiLike;
    text.replace(text.find("m=video 61028"), 13, "m=video 0");
    const json found = read(text);
    EXPECT_EQ(found["media"][1]["rejected"], true);
    EXPECT_FALSE(found["media"][1].contains("keys"));
    EXPECT_EQ(found["ice"]["candidates"].size(), 2U);
}

// Like a small softphone: ufrag in each line, components 1 and 2 in each, multiplexing offered.
const std::string kBaresipLike = R"(v=0
o=- 2208988800 1 IN IP4 198.51.100.20
s=-
c=IN IP4 198.51.100.20
t=0 0
a=tool:softphone 3.0
m=audio 10020 RTP/SAVPF 96 0 8 97
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:97 telephone-event/8000
a=fmtp:97 0-15
a=rtcp:10021
a=rtcp-mux
a=ssrc:1234567 cname:somebody@198.51.100.20
a=label:1
a=sendrecv
a=ptime:20
a=ice-ufrag:Xq2w
a=ice-pwd:Zz0123456789abcdefghijkl
a=candidate:1 1 UDP 2113932031 198.51.100.20 10020 typ host
a=candidate:1 2 UDP 2113932030 198.51.100.20 10021 typ host
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd
a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:HRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA
m=video 10022 RTP/SAVPF 98
b=TIAS:512000
a=rtpmap:98 H264/90000
a=fmtp:98 packetization-mode=0;profile-level-id=42001f
a=rtcp-fb:* nack pli
a=framerate:30.00
a=rtcp:10023
a=rtcp-mux
a=sendrecv
a=ice-ufrag:Xq2w
a=ice-pwd:Zz0123456789abcdefghijkl
a=candidate:1 1 UDP 2113932031 198.51.100.20 10022 typ host
a=candidate:1 2 UDP 2113932030 198.51.100.20 10023 typ host
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd
)";

TEST(SdpOfOthers, ComponentsWithinEachLineAreNumberedOverTheSession)
{
    const json found = read(kBaresipLike);
    EXPECT_EQ(
        found["ice"]["candidates"],
        json({"1 1 UDP 2113932031 198.51.100.20 10020 typ host", "1 2 UDP 2113932030 198.51.100.20 10021 typ host",
              "1 3 UDP 2113932031 198.51.100.20 10022 typ host", "1 4 UDP 2113932030 198.51.100.20 10023 typ host"}));
    const auto& audio = found["media"][0];
    EXPECT_EQ(audio["rtcp_mux"], true);
    EXPECT_EQ(audio["rtcp_component"], 2); // only offered
    EXPECT_EQ(audio["ssrc"], 1234567);
    EXPECT_EQ(audio["cname"], "somebody@198.51.100.20");
    EXPECT_EQ(audio["keys"].size(), 2U);
    EXPECT_EQ(found["media"][1]["codecs"][0]["feedback"], json({"nack pli"}));
}

// Like a desktop client in ICE mode: fingerprint and keys at once, session-level credentials, some odd attributes.
const std::string kLinphoneLike = R"(v=0
o=someone 3021 1987 IN IP4 203.0.113.5
s=Talk
c=IN IP4 203.0.113.5
b=AS:1500
t=0 0
a=ice-pwd:5b0b7d6e2f8c4a9db1f3e5a7
a=ice-ufrag:3e9a12bc
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
a=group:BUNDLE as vs
a=record:off
m=audio 54321 RTP/SAVP 96 97 98 0 8 18 101 99 100
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=fmtp:97 vbr=on
a=rtpmap:98 speex/8000
a=fmtp:98 vbr=on
a=fmtp:18 annexb=yes
a=rtpmap:101 telephone-event/48000
a=rtpmap:99 telephone-event/16000
a=rtpmap:100 telephone-event/8000
a=rtcp:54322 IN IP4 203.0.113.5
a=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==
a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd
a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==|2^31
a=rtcp-mux
a=mid:as
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=candidate:1 1 UDP 2130706303 192.168.1.20 54321 typ host
a=candidate:1 2 UDP 2130706302 192.168.1.20 54322 typ host
a=candidate:2 1 UDP 1694498687 203.0.113.5 54321 typ srflx raddr 192.168.1.20 rport 54321
a=candidate:2 2 UDP 1694498686 203.0.113.5 54322 typ srflx raddr 192.168.1.20 rport 54322
a=rtcp-fb:* trr-int 5000
a=rtcp-fb:* ccm tmmbr
m=video 54323 RTP/SAVP 96 97
a=rtpmap:96 VP8/90000
a=rtpmap:97 H264/90000
a=fmtp:97 profile-level-id=42801F
a=rtcp:54324 IN IP4 203.0.113.5
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd
a=rtcp-mux
a=mid:vs
a=candidate:1 1 UDP 2130706303 192.168.1.20 54323 typ host
a=candidate:1 2 UDP 2130706302 192.168.1.20 54324 typ host
a=rtcp-fb:* trr-int 5000
a=rtcp-fb:96 nack pli
a=rtcp-fb:97 ccm fir
)";

TEST(SdpOfOthers, AnOfferToBundleKeepsEachLinesOwnPath)
{
    const json found = read(kLinphoneLike);
    EXPECT_EQ(found["bundle"], true);
    EXPECT_EQ(found["media"][0]["mid"], "as");
    EXPECT_EQ(found["media"][1]["rtp_component"], 3);
    EXPECT_EQ(found["ice"]["candidates"].size(), 6U);
    EXPECT_EQ(found["ice"]["candidates"][3],
              "2 2 UDP 1694498686 203.0.113.5 54322 typ srflx raddr 192.168.1.20 rport 54322");
    EXPECT_EQ(found["media"][0]["codecs"].size(), 9U);
    EXPECT_EQ(found["media"][0]["codecs"][5]["name"], "G729"); // known without rtpmap
    EXPECT_EQ(found["media"][0]["codecs"][5]["parameters"], "annexb=yes");
    EXPECT_EQ(found["media"][0]["keys"].size(), 3U);
    EXPECT_EQ(found["media"][1]["codecs"][0]["feedback"], json({"trr-int 5000", "nack pli"}));
}

TEST(SdpOfOthers, AnAnswerThatBundlesPutsEverythingOnTheFirstPath)
{
    std::string answer = kLinphoneLike;
    for (std::size_t at = answer.find("a=crypto:2"); at != std::string::npos; at = answer.find("a=crypto:2"))
        answer.erase(at, answer.find('\n', at) + 1 - at);
    answer.erase(answer.find("a=crypto:3"),
                 answer.find('\n', answer.find("a=crypto:3")) + 1 - answer.find("a=crypto:3"));
    const json found = read(answer, SdpRole::answer);
    EXPECT_EQ(found["media"][1]["rtp_component"], 1);
    EXPECT_EQ(found["media"][1]["rtcp_component"], 1);
    EXPECT_EQ(found["media"][0]["rtcp_component"], 1);
    for (const auto& candidate : found["ice"]["candidates"])
        EXPECT_NE(candidate.get<std::string>().find(" 1 UDP"), std::string::npos);
}

// Like a browser: everything in one bundle, the later lines without a port of their own.
TEST(SdpOfOthers, LinesThatLiveOnlyInABundleAreNotRejected)
{
    const json found = read("v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                            "a=group:BUNDLE 0 1\r\na=msid-semantic: WMS\r\n"
                            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
                            "a=ice-ufrag:Yf8o\r\na=ice-pwd:3uKVFVcrBZ3JxmMbFeU6L2Bn\r\na=ice-options:trickle\r\n"
                            "a=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
                            "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\n"
                            "a=ice-ufrag:Yf8o\r\na=ice-pwd:3uKVFVcrBZ3JxmMbFeU6L2Bn\r\na=mid:1\r\na=rtcp-mux\r\n"
                            "a=rtpmap:96 VP8/90000\r\n");
    EXPECT_EQ(found["bundle"], true);
    EXPECT_FALSE(found["media"][1].contains("rejected"));
    EXPECT_EQ(found["media"][1]["rtp_component"], 1);
    EXPECT_EQ(found["ice"]["complete"], false);
    EXPECT_EQ(found["media"][0]["profile"], "UDP/TLS/RTP/SAVPF");
}

// Like a telephone of old: no ICE, no keys, static payload types, telephone habits.
TEST(SdpOfOthers, APlainTelephoneIsUnderstood)
{
    const json found =
        read("v=0\r\no=root 1821 1821 IN IP4 203.0.113.9\r\ns=session\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"
             "m=audio 11424 RTP/AVP 8 0 3 18 101\r\na=rtpmap:101 telephone-event/8000\r\n"
             "a=fmtp:101 0-16\r\na=silenceSupp:off - - - -\r\na=ptime:20\r\na=sendonly\r\n");
    EXPECT_EQ(found["media"][0]["codecs"].size(), 5U);
    EXPECT_EQ(found["media"][0]["address"], "203.0.113.9");
    EXPECT_EQ(found["media"][0]["direction"], "sendonly");
    EXPECT_EQ(found["media"][0]["profile"], "RTP/AVP");
}

} // namespace
} // namespace jackfield::sip::testing
