// jackfield.identity/1 from both sides: derive from Identity to make one; IdentityService is what other plugins ask.
//
// Threads: all but load may be called on any thread, several at once.
#pragma once

#include <jackfield/abi/identity.h>
#include <jackfield/completion.hpp>

#include <functional>

namespace jackfield {

/// A peer's device by value.
struct Device {
    std::string account_id;
    std::string device_id;
    std::string chain_pem;

    Device() = default;
    Device(std::string account, std::string device, std::string chain = {})
        : account_id(std::move(account)), device_id(std::move(device)), chain_pem(std::move(chain))
    {}
    explicit Device(const jf_device& device)
        : account_id(view(device.account_id)), device_id(view(device.device_id)), chain_pem(view(device.chain_pem))
    {}

    /// Borrows from this object.
    jf_device raw() const
    {
        return {sizeof(jf_device), 0, to_text(account_id), to_text(device_id), to_text(chain_pem)};
    }

    bool operator==(const Device& other) const
    {
        return account_id == other.account_id && device_id == other.device_id;
    }
};

class Identity : public Instance {
public:
    using Interface = Identity;
    static constexpr std::string_view kInterfaceId = JF_IDENTITY_INTERFACE;

    using Instance::Instance;

    virtual void load(Completion done) = 0;    ///< [control]
    virtual jf_device self_device() const = 0; ///< texts stay valid as long as the instance; Failure JF_WOULD_BLOCK
    virtual Bytes sign(std::uint32_t key, ByteView data) = 0;
    virtual void verify(std::string_view signer_chain_pem, std::uint32_t key, ByteView data, ByteView signature) = 0;
    virtual Device verify_chain(std::string_view chain_pem, const Device& expected) = 0;
    virtual Bytes seal(std::string_view recipient_chain_pem, ByteView plain) = 0;
    virtual Bytes open(ByteView sealed) = 0;
    virtual Bytes sign_digest(std::uint32_t scheme, std::uint32_t digest, ByteView value) = 0;
    virtual std::string private_key_pem() { throw Failure(JF_UNSUPPORTED, "the private key does not leave its store"); }

    virtual std::string request_device() { throw Failure(JF_UNSUPPORTED, kOneDevice); }
    virtual Device issue_device(std::string_view /*request_pem*/) { throw Failure(JF_UNSUPPORTED, kOneDevice); }
    virtual void join_account(std::string_view /*chain_pem*/) { throw Failure(JF_UNSUPPORTED, kOneDevice); }
    virtual void revoke_device(std::string_view /*device_id*/) { throw Failure(JF_UNSUPPORTED, kOneDevice); }
    virtual Bytes revocations(std::string_view /*account_id*/)
    {
        throw Failure(JF_NOT_FOUND, "no list of revoked devices is known");
    }
    virtual void take_revocations(std::string_view /*chain_pem*/, ByteView /*list*/)
    {
        throw Failure(JF_UNSUPPORTED, "this identity keeps no lists of revoked devices");
    }
    virtual std::string describe_account() { throw Failure(JF_UNSUPPORTED, kOneDevice); } ///< one JSON object

    static constexpr const char* kOneDevice =
        "this identity has one device and no other; identity-x509 can add devices and revoke them";

    static const jf_identity_methods kMethods;
};

namespace detail {
inline Identity& identity(void* self)
{
    return *static_cast<Identity*>(self);
}
} // namespace detail

inline constexpr jf_identity_methods Identity::kMethods{
    sizeof(jf_identity_methods),
    0,
    [](void* self, jf_done done) {
        auto& identity = detail::identity(self);
        start_guarded(identity.host(), done, [&](Completion& end) { identity.load(std::move(end)); });
    },
    [](void* self, jf_device* device, jf_error* error) {
        return guarded(error, [&] { *device = detail::identity(self).self_device(); });
    },
    [](void* self, std::uint32_t key, jf_bytes data, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, detail::identity(self).sign(key, view(data))); });
    },
    [](void* self, jf_text chain, std::uint32_t key, jf_bytes data, jf_bytes signature, jf_error* error) {
        return guarded(error, [&] { detail::identity(self).verify(view(chain), key, view(data), view(signature)); });
    },
    [](void* self, jf_text chain, const jf_device* expected, void (*found)(void*, const jf_device*), void* context,
       jf_error* error) {
        return guarded(error, [&] {
            const Device wanted = expected != nullptr ? Device(*expected) : Device();
            const Device device = detail::identity(self).verify_chain(view(chain), wanted);
            const jf_device raw = device.raw();
            if (found != nullptr)
                found(context, &raw);
        });
    },
    [](void* self, jf_text chain, jf_bytes plain, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, detail::identity(self).seal(view(chain), view(plain))); });
    },
    [](void* self, jf_bytes sealed, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, detail::identity(self).open(view(sealed))); });
    },
    [](void* self, std::uint32_t scheme, std::uint32_t digest, jf_bytes value, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, detail::identity(self).sign_digest(scheme, digest, view(value))); });
    },
    [](void* self, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, std::string_view(detail::identity(self).private_key_pem())); });
    },
    [](void* self, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, std::string_view(detail::identity(self).request_device())); });
    },
    [](void* self, jf_text request, void (*chain)(void*, const jf_device*), void* context, jf_error* error) {
        return guarded(error, [&] {
            const Device device = detail::identity(self).issue_device(view(request));
            const jf_device raw = device.raw();
            chain(context, &raw);
        });
    },
    [](void* self, jf_text chain, jf_error* error) {
        return guarded(error, [&] { detail::identity(self).join_account(view(chain)); });
    },
    [](void* self, jf_text device_id, jf_error* error) {
        return guarded(error, [&] { detail::identity(self).revoke_device(view(device_id)); });
    },
    [](void* self, jf_text account_id, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, detail::identity(self).revocations(view(account_id))); });
    },
    [](void* self, jf_text chain, jf_bytes list, jf_error* error) {
        return guarded(error, [&] { detail::identity(self).take_revocations(view(chain), view(list)); });
    },
    [](void* self, jf_writer out, jf_error* error) {
        return guarded(error, [&] { write_to(out, std::string_view(detail::identity(self).describe_account())); });
    }};

