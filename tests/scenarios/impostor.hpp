// A node that is found and asked as itself and shows another certificate in the handshake; and certificates to show.
//
// Threads:  the test's; the node has its own. Lifetime: the identity outlives the node.
#pragma once

#include "kernel/node/node.hpp"
#include "tests/plugins/secure_channel/cert_identity.hpp"

#include <jackfield/testing/test_identity.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace scenarios {

enum class Forgery {
    none,              // the device's own key and account
    another_device,    // signed by the account, for another key
    expired,           // the device's key, signed by the account, until yesterday
    signed_by_another, // the device's key; another account signed it under this one's name
};

/// Made with the keys of an identity-x509 store.
class ForgedIdentity {
public:
    ForgedIdentity(const std::string& store, Forgery forgery);
    const jf_identity* raw() const { return identity_->raw(); }

private:
    jackfield::testing::FakeHost host_;
    secure_test::Holder account_;
    secure_test::Holder signer_;
    secure_test::Holder device_;
    std::unique_ptr<secure_test::CertIdentity> identity_;
};

/// A node of that configuration, in this process and online, whose secure channel believes to be `shown`.
class ImpostorNode {
public:
    ImpostorNode(const std::filesystem::path& config, const jf_identity* shown);
    std::string address() const { return node_->discovery_address(); }

    /// Calls, and waits until that is over.
    jackfield::kernel::CallEnd call(const std::string& account);

private:
    std::unique_ptr<jackfield::kernel::Node> node_;
};

} // namespace scenarios
