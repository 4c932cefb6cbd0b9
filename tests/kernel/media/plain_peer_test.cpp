// What is agreed with a telephone that does no ICE, or that makes its keys by a handshake on the media path.

#include "kernel/media/plain_addresses.hpp"
#include "kernel/media/protection.hpp"
#include "kernel/media/renegotiate.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

TransportOption transport(std::size_t plug, const std::string& profile)
{
    TransportOption option;
    option.plug = plug;
    option.profile = profile;
    option.telephone_events = true;
    option.make_key = [](const std::string& suite) { return suite + " key"; };
    return option;
}

/// In clear, by keys, by a handshake: in that order unless a test turns it.
MediaCapabilities ours()
{
    MediaCapabilities all;
    CodecOption codec;
    codec.name = "PCMU";
    codec.clock_rate_hz = 8000;
    codec.static_payload_type = 0;
    all.codecs = {codec};
    codec.kind = MediaKind::video;
    codec.name = "VP8";
    codec.clock_rate_hz = 90000;
    codec.static_payload_type.reset();
    all.codecs.push_back(codec);
    all.transports = {transport(0, "RTP/AVP"), transport(1, "RTP/SAVP"), transport(2, "UDP/TLS/RTP/SAVP")};
    all.transports[1].suites = {"AES_CM_128_HMAC_SHA1_80"};
    all.transports[2].dtls = true;
    all.transports[2].fingerprint = "sha-256 00:11";
    all.make_ssrc = [n = 0U]() mutable { return ++n; };
    all.cname = "c";
    return all;
}

const Wishes kAudio{{true, true, true}, {false, false, false}};

MediaLine phone_line(const std::string& profile)
{
    MediaLine line;
    line.profile = profile;
    line.address = "192.0.2.7";
    line.port = 5004;
    line.rtcp_component = 2;
    line.codecs = {{0, "PCMU", 8000, 1, "", {}}, {101, "telephone-event", 8000, 1, "0-15", {}}};
    if (profile.find("UDP/TLS") == 0) {
        line.fingerprint = "sha-256 AA:BB";
        line.setup = "actpass";
    } else if (profile.find("SAVP") != std::string::npos) {
        line.keys = {{3, "AES_CM_128_HMAC_SHA1_80", "their key"}};
    }
    return line;
}

MediaDescription phone(const std::string& profile)
{
    MediaDescription offer;
    offer.lines = {phone_line(profile)};
    return offer;
}

class EveryProfile : public ::testing::TestWithParam<std::pair<std::string, std::size_t>> {};

TEST_P(EveryProfile, IsAnsweredByTheTransportThatFits)
{
    const auto& [profile, plug] = GetParam();
    const auto offer = phone(profile);
    const auto answer = make_answer(ours(), kAudio, offer);
    EXPECT_EQ(answer.lines[0].profile, profile);
    EXPECT_TRUE(answer.without_ice);
    EXPECT_EQ(answer.lines[0].keys.size(), plug == 1 ? 1U : 0U);
    EXPECT_EQ(answer.lines[0].fingerprint, plug == 2 ? "sha-256 00:11" : "");
    EXPECT_EQ(answer.lines[0].setup, plug == 2 ? "active" : "");
    const auto streams = agree(ours(), answer, offer);
    ASSERT_EQ(streams.size(), 1U);
    EXPECT_EQ(streams[0].transport, plug);
    EXPECT_EQ(streams[0].event_payload_type, 101);
    EXPECT_EQ(streams[0].fingerprint, plug == 2 ? "sha-256 AA:BB" : "");
    EXPECT_EQ(streams[0].dtls_role, plug == 2 ? "client" : "");
}

INSTANTIATE_TEST_SUITE_P(Phones, EveryProfile,
                         ::testing::Values(std::pair{"RTP/AVP", 0U}, std::pair{"RTP/AVPF", 0U},
                                           std::pair{"RTP/SAVP", 1U}, std::pair{"RTP/SAVPF", 1U},
                                           std::pair{"UDP/TLS/RTP/SAVP", 2U}, std::pair{"UDP/TLS/RTP/SAVPF", 2U}),
                         [](const auto& test) {
                             std::string name = test.param.first;
                             std::erase(name, '/');
                             return name;
                         });

TEST(Phones, OfOldHaveAFingerprintInAProfileOfKeys)
{
    auto offer = phone("RTP/SAVPF");
    offer.lines[0].keys.clear();
    offer.lines[0].fingerprint = "sha-256 AA:BB";
    const auto answer = make_answer(ours(), kAudio, offer);
    EXPECT_EQ(agree(ours(), answer, offer)[0].transport, 2U);
}

