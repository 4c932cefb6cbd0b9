// Reads SDP: see the header.
//
// Threads: any. Two passes: lines are gathered into sections, then sections into the description, because attributes
// of the session (direction, ufrag, groups) and of other lines (numbering of components) decide about each line.
#include "sdp_reader.hpp"

#include "sdp_sections.hpp"
#include "sip_text.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>

namespace jackfield::sip {
namespace {

constexpr std::size_t kMaxChannelBytes = 64;

/// "IN IP4 address[/ttl]" (RFC 8866 section 5.7).
std::string read_connection(std::string_view value)
{
    const std::string_view network = take_until(value, ' ');
    const std::string_view type = take_until(value, ' ');
    const std::string_view address = value.substr(0, value.find('/'));
    const bool in_form = network == "IN" && (type == "IP4" || type == "IP6") && !address.empty() &&
                         address.size() <= 64 && address.find(' ') == std::string_view::npos;
    return in_form ? std::string(address) : std::string();
}

/// The lines of one payload type: "<type> <rest>" among the values.
std::optional<std::string_view> value_of(const std::vector<std::string_view>& values, std::string_view type)
{
    for (std::string_view value : values) {
        if (take_until(value, ' ') == type)
            return trim(value);
    }
    return std::nullopt;
}

/// name/clock[/channels] (RFC 8866 section 6.6). Nothing if the payload type is not described.
std::optional<CodecDescription> read_codec(const Section& section, std::string_view format, int payload_type)
{
    CodecDescription codec;
    codec.payload_type = payload_type;
    if (auto map = value_of(section.rtpmaps, format)) {
        const std::string_view name = take_until(*map, '/');
        const auto clock = parse_number(take_until(*map, '/'), 1000000);
        const auto channels = map->empty() ? 1 : parse_number(*map, 8);
        if (!is_token(name) || name.size() > 64 || !clock || *clock == 0 || !channels || *channels == 0)
            return std::nullopt;
        codec.name = name;
        codec.clock_rate_hz = static_cast<std::uint32_t>(*clock);
        codec.channels = static_cast<int>(*channels);
    } else if (const StaticPayload* known = static_payload(payload_type)) {
        codec.name = known->name;
        codec.clock_rate_hz = known->clock_rate_hz;
    } else {
        return std::nullopt;
    }
    const auto parameters = value_of(section.fmtps, format);
    if (parameters && parameters->size() <= 512)
        codec.parameters = *parameters;
    for (std::string_view value : section.feedback) { // "*" is for all: RFC 4585 section 4.2
        const std::string_view type = take_until(value, ' ');
        if ((type == format || type == "*") && !value.empty() && value.size() <= 64 &&
            codec.feedback.size() < kMaxFeedback)
            codec.feedback.emplace_back(value);
    }
    return codec;
}

void read_codecs(MediaLine& line, const Section& section)
{
    std::string_view formats = section.formats;
    while (!formats.empty()) {
        const std::string_view format = take_until(formats, ' ');
        const auto payload_type = parse_number(format, 127);
        if (!payload_type)
            continue;
        auto codec = read_codec(section, format, static_cast<int>(*payload_type));
        if (codec && line.codecs.size() < kMaxCodecs)
            line.codecs.push_back(std::move(*codec));
    }
}

/// "tag suite inline:key[|lifetime] [session parameters]" (RFC 4568 section 9.1). What we could not do as it is asked
/// - an MKI, several keys, a session parameter - is left out, as section 6.1 wants for an unknown parameter.
std::optional<KeyDescription> read_key(std::string_view value)
{
    const auto tag = parse_number(take_until(value, ' '), 999999999);
    const std::string_view suite = take_until(value, ' ');
    std::string_view parameters = take_until(value, ' ');
    const bool inline_key = parameters.starts_with("inline:");
    if (!tag || !is_token(suite) || suite.size() > 64 || !inline_key || parameters.find(';') != std::string_view::npos)
        return std::nullopt;
    while (!value.empty()) {
        const std::string_view parameter = take_until(value, ' ');
        if (!parameter.empty() && parameter.front() != '-' && !parameter.starts_with("WSH="))
            return std::nullopt;
    }
    parameters.remove_prefix(7);
    const std::string_view key = take_until(parameters, '|');
    if (parameters.find(':') != std::string_view::npos || key.empty() || key.size() > 256)
        return std::nullopt;
    return KeyDescription{static_cast<std::uint32_t>(*tag), std::string(suite), std::string(key)};
}

void read_keys(MediaLine& line, const Section& section, SdpRole role)
{
    for (const std::string_view value : section.cryptos) {
        auto key = read_key(value);
        if (key && line.keys.size() < kMaxKeys)
            line.keys.push_back(std::move(*key));
    }
    if (role == SdpRole::answer && line.keys.size() > 1) // RFC 4568 section 5.1.2
        refuse_sdp("an answer with several keys for one line");
}

/// "FID source repair" (RFC 5576 section 4.2, RFC 4588 section 8.3): what is sent again has a source of its own.
void read_repair_source(MediaLine& line, const Section& section)
{
    for (std::string_view group : section.ssrc_groups) {
        if (take_until(group, ' ') != "FID")
            continue;
        const auto source = parse_number(take_until(group, ' '), 0xffffffffU);
        const auto repair = parse_number(take_until(group, ' '), 0xffffffffU);
        if (!source || !repair || *source == *repair || line.repair_ssrc || (line.ssrc && *line.ssrc != *source))
            continue;
        line.ssrc = static_cast<std::uint32_t>(*source);
        line.repair_ssrc = static_cast<std::uint32_t>(*repair);
    }
}

/// "number attribute[:value]" (RFC 5576 section 4.1): the first source is the one that sends.
void read_source(MediaLine& line, const Section& section)
{
    read_repair_source(line, section);
    for (std::string_view value : section.ssrcs) {
        const auto ssrc = parse_number(take_until(value, ' '), 0xffffffffU);
        if (!ssrc || (line.ssrc && *line.ssrc != *ssrc))
            continue;
        line.ssrc = static_cast<std::uint32_t>(*ssrc);
        if (take_until(value, ':') == "cname" && value.size() <= 255)
            line.cname = value;
    }
}

/// "hash AB:CD:.." (RFC 8122 section 5), the line's or the session's; of several the one whose hash everybody knows.
void read_handshake(MediaLine& line, const Section& section, const Section& session)
{
    const auto& given = section.fingerprints.empty() ? session.fingerprints : section.fingerprints;
    for (const std::string_view value : given) {
        std::string_view rest = value;
        const std::string_view hash = take_until(rest, ' ');
        const bool in_form = is_token(hash) && !rest.empty() && value.size() <= 256 &&
                             rest.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos;
        if (in_form && (line.fingerprint.empty() || equals_ignoring_case(hash, "sha-256")))
            line.fingerprint = value;
    }
    const std::string_view setup = section.setup.empty() ? session.setup : section.setup;
    if (setup == "actpass" || setup == "active" || setup == "passive")
        line.setup = setup;
}

class Builder {
public:
    Builder(std::vector<Section> sections, SdpRole role) : sections_(std::move(sections)), role_(role) {}

