// Sound of 160 bytes every 20 ms from one session to another: protected, sent, received, put in order and taken, at the
// moment it is due. The clock is turned by hand, so what is measured is work.
#include "table.hpp"

#include "tests/bench/pumped_link.hpp"
#include "tests/plugins/media_transport/call.hpp"

namespace jackfield::bench::media_transport_figures {
namespace {

using namespace media_transport_test;

void figures(const Table& table, const Transport& transport)
{
    PumpedLink link(JF_DATAGRAM);
    Side sender(config_for(transport, "{}"), transport.plugin);
    Side receiver(config_for(transport, "{}"), transport.plugin);
    introduce(sender, receiver);
    Json config{{"cname", "sender"}, {"streams", {stream_config("audio", kAudioSsrc, sender, transport.suite)}}};
    if (transport.suite.empty())
        config["streams"][0]["remote_ssrc"] = kAudioSsrc + Simulation::kOtherSide;
    check(sender.open(config, {link.path(0).raw()}), no_error());
    check(receiver.open(Simulation::mirrored(config), {link.path(1).raw()}), no_error());
    const Bytes sound(160, 1);
    std::uint32_t count = 0;
    const auto packet = [&] {
        for (Side* side : {&sender, &receiver})
            side->host.advance(std::chrono::milliseconds(20));
        sender.send(0, ++count * 960, sound);
        while (link.pump()) {
        }
        sender.work();
        receiver.work();
    };
    while (link.pump()) { // a handshake, if there is one
        sender.host.advance(std::chrono::milliseconds(1));
        receiver.host.advance(std::chrono::milliseconds(1));
    }
    const std::string suite = transport.suite.empty() ? "" : ", " + transport.suite;
    table.row(transport.plugin, "a packet of sound, sent and taken" + suite, "µs",
              [&] { return microseconds(500, packet); });
    if (receiver.played[0].size() + 50 < count)
        throw Failure(JF_INTERNAL, transport.plugin + ": packets were lost");
}

} // namespace

void all(const Table& table)
{
    const Transport counter_mode{"srtp_cm", "media-srtp", "AES_CM_128_HMAC_SHA1_80", 10};
    const Transport plain{"plain", "media-plain", "", 0};
    const Transport dtls{"dtls", "media-dtls", "", 16, "AEAD_AES_128_GCM"};
    for (const auto& transport : {kSrtp, counter_mode, plain, dtls}) {
        if (Table::has(transport.plugin))
            figures(table, transport);
    }
}

} // namespace jackfield::bench::media_transport_figures