/// The node's identity as other plugins use it. Every method throws Failure.
class IdentityService {
public:
    explicit IdentityService(const jf_identity* raw) : raw_(raw) {}

    /// Throws JF_UNSUPPORTED if the node has no identity.
    static IdentityService of(Host host)
    {
        const void* service = host.service(JF_IDENTITY_INTERFACE);
        if (service == nullptr)
            throw Failure(JF_UNSUPPORTED, "this plugin needs an identity; fill the slot \"identity\"");
        return IdentityService(static_cast<const jf_identity*>(service));
    }

    Device self_device() const
    {
        jf_device device{};
        device.struct_size = sizeof(device);
        call([&](jf_error* e) { return raw_->methods->self_device(raw_->self, &device, e); });
        return Device(device);
    }

    Bytes sign(std::uint32_t key, ByteView data) const
    {
        Bytes out;
        call([&](jf_error* e) { return raw_->methods->sign(raw_->self, key, to_bytes(data), append_to(out), e); });
        return out;
    }

    void verify(std::string_view chain, std::uint32_t key, ByteView data, ByteView signature) const
    {
        call([&](jf_error* e) {
            return raw_->methods->verify(raw_->self, to_text(chain), key, to_bytes(data), to_bytes(signature), e);
        });
    }

    /// Who the chain belongs to.
    Device verify_chain(std::string_view chain, const Device& expected) const
    {
        Device device;
        const jf_device wanted = expected.raw();
        call([&](jf_error* e) {
            return raw_->methods->verify_chain(
                raw_->self, to_text(chain), &wanted,
                [](void* context, const jf_device* found) { *static_cast<Device*>(context) = Device(*found); }, &device,
                e);
        });
        device.chain_pem = std::string(chain);
        return device;
    }

    Bytes seal(std::string_view recipient_chain, ByteView plain) const
    {
        Bytes out;
        call([&](jf_error* e) {
            return raw_->methods->seal(raw_->self, to_text(recipient_chain), to_bytes(plain), append_to(out), e);
        });
        return out;
    }

    Bytes open(ByteView sealed) const
    {
        Bytes out;
        call([&](jf_error* e) { return raw_->methods->open(raw_->self, to_bytes(sealed), append_to(out), e); });
        return out;
    }

    Bytes sign_digest(std::uint32_t scheme, std::uint32_t digest, ByteView value) const
    {
        Bytes out;
        call([&](jf_error* e) {
            return raw_->methods->sign_digest(raw_->self, scheme, digest, to_bytes(value), append_to(out), e);
        });
        return out;
    }

    bool has_private_key() const { return JF_HAS(raw_->methods, private_key_pem); }

    std::string private_key_pem() const
    {
        if (!has_private_key())
            throw Failure(JF_UNSUPPORTED, "the private key does not leave its store");
        std::string out;
        call([&](jf_error* e) { return raw_->methods->private_key_pem(raw_->self, append_to(out), e); });
        return out;
    }

    /// Empty if none is known.
    Bytes revocations(std::string_view account_id = {}) const
    {
        Bytes out;
        if (!JF_HAS(raw_->methods, revocations))
            return out;
        jf_error error = no_error();
        const Status status = raw_->methods->revocations(raw_->self, to_text(account_id), append_to(out), &error);
        if (status != JF_NOT_FOUND && status != JF_UNSUPPORTED)
            check(status, error);
        return out;
    }

    /// True if the list was news.
    bool take_revocations(std::string_view chain, ByteView list) const
    {
        if (!JF_HAS(raw_->methods, take_revocations))
            return false;
        jf_error error = no_error();
        const Status status = raw_->methods->take_revocations(raw_->self, to_text(chain), to_bytes(list), &error);
        if (status != JF_REFUSED && status != JF_UNSUPPORTED)
            check(status, error);
        return status == JF_OK;
    }

private:
    template <class F>
    static void call(F&& f)
    {
        jf_error error = no_error();
        check(std::forward<F>(f)(&error), error);
    }

    const jf_identity* raw_;
};

} // namespace jackfield