    SdpReading build(bool ice)
    {
        for (std::size_t i = 1; i < sections_.size(); ++i)
            add_section(sections_[i]);
        if (media_.empty())
            throw Failure(JF_UNSUPPORTED, "SDP: neither audio nor video over RTP");
        read_bundle();
        if (ice)
            read_ice();
        if (out_.description.ice && mismatch()) {
            out_.description.ice.reset();
            out_.skeleton.ice_mismatch = true;
        }
        for (std::size_t i = 0; i < media_.size(); ++i)
            read_components(i);
        return std::move(out_);
    }

private:
    MediaLine& line(std::size_t index) { return out_.description.media[index]; }
    const Section& session() const { return sections_.front(); }

    /// A line the description can say, or one that is only kept for the answer.
    void add_section(const Section& section)
    {
        const bool rtp = section.over_channel || section.protocol.starts_with("RTP/") ||
                         section.protocol.starts_with("UDP/TLS/RTP/");
        const bool described =
            (section.media == "audio" || section.media == "video") && rtp && media_.size() < kMaxMedia;
        out_.skeleton.lines.push_back({described, std::string(section.media), std::string(section.protocol),
                                       std::string(section.formats),
                                       is_token(section.mid) ? std::string(section.mid) : std::string()});
        if (!described)
            return;
        media_.push_back(&section);
        MediaLine media;
        media.kind = section.media;
        media.profile = section.over_channel ? section.protocol.substr(kOverChannel.size()) : section.protocol;
        if (section.mid.size() <= 32 && is_token(section.mid))
            media.mid = section.mid;
        media.rejected = section.port == 0 && !section.bundle_only; // RFC 9143 section 6
        if (section.over_channel && is_token(section.channel) && section.channel.size() <= kMaxChannelBytes)
            media.channel = section.channel;
        media.rejected = media.rejected || media.channel.empty() == section.over_channel; // over what?
        if (!section.direction.empty())
            media.direction = section.direction;
        else if (!session().direction.empty())
            media.direction = session().direction;
        media.rtcp_mux = section.rtcp_mux && !media.rejected;
        read_codecs(media, section);
        if (!media.rejected) {
            read_keys(media, section, role_);
            read_source(media, section);
            read_handshake(media, section, session());
        }
        out_.description.media.push_back(std::move(media));
    }

