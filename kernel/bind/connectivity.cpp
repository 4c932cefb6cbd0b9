// connectivity/1 as the kernel uses it. See connectivity.hpp.

#include "kernel/bind/connectivity.hpp"

#include "kernel/bind/text.hpp"

namespace jackfield::kernel {

namespace {
ConnectivitySession& session_of(void* self)
{
    return *static_cast<ConnectivitySession*>(self);
}
} // namespace

const jf_connectivity_listener_methods ConnectivitySession::kListener{
    sizeof(jf_connectivity_listener_methods),
    0,
    [](void* self, jf_text candidate) { session_of(self).events_.candidate(std::string(view_of(candidate))); },
    [](void* self) {
        session_of(self).gathered_ = true;
        session_of(self).events_.changed();
    },
    [](void* self, std::uint32_t component, jf_path path) {
        session_of(self).paths_.emplace(component, path);
        session_of(self).events_.changed();
    },
    [](void* self, const jf_selected_pair* pair) {
        session_of(self).pairs_[pair->component] = {std::string(view_of(pair->local_candidate)),
                                                    std::string(view_of(pair->remote_candidate)), pair->relayed != 0};
        session_of(self).connected_.insert(pair->component);
        session_of(self).events_.changed();
    },
    [](void* self, jf_status status, const jf_error* error) {
        session_of(self).failure_ = error_of(status, error);
        session_of(self).events_.changed();
    },
    [](void* self) {
        session_of(self).enough_ = true;
        session_of(self).events_.changed();
    }};

ConnectivitySession::ConnectivitySession(const Plug<jf_connectivity_methods>& plug,
                                         const jf_connectivity_options& options, Events events)
    : plugin_id_(plug.plugin_id), events_(std::move(events))
{
    ErrorSlot error;
    require(plug.methods->open(plug.self, &options, {&kListener, this}, &session_, &error), error, plugin_id_);
    const jf_status status = session_.methods->gather(session_.self, &error);
    if (status != JF_OK) {
        session_.methods->release(session_.self);
        require(status, error, plugin_id_);
    }
}

ConnectivitySession::~ConnectivitySession()
{
    session_.methods->release(session_.self);
}

std::string ConnectivitySession::local_description() const
{
    std::string text;
    ErrorSlot error;
    require(session_.methods->local_description(session_.self, append_to(text), &error), error, plugin_id_);
    return text;
}

void ConnectivitySession::restart()
{
    ErrorSlot error;
    require(session_.methods->restart(session_.self, &error), error, plugin_id_);
    gathered_ = false;
    enough_ = false;
    failure_.reset();
    connected_.clear();
}

void ConnectivitySession::set_remote(const std::string& description)
{
    ErrorSlot error;
    require(session_.methods->set_remote(session_.self, abi_text(description), &error), error, plugin_id_);
}

void ConnectivitySession::add_remote_candidate(const std::string& line)
{
    // A candidate that cannot be used is no reason to give up: there are others.
    ErrorSlot error;
    session_.methods->add_remote_candidate(session_.self, abi_text(line), &error);
}

void ConnectivitySession::end_of_candidates()
{
    session_.methods->end_of_candidates(session_.self);
}

std::string ConnectivitySession::tried() const
{
    std::string json;
    ErrorSlot error;
    const bool says =
        JF_HAS(session_.methods, tried) && session_.methods->tried(session_.self, append_to(json), &error) == JF_OK;
    return says ? json : std::string();
}

std::optional<jf_path_info> ConnectivitySession::early(std::uint32_t component) const
{
    jf_path_info path{};
    if (send_early(component, {}, path) != JF_OK || path.kind != JF_DATAGRAM || path.max_datagram_bytes == 0)
        return std::nullopt;
    return path;
}

void ConnectivitySession::send_early(std::uint32_t component, const std::vector<std::string>& datagrams) const
{
    std::vector<jf_bytes> parts;
    for (const auto& datagram : datagrams)
        parts.push_back({reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size()});
    jf_path_info path{};
    send_early(component, parts, path);
}

jf_status ConnectivitySession::send_early(std::uint32_t component, std::span<const jf_bytes> datagrams,
                                          jf_path_info& path) const
{
    if (!JF_HAS(session_.methods, send_early))
        return JF_UNSUPPORTED;
    path.struct_size = sizeof(path);
    ErrorSlot error;
    return session_.methods->send_early(session_.self, component, datagrams.data(), datagrams.size(), &path, &error);
}

} // namespace jackfield::kernel
