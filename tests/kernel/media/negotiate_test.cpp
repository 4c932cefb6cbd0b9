// Offer and answer: what two ends agree on, and what neither may slip past the other.

#include "kernel/media/negotiate.hpp"
#include "kernel/media/renegotiate.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

CodecOption codec(MediaKind kind, const std::string& name, int clock_rate_hz, int channels = 1)
{
    CodecOption option;
    option.kind = kind;
    option.name = name;
    option.clock_rate_hz = clock_rate_hz;
    option.channels = channels;
    option.sample_rate_hz = clock_rate_hz;
    if (kind == MediaKind::video)
        option.feedback = {"nack pli"};
    return option;
}

MediaCapabilities everything()
{
    MediaCapabilities ours;
    ours.codecs = {codec(MediaKind::audio, "opus", 48000, 2), codec(MediaKind::audio, "PCMU", 8000),
                   codec(MediaKind::video, "VP8", 90000), codec(MediaKind::video, "H264", 90000)};
    ours.codecs[1].static_payload_type = 0;
    auto& transport = ours.transports.emplace_back();
    transport.profile = "RTP/SAVP";
    transport.suites = {"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"};
    transport.feedback = {"nack pli"};
    transport.make_key = [n = 0](const std::string& suite) mutable { return suite + std::to_string(++n); };
    ours.make_ssrc = [n = 0U]() mutable { return ++n; };
    ours.cname = "c";
    return ours;
}

const Wishes kBoth{};

TEST(Negotiation, TakesTheOfferersFirstCodecThatBothHave)
{
    auto callee = everything();
    callee.codecs.erase(callee.codecs.begin()); // no Opus
    const auto offer = make_offer(everything(), kBoth);
    const auto answer = make_answer(callee, kBoth, offer);
    ASSERT_EQ(answer.lines.size(), 2U);
    ASSERT_EQ(answer.lines[0].codecs.size(), 1U);
    EXPECT_EQ(answer.lines[0].codecs[0].name, "PCMU");
    EXPECT_EQ(answer.lines[0].codecs[0].payload_type, 0);
    EXPECT_EQ(answer.lines[1].codecs[0].name, "VP8");
}

/// Those of two plugins, as a configuration lists them.
MediaCapabilities of_two_plugins(std::vector<CodecOption> first, std::vector<CodecOption> second)
{
    auto ours = everything();
    for (auto& option : second)
        option.plug = 1;
    ours.codecs = std::move(first);
    ours.codecs.insert(ours.codecs.end(), second.begin(), second.end());
    return ours;
}

/// One that reports arrivals and repairs, as media-srtp does.
MediaCapabilities repairing()
{
    auto ours = everything();
    ours.transports[0].feedback = {"nack", "nack pli", "ack ccfb"};
    ours.transports[0].retransmission = true;
    for (auto& option : ours.codecs) {
        if (option.kind == MediaKind::video)
            option.feedback = {"nack", "nack pli"};
    }
    return ours;
}

TEST(Negotiation, BothEndsThatCanAgreeOnReportsAndRepair)
{
    const auto caller = repairing();
    const auto callee = repairing();
    const auto offer = make_offer(caller, kBoth);
    ASSERT_EQ(offer.lines[1].codecs.size(), 4U) << "each codec of pictures has its repair";
    EXPECT_EQ(offer.lines[1].codecs[2].name, "rtx");
    EXPECT_EQ(offer.lines[1].codecs[2].parameters, "apt=" + std::to_string(offer.lines[1].codecs[0].payload_type));
    ASSERT_TRUE(offer.lines[1].repair_ssrc);
    EXPECT_NE(offer.lines[1].repair_ssrc, offer.lines[1].ssrc);
    EXPECT_FALSE(offer.lines[0].repair_ssrc) << "sound is not repaired";
    const auto answer = make_answer(callee, kBoth, offer);
    ASSERT_EQ(answer.lines[1].codecs.size(), 2U);
    const auto mine = agree(caller, offer, answer);
    const auto theirs = agree(callee, answer, offer);
    EXPECT_EQ(mine[0].feedback, (std::vector<std::string>{"ack ccfb"}));
    EXPECT_EQ(mine[1].feedback, (std::vector<std::string>{"nack", "nack pli", "ack ccfb"}));
    ASSERT_TRUE(mine[1].repair && theirs[1].repair);
    EXPECT_EQ(mine[1].repair->payload_type, offer.lines[1].codecs[2].payload_type);
    EXPECT_EQ(mine[1].repair->payload_type, theirs[1].repair->payload_type);
    EXPECT_EQ(mine[1].repair->remote_ssrc, theirs[1].repair->ssrc);
    EXPECT_EQ(theirs[1].repair->remote_ssrc, mine[1].repair->ssrc);
}

