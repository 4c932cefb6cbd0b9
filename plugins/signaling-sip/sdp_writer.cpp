// Writes SDP: see the header.
//
// Threads: any. Components are numbered within each media line, as RFC 8839 has it; the media description numbers them
// over the whole session.
#include "sdp_writer.hpp"

#include "sip_text.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>

namespace jackfield::sip {
namespace {

/// Stands once in a section: the report is about all packets of a source (RFC 8888 section 6).
constexpr std::string_view kForAllPayloads = "ack ccfb";

[[noreturn]] void refuse_description(const std::string& text)
{
    throw Failure(JF_BAD_INPUT, "media description: " + text);
}

bool is_base64(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_ice_text(std::string_view(&c, 1)) || c == '='; });
}

class Writer {
public:
    Writer(const MediaDescription& description, const SdpSkeleton* offer, bool ice)
        : description_(description), offer_(offer), ice_(ice && description.ice)
    {
        if (description.ice) {
            for (const std::string& text : description.ice->candidates) // borrowed: the description outlives the writer
                add_candidate(text);
        }
        for (std::size_t i = 0; i < description.media.size(); ++i)
            mids_.push_back(mid_of(i));
    }

    std::string write(const SdpOrigin& origin)
    {
        line("v=0");
        line("o=- " + std::to_string(origin.session_id) + " " + std::to_string(origin.version) + " IN IP4 0.0.0.0");
        line("s=-");
        line("t=0 0");
        if (description_.bundle)
            write_bundle();
        if (ice_)
            write_ice(*description_.ice);
        if (offer_ == nullptr) {
            for (std::size_t i = 0; i < description_.media.size(); ++i)
                write_media(i);
        } else {
            write_answer();
        }
        return std::move(out_);
    }

private:
    void add_candidate(std::string_view text)
    {
        const auto candidate = parse_candidate(text);
        if (!candidate)
            refuse_description("no ICE candidate: " + std::string(cut_utf8(text, 80)));
        candidates_.push_back(*candidate);
    }

    void line(const std::string& text) { out_.append(text).append("\r\n"); }

    std::string mid_of(std::size_t index) const
    {
        const std::string& given = description_.media[index].mid;
        if (!given.empty() && !is_token(given))
            refuse_description("mid is not a token: " + given);
        if (!given.empty())
            return given;
        const std::string offered = offered_mid(index);
        return offered.empty() && description_.bundle ? std::to_string(index) : offered;
    }

    /// An answer names its lines as the offer did (RFC 5888 section 9.1).
    std::string offered_mid(std::size_t index) const
    {
        if (offer_ == nullptr)
            return {};
        for (const auto& offered : offer_->lines) {
            if (offered.described && index-- == 0)
                return offered.mid;
        }
        return {};
    }

    /// RFC 9143 section 7.2: a rejected line is not in the group.
    void write_bundle()
    {
        std::string group = "a=group:BUNDLE";
        for (std::size_t i = 0; i < mids_.size(); ++i) {
            if (!description_.media[i].rejected)
                group += " " + mids_[i];
        }
        line(group);
    }

    /// Once for the whole session: all media share one ICE session.
    void write_ice(const IceDescription& ice)
    {
        if (!is_ice_text(ice.ufrag) || !is_ice_text(ice.pwd))
            refuse_description("ufrag and pwd are letters, digits, + and /");
        line("a=ice-ufrag:" + ice.ufrag);
        line("a=ice-pwd:" + ice.pwd);
        line(ice.complete ? "a=end-of-candidates" : "a=ice-options:trickle"); // RFC 8840 sections 4.1.1, 4.1.3
    }

    void write_answer()
    {
        if (offer_->described() != description_.media.size())
            refuse_description("an answer has as many media lines as its offer: " +
                               std::to_string(offer_->described()));
        std::size_t index = 0;
        for (const auto& offered : offer_->lines) {
            if (offered.described) {
                if (offered.media != description_.media[index].kind)
                    refuse_description("the answer's media line " + std::to_string(index) + " is not " + offered.media);
                write_media(index++);
            } else { // RFC 3264 section 6: refused, in its place
                line("m=" + offered.media + " 0 " + offered.protocol + " " + offered.formats);
                if (!offered.mid.empty())
                    line("a=mid:" + offered.mid);
            }
        }
    }