    /// Bundled is what has every line in one group (RFC 9143 section 7); the first named line's path carries it.
    void read_bundle()
    {
        for (std::string_view group : session().groups) {
            if (take_until(group, ' ') != "BUNDLE")
                continue;
            std::vector<std::string_view> mids;
            while (!group.empty())
                mids.push_back(take_until(group, ' '));
            bool all = true;
            std::optional<std::size_t> first;
            for (std::size_t i = 0; i < media_.size(); ++i) {
                if (line(i).rejected)
                    continue;
                const bool in = std::find(mids.begin(), mids.end(), line(i).mid) != mids.end() && !line(i).mid.empty();
                all = all && in;
                if (in && (!first || line(i).mid == mids.front()))
                    first = i;
            }
            out_.description.bundle = all && first.has_value();
            bundle_carrier_ = first.value_or(0);
            return;
        }
    }

    /// One ICE session for all lines: ufrag and pwd of the session, or of the lines if they agree (RFC 8839 5.4).
    void read_ice()
    {
        std::string_view ufrag = session().ufrag;
        std::string_view pwd = session().pwd;
        for (std::size_t i = 0; i < media_.size(); ++i) {
            if (line(i).rejected || (media_[i]->ufrag.empty() && media_[i]->pwd.empty()))
                continue;
            const bool first = ufrag.empty() && pwd.empty();
            const std::string_view own_ufrag = media_[i]->ufrag.empty() ? ufrag : media_[i]->ufrag;
            const std::string_view own_pwd = media_[i]->pwd.empty() ? pwd : media_[i]->pwd;
            if (!first && (own_ufrag != ufrag || own_pwd != pwd))
                throw Failure(JF_UNSUPPORTED, "SDP: media lines with different ICE sessions");
            ufrag = own_ufrag;
            pwd = own_pwd;
        }
        if (ufrag.empty() && pwd.empty())
            return;
        if (!is_ice_text(ufrag) || !is_ice_text(pwd) || ufrag.size() < 4 || ufrag.size() > 256 || pwd.size() < 22 ||
            pwd.size() > 256)
            refuse_sdp("ice-ufrag and ice-pwd do not have their form");
        IceDescription ice;
        ice.ufrag = ufrag;
        ice.pwd = pwd;
        bool trickle = session().trickle;
        bool complete = session().end_of_candidates;
        for (std::size_t i = 0; i < media_.size(); ++i) {
            trickle = trickle || media_[i]->trickle;
            complete = complete || media_[i]->end_of_candidates;
        }
        ice.complete = complete || !trickle;
        out_.description.ice = std::move(ice);
    }

    /// Some programs number components over the whole session already: then a later line has numbers beyond 2.
    bool numbers_run_on() const
    {
        return std::any_of(media_.begin() + 1, media_.end(), [](const Section* section) {
            return std::any_of(section->candidates.begin(), section->candidates.end(),
                               [](const Candidate& candidate) { return candidate.component > 2; });
        });
    }

