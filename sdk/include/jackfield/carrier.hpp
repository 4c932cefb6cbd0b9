// A carried link from both sides: use one (Carrier, in signaling), make one (CarrierBase, in discovery).
//
// Threads: the control thread; the path has its own rules (<jackfield/path.hpp>).
// Lifetime: a Carrier is a view, valid as long as the session that got it; a CarrierBase that was handed to the kernel
// is destroyed when the kernel releases it.
#pragma once

#include <jackfield/abi/carrier.h>
#include <jackfield/path.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace jackfield {

/// A carrier somebody else made.
class Carrier {
public:
    Carrier() = default;
    explicit Carrier(jf_carrier raw) : raw_(raw) {}

    /// carrier.schema.json. Throws Failure.
    std::string describe() const
    {
        std::string json;
        jf_error error = no_error();
        check(raw_.methods->describe(raw_.self, append_to(json), &error), error);
        return json;
    }

    /// The value of the header with our credentials (RFC 3261 section 22). Throws Failure: JF_UNSUPPORTED,
    /// JF_UNAUTHENTICATED.
    std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                 ByteView body) const
    {
        std::string credentials;
        jf_error error = no_error();
        check(raw_.methods->answer_challenge(raw_.self, to_text(challenge), to_text(method), to_text(uri),
                                             to_bytes(body), append_to(credentials), &error),
              error);
        return credentials;
    }

    explicit operator bool() const { return raw_.methods != nullptr; }

private:
    jf_carrier raw_{nullptr, nullptr, {nullptr, nullptr}};
};

/// Derive from it to carry links. Destroying it ends the path.
class CarrierBase {
public:
    virtual ~CarrierBase() = default;

    virtual std::string describe() = 0; ///< carrier.schema.json
    virtual std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                         ByteView body) = 0;
    virtual PathBase& path() = 0;

    jf_carrier handle()
    {
        static constexpr jf_carrier_methods methods{
            sizeof(jf_carrier_methods), 0,
            [](void* self, jf_writer json, jf_error* error) {
                return guarded(error,
                               [&] { write_to(json, std::string_view(static_cast<CarrierBase*>(self)->describe())); });
            },
            [](void* self, jf_text challenge, jf_text method, jf_text uri, jf_bytes body, jf_writer credentials,
               jf_error* error) {
                return guarded(error, [&] {
                    write_to(credentials, std::string_view(static_cast<CarrierBase*>(self)->answer_challenge(
                                              view(challenge), view(method), view(uri), view(body))));
                });
            },
            [](void* self) { delete static_cast<CarrierBase*>(self); }};
        return {&methods, this, path().handle()};
    }
};

} // namespace jackfield