TEST(Negotiation, WhatOnlyOneEndCanIsNotAgreed)
{
    for (const bool old_calls : {true, false}) {
        const auto caller = old_calls ? everything() : repairing();
        const auto callee = old_calls ? repairing() : everything();
        const auto offer = make_offer(caller, kBoth);
        const auto answer = make_answer(callee, kBoth, offer);
        for (const auto& streams : {agree(caller, offer, answer), agree(callee, answer, offer)}) {
            EXPECT_EQ(streams[0].feedback, std::vector<std::string>{});
            EXPECT_EQ(streams[1].feedback, (std::vector<std::string>{"nack pli"}));
            EXPECT_FALSE(streams[1].repair);
        }
    }
}

TEST(Negotiation, TheOrderOfTheCodecPluginsIsPreference)
{
    const auto opus = codec(MediaKind::audio, "opus", 48000, 2);
    const auto pcmu = codec(MediaKind::audio, "PCMU", 8000);
    Wishes sound;
    sound.video.wanted = false;
    for (const auto& [first, second] : {std::pair{opus, pcmu}, std::pair{pcmu, opus}}) {
        const auto caller = of_two_plugins({first}, {second});
        const auto callee = of_two_plugins({opus}, {pcmu});
        const auto offer = make_offer(caller, sound);
        ASSERT_EQ(offer.lines.at(0).codecs.size(), 2U);
        const auto streams = agree(caller, offer, make_answer(callee, sound, offer));
        EXPECT_EQ(streams.at(0).codec.name, first.name);
        EXPECT_EQ(streams.at(0).codec.plug, 0U);
    }
    // A peer that lacks the first takes the second, and then its plugin is opened.
    const auto caller = of_two_plugins({opus}, {pcmu});
    const auto offer = make_offer(caller, sound);
    const auto streams = agree(caller, offer, make_answer(of_two_plugins({pcmu}, {}), sound, offer));
    EXPECT_EQ(streams.at(0).codec.name, "PCMU");
    EXPECT_EQ(streams.at(0).codec.plug, 1U);
}

TEST(Negotiation, ACodecThatTwoPluginsHaveIsOfferedOnceAndOpenedByTheFirst)
{
    auto pcmu = codec(MediaKind::audio, "PCMU", 8000);
    pcmu.static_payload_type = 0;
    const auto h264 = codec(MediaKind::video, "H264", 90000);
    auto other_case = codec(MediaKind::audio, "OPUS", 48000, 2);
    auto two_forms = h264; // of one plugin: both are meant, they differ in their parameters
    two_forms.parameters = "packetization-mode=1";
    const auto caller = of_two_plugins({codec(MediaKind::audio, "opus", 48000, 2), pcmu, h264, two_forms},
                                       {other_case, pcmu, codec(MediaKind::audio, "PCMA", 8000), h264});
    const auto offer = make_offer(caller, kBoth);
    std::vector<std::string> names;
    for (const auto& line : offer.lines) {
        for (const auto& each : line.codecs)
            names.push_back(each.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"opus", "PCMU", "PCMA", "H264", "H264"}));
    const auto streams = agree(caller, offer, make_answer(caller, kBoth, offer));
    for (const auto& stream : streams)
        EXPECT_EQ(stream.codec.plug, 0U) << stream.codec.name;
}