TEST(Phones, AreRefusedWhatOneEndWouldHaveToDoInClear)
{
    auto without = ours();
    without.transports.resize(1);
    for (const char* profile : {"RTP/SAVP", "UDP/TLS/RTP/SAVP"})
        EXPECT_THROW(make_answer(without, kAudio, phone(profile)), Failure) << profile;
    auto encrypted = ours();
    encrypted.transports.erase(encrypted.transports.begin());
    EXPECT_THROW(make_answer(encrypted, kAudio, phone("RTP/AVP")), Failure);
    auto naked = phone("UDP/TLS/RTP/SAVP");
    naked.lines[0].fingerprint.clear();
    EXPECT_THROW(make_answer(ours(), kAudio, naked), Failure) << "a handshake with whom?";
}

TEST(Phones, AreOfferedTheFirstTransportOfTheList)
{
    auto all = ours();
    EXPECT_EQ(make_offer(all, kAudio).lines[0].profile, "RTP/AVP");
    std::swap(all.transports[0], all.transports[2]);
    const auto offer = make_offer(all, kAudio);
    EXPECT_EQ(offer.lines[0].profile, "UDP/TLS/RTP/SAVP");
    EXPECT_EQ(offer.lines[0].setup, "actpass");
    EXPECT_EQ(offer.lines[0].fingerprint, "sha-256 00:11");
    EXPECT_TRUE(offer.lines[0].keys.empty());
}

TEST(Phones, ThatOfferTheSameSoundTwiceGetItOnce)
{
    auto offer = phone("RTP/SAVP");
    offer.lines.push_back(phone_line("RTP/AVP"));
    offer.lines[1].rtp_component = 3;
    offer.lines[1].rtcp_component = 4;
    auto answer = make_answer(ours(), kAudio, offer);
    EXPECT_FALSE(answer.lines[0].rejected);
    EXPECT_TRUE(answer.lines[1].rejected);
    const Negotiated now{answer, offer, agree(ours(), answer, offer)};
    answer = make_next_answer(ours(), kAudio, now, offer);
    EXPECT_FALSE(answer.lines[0].rejected);
    EXPECT_TRUE(answer.lines[1].rejected) << "nor later";
    auto clear = ours();
    clear.transports.resize(1);
    answer = make_answer(clear, kAudio, offer);
    EXPECT_TRUE(answer.lines[0].rejected);
    EXPECT_FALSE(answer.lines[1].rejected);
}

TEST(Handshake, HasOneWhoBegins)
{
    EXPECT_EQ(answered_setup("actpass"), "active");
    EXPECT_EQ(answered_setup("passive"), "active");
    EXPECT_EQ(answered_setup("active"), "passive");
    EXPECT_EQ(answered_setup(""), "passive");
    EXPECT_EQ(role_in_handshake("active", "actpass"), "client");
    EXPECT_EQ(role_in_handshake("actpass", "passive"), "client");
    EXPECT_EQ(role_in_handshake("actpass", "active"), "server");
    EXPECT_EQ(role_in_handshake("actpass", ""), "server");
    EXPECT_EQ(role_in_handshake("passive", "active"), "server");
    EXPECT_EQ(role_in_handshake("passive", "actpass"), "server");
    for (const auto& [one, other] : {std::pair{"active", "active"}, {"passive", "passive"}, {"actpass", "actpass"}})
        EXPECT_THROW(role_in_handshake(one, other), Failure) << one << other;
}

TEST(Handshake, KeepsItsRolesAndCertificateWhileTheCallGoesOn)
{
    const auto all = ours();
    auto offer = phone("UDP/TLS/RTP/SAVP");
    const auto answer = make_answer(all, kAudio, offer);
    Negotiated now{answer, offer, agree(all, answer, offer)};
    auto next = make_next_answer(all, kAudio, now, offer);
    EXPECT_EQ(next.lines[0].setup, "active");
    EXPECT_EQ(next.lines[0].ssrc, answer.lines[0].ssrc);
    EXPECT_TRUE(goes_on(now.streams[0], agree(all, next, offer)[0]));
    const auto own = make_next_offer(all, kAudio, now, 4);
    EXPECT_EQ(own.lines[0].setup, "actpass");
    EXPECT_EQ(own.lines[0].fingerprint, "sha-256 00:11");
    // Another certificate is another handshake, and another source.
    auto moved = offer;
    moved.lines[0].fingerprint = "sha-256 CC:DD";
    next = make_next_answer(all, kAudio, now, moved);
    EXPECT_NE(next.lines[0].ssrc, answer.lines[0].ssrc);
    EXPECT_FALSE(goes_on(now.streams[0], agree(all, next, moved)[0]));
    moved = offer;
    moved.lines[0].setup = "active"; // it wants to begin now
    next = make_next_answer(all, kAudio, now, moved);
    EXPECT_EQ(next.lines[0].setup, "passive");
    EXPECT_NE(next.lines[0].ssrc, answer.lines[0].ssrc);
}