    void write_media(std::size_t index)
    {
        const MediaLine& media = description_.media[index];
        if (media.codecs.empty() && !media.rejected)
            refuse_description("media line " + std::to_string(index) + " has no codec");
        if (!media.channel.empty() && !is_token(media.channel))
            refuse_description("the name of a channel is not a token: " + media.channel);
        const std::string profile =
            std::string(media.channel.empty() ? "" : kOverChannel) +
            (!media.profile.empty() ? media.profile : std::string(media.keys.empty() ? "RTP/AVP" : "RTP/SAVP"));
        std::string formats;
        for (const auto& codec : media.codecs)
            formats += " " + std::to_string(codec.payload_type);
        const Place place = place_of(media);
        line("m=" + media.kind + " " + std::to_string(media.rejected ? 0 : place.port) + " " + profile +
             (formats.empty() ? " 0" : formats));
        line("c=IN " + address_type(place.address) + " " + place.address);
        if (!mids_[index].empty())
            line("a=mid:" + mids_[index]);
        for (const auto& codec : media.codecs)
            write_codec(codec);
        const auto wants = [](const CodecDescription& codec) {
            return std::find(codec.feedback.begin(), codec.feedback.end(), kForAllPayloads) != codec.feedback.end();
        };
        if (std::any_of(media.codecs.begin(), media.codecs.end(), wants))
            line("a=rtcp-fb:* " + std::string(kForAllPayloads));
        if (media.rejected)
            return;
        line("a=" + media.direction);
        if (!media.channel.empty())
            line("a=quic-channel:" + media.channel);
        write_rtcp(media);
        write_keys(media);
        write_handshake(media);
        if (offer_ != nullptr && offer_->ice_mismatch && !ice_)
            line("a=ice-mismatch");          // RFC 8839 section 5.3
        if (media.ssrc && media.repair_ssrc) // RFC 5576 section 4.2
            line("a=ssrc-group:FID " + std::to_string(*media.ssrc) + " " + std::to_string(*media.repair_ssrc));
        if (media.repair_ssrc)
            line("a=ssrc:" + std::to_string(*media.repair_ssrc) +
                 " cname:" + (media.cname.empty() ? "-" : media.cname));
        if (media.ssrc)
            line("a=ssrc:" + std::to_string(*media.ssrc) + " cname:" + (media.cname.empty() ? "-" : media.cname));
        write_candidates(index);
    }

    struct Place {
        std::string address = "0.0.0.0"; // RFC 8840 section 4.1.1: nothing is known yet
        int port = 9;
    };

    /// Where a peer without ICE would send: RFC 8839 section 4.2.1.2.
    Place place_of(const MediaLine& media) const
    {
        if (!media.channel.empty())
            return {};
        if (!media.address.empty() || media.port)
            return {media.address.empty() ? "0.0.0.0" : media.address, media.port.value_or(9)};
        const Candidate* best = default_candidate(media.rtp_component);
        return best != nullptr ? Place{std::string(best->address), best->port} : Place{};
    }

    /// The most likely to be reached: relayed before reflexive before host (RFC 8445 section 5.1.4), IPv4 before IPv6.
    const Candidate* default_candidate(int component) const
    {
        const auto rank = [](const Candidate& candidate) {
            const int type = candidate.type == "relay" ? 3 : candidate.type == "srflx" ? 2 : 1;
            return 2 * type + (address_type(candidate.address) == "IP4" ? 1 : 0);
        };
        const Candidate* best = nullptr;
        for (const Candidate& candidate : candidates_) {
            const bool usable = candidate.component == component && equals_ignoring_case(candidate.transport, "UDP");
            if (usable && (best == nullptr || rank(candidate) > rank(*best)))
                best = &candidate;
        }
        return best;
    }