TEST(Negotiation, BothEndsDeriveTheSameStreams)
{
    const auto caller = everything();
    const auto callee = everything();
    const auto offer = make_offer(caller, kBoth);
    const auto answer = make_answer(callee, kBoth, offer);
    const auto here = agree(caller, offer, answer);
    const auto there = agree(callee, answer, offer);
    ASSERT_EQ(here.size(), 2U);
    ASSERT_EQ(there.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(here[i].payload_type, there[i].payload_type);
        EXPECT_EQ(here[i].rtp_component, 1) << "bundled";
        EXPECT_EQ(here[i].rtcp_component, there[i].rtcp_component);
        EXPECT_EQ(here[i].ssrc, there[i].remote_ssrc);
        EXPECT_EQ(here[i].send_key->key, there[i].receive_key->key);
        EXPECT_EQ(here[i].receive_key->key, there[i].send_key->key);
        EXPECT_EQ(here[i].send_key->suite, "AEAD_AES_128_GCM");
    }
    EXPECT_EQ(components_of(here), std::vector<std::uint32_t>{1});
}

TEST(Negotiation, WithoutBundleEachStreamHasTwoComponents)
{
    auto callee = everything();
    callee.may_bundle = false;
    const auto offer = make_offer(everything(), kBoth);
    const auto answer = make_answer(callee, kBoth, offer);
    EXPECT_FALSE(answer.bundle);
    const auto streams = agree(everything(), offer, answer);
    EXPECT_EQ(components_of(streams), (std::vector<std::uint32_t>{1, 2, 3, 4}));
}

TEST(Negotiation, TakesTheSecondSuiteFromAPeerThatHasOnlyThat)
{
    auto callee = everything();
    callee.transports[0].suites = {"AES_CM_128_HMAC_SHA1_80"};
    const auto offer = make_offer(everything(), kBoth);
    const auto streams = agree(everything(), offer, make_answer(callee, kBoth, offer));
    EXPECT_EQ(streams[0].send_key->suite, "AES_CM_128_HMAC_SHA1_80");
    EXPECT_EQ(streams[0].send_key->key, offer.lines[0].keys[1].key);
}

TEST(Negotiation, ALineWithoutCommonEncryptionIsRejectedNotSentInClear)
{
    auto callee = everything();
    callee.transports[0].suites = {"SOMETHING_ELSE"};
    const auto offer = make_offer(everything(), kBoth);
    EXPECT_THROW(make_answer(callee, kBoth, offer), Failure);
}

TEST(Negotiation, RefusesAnAnswerWithoutAKey)
{
    const auto offer = make_offer(everything(), kBoth);
    auto answer = make_answer(everything(), kBoth, offer);
    answer.lines[0].keys.clear();
    EXPECT_THROW(agree(everything(), offer, answer), Failure);
}

TEST(Negotiation, AudioOnlyRejectsTheVideoLineAndKeepsItsPlace)
{
    const auto offer = make_offer(everything(), kBoth);
    Wishes audio_only;
    audio_only.video.wanted = false;
    const auto answer = make_answer(everything(), audio_only, offer);
    ASSERT_EQ(answer.lines.size(), 2U);
    EXPECT_TRUE(answer.lines[1].rejected);
    const auto streams = agree(everything(), offer, answer);
    ASSERT_EQ(streams.size(), 1U);
    EXPECT_EQ(streams[0].kind, MediaKind::audio);
}

TEST(Negotiation, WhoHasNothingToSendReceivesOnly)
{
    Wishes listener;
    listener.video.send = false;
    const auto offer = make_offer(everything(), kBoth);
    const auto answer = make_answer(everything(), listener, offer);
    EXPECT_FALSE(answer.lines[1].direction.send);
    const auto here = agree(everything(), offer, answer);
    EXPECT_TRUE(here[1].direction.send);
    EXPECT_FALSE(here[1].direction.receive);
}

