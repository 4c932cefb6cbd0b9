// Media descriptions from and to JSON: see the header.
//
// Threads: any.
#include "media_description.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::signaling {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& at, const std::string& expected)
{
    throw Failure(JF_BAD_INPUT, "media description" + at + ": expected " + expected);
}

/// An object of the document, and where it stands.
class Reader {
public:
    Reader(const json& value, std::string at) : value_(value), at_(std::move(at))
    {
        if (!value.is_object())
            refuse(at_, "an object");
    }

    std::string text(const char* name, std::size_t most, std::size_t least = 0) const
    {
        const json* found = member(name);
        if (found == nullptr)
            return least > 0 ? (refuse(at(name), "a text"), std::string()) : std::string();
        return text_of(*found, at(name), least, most);
    }

    std::optional<std::int64_t> number(const char* name, std::int64_t least, std::int64_t most) const
    {
        const json* found = member(name);
        if (found == nullptr)
            return std::nullopt;
        if (!found->is_number_integer() || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most)
            refuse(at(name), "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return found->get<std::int64_t>();
    }

    std::int64_t required_number(const char* name, std::int64_t least, std::int64_t most) const
    {
        const auto found = number(name, least, most);
        if (!found)
            refuse(at(name), "a number");
        return *found;
    }

    bool flag(const char* name, bool otherwise) const
    {
        const json* found = member(name);
        if (found != nullptr && !found->is_boolean())
            refuse(at(name), "true or false");
        return found != nullptr ? found->get<bool>() : otherwise;
    }

    /// Calls f(element, its place) for each element of an array; none if it is absent.
    template <class F>
    void each(const char* name, std::size_t most, F&& f) const
    {
        const json* found = member(name);
        if (found == nullptr)
            return;
        if (!found->is_array() || found->size() > most)
            refuse(at(name), "a list of at most " + std::to_string(most));
        for (std::size_t i = 0; i < found->size(); ++i)
            f((*found)[i], at(name) + "/" + std::to_string(i));
    }

    const json* member(const char* name) const
    {
        const auto found = value_.find(name);
        return found == value_.end() ? nullptr : &*found;
    }

    std::string at(const char* name) const { return at_ + "/" + name; }

    static std::string text_of(const json& value, const std::string& at, std::size_t least, std::size_t most)
    {
        if (!value.is_string())
            refuse(at, "a text");
        const auto& text = value.get_ref<const std::string&>();
        const bool printable = std::none_of(text.begin(), text.end(),
                                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        if (text.size() < least || text.size() > most || !printable)
            refuse(at, "a text of " + std::to_string(least) + " to " + std::to_string(most) +
                           " bytes without control characters");
        return text;
    }

private:
    const json& value_;
    std::string at_;
};

IceDescription read_ice(const Reader& in)
{
    IceDescription ice;
    ice.ufrag = in.text("ufrag", 256, 4);
    ice.pwd = in.text("pwd", 256, 22);
    ice.complete = in.flag("complete", true);
    in.each("candidates", kMaxCandidates, [&](const json& value, const std::string& at) {
        ice.candidates.push_back(Reader::text_of(value, at, 1, 512));
    });
    return ice;
}

CodecDescription read_codec(const Reader& in)
{
    CodecDescription codec;
    codec.payload_type = static_cast<int>(in.required_number("payload_type", 0, 127));
    codec.name = in.text("name", 64, 1);
    codec.clock_rate_hz = static_cast<std::uint32_t>(in.required_number("clock_rate_hz", 1, 1000000));
    codec.channels = static_cast<int>(in.number("channels", 1, 8).value_or(1));
    codec.parameters = in.text("parameters", 512);
    in.each("feedback", kMaxFeedback, [&](const json& value, const std::string& at) {
        codec.feedback.push_back(Reader::text_of(value, at, 1, 64));
    });
    return codec;
}

KeyDescription read_key(const Reader& in)
{
    KeyDescription key;
    key.tag = static_cast<std::uint32_t>(in.required_number("tag", 0, 999999999));
    key.suite = in.text("suite", 64, 1);
    key.key = in.text("key", 256, 1);
    return key;
}

/// Where packets go without ICE, and the handshake there.
void read_addresses(const Reader& in, MediaLine& line)
{
    line.address = in.text("address", 64);
    if (const auto port = in.number("port", 0, 65535))
        line.port = static_cast<int>(*port);
    line.rtcp_address = in.text("rtcp_address", 64);
    if (const auto port = in.number("rtcp_port", 0, 65535))
        line.rtcp_port = static_cast<int>(*port);
    line.fingerprint = in.text("fingerprint", 256);
    line.setup = in.text("setup", 8);
    if (!line.setup.empty() && line.setup != "actpass" && line.setup != "active" && line.setup != "passive")
        refuse(in.at("setup"), "actpass, active or passive");
}

MediaLine read_line(const Reader& in)
{
    MediaLine line;
    line.kind = in.text("kind", 16, 1);
    if (line.kind != "audio" && line.kind != "video")
        refuse(in.at("kind"), "\"audio\" or \"video\"");
    line.mid = in.text("mid", 32);
    if (in.member("direction") != nullptr)
        line.direction = in.text("direction", 16);
    if (line.direction != "sendrecv" && line.direction != "sendonly" && line.direction != "recvonly" &&
        line.direction != "inactive")
        refuse(in.at("direction"), "sendrecv, sendonly, recvonly or inactive");
    line.rejected = in.flag("rejected", false);
    line.profile = in.text("profile", 32);
    line.channel = in.text("channel", 64);
    line.rtp_component = static_cast<int>(in.number("rtp_component", 1, kMaxComponent).value_or(0));
    line.rtcp_component = static_cast<int>(in.number("rtcp_component", 1, kMaxComponent).value_or(0));
    line.rtcp_mux = in.flag("rtcp_mux", false);
    read_addresses(in, line);
    if (const auto ssrc = in.number("ssrc", 0, 0xffffffff))
        line.ssrc = static_cast<std::uint32_t>(*ssrc);
    if (const auto ssrc = in.number("repair_ssrc", 0, 0xffffffff))
        line.repair_ssrc = static_cast<std::uint32_t>(*ssrc);
    line.cname = in.text("cname", 255);
    in.each("codecs", kMaxCodecs,
            [&](const json& value, const std::string& at) { line.codecs.push_back(read_codec(Reader(value, at))); });
    in.each("keys", kMaxKeys,
            [&](const json& value, const std::string& at) { line.keys.push_back(read_key(Reader(value, at))); });
    return line;
}

json write_codec(const CodecDescription& codec)
{
    json out = {{"payload_type", codec.payload_type}, {"name", codec.name}, {"clock_rate_hz", codec.clock_rate_hz}};
    if (codec.channels != 1)
        out["channels"] = codec.channels;
    if (!codec.parameters.empty())
        out["parameters"] = codec.parameters;
    if (!codec.feedback.empty())
        out["feedback"] = codec.feedback;
    return out;
}

json write_line(const MediaLine& line)
{
    json out = {{"kind", line.kind}, {"direction", line.direction}, {"codecs", json::array()}};
    const auto put_text = [&](const char* name, const std::string& value) {
        if (!value.empty())
            out[name] = value;
    };
    put_text("mid", line.mid);
    put_text("profile", line.profile);
    put_text("channel", line.channel);
    put_text("address", line.address);
    put_text("rtcp_address", line.rtcp_address);
    put_text("fingerprint", line.fingerprint);
    put_text("setup", line.setup);
    put_text("cname", line.cname);
    if (line.rejected)
        out["rejected"] = true;
    if (line.rtcp_mux)
        out["rtcp_mux"] = true;
    if (line.rtp_component != 0)
        out["rtp_component"] = line.rtp_component;
    if (line.rtcp_component != 0)
        out["rtcp_component"] = line.rtcp_component;
    if (line.port)
        out["port"] = *line.port;
    if (line.rtcp_port)
        out["rtcp_port"] = *line.rtcp_port;
    if (line.ssrc)
        out["ssrc"] = *line.ssrc;
    if (line.repair_ssrc)
        out["repair_ssrc"] = *line.repair_ssrc;
    for (const auto& codec : line.codecs)
        out["codecs"].push_back(write_codec(codec));
    for (const auto& key : line.keys)
        out["keys"].push_back({{"tag", key.tag}, {"suite", key.suite}, {"key", key.key}});
    return out;
}

} // namespace

MediaDescription read_description(std::string_view json_text)
{
    const json document = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
    const Reader in(document, "");
    MediaDescription description;
    if (const json* ice = in.member("ice"))
        description.ice = read_ice(Reader(*ice, in.at("ice")));
    description.bundle = in.flag("bundle", false);
    in.each("media", kMaxMedia, [&](const json& value, const std::string& at) {
        description.media.push_back(read_line(Reader(value, at)));
    });
    if (description.media.empty())
        refuse("/media", "at least one line");
    return description;
}

std::string write_description(const MediaDescription& description)
{
    json out = {{"media", json::array()}};
    if (description.ice)
        out["ice"] = {{"ufrag", description.ice->ufrag},
                      {"pwd", description.ice->pwd},
                      {"candidates", description.ice->candidates},
                      {"complete", description.ice->complete}};
    if (description.bundle)
        out["bundle"] = true;
    for (const auto& line : description.media)
        out["media"].push_back(write_line(line));
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace jackfield::signaling