    void write_codec(const CodecDescription& codec)
    {
        if (!is_token(codec.name))
            refuse_description("codec name is not a token: " + codec.name);
        const std::string type = std::to_string(codec.payload_type);
        line("a=rtpmap:" + type + " " + codec.name + "/" + std::to_string(codec.clock_rate_hz) +
             (codec.channels != 1 ? "/" + std::to_string(codec.channels) : ""));
        if (!codec.parameters.empty())
            line("a=fmtp:" + type + " " + codec.parameters);
        for (const auto& feedback : codec.feedback) {
            if (feedback != kForAllPayloads)
                line("a=rtcp-fb:" + type + " " + feedback);
        }
    }

    void write_rtcp(const MediaLine& media)
    {
        if (media.rtcp_mux) {
            line("a=rtcp-mux"); // RFC 5761 section 5.1.1
            if (media.rtcp_component == media.rtp_component && media.rtcp_component != 0 && offer_ == nullptr)
                line("a=rtcp-mux-only"); // RFC 8858: there is no other component to fall back to
        }
        if (media.rtcp_component == media.rtp_component || !media.channel.empty())
            return;
        const Candidate* rtcp = default_candidate(media.rtcp_component);
        if (media.rtcp_port)
            write_rtcp_place(*media.rtcp_port, media.rtcp_address.empty() ? media.address : media.rtcp_address);
        else if (rtcp != nullptr)
            write_rtcp_place(rtcp->port, std::string(rtcp->address));
    }

    /// RFC 3605.
    void write_rtcp_place(int port, const std::string& address)
    {
        line("a=rtcp:" + std::to_string(port) + " IN " + address_type(address) + " " + address);
    }

    /// RFC 8122 section 5, RFC 4145 section 4.
    void write_handshake(const MediaLine& media)
    {
        if (!media.fingerprint.empty())
            line("a=fingerprint:" + media.fingerprint);
        if (!media.setup.empty())
            line("a=setup:" + media.setup);
    }

    /// RFC 4568 section 9.1.
    void write_keys(const MediaLine& media)
    {
        if (offer_ != nullptr && media.keys.size() > 1)
            refuse_description("an answer has at most one key per media line");
        for (const auto& key : media.keys) {
            if (!is_token(key.suite) || !is_base64(key.key))
                refuse_description("a key is not a suite and base64 text");
            line("a=crypto:" + std::to_string(key.tag) + " " + key.suite + " inline:" + key.key);
        }
    }

    /// Each candidate stands once, in the first line that uses its component: lines that share a path in a bundle have
    /// none of their own (RFC 9143 section 10.2).
    void write_candidates(std::size_t index)
    {
        const MediaLine& media = description_.media[index];
        if (!media.channel.empty() || !ice_)
            return;
        const auto used_before = [&](int component) {
            return std::any_of(description_.media.begin(), description_.media.begin() + static_cast<long>(index),
                               [&](const MediaLine& other) {
                                   return !other.rejected && other.channel.empty() &&
                                          (other.rtp_component == component || other.rtcp_component == component);
                               });
        };
        for (const Candidate& candidate : candidates_) {
            const bool rtp = candidate.component == media.rtp_component;
            const bool rtcp = candidate.component == media.rtcp_component;
            if ((rtp || rtcp) && !used_before(candidate.component))
                line("a=candidate:" + candidate.with_component(rtp ? 1 : 2));
        }
    }

    const MediaDescription& description_;
    const SdpSkeleton* offer_;
    const bool ice_;
    std::vector<Candidate> candidates_;
    std::vector<std::string> mids_;
    std::string out_;
};

} // namespace

std::string write_sdp(const MediaDescription& description, const SdpOrigin& origin, const SdpSkeleton* offer)
{
    return Writer(description, offer, origin.ice).write(origin);
}

} // namespace jackfield::sip