TEST(Negotiation, RefusesAnAnswerThatDoesNotFitTheOffer)
{
    const auto offer = make_offer(everything(), kBoth);
    auto fewer = make_answer(everything(), kBoth, offer);
    fewer.lines.pop_back();
    EXPECT_THROW(agree(everything(), offer, fewer), Failure);
    auto swapped = make_answer(everything(), kBoth, offer);
    std::swap(swapped.lines[0], swapped.lines[1]);
    EXPECT_THROW(agree(everything(), offer, swapped), Failure);
    auto other = make_answer(everything(), kBoth, offer);
    other.lines[0].codecs = {{77, "opus", 48000, 2, "", {}}};
    EXPECT_THROW(agree(everything(), offer, other), Failure);
}

TEST(Negotiation, NothingInCommonIsSaidInWords)
{
    MediaDescription offer = make_offer(everything(), kBoth);
    for (auto& line : offer.lines)
        line.codecs = {{120, "unheard-of", 1000, 1, "", {}}};
    try {
        make_answer(everything(), kBoth, offer);
        FAIL() << "accepted";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        EXPECT_STREQ(failure.what(), "no common media: no codec and encryption that both ends have");
    }
}

MediaCapabilities in_clear()
{
    auto ours = everything();
    ours.transports[0].profile = "RTP/AVP";
    ours.transports[0].suites.clear();
    return ours;
}

TEST(Negotiation, TwoEndsInClearAgreeWithoutKeys)
{
    const auto offer = make_offer(in_clear(), kBoth);
    EXPECT_EQ(offer.lines[0].profile, "RTP/AVP");
    EXPECT_TRUE(offer.lines[0].keys.empty());
    const auto answer = make_answer(in_clear(), kBoth, offer);
    EXPECT_EQ(answer.lines[0].profile, "RTP/AVP");
    const auto streams = agree(in_clear(), offer, answer);
    ASSERT_EQ(streams.size(), 2U);
    EXPECT_FALSE(streams[0].send_key || streams[0].receive_key);
}

TEST(Negotiation, MediaInClearIsNeverTakenForEncryptedMedia)
{
    EXPECT_THROW(make_answer(in_clear(), kBoth, make_offer(everything(), kBoth)), Failure);
    EXPECT_THROW(make_answer(everything(), kBoth, make_offer(in_clear(), kBoth)), Failure);
    auto offer_with_keys = make_offer(everything(), kBoth); // as a peer may write it, and mean what?
    for (auto& line : offer_with_keys.lines)
        line.profile = "RTP/AVP";
    EXPECT_THROW(make_answer(everything(), kBoth, offer_with_keys), Failure);
    const auto offer = make_offer(in_clear(), kBoth);
    auto answer = make_answer(in_clear(), kBoth, offer);
    answer.lines[0].profile = "RTP/SAVP";
    EXPECT_THROW(agree(in_clear(), offer, answer), Failure);
}

/// Sound over channels of the link in clear, because the link encrypts; the rest over connectivity with keys.
MediaCapabilities sound_over_channels()
{
    auto ours = everything();
    TransportOption plain;
    plain.carriage = {Over::kMultiplexer, true, false};
    plain.profile = "RTP/AVP";
    ours.transports[0].plug = 1;
    ours.transports.insert(ours.transports.begin(), plain);
    ours.make_channel = [n = 0]() mutable { return "media-" + std::to_string(++n); };
    return ours;
}