// --- addresses ------------------------------------------------------------------------------------------------------

MediaDescription answer_to(const std::string& address)
{
    auto offer = phone("RTP/AVP");
    offer.lines[0].address = address;
    return make_answer(ours(), kAudio, offer);
}

const char* const kConnectivity = "ufrag\npassword\n"
                                  "1 1 UDP 2130706431 2001:db8::9 4000 typ host\n"
                                  "2 1 UDP 2130706175 198.51.100.9 4002 typ host\n"
                                  "3 1 UDP 2130705919 127.0.0.1 4004 typ host\n"
                                  "4 1 UDP 1694498815 203.0.113.9 4006 typ srflx raddr 127.0.0.1 rport 4004\n"
                                  "5 1 TCP 2130700000 127.0.0.1 9 typ host tcptype active\n"
                                  "3 2 UDP 2130705918 127.0.0.1 4005 typ host\n"
                                  "2 2 UDP 2130706174 198.51.100.9 4003 typ host\n"
                                  "1 2 UDP 2130706430 2001:db8::9 4001 typ host\n";

TEST(PlainAddresses, AreThoseThatOurPacketsLeaveFrom)
{
    auto answer = answer_to("127.0.0.1");
    name_own_addresses(answer, kConnectivity);
    EXPECT_EQ(answer.lines[0].address, "127.0.0.1");
    EXPECT_EQ(answer.lines[0].port, 4004);
    EXPECT_EQ(answer.lines[0].rtcp_port, 4005);
    EXPECT_EQ(answer.lines[0].rtcp_address, "127.0.0.1");
}

TEST(PlainAddresses, AreOfThePeersFamily)
{
    auto answer = answer_to("2001:db8::7");
    name_own_addresses(answer, kConnectivity);
    EXPECT_EQ(answer.lines[0].address, "2001:db8::9");
    EXPECT_EQ(answer.lines[0].rtcp_port, 4001);
    answer = answer_to("2001:db8::7");
    EXPECT_THROW(name_own_addresses(answer, "u\np\n2 1 UDP 2130706175 198.51.100.9 4002 typ host\n"), Failure);
    answer = answer_to("phone.example");
    EXPECT_THROW(name_own_addresses(answer, kConnectivity), Failure) << "names are not looked up";
}

TEST(PlainAddresses, OfAPeerAreWhatItsLinesSay)
{
    auto offer = phone("RTP/AVP");
    auto answer = make_answer(ours(), kAudio, offer);
    EXPECT_EQ(describe_plain_peer(offer, agree(ours(), answer, offer), false),
              "-\n-\n1 1 UDP 1 192.0.2.7 5004 typ host\n1 2 UDP 1 192.0.2.7 5005 typ host\n");
    offer.lines[0].rtcp_port = 7000;
    offer.lines[0].rtcp_address = "192.0.2.8";
    EXPECT_EQ(describe_plain_peer(offer, agree(ours(), answer, offer), false),
              "-\n-\n1 1 UDP 1 192.0.2.7 5004 typ host\n1 2 UDP 1 192.0.2.8 7000 typ host\n");
    offer.lines[0].rtcp_mux = true;
    answer = make_answer(ours(), kAudio, offer);
    EXPECT_EQ(describe_plain_peer(offer, agree(ours(), answer, offer), false),
              "-\n-\n1 1 UDP 1 192.0.2.7 5004 typ host\n");
}

TEST(PlainAddresses, OfAHoldMoveNothing)
{
    auto offer = phone("RTP/AVP");
    const auto answer = make_answer(ours(), kAudio, offer);
    const auto streams = agree(ours(), answer, offer);
    offer.lines[0].address = "0.0.0.0";
    EXPECT_EQ(describe_plain_peer(offer, streams, true), "-\n-\n");
    EXPECT_NE(describe_plain_peer(offer, streams, false).find("0.0.0.0"), std::string::npos)
        << "at first it is nowhere";
}

TEST(PlainAddresses, OfLaterOffersAreForTheSamePeer)
{
    const auto offer = phone("RTP/AVP");
    const auto answer = make_answer(ours(), kAudio, offer);
    const Negotiated now{answer, offer, agree(ours(), answer, offer)};
    const Wishes both{{true, true, true}, {true, true, true}};
    auto next = make_next_offer(ours(), both, now, 4);
    EXPECT_TRUE(next.without_ice);
    ASSERT_EQ(next.lines.size(), 2U);
    EXPECT_EQ(next.lines[0].towards, "192.0.2.7");
    EXPECT_EQ(next.lines[1].towards, "192.0.2.7");
    auto with = offer;
    with.ice = "ufrag\npassword\n";
    EXPECT_TRUE(make_next_answer(ours(), kAudio, now, with).without_ice) << "the session has none";
}

} // namespace
