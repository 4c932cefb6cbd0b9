// An identity without cryptography, for tests of what is built on identities: one secret that all of them share.
//
// A chain is "account/device"; a signature is a hash over key, signer and data; a sealed box names its recipient.
// Threads: any. Lifetime: outlives the hosts that provide it.
#pragma once

#include <jackfield/identity.hpp>
#include <jackfield/testing/fake_host.hpp>

namespace jackfield::testing {

class FakeIdentity final : public Identity {
public:
    FakeIdentity(Host host, std::string account, std::string device)
        : Identity(host),
          device_(std::move(account), std::move(device)),
          raw_{&Identity::kMethods, static_cast<Identity*>(this)}
    {
        device_.chain_pem = device_.account_id + "/" + device_.device_id;
    }

    const jf_identity* raw() const { return &raw_; }
    IdentityService service() const { return IdentityService(&raw_); }
    const Device& device() const { return device_; }

    void load(Completion done) override
    {
        loaded = true;
        done.succeed();
    }

    jf_device self_device() const override
    {
        if (!loaded)
            throw Failure(JF_WOULD_BLOCK, "the identity is not loaded yet");
        return device_.raw();
    }

    Bytes sign(std::uint32_t key, ByteView data) override { return signature(device_.chain_pem, key, data); }

    void verify(std::string_view chain, std::uint32_t key, ByteView data, ByteView given) override
    {
        ++verifications;
        const Bytes expected = signature(chain, key, data);
        if (!std::equal(expected.begin(), expected.end(), given.begin(), given.end()))
            throw Failure(JF_UNAUTHENTICATED, "the signature is not right");
    }

    Device verify_chain(std::string_view chain, const Device& expected) override
    {
        const Device found = split(chain);
        if ((!expected.account_id.empty() && expected.account_id != found.account_id) ||
            (!expected.device_id.empty() && expected.device_id != found.device_id))
            throw Failure(JF_UNAUTHENTICATED, "the chain belongs to somebody else");
        const auto list = lists_.find(found.account_id);
        if (list != lists_.end() && list->second.find(" " + found.device_id + " ") != std::string::npos)
            throw Failure(JF_UNAUTHENTICATED, "the device was revoked");
        return found;
    }

    Bytes seal(std::string_view recipient, ByteView plain) override
    {
        Bytes out = signature(recipient, 0, plain);
        for (const std::uint8_t byte : plain)
            out.push_back(static_cast<std::uint8_t>(byte ^ 0x5aU));
        return out;
    }

    Bytes open(ByteView sealed) override
    {
        if (sealed.size() < kSignatureBytes)
            throw Failure(JF_UNAUTHENTICATED, "not a sealed box");
        Bytes plain;
        for (const std::uint8_t byte : sealed.subspan(kSignatureBytes))
            plain.push_back(static_cast<std::uint8_t>(byte ^ 0x5aU));
        const Bytes expected = signature(device_.chain_pem, 0, plain);
        if (!std::equal(expected.begin(), expected.end(), sealed.begin()))
            throw Failure(JF_UNAUTHENTICATED, "sealed for somebody else, or changed");
        return plain;
    }

    Bytes sign_digest(std::uint32_t, std::uint32_t, ByteView) override { throw Failure(JF_UNSUPPORTED, "a fake"); }

    /// A list is "account number device device .. ", behind the account's signature.
    void revoke_device(std::string_view device_id) override
    {
        std::string& list = lists_[device_.account_id];
        const std::string devices = list.empty() ? " " : list.substr(list.find(' ', device_.account_id.size() + 1));
        list = device_.account_id + " " + std::to_string(number_of(list) + 1) + devices + std::string(device_id) + " ";
    }

    Bytes revocations(std::string_view account_id) override
    {
        const auto found = lists_.find(account_id.empty() ? device_.account_id : std::string(account_id));
        if (found == lists_.end())
            throw Failure(JF_NOT_FOUND, "no list is known");
        Bytes out = signature(found->first + "/", JF_KEY_ACCOUNT, as_bytes(found->second));
        out.insert(out.end(), found->second.begin(), found->second.end());
        return out;
    }

    void take_revocations(std::string_view chain, ByteView list) override
    {
        const std::string account = split(chain).account_id;
        const std::string text(as_text(list.size() < kSignatureBytes ? list : list.subspan(kSignatureBytes)));
        const Bytes expected = signature(account + "/", JF_KEY_ACCOUNT, as_bytes(text));
        if (!text.starts_with(account + " ") || !std::equal(expected.begin(), expected.end(), list.begin()))
            throw Failure(JF_UNAUTHENTICATED, "not a list of that account");
        if (number_of(text) <= number_of(lists_[account]))
            throw Failure(JF_REFUSED, "not newer than what is known");
        lists_[account] = text;
    }

    bool loaded = true;
    std::size_t verifications = 0;

private:
    static constexpr std::size_t kSignatureBytes = 8;

    static int number_of(const std::string& list)
    {
        const std::size_t at = list.find(' ');
        return at == std::string::npos ? 0 : std::stoi(list.substr(at));
    }

    static Device split(std::string_view chain)
    {
        const std::size_t slash = chain.find('/');
        if (slash == std::string_view::npos)
            throw Failure(JF_UNAUTHENTICATED, "not a chain");
        return {std::string(chain.substr(0, slash)), std::string(chain.substr(slash + 1)), std::string(chain)};
    }

    /// The account's key is the same for all devices of an account, as it is with certificates.
    static Bytes signature(std::string_view chain, std::uint32_t key, ByteView data)
    {
        const std::string signer = key == JF_KEY_ACCOUNT ? split(chain).account_id : std::string(chain);
        const std::string text = std::to_string(key) + signer + std::string(as_text(data));
        const std::uint64_t hash = std::hash<std::string>{}(text);
        Bytes out(kSignatureBytes);
        std::memcpy(out.data(), &hash, out.size());
        return out;
    }

    Device device_;
    jf_identity raw_;
    std::map<std::string, std::string> lists_; // of revoked devices, by account
};

} // namespace jackfield::testing
