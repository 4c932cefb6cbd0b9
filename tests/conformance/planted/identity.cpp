// An identity without cryptography, correct but for one bug.
//
// A chain is "account/device"; a signature is a hash over key, signer and data; a sealed box names its recipient.
// Threads: see the slot. Lifetime: texts live as long as the instance.
#include "planted.hpp"

#include <jackfield/identity.hpp>
#include <jackfield/plugin.hpp>

#include <functional>

namespace {

using namespace jackfield;
using planted::has;

constexpr std::size_t kSignatureBytes = 8;

Device split(std::string_view chain)
{
    const std::size_t slash = chain.find('/');
    if (slash == std::string_view::npos || chain.size() > 1000)
        throw Failure(JF_BAD_INPUT, "not a chain");
    return {std::string(chain.substr(0, slash)), std::string(chain.substr(slash + 1)), std::string(chain)};
}

Bytes signature(std::string_view chain, std::uint32_t key, ByteView data)
{
    const std::string signer = key == JF_KEY_ACCOUNT ? split(chain).account_id : std::string(chain);
    const std::uint64_t hash =
        std::hash<std::string>{}(std::to_string(key) + signer + (has("JF-ID-02") ? "" : std::string(as_text(data))));
    Bytes out(kSignatureBytes);
    std::memcpy(out.data(), &hash, out.size());
    return out;
}

Bytes turned(ByteView bytes)
{
    Bytes out(bytes.begin(), bytes.end());
    for (auto& byte : out)
        byte ^= 0x5a;
    return out;
}

class Paper final : public Identity {
public:
    Paper(Host host, std::string_view config_json) : Identity(host)
    {
        planted::look_at(config_json);
        device_ = Device(std::to_string(host.random_number()), std::to_string(host.random_number()));
        device_.chain_pem = device_.account_id + "/" + device_.device_id;
    }
    ~Paper() override
    {
        if (has("JF-GEN-08") && pending_.call != nullptr)
            pending_.call(pending_.self, JF_CANCELLED, nullptr);
    }

    /// With bugs that the SDK leaves no room for.
    static void load_badly(void* self, jf_done done)
    {
        auto& paper = static_cast<Paper&>(*static_cast<Identity*>(self));
        paper.pending_ = done;
        if (has("JF-GEN-06")) {
            paper.loaded_ = true;
            return done.call(done.self, JF_OK, nullptr);
        }
        for (int i = 0; i < (has("JF-GEN-07") ? 2 : 1); ++i)
            paper.host_.post([&paper, done] {
                paper.loaded_ = true;
                done.call(done.self, JF_OK, nullptr);
            });
    }

    void load(Completion done) override
    {
        host_.post([this, done = std::move(done)]() mutable {
            loaded_ = true;
            done.succeed();
        });
    }

    jf_device self_device() const override
    {
        wait();
        return device_.raw();
    }
    Bytes sign(std::uint32_t key, ByteView data) override
    {
        wait();
        if (key != JF_KEY_DEVICE && key != JF_KEY_ACCOUNT && !has("JF-ID-05"))
            throw Failure(JF_BAD_INPUT, "no such key");
        return signature(device_.chain_pem, key, data);
    }
    void verify(std::string_view chain, std::uint32_t key, ByteView data, ByteView given) override
    {
        const Bytes expected = signature(chain, key, data);
        if (!std::equal(expected.begin(), expected.end(), given.begin(), given.end()))
            throw Failure(JF_UNAUTHENTICATED, "the signature is not right");
    }
    Device verify_chain(std::string_view chain, const Device& expected) override
    {
        const Device found = split(chain);
        const bool other_device = !expected.device_id.empty() && expected.device_id != found.device_id;
        if ((!expected.account_id.empty() && expected.account_id != found.account_id) ||
            (other_device && !has("JF-ID-03")))
            throw Failure(JF_UNAUTHENTICATED, "the chain belongs to somebody else");
        return found;
    }
    Bytes seal(std::string_view recipient, ByteView plain) override
    {
        Bytes out = signature(recipient, 0, plain);
        const Bytes body = turned(plain);
        out.insert(out.end(), body.begin(), body.end());
        if (has("JF-ID-06"))
            last_ = body;
        return out;
    }
    Bytes open(ByteView sealed) override
    {
        if (sealed.size() < kSignatureBytes)
            throw Failure(JF_UNAUTHENTICATED, "not a sealed box");
        Bytes plain = turned(has("JF-ID-06") ? ByteView(last_) : sealed.subspan(kSignatureBytes));
        const Bytes expected = signature(device_.chain_pem, 0, plain);
        if (!std::equal(expected.begin(), expected.end(), sealed.begin()) && !has("JF-ID-04") && !has("JF-ID-06"))
            throw Failure(JF_UNAUTHENTICATED, "sealed for somebody else, or changed");
        return plain;
    }
    Bytes sign_digest(std::uint32_t, std::uint32_t, ByteView) override { throw Failure(JF_UNSUPPORTED, "paper"); }

private:
    void wait() const
    {
        if (!loaded_ && !has("JF-ID-01"))
            throw Failure(JF_WOULD_BLOCK, "not loaded yet");
    }

    Device device_;
    bool loaded_ = false;
    jf_done pending_{};
    Bytes last_; // what one thread sealed, another opens
};

// Which table a library has is decided where it is loaded, before anybody asks.
jf_identity_methods table = Identity::kMethods;
const bool chosen = [] {
    if (has("JF-GEN-06") || has("JF-GEN-07") || has("JF-GEN-08"))
        table.load = &Paper::load_badly;
    return true;
}();

} // namespace

PLANTED_PLUGIN(Paper, table)
