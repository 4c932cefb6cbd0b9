// How another plugin asks the identity; see sdk/docs/interfaces/identity.md.
#include <jackfield/identity.hpp>

// [example]
/// Signs a card with the device's key, so that others can check it with our chain. [any]
jackfield::Bytes signed_card(const jackfield::Host& host, jackfield::ByteView card)
{
    const jackfield::IdentityService identity = jackfield::IdentityService::of(host); // JF_UNSUPPORTED without one
    return identity.sign(JF_KEY_DEVICE, card);
}
// [end]
