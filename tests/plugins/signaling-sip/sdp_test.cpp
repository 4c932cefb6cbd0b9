// Media descriptions into SDP and back, and SDP that is not in form.
//
// Threads: one.
#include "sdp_rig.hpp"

namespace jackfield::sip::testing {
namespace {

/// Through SDP, as an offer or as the answer to a description of the same shape.
json through_sdp(const json& description, SdpRole role = SdpRole::offer)
{
    const MediaDescription value = read_description(description.dump());
    if (role == SdpRole::offer)
        return read(write_sdp(value, {7, 1}, nullptr));
    SdpSkeleton offer;
    for (const auto& line : value.media)
        offer.lines.push_back({true, line.kind, "RTP/SAVP", "0", ""});
    return read(write_sdp(value, {7, 1}, &offer), SdpRole::answer);
}

std::string problem(const std::string& sdp, SdpRole role = SdpRole::offer)
{
    try {
        read_sdp(sdp, role);
    } catch (const Failure& failure) {
        return std::to_string(failure.status()) + " " + failure.what();
    }
    return {};
}

json audio_and_video()
{
    return json::parse(R"({
        "ice": {"ufrag": "0d04b935", "pwd": "7c33834e7cf944bf0e367b42", "complete": true, "candidates": [
            "H1 1 UDP 2130706431 192.0.2.10 4000 typ host",
            "S1 1 UDP 1694498815 198.51.100.7 32589 typ srflx raddr 192.0.2.10 rport 4000",
            "H1 2 UDP 2130706430 192.0.2.10 4001 typ host",
            "H1 3 UDP 2130706429 2001:db8::1 4002 typ host",
            "H1 4 UDP 2130706428 2001:db8::1 4003 typ host"]},
        "media": [
            {"kind": "audio", "direction": "sendrecv", "profile": "RTP/SAVP", "rtp_component": 1, "rtcp_component": 2,
             "ssrc": 4294967295, "cname": "alice@example", "mid": "a",
             "codecs": [{"payload_type": 104, "name": "opus", "clock_rate_hz": 48000, "channels": 2,
                         "parameters": "useinbandfec=1;minptime=10", "feedback": ["nack"]},
                        {"payload_type": 0, "name": "PCMU", "clock_rate_hz": 8000}],
             "keys": [{"tag": 1, "suite": "AEAD_AES_128_GCM", "key": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo="},
                      {"tag": 2, "suite": "AES_CM_128_HMAC_SHA1_80", "key": "c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh"}]},
            {"kind": "video", "direction": "recvonly", "profile": "RTP/SAVP", "rtp_component": 3, "rtcp_component": 4,
             "mid": "v",
             "codecs": [{"payload_type": 96, "name": "VP8", "clock_rate_hz": 90000,
                         "feedback": ["nack", "nack pli", "ccm fir"]},
                        {"payload_type": 97, "name": "H264", "clock_rate_hz": 90000,
                         "parameters": "profile-level-id=42e01f;packetization-mode=1"}],
             "keys": [{"tag": 1, "suite": "AES_CM_128_HMAC_SHA1_80", "key": "YW5vdGhlciBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0"}]}]
        })");
}

TEST(Sdp, CarriesAnOfferUnchanged)
{
    EXPECT_EQ(through_sdp(audio_and_video()), audio_and_video());
}

TEST(Sdp, CarriesAnOfferThatCouldShareOnePath)
{
    json offer = audio_and_video();
    offer["bundle"] = true;
    for (auto& line : offer["media"])
        line["rtcp_mux"] = true;
    EXPECT_EQ(through_sdp(offer), offer);
}

TEST(Sdp, CarriesAnAnswerThatSharesOnePath)
{
    json answer = audio_and_video();
    answer["bundle"] = true;
    answer["ice"]["candidates"] = {"H1 1 UDP 2130706431 192.0.2.10 4000 typ host"};
    for (auto& line : answer["media"]) {
        line["rtcp_mux"] = true;
        line["rtp_component"] = 1;
        line["rtcp_component"] = 1;
        line["keys"] = json::array({line["keys"][0]});
    }
    EXPECT_EQ(through_sdp(answer, SdpRole::answer), answer);
}

TEST(Sdp, CarriesAnAnswerThatMultiplexesRtcpOnly)
{
    json answer = audio_and_video();
    answer["ice"]["candidates"] = {"H1 1 UDP 2130706431 192.0.2.10 4000 typ host",
                                   "H1 3 UDP 2130706431 192.0.2.10 4002 typ host"};
    for (auto& line : answer["media"]) {
        line["rtcp_mux"] = true;
        line["rtcp_component"] = line["rtp_component"];
        line["keys"] = json::array({line["keys"][0]});
    }
    EXPECT_EQ(through_sdp(answer, SdpRole::answer), answer);
}

TEST(Sdp, CarriesAnOfferThatCanOnlyMultiplex)
{
    json offer = audio_and_video();
    offer["ice"]["candidates"] = json::array();
    offer["ice"]["complete"] = false;
    for (auto& line : offer["media"]) {
        line["rtcp_mux"] = true;
        line["rtcp_component"] = line["rtp_component"];
    }
    EXPECT_EQ(through_sdp(offer), offer);
}

TEST(Sdp, CarriesAnOfferWhoseCandidatesFollowLater)
{
    json offer = audio_and_video();
    offer["ice"]["candidates"] = json::array();
    offer["ice"]["complete"] = false;
    const std::string sdp = write_sdp(read_description(offer.dump()), {1, 1}, nullptr);
    EXPECT_NE(sdp.find("m=audio 9 RTP/SAVP"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=ice-options:trickle"), std::string::npos) << sdp;
    EXPECT_EQ(through_sdp(offer), offer);
}

TEST(Sdp, CarriesAddressesWithoutIce)
{
    json offer = audio_and_video();
    offer.erase("ice");
    offer["media"][0]["address"] = "192.0.2.1";
    offer["media"][0]["port"] = 4000;
    offer["media"][1]["address"] = "2001:db8::1";
    offer["media"][1]["port"] = 4002;
    EXPECT_EQ(through_sdp(offer), offer);
}

/// Sound over a channel of the link, pictures over ICE, whose components begin at 1.
json audio_over_a_channel()
{
    json offer = audio_and_video();
    offer["media"][0]["channel"] = "media-0123456789abcdef";
    offer["media"][0]["profile"] = "RTP/AVP";
    offer["media"][0].erase("keys");
    offer["media"][1]["rtp_component"] = 1;
    offer["media"][1]["rtcp_component"] = 2;
    offer["ice"]["candidates"] = {"H1 1 UDP 2130706431 192.0.2.10 4000 typ host",
                                  "H1 2 UDP 2130706430 192.0.2.10 4001 typ host"};
    return offer;
}

TEST(Sdp, CarriesALineOverAChannelOfTheLinkBesideOneOverIce)
{
    const json offer = audio_over_a_channel();
    const std::string sdp = write_sdp(read_description(offer.dump()), {1, 1}, nullptr);
    EXPECT_NE(sdp.find("m=audio 9 QUIC/RTP/AVP 104 0\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=quic-channel:media-0123456789abcdef\r\n"), std::string::npos) << sdp;
    EXPECT_LT(sdp.find("m=video"), sdp.find("a=candidate:")) << sdp;
    EXPECT_EQ(through_sdp(offer), offer);
}

TEST(Sdp, CarriesLinesOverChannelsWithoutIce)
{
    json offer = audio_over_a_channel();
    offer.erase("ice");
    offer["media"].erase(1);
    EXPECT_EQ(through_sdp(offer), offer);
}

TEST(Sdp, RejectsALineOverAChannelThatHasNoGoodName)
{
    const std::string sdp = write_sdp(read_description(audio_over_a_channel().dump()), {1, 1}, nullptr);
    const std::string name = "a=quic-channel:media-0123456789abcdef\r\n";
    for (const std::string& other : {std::string(), std::string("a=quic-channel:two words\r\n"),
                                     "a=quic-channel:" + std::string(65, 'x') + "\r\n"}) {
        std::string changed = sdp;
        changed.replace(changed.find(name), name.size(), other);
        const json read_back = read(changed);
        EXPECT_EQ(read_back["media"][0].value("rejected", false), true) << other;
        EXPECT_FALSE(read_back["media"][0].contains("channel")) << other;
        EXPECT_FALSE(read_back["media"][1].contains("rejected")) << other;
    }
}

TEST(Sdp, CarriesARejectedLine)
{
    json answer = audio_and_video();
    for (auto& line : answer["media"])
        line["keys"] = json::array({line["keys"][0]});
    auto& video = answer["media"][1];
    for (const char* gone : {"keys", "rtp_component", "rtcp_component"})
        video.erase(gone);
    video["rejected"] = true;
    video["direction"] = "sendrecv";
    answer["ice"]["candidates"].erase(4);
    answer["ice"]["candidates"].erase(3);
    EXPECT_EQ(through_sdp(answer, SdpRole::answer), answer);
}

TEST(Sdp, WritesComponentsWithinEachLineAndADefaultDestination)
{
    const std::string sdp = write_sdp(read_description(audio_and_video().dump()), {7, 3}, nullptr);
    EXPECT_NE(sdp.find("o=- 7 3 IN IP4 0.0.0.0\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("m=audio 32589 RTP/SAVP 104 0\r\nc=IN IP4 198.51.100.7\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=rtcp:4001 IN IP4 192.0.2.10\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("m=video 4002 RTP/SAVP 96 97\r\nc=IN IP6 2001:db8::1\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=candidate:H1 1 UDP 2130706429 2001:db8::1 4002 typ host\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=candidate:H1 2 UDP 2130706428 2001:db8::1 4003 typ host\r\n"), std::string::npos) << sdp;
    EXPECT_EQ(sdp.find(" 3 UDP"), std::string::npos) << sdp;
}

TEST(Sdp, RefusesToWriteWhatItCannotSay)
{
    const auto refused = [](const json& description) {
        try {
            write_sdp(read_description(description.dump()), {1, 1}, nullptr);
        } catch (const Failure& failure) {
            return failure.status() == JF_BAD_INPUT;
        }
        return false;
    };
    EXPECT_FALSE(refused(audio_and_video()));
    json bad = audio_and_video();
    bad["ice"]["candidates"][0] = "no candidate";
    EXPECT_TRUE(refused(bad));
    bad = audio_and_video();
    bad["media"][0]["keys"][0]["key"] = "not base64!";
    EXPECT_TRUE(refused(bad));
    bad = audio_and_video();
    bad["media"][0]["codecs"] = json::array();
    EXPECT_TRUE(refused(bad));
    bad = audio_and_video();
    bad["media"][0]["mid"] = "a b";
    EXPECT_TRUE(refused(bad));
    bad = audio_and_video();
    bad["media"][0]["cname"] = "a\r\na=evil";
    EXPECT_TRUE(refused(bad));
}

TEST(Sdp, AnswersInPlaceWhatItCannotDescribe)
{
    const SdpReading offer = read_sdp("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                      "m=text 4000 RTP/AVP 98\r\n"
                                      "m=audio 4002 RTP/AVP 0\r\na=mid:x\r\n"
                                      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n",
                                      SdpRole::offer);
    ASSERT_EQ(offer.description.media.size(), 1U);
    EXPECT_EQ(offer.description.media[0].rtp_component, 1);
    const std::string answer = write_sdp(
        read_description(
            R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})"),
        {1, 1}, &offer.skeleton);
    EXPECT_NE(answer.find("m=text 0 RTP/AVP 98\r\nm=audio 9 RTP/AVP 0\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("a=mid:x\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n"), std::string::npos)
        << answer;
}

const std::string kStart = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
const std::string kIce = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef012345\r\n";

TEST(Sdp, RefusesWhatIsNotInForm)
{
    EXPECT_EQ(problem(kStart + "m=audio 4000 RTP/AVP 0\r\n"), "");
    EXPECT_NE(problem(""), "");
    EXPECT_NE(problem("v=1\r\n"), "");
    EXPECT_NE(problem("o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n"), "");
    EXPECT_NE(problem("v=0\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\n"), "");
    for (const char* line :
         {"nonsense", "M=audio 1 RTP/AVP 0", "m=audio", "m=audio x RTP/AVP 0", "m=audio 70000 RTP/AVP 0",
          "m=audio 1 RTP/AVP", "m=au dio 1 RTP/AVP 0", "=", "a", "a=\x01"})
        EXPECT_TRUE(problem(kStart + line + "\r\n").starts_with("-8 ")) << line;
    EXPECT_NE(problem(kStart + "m=audio 4000 RTP/AVP 0\r\na=" + std::string(3000, 'x') + "\r\n"), "");
    EXPECT_NE(problem(kStart + "m=audio 4000 RTP/AVP 0\r\n" + kIce + "a=candidate:nonsense\r\n"), "");
    EXPECT_NE(problem(kStart + "a=ice-ufrag:abc\r\na=ice-pwd:0123456789abcdef012345\r\nm=audio 4000 RTP/AVP 0\r\n"),
              "");
    EXPECT_NE(problem(kStart + "a=ice-ufrag:abcd\r\nm=audio 4000 RTP/AVP 0\r\n"), "");
}

TEST(Sdp, IsBounded)
{
    std::string lines = kStart;
    for (int i = 0; i < 32; ++i)
        lines += "m=audio 4000 RTP/AVP 0\r\n";
    const SdpReading reading = read_sdp(lines, SdpRole::offer);
    EXPECT_EQ(reading.description.media.size(), 8U);
    EXPECT_EQ(reading.skeleton.lines.size(), 32U);
    EXPECT_EQ(reading.description.media[3].rtcp_component, 8);
    EXPECT_EQ(reading.description.media[4].rtp_component, 0); // beyond what components can number
    EXPECT_NE(problem(lines + "m=audio 4000 RTP/AVP 0\r\n"), "");

    std::string candidates = kStart + kIce + "m=audio 4000 RTP/AVP 0\r\n";
    for (int i = 0; i < 500; ++i)
        candidates += "a=candidate:1 1 UDP 1 192.0.2.1 " + std::to_string(1000 + i) + " typ host\r\n";
    EXPECT_EQ(read(candidates)["ice"]["candidates"].size(), 200U);

    std::string codecs = kStart + "m=audio 4000 RTP/AVP";
    std::string maps;
    for (int i = 0; i < 128; ++i) {
        codecs += " " + std::to_string(i);
        maps += "a=rtpmap:" + std::to_string(i) + " x/8000\r\n";
    }
    EXPECT_EQ(read(codecs + "\r\n" + maps)["media"][0]["codecs"].size(), 32U);
}

TEST(Sdp, RefusesSeveralIceSessions)
{
    EXPECT_TRUE(problem(kStart + "m=audio 4000 RTP/AVP 0\r\n" + kIce +
                        "m=video 4000 RTP/AVP 26\r\na=ice-ufrag:efgh\r\na=ice-pwd:0123456789abcdef012345\r\n")
                    .starts_with("-11 "));
}

TEST(Sdp, TakesIceSessionsOfTheLinesIfTheyAgree)
{
    const json found = read(kStart + "m=audio 4000 RTP/AVP 0\r\n" + kIce + "m=video 4000 RTP/AVP 26\r\n" + kIce);
    EXPECT_EQ(found["ice"]["ufrag"], "abcd");
    EXPECT_EQ(found["media"].size(), 2U);
}

TEST(Sdp, LeavesOutKeysItCouldNotUseAsAsked)
{
    const std::string key = "inline:c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh";
    const json line = read(
        kStart + "m=audio 4000 RTP/SAVP 0\r\n" +                        //
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key + "|2^20|1:4\r\n" + // an MKI in every packet
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 " + key + " UNENCRYPTED_SRTCP\r\n" + "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " +
        key + ";" + key + "\r\n" + "a=crypto:4 AES_CM_128_HMAC_SHA1_80 " + key + "|2^20\r\n" + //
        "a=crypto:5 AES_CM_128_HMAC_SHA1_80 " + key + " WSH=128\r\n" + "a=crypto:6 nonsense\r\n")["media"][0];
    ASSERT_EQ(line["keys"].size(), 2U) << line;
    EXPECT_EQ(line["keys"][0]["tag"], 4);
    EXPECT_EQ(line["keys"][1]["tag"], 5);
    EXPECT_EQ(line["keys"][0]["key"], "c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh");
    EXPECT_NE(problem(kStart + "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 A " + key + "\r\na=crypto:2 B " + key + "\r\n",
                      SdpRole::answer),
              "");
}

TEST(Sdp, TakesTheDirectionOfTheSessionUnlessTheLineHasItsOwn)
{
    const json found =
        read(kStart + "a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 26\r\na=inactive\r\n");
    EXPECT_EQ(found["media"][0]["direction"], "sendonly");
    EXPECT_EQ(found["media"][1]["direction"], "inactive");
}

TEST(Sdp, TakesLinesThatEndWithLineFeedOnly)
{
    EXPECT_EQ(read("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 8\n")
                  ["media"][0]["codecs"][0]["name"],
              "PCMA");
}

json repaired()
{
    json offer = audio_and_video();
    for (auto& line : offer["media"]) {
        for (auto& codec : line["codecs"])
            codec["feedback"].push_back("ack ccfb");
    }
    json& video = offer["media"][1];
    video["codecs"].push_back({{"payload_type", 98},
                               {"name", "rtx"},
                               {"clock_rate_hz", 90000},
                               {"parameters", "apt=96"},
                               {"feedback", {"ack ccfb"}}});
    video["ssrc"] = 11;
    video["repair_ssrc"] = 12;
    video["cname"] = "alice@example";
    return offer;
}

TEST(Sdp, CarriesReportsOfArrivalsAndWhatIsSentAgain)
{
    EXPECT_EQ(through_sdp(repaired()), repaired());
}

TEST(Sdp, ReportsOfArrivalsAreForAllPayloadTypesAndStandOnceInALine)
{
    const std::string sdp = write_sdp(read_description(repaired().dump()), {1, 1}, nullptr);
    std::size_t count = 0;
    for (auto at = sdp.find("ack ccfb"); at != std::string::npos; at = sdp.find("ack ccfb", at + 1))
        ++count;
    EXPECT_EQ(count, 2U) << sdp; // RFC 8888 section 6
    EXPECT_NE(sdp.find("a=rtcp-fb:* ack ccfb\r\n"), std::string::npos) << sdp;
    EXPECT_NE(sdp.find("a=ssrc-group:FID 11 12\r\n"), std::string::npos) << sdp;
}

TEST(Sdp, AGroupOfSourcesThatIsNoPairIsSteppedOver)
{
    for (const std::string group : {"FID 11", "FID 11 11", "FID x 12", "FEC 11 12", "FID", "FID 11 4294967296"}) {
        const json line = read(kStart + "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\na=ssrc-group:" + group +
                               "\r\na=ssrc:11 cname:x\r\n")["media"][0];
        EXPECT_FALSE(line.contains("repair_ssrc")) << group;
        EXPECT_EQ(line["ssrc"], 11) << group;
    }
}

} // namespace
} // namespace jackfield::sip::testing
