// See session.hpp.
#include "session.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::media_dtls {

namespace {

using Json = nlohmann::json;

rtp::SessionConfig read_config(std::string_view json, const std::vector<Path>& paths)
{
    auto config = rtp::read_session_config(json, {{}, /*allow_unencrypted=*/true}, paths.size());
    for (auto& stream : config.streams)
        stream.authentic = true;
    return config;
}

/// "fingerprint" and "dtls_role" of one stream.
Association read_association(const Json& stream, const std::string& place)
{
    const Json fingerprint = stream.value("fingerprint", Json());
    const Json role = stream.value("dtls_role", Json());
    if (!fingerprint.is_string() || fingerprint.get_ref<const std::string&>().size() > 256)
        throw ConfigError(place +
                          "/fingerprint: expected that of the peer's certificate, for example \"sha-256 AB:CD:..\"");
    if (role != "client" && role != "server")
        throw ConfigError(place + "/dtls_role: expected client or server");
    return {fingerprint.get<std::string>(), role == "client", {}, {}};
}

/// What the streams of one path say about it; nothing if none uses it. The configuration is in form.
std::optional<Association> association_of(const Json& streams, std::size_t path)
{
    std::optional<Association> found;
    bool several = false;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        const Json& stream = streams[i];
        if ((stream["rtp_path"] != path && stream["rtcp_path"] != path) || stream.value("ended", Json(false)) == true)
            continue;
        const std::string place = "/streams/" + std::to_string(i);
        auto own = read_association(stream, place);
        if (found && !found->same_peer(own))
            throw ConfigError(place + "/fingerprint: another stream of the same path has another peer or role");
        several = found.has_value();
        if (!found)
            found = std::move(own);
        found->sources.push_back(stream["ssrc"].get<std::uint32_t>());
        if (stream.contains("repair"))
            found->sources.push_back(stream["repair"]["ssrc"].get<std::uint32_t>());
        if (stream.contains("remote_ssrc"))
            found->remote_source = stream["remote_ssrc"].get<std::uint32_t>();
    }
    if (several)
        found->remote_source.reset();
    return found;
}

} // namespace

Session::Session(Host host, const DtlsContext& context, std::string_view config, const std::vector<Path>& paths,
                 MediaListener listener)
    : host_(host), context_(context)
{
    const auto checked = read_config(config, paths);
    auto secured = secure_new(paths);
    associate(config, 0, paths_.size());
    above_ =
        std::make_unique<rtp::Session>(host, context.options(), read_config, checked, std::move(secured), listener);
}

/// All paths as the session above sees them; those that are new get a handshake of their own.
std::vector<Path> Session::secure_new(const std::vector<Path>& paths)
{
    for (std::size_t i = paths_.size(); i < paths.size(); ++i)
        paths_.push_back(std::make_unique<SecuredPath>(host_, context_, paths[i]));
    std::vector<Path> secured;
    for (const auto& path : paths_)
        secured.push_back(path->view());
    return secured;
}

void Session::associate(std::string_view config, std::size_t first, std::size_t last)
{
    const Json streams = Json::parse(config)["streams"];
    std::vector<std::optional<Association>> found;
    for (std::size_t path = first; path < last; ++path)
        found.push_back(association_of(streams, path)); // all of them, before anything changes
    for (std::size_t path = first; path < last; ++path) {
        if (found[path - first])
            paths_[path]->associate(std::move(*found[path - first]));
    }
    rtp_paths_.clear();
    for (const Json& stream : streams)
        rtp_paths_.push_back(stream["rtp_path"].get<std::size_t>());
}

/// Streams that end say so with the keys there were; then the paths hear who is there from now on.
void Session::change(std::string_view config, std::vector<Path> paths)
{
    if (paths.size() < paths_.size())
        throw ConfigError("/streams: a change has at least as many paths as there were");
    read_config(config, paths);
    const std::size_t before = paths_.size();
    auto secured = secure_new(paths);
    try {
        associate(config, before, paths_.size());
        above_->change(config, std::move(secured));
    } catch (...) {
        paths_.resize(before);
        throw;
    }
    associate(config, 0, before);
}

std::string Session::statistics()
{
    Json all = Json::parse(above_->statistics());
    std::vector<bool> told(paths_.size());
    for (std::size_t i = 0; i < all["streams"].size() && i < rtp_paths_.size(); ++i) {
        Json& stream = all["streams"][i];
        const std::size_t path = rtp_paths_[i];
        if (const auto suite = paths_[path]->suite(); !suite.empty())
            stream["suite"] = suite;
        if (!told[path]) // it cannot be told whose they were
            stream["packets_refused"] = stream.value("packets_refused", std::uint64_t{0}) + paths_[path]->refused();
        told[path] = true;
    }
    return all.dump();
}

} // namespace jackfield::media_dtls
