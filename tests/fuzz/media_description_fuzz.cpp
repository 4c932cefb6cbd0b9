// An offer or an answer of a peer, whatever it says: what is read is written again so that it reads the same, an answer
// to it has its lines, and no stream that is to be encrypted is agreed on without keys. And what it offers of ways.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/error.hpp"
#include "kernel/flow/candidates_detail.hpp"
#include "kernel/media/negotiate.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace {

using namespace jackfield::kernel;

CodecOption codec(MediaKind kind, const std::string& name, int clock_rate_hz)
{
    CodecOption option;
    option.kind = kind;
    option.name = name;
    option.clock_rate_hz = option.sample_rate_hz = clock_rate_hz;
    option.channels = name == "opus" ? 2 : 1;
    if (kind == MediaKind::video)
        option.feedback = {"nack", "nack pli"};
    return option;
}

const MediaCapabilities& ours()
{
    static const MediaCapabilities all = [] {
        MediaCapabilities made;
        made.codecs = {codec(MediaKind::audio, "opus", 48000), codec(MediaKind::audio, "PCMU", 8000),
                       codec(MediaKind::video, "VP8", 90000)};
        auto& transport = made.transports.emplace_back();
        transport.profile = "RTP/SAVP";
        transport.suites = {"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"};
        transport.feedback = {"nack", "nack pli", "ack ccfb"};
        transport.make_key = [](const std::string& suite) { return "inline:" + suite; };
        transport.telephone_events = transport.retransmission = true;
        made.make_ssrc = [n = 0U]() mutable { return ++n; };
        made.cname = "c";
        return made;
    }();
    return all;
}

void expect_keys(const MediaDescription& local, const MediaDescription& remote)
{
    for (const AgreedStream& stream : agree(ours(), local, remote)) {
        const bool there = stream.line < local.lines.size() && stream.line < remote.lines.size();
        if (!there || local.lines[stream.line].rejected || remote.lines[stream.line].rejected)
            std::abort();
        if (!stream.send_key || !stream.receive_key || stream.codec.name.empty())
            std::abort();
    }
}

void answer(const MediaDescription& offer)
{
    try {
        const auto answer = make_answer(ours(), {}, offer);
        if (answer.lines.size() != offer.lines.size())
            std::abort();
        for (std::size_t line = 0; line < offer.lines.size(); ++line) {
            if (answer.lines[line].kind != offer.lines[line].kind ||
                (offer.lines[line].rejected && !answer.lines[line].rejected))
                std::abort();
        }
        expect_keys(answer, offer);
    } catch (const Failure&) { // nothing in common
    }
}

void take_for_an_answer(const MediaDescription& answer)
{
    try {
        expect_keys(make_offer(ours(), {}), answer);
    } catch (const Failure&) { // it does not fit our offer
    }
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    std::vector<std::vector<std::uint8_t>> inputs;
    auto offer = make_offer(ours(), {});
    offer.ice = "0d04b935\n7c33834e7cf944bf0e367b42\nH1 1 UDP 2130706431 192.0.2.1 14133 typ host\n";
    for (const auto& text : {to_json(offer), to_json(make_answer(ours(), {}, offer)), offer.ice})
        inputs.emplace_back(text.begin(), text.end());
    return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto candidates = nlohmann::json::parse(candidates_detail(text))["candidates"];
    if (candidates.size() > 64 || (candidates.empty() && only_host_candidates(text)))
        std::abort();
    std::optional<MediaDescription> read;
    try {
        read = parse_media_description(text);
    } catch (const Failure&) {
        return 0;
    }
    const auto written = to_json(*read);
    if (to_json(parse_media_description(written)) != written)
        std::abort();
    answer(*read);
    take_for_an_answer(*read);
    return 0;
}
