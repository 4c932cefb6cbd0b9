// jackfield.secure_channel/1: derive from SecureChannel and SecureSession to encrypt a path in a new way.
//
// Threads: open, export and the destructor run on the control thread, and so must every call of the listener; the bytes
// of the path below arrive on its own thread.
#pragma once

#include <jackfield/abi/secure_channel.h>
#include <jackfield/identity.hpp>
#include <jackfield/multiplexer.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// What was agreed, by value.
struct SecureInfo {
    std::string protocol;
    std::string cipher;
    std::string group;
    Device peer; ///< empty: this channel proves nobody
};

/// The kernel's ear. [control]
class SecureListener {
public:
    explicit SecureListener(jf_secure_listener raw) : raw_(raw) {}

    void secured(PathBase& path, const SecureInfo& info) const
    {
        const jf_secure_info raw{sizeof(jf_secure_info), 0,
                                 to_text(info.protocol), to_text(info.cipher),
                                 to_text(info.group),    info.peer.raw()};
        raw_.methods->secured(raw_.self, path.handle(), &raw);
    }
    void failed(Status status, std::string_view text) const
    {
        const jf_error error = make_error(status, text);
        raw_.methods->failed(raw_.self, status, &error);
    }

private:
    jf_secure_listener raw_;
};

struct SecureOptions {
    bool client = false;
    Device expected; ///< an empty device_id allows any device of the account
};

/// One handshake and what comes of it. Destroying it closes both paths.
class SecureSession {
public:
    virtual ~SecureSession() = default;

    virtual Bytes export_key_material(std::string_view label, ByteView context, std::size_t size) = 0;

    static const jf_secure_session_methods kMethods;

    /// The table that fits what was made.
    virtual const jf_secure_session_methods& methods() const { return kMethods; }
};

/// One that is a multiplexer as well: what the kernel has of it then are channels, not the secured path.
class MultiplexingSecureSession : public SecureSession {
public:
    /// Once, when it is secured; who asks for channels before waits. The result lives as long as this session; what its
    /// own table is asked to release stays. [control]
    virtual MultiplexerSession& multiplexer(MultiplexerListener listener) = 0;

    static const jf_secure_session_methods kMultiplexingMethods;
    const jf_secure_session_methods& methods() const final { return kMultiplexingMethods; }
};

class SecureChannel : public Instance {
public:
    using Interface = SecureChannel;
    static constexpr std::string_view kInterfaceId = JF_SECURE_CHANNEL_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<SecureSession> open(Path below, SecureOptions options, SecureListener listener) = 0;

    static const jf_secure_channel_methods kMethods;
};

inline constexpr jf_secure_session_methods SecureSession::kMethods{
    sizeof(jf_secure_session_methods), 0,
    [](void* self, jf_text label, jf_bytes context, std::size_t size, jf_writer out, jf_error* error) {
        return guarded(error, [&] {
            write_to(out, static_cast<SecureSession*>(self)->export_key_material(view(label), view(context), size));
        });
    },
    [](void* self) { delete static_cast<SecureSession*>(self); }, nullptr};

inline constexpr jf_secure_session_methods MultiplexingSecureSession::kMultiplexingMethods{
    sizeof(jf_secure_session_methods), 0, kMethods.export_key_material, kMethods.release,
    [](void* self, jf_multiplexer_listener listener, jf_multiplexer_session* session, jf_error* error) {
        return guarded(error, [&] {
            static constexpr auto methods = [] {
                jf_multiplexer_session_methods riding = MultiplexerSession::kMethods;
                riding.release = [](void*) {};
                return riding;
            }();
            auto& secure = static_cast<MultiplexingSecureSession&>(*static_cast<SecureSession*>(self));
            *session = {&methods, &secure.multiplexer(MultiplexerListener(listener))};
        });
    }};

inline constexpr jf_secure_channel_methods SecureChannel::kMethods{
    sizeof(jf_secure_channel_methods), 0,
    [](void* self, jf_path below, const jf_secure_options* options, jf_secure_listener listener,
       jf_secure_session* session, jf_error* error) {
        return guarded(error, [&] {
            SecureOptions wanted{options->role == JF_TLS_CLIENT, Device(*options->expected)};
            auto made =
                static_cast<SecureChannel*>(self)->open(Path(below), std::move(wanted), SecureListener(listener));
            *session = {&made->methods(), made.get()};
            static_cast<void>(made.release());
        });
    }};

} // namespace jackfield
