// path-sizes: a plugin in C++ with nothing but the C headers of the boundary. It hands a path through and counts how
// large the sends and packets are, which is what one wants to know of a network whose largest packet is in doubt.
//
// The SDK makes all of this shorter (plugins/path-stats is its counterpart there). Who cannot use it, or does not want
// to, sees here what it does: tables of plain functions, and a `self` that is cast back. Three things need care in C++:
//   - no exception may leave a function of a table: all of them are noexcept, and memory is asked for with nothrow;
//   - a table is a constant: it is there before anybody asks, and outlives every instance;
//   - one symbol is exported, with the language linkage of C.
//
// Threads:  [control] create, destroy, open, release, close. [any] send and describe, several at once. [media] what is
// received. Lifetime: the host outlives the instance, the instance its sessions, and the path below its session.
#include <jackfield/abi/entry.h>
#include <jackfield/abi/path_decorator.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <new>
#include <string_view>

namespace {

constexpr jf_text text(std::string_view words) noexcept
{
    return {words.data(), words.size()};
}

jf_status failed(jf_error* error, jf_status status, const char* words) noexcept
{
    if (error != nullptr) {
        error->status = status;
        std::snprintf(error->text, sizeof(error->text), "%s", words);
    }
    return status;
}

/// How many were up to 64, 128, .. 32768 bytes, and larger. Counted on whatever thread, without a lock: only sums
/// matter, so no order between them is asked for.
class Sizes {
public:
    void count(std::size_t bytes) noexcept
    {
        std::size_t place = 0;
        while (place + 1 < counts_.size() && bytes > kFirst << place)
            ++place;
        counts_[place].fetch_add(1, std::memory_order_relaxed);
    }