    void read_components(std::size_t index)
    {
        MediaLine& media = line(index);
        if (media.rejected)
            return;
        if (!out_.description.ice && !media_[index]->over_channel)
            read_plain_addresses(index);
        const bool follows = out_.description.bundle && index != bundle_carrier_ &&
                             (role_ == SdpRole::answer || media_[index]->bundle_only);
        const std::size_t carrier = follows ? bundle_carrier_ : index;
        media.rtp_component = session_component(rank(carrier), 1);
        media.rtcp_component = shares_component(index) ? media.rtp_component : session_component(rank(carrier), 2);
        if (!follows && out_.description.ice && !media_[index]->over_channel)
            read_candidates(index);
    }

    std::string connection_of(std::size_t index) const
    {
        return read_connection(media_[index]->connection.empty() ? session().connection : media_[index]->connection);
    }

    /// The default address of a line is among its candidates, or somebody on the way has changed it, who wants the
    /// media for himself and does not know ICE (RFC 8839 section 4.2.5). 0.0.0.0 and port 9 say that it is not known
    /// yet. Ports are not compared: Jami's candidates have others than its lines.
    bool mismatch() const
    {
        for (std::size_t i = 0; i < media_.size(); ++i) {
            const Section& section = *media_[i];
            const std::string address = connection_of(i);
            if (section.port == 0 || section.port == 9 || section.candidates.empty() || address.empty())
                continue;
            const bool named = std::any_of(
                media_.begin(), media_.end(), [&](const Section* other) { // in a bundle it may be that of another line
                    return std::any_of(other->candidates.begin(), other->candidates.end(), [&](const Candidate& one) {
                        return equals_ignoring_case(one.address, address);
                    });
                });
            if (!named)
                return true;
        }
        return false;
    }

    /// RFC 3605 for RTCP; RFC 3264 section 8.4 for a hold as it was said once: nothing is to be sent to 0.0.0.0.
    void read_plain_addresses(std::size_t index)
    {
        MediaLine& media = line(index);
        media.address = connection_of(index);
        media.port = media_[index]->port;
        if (media.address == "0.0.0.0" || media.address == "::")
            media.direction = media.direction == "sendrecv" || media.direction == "sendonly" ? "sendonly" : "inactive";
        std::string_view rtcp = media_[index]->rtcp;
        const auto port = parse_number(take_until(rtcp, ' '), 65535);
        if (!port || *port == 0)
            return;
        media.rtcp_port = static_cast<int>(*port);
        media.rtcp_address = read_connection(rtcp);
    }

    /// The lines over ICE number their components, and those over channels theirs.
    std::size_t rank(std::size_t index) const
    {
        return static_cast<std::size_t>(std::count_if(
            media_.begin(), media_.begin() + static_cast<std::ptrdiff_t>(index),
            [&](const Section* section) { return section->over_channel == media_[index]->over_channel; }));
    }

    /// RTCP on RTP's component: agreed in an answer; in an offer, if there is nothing else to fall back to.
    bool shares_component(std::size_t index) const
    {
        const Section& section = *media_[index];
        if (!section.rtcp_mux)
            return false;
        if (role_ == SdpRole::answer || section.rtcp_mux_only || section.bundle_only)
            return true;
        const int rtcp = numbers_run_on() ? session_component(rank(index), 2) : 2;
        const bool has_rtcp = std::any_of(section.candidates.begin(), section.candidates.end(),
                                          [&](const Candidate& candidate) { return candidate.component == rtcp; });
        return out_.description.ice && out_.description.ice->complete && !section.candidates.empty() && !has_rtcp;
    }

    void read_candidates(std::size_t index)
    {
        const MediaLine& media = line(index);
        auto& candidates = out_.description.ice->candidates;
        const bool run_on = numbers_run_on();
        for (const Candidate& candidate : media_[index]->candidates) {
            const int component = run_on                     ? candidate.component
                                  : candidate.component <= 2 ? session_component(rank(index), candidate.component)
                                                             : 0;
            const bool ours = component != 0 && (component == media.rtp_component || component == media.rtcp_component);
            if (ours && candidates.size() < kMaxCandidates)
                candidates.push_back(candidate.with_component(component));
        }
    }

    std::vector<Section> sections_;
    SdpRole role_;
    std::vector<const Section*> media_; ///< of the described lines; into sections_
    std::size_t bundle_carrier_ = 0;
    SdpReading out_;
};

} // namespace

SdpReading read_sdp(std::string_view text, SdpRole role, bool ice)
{
    return Builder(read_sections(text), role).build(ice);
}

} // namespace jackfield::sip