TEST(NegotiationOverChannels, EachKindGoesAsItsFirstTransportSays)
{
    const auto offer = make_offer(sound_over_channels(), kBoth);
    EXPECT_EQ(offer.lines[0].channel, "media-1");
    EXPECT_EQ(offer.lines[0].profile, "RTP/AVP");
    EXPECT_TRUE(offer.lines[0].keys.empty());
    EXPECT_EQ(offer.lines[1].channel, "");
    EXPECT_EQ(offer.lines[1].profile, "RTP/SAVP");
    EXPECT_FALSE(offer.bundle) << "two transports share no path";
    EXPECT_EQ(offer.lines[1].rtp_component, 1) << "connectivity counts its own";
    const auto answer = make_answer(sound_over_channels(), kBoth, offer);
    EXPECT_EQ(answer.lines[0].channel, "media-1");
    const auto streams = agree(sound_over_channels(), offer, answer);
    ASSERT_EQ(streams.size(), 2U);
    EXPECT_EQ(streams[0].transport, 0U);
    EXPECT_FALSE(streams[0].send_key);
    EXPECT_EQ(streams[1].transport, 1U);
    EXPECT_TRUE(streams[1].send_key && streams[1].receive_key);
    EXPECT_EQ(components_of(streams), std::vector<std::uint32_t>{1});
    EXPECT_EQ(places_of(streams), (std::vector<MediaPlace>{{"media-1", 1}, {"", 1}}));
}

TEST(NegotiationOverChannels, ACalleeTakesWhicheverOfItsTransportsFits)
{
    auto both_ways = sound_over_channels();
    both_ways.transports[0].carriage.video = true;
    for (const auto& caller : {everything(), both_ways}) {
        const auto offer = make_offer(caller, kBoth);
        const auto answer = make_answer(both_ways, kBoth, offer);
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_FALSE(answer.lines[i].rejected);
            EXPECT_EQ(answer.lines[i].channel, offer.lines[i].channel);
            EXPECT_EQ(answer.lines[i].keys.empty(), !offer.lines[i].channel.empty());
        }
        EXPECT_TRUE(answer.bundle);
    }
}

TEST(NegotiationOverChannels, ClearMediaForAChannelIsNeverTakenForPathsOfItsOwn)
{
    auto offer = make_offer(sound_over_channels(), kBoth);
    const auto answer = make_answer(everything(), kBoth, offer);
    EXPECT_TRUE(answer.lines[0].rejected) << "no channels here";
    EXPECT_FALSE(answer.lines[1].rejected);
    offer.lines[0].channel.clear(); // somebody on the way would like to hear it
    EXPECT_TRUE(make_answer(sound_over_channels(), kBoth, offer).lines[0].rejected);
}

TEST(NegotiationOverChannels, AnAnswerNamesTheChannelThatWasOfferedAndNoOther)
{
    const auto offer = make_offer(sound_over_channels(), kBoth);
    for (const char* name : {"media-2", "", "signaling"}) {
        auto answer = make_answer(sound_over_channels(), kBoth, offer);
        answer.lines[0].channel = name;
        EXPECT_THROW(agree(sound_over_channels(), offer, answer), Failure) << name;
    }
    auto strange = offer;
    strange.lines[0].channel = "signaling";
    const auto answer = make_answer(sound_over_channels(), kBoth, strange);
    EXPECT_THROW(agree(sound_over_channels(), answer, strange), Failure) << "a name that is not media's";
}

TEST(NegotiationOverChannels, AKindThatNoTransportCarriesIsNotOffered)
{
    auto ours = sound_over_channels();
    ours.transports.pop_back();
    const auto offer = make_offer(ours, kBoth);
    ASSERT_EQ(offer.lines.size(), 1U);
    EXPECT_EQ(offer.lines[0].kind, MediaKind::audio);
}

TEST(Negotiation, AKindThatNoCodecIsForIsNotOfferedNeitherAtFirstNorLater)
{
    auto ours = everything();
    std::erase_if(ours.codecs, [](const CodecOption& option) { return option.kind == MediaKind::video; });
    const auto offer = make_offer(ours, kBoth);
    ASSERT_EQ(offer.lines.size(), 1U) << "the call goes on with sound alone";
    EXPECT_EQ(offer.lines[0].kind, MediaKind::audio);
    EXPECT_FALSE(can_offer(ours, MediaKind::video));

    const auto answer = make_answer(everything(), kBoth, offer);
    Negotiated now;
    now.streams = agree(ours, offer, answer);
    now.local = offer;
    now.remote = answer;
    EXPECT_EQ(make_next_offer(ours, kBoth, now, 4).lines.size(), 1U) << "as when ICE begins anew";
}

} // namespace