    /// " 64:3 1024:40 more:1". Returns how many characters were written.
    std::size_t print(char* line, std::size_t room) const noexcept
    {
        std::size_t used = 0;
        for (std::size_t place = 0; place < counts_.size(); ++place) {
            const auto count = static_cast<unsigned long long>(counts_[place].load(std::memory_order_relaxed));
            if (count == 0)
                continue;
            const int more = place + 1 == counts_.size()
                                 ? std::snprintf(line + used, room - used, " more:%llu", count)
                                 : std::snprintf(line + used, room - used, " %zu:%llu", kFirst << place, count);
            if (more < 0 || static_cast<std::size_t>(more) >= room - used)
                break;
            used += static_cast<std::size_t>(more);
        }
        return used;
    }

private:
    static constexpr std::size_t kFirst = 64;
    std::array<std::atomic<std::uint64_t>, 11> counts_{};
};

// --- a path
// -----------------------------------------------------------------------------------------------------------

/// What the kernel gets for one path: the path above, and the session that owns it.
struct Session {
    const jf_host* host = nullptr; // borrowed from the instance, which outlives it
    jf_path below{};               // borrowed; released after the session
    jf_path_receiver above{};      // set once, before the path below can call
    bool opened = false;           // [control]
    std::array<char, 16> seam{};
    Sizes sent;
    Sizes received;
};

Session& session_of(void* self) noexcept
{
    return *static_cast<Session*>(self);
}

// What comes from below goes up by direct call: same thread, same memory, and the time of arrival with it.
constexpr jf_path_receiver_methods kReceiver{sizeof(jf_path_receiver_methods), 0,
                                             [](void* self, const jf_packet* packet) noexcept {
                                                 Session& session = session_of(self);
                                                 session.received.count(packet->bytes.size);
                                                 session.above.methods->received(session.above.self, packet);
                                             },
                                             [](void* self) noexcept {
                                                 const jf_path_receiver above = session_of(self).above;
                                                 above.methods->writable(above.self);
                                             },
                                             [](void* self, jf_status status, const jf_error* error) noexcept {
                                                 const jf_path_receiver above = session_of(self).above;
                                                 above.methods->closed(above.self, status, error);
                                             }};

void describe(void* self, jf_path_info* info) noexcept
{
    const jf_path below = session_of(self).below;
    below.methods->describe(below.self, info); // nothing is added, so nothing of the answer changes
}

/// The path below is opened now and not in open_session: what arrives before somebody listens has to wait there.
jf_status open_path(void* self, jf_path_receiver receiver, jf_error* error) noexcept
{
    Session& session = session_of(self);
    if (session.opened)
        return failed(error, JF_BUSY, "the path is open already");
    session.above = receiver; // first: the path below may call before its open returns
    const jf_status status = session.below.methods->open(session.below.self, {&kReceiver, self}, error);
    session.opened = status == JF_OK;
    return status;
}

jf_status send(void* self, const jf_bytes* parts, size_t part_count) noexcept
{
    Session& session = session_of(self);
    const jf_status status = session.below.methods->send(session.below.self, parts, part_count);
    if (status != JF_OK)
        return status; // JF_WOULD_BLOCK among them: `writable` will come from below
    std::size_t bytes = 0;
    for (size_t i = 0; i < part_count; ++i)
        bytes += parts[i].size;
    session.sent.count(bytes);
    return JF_OK;
}

void close_path(void* self) noexcept
{
    const jf_path below = session_of(self).below;
    below.methods->close(below.self); // as often as one likes; after it the path below is silent, and so are we
}

constexpr jf_path_methods kPath{sizeof(jf_path_methods), 0, describe, open_path, send, close_path};

void release(void* self) noexcept
{
    close_path(self); // also one that was never opened: nobody else does it
    const Session& session = session_of(self);
    char line[512];
    std::size_t used = static_cast<std::size_t>(
        std::snprintf(line, sizeof(line), "path-sizes: %s, bytes up to: sent", session.seam.data()));
    used += session.sent.print(line + used, 200);
    used += static_cast<std::size_t>(std::snprintf(line + used, sizeof(line) - used, ", received"));
    used += session.received.print(line + used, 200);
    session.host->log(session.host->self, JF_LOG_INFO, {line, used});
    delete &session;
}

constexpr jf_decorator_session_methods kSession{sizeof(jf_decorator_session_methods), 0, release};

// --- an instance
// --------------------------------------------------------------------------------------------------------

struct Instance {
    const jf_host* host; // borrowed until destroy returns
};

jf_status open_session(void* self, jf_path below, const jf_decorator_options* options, jf_path* above,
                       jf_decorator_session* opened, jf_error* error) noexcept
{
    auto* const session = new (std::nothrow) Session;
    if (session == nullptr)
        return failed(error, JF_EXHAUSTED, "no memory for a path");
    session->host = static_cast<const Instance*>(self)->host;
    session->below = below;
    std::snprintf(session->seam.data(), session->seam.size(), "%.*s",
                  static_cast<int>(options->seam.size < 15 ? options->seam.size : 15), options->seam.data);
    *above = {&kPath, session};
    *opened = {&kSession, session};
    return JF_OK;
}

constexpr jf_path_decorator_methods kDecorator{sizeof(jf_path_decorator_methods), 0, open_session};

/// There is nothing to configure: a plugin without a schema gets {} and refuses all else.
bool is_empty_object(jf_text json) noexcept
{
    char found[3]{};
    std::size_t count = 0;
    for (const char one : std::string_view(json.data, json.size)) {
        if (one == ' ' || one == '\t' || one == '\r' || one == '\n')
            continue;
        if (count == 2)
            return false;
        found[count++] = one;
    }
    return std::string_view(found, count) == "{}";
}

jf_status create(const jf_host* host, jf_text config_json, void** self, jf_error* error) noexcept
{
    if (!is_empty_object(config_json))
        return failed(error, JF_BAD_CONFIG, ": path-sizes has no options; {} would work");
    auto* const made = new (std::nothrow) Instance{host};
    if (made == nullptr)
        return failed(error, JF_EXHAUSTED, "no memory for an instance");
    *self = made;
    return JF_OK;
}

void destroy(void* self) noexcept
{
    delete static_cast<Instance*>(self);
}

// --- the library
// --------------------------------------------------------------------------------------------------------

constexpr jf_factory kFactory{sizeof(jf_factory),
                              0,
                              text("path-sizes"),
                              text(JF_PATH_DECORATOR_INTERFACE),
                              text("1.0.0"),
                              &kDecorator,
                              create,
                              destroy};
constexpr const jf_factory* kFactories[] = {&kFactory};

} // namespace

// `extern` because a constant would be visible in this file alone otherwise.
extern "C" JF_EXPORT const jf_entry jackfield_plugin;
const jf_entry jackfield_plugin{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, kFactories};
