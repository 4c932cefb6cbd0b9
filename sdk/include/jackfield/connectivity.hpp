// jackfield.connectivity/1: derive from Connectivity and ConnectivitySession to make paths in a new way.
//
// Threads: every method runs on the control thread, and so must every call of the listener.
#pragma once

#include <jackfield/abi/connectivity.h>
#include <jackfield/completion.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// The kernel's ear. [control] The session may be released by the kernel only on a later turn, never inside these
/// calls.
class ConnectivityListener {
public:
    explicit ConnectivityListener(jf_connectivity_listener raw) : raw_(raw) {}

    void local_candidate(std::string_view candidate) const
    {
        raw_.methods->local_candidate(raw_.self, to_text(candidate));
    }
    void gathered() const { raw_.methods->gathered(raw_.self); }

    /// What is not known by now is not worth waiting for. Kernels that do not know this wait until `gathered`.
    void enough() const
    {
        if (JF_HAS(raw_.methods, enough))
            raw_.methods->enough(raw_.self);
    }
    void component_ready(std::uint32_t component, PathBase& path) const
    {
        raw_.methods->component_ready(raw_.self, component, path.handle());
    }
    void pair_selected(const jf_selected_pair& pair) const { raw_.methods->pair_selected(raw_.self, &pair); }
    void failed(Status status, std::string_view text) const
    {
        const jf_error error = make_error(status, text);
        raw_.methods->failed(raw_.self, status, &error);
    }

private:
    jf_connectivity_listener raw_;
};

/// One set of components between us and one peer. Destroying it closes its paths.
class ConnectivitySession {
public:
    virtual ~ConnectivitySession() = default;

    virtual void gather() = 0;
    virtual std::string local_description() = 0;
    virtual void set_remote(std::string_view description) = 0;
    virtual void add_remote_candidate(std::string_view candidate) = 0;
    virtual void end_of_candidates() = 0;
    virtual void restart() { throw Failure(JF_UNSUPPORTED, "this connectivity cannot restart"); }

    /// Which pairs of candidates were tried and how that went: tried-pairs.schema.json.
    virtual std::string tried() { throw Failure(JF_UNSUPPORTED, "this connectivity does not say what it has tried"); }

    /// The first datagrams of a component, along with its first checks; none may be asked for. What its path will
    /// describe itself as.
    virtual jf_path_info send_early(std::uint32_t component, std::span<const jf_bytes> datagrams)
    {
        static_cast<void>(component);
        static_cast<void>(datagrams);
        throw Failure(JF_UNSUPPORTED, "this connectivity sends nothing before there is a path");
    }

    static const jf_connectivity_session_methods kMethods;
};

class Connectivity : public Instance {
public:
    using Interface = Connectivity;
    static constexpr std::string_view kInterfaceId = JF_CONNECTIVITY_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& options,
                                                      ConnectivityListener listener) = 0;
    virtual void network_changed() {}

    static const jf_connectivity_methods kMethods;
};

namespace detail {
inline ConnectivitySession& connectivity_session(void* self)
{
    return *static_cast<ConnectivitySession*>(self);
}
} // namespace detail

inline constexpr jf_connectivity_session_methods ConnectivitySession::kMethods{
    sizeof(jf_connectivity_session_methods),
    0,
    [](void* self, jf_error* error) { return guarded(error, [&] { detail::connectivity_session(self).gather(); }); },
    [](void* self, jf_writer out, jf_error* error) {
        return guarded(
            error, [&] { write_to(out, std::string_view(detail::connectivity_session(self).local_description())); });
    },
    [](void* self, jf_text description, jf_error* error) {
        return guarded(error, [&] { detail::connectivity_session(self).set_remote(view(description)); });
    },
    [](void* self, jf_text candidate, jf_error* error) {
        return guarded(error, [&] { detail::connectivity_session(self).add_remote_candidate(view(candidate)); });
    },
    [](void* self) { guarded(nullptr, [&] { detail::connectivity_session(self).end_of_candidates(); }); },
    [](void* self, jf_error* error) { return guarded(error, [&] { detail::connectivity_session(self).restart(); }); },
    [](void* self) { delete static_cast<ConnectivitySession*>(self); },
    [](void* self, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, std::string_view(detail::connectivity_session(self).tried())); });
    },
    [](void* self, std::uint32_t component, const jf_bytes* datagrams, std::size_t count, jf_path_info* path,
       jf_error* error) {
        return guarded(error, [&] {
            const std::span<const jf_bytes> early(datagrams, count);
            const auto ours = detail::connectivity_session(self).send_early(component, early);
            const std::uint32_t size = path->struct_size;
            std::memcpy(path, &ours, std::min<std::size_t>(size, sizeof(ours)));
            path->struct_size = size;
        });
    }};

inline constexpr jf_connectivity_methods Connectivity::kMethods{
    sizeof(jf_connectivity_methods), 0,
    [](void* self, const jf_connectivity_options* options, jf_connectivity_listener listener,
       jf_connectivity_session* session, jf_error* error) {
        return guarded(error, [&] {
            auto made = static_cast<Connectivity*>(self)->open(*options, ConnectivityListener(listener));
            *session = {&ConnectivitySession::kMethods, made.release()};
        });
    },
    [](void* self) { guarded(nullptr, [&] { static_cast<Connectivity*>(self)->network_changed(); }); }};

} // namespace jackfield
