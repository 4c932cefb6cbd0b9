// Every identity through its C boundary: signing, sealing, chains, with keys of both kinds, alone and with the others.
//
// Threads: the test's thread is control. Lifetime: every identity is new; one that has a store has its own, which is
// deleted at the end.
#include "tests/plugins/plugin_list.hpp"

#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <thread>

namespace {

using namespace jackfield;
using jackfield::testing::TestIdentity;

ByteView words(std::string_view text)
{
    return as_bytes(text);
}

/// The status a call ends with, and its words.
template <class F>
std::pair<Status, std::string> outcome(F&& f)
{
    try {
        f();
        return {JF_OK, ""};
    } catch (const Failure& failure) {
        return {failure.status(), failure.what()};
    }
}

constexpr auto kFolder = JACKFIELD_TEST_PLUGIN_DIR;
/// Those whose folders have not been deleted.
std::vector<std::string> plugins()
{
    return jackfield::test::listed(JACKFIELD_IDENTITIES);
}

struct Kind {
    std::string plugin;
    std::string key;
};
using Pair = std::pair<Kind, Kind>;

std::vector<Pair> all_pairs()
{
    std::vector<Kind> kinds{
        {"identity-x509", "ec-p256"}, {"identity-x509", "rsa-2048"}, {"identity-memory", "ec-p256"}};
    std::erase_if(kinds, [](const Kind& kind) { return !jackfield::test::among(plugins(), kind.plugin); });
    std::vector<Pair> pairs;
    for (const auto& first : kinds) {
        for (const auto& second : kinds)
            pairs.emplace_back(first, second);
    }
    return pairs;
}

std::string name_of(const Kind& kind)
{
    return kind.plugin.substr(kind.plugin.find('-') + 1) + (kind.key == "ec-p256" ? "_ec" : "_rsa");
}

class BothKinds : public ::testing::TestWithParam<Pair> {
protected:
    TestIdentity alice{GetParam().first.key, kFolder, GetParam().first.plugin};
    TestIdentity bob{GetParam().second.key, kFolder, GetParam().second.plugin};
};
INSTANTIATE_TEST_SUITE_P(Keys, BothKinds, ::testing::ValuesIn(all_pairs()), [](const auto& pair) {
    return name_of(pair.param.first) + "_to_" + name_of(pair.param.second);
});

class EveryIdentity : public ::testing::TestWithParam<std::string> {
protected:
    /// One that is not loaded.
    struct Unloaded {
        explicit Unloaded(const std::string& plugin, const std::string& key = "ec-p256")
            : identity(host, kFolder, plugin, JF_IDENTITY_INTERFACE,
                       "{" + (plugin == "identity-x509" ? R"("store": ")" + store.path() + R"(", )" : "") +
                           R"("key": ")" + key + "\"}")
        {}
        jackfield::testing::TemporaryFolder store;
        jackfield::testing::FakeHost host;
        jackfield::testing::InstanceUnderTest<jf_identity_methods> identity;
    };
};
INSTANTIATE_TEST_SUITE_P(All, EveryIdentity, ::testing::ValuesIn(plugins()),
                         [](const auto& plugin) { return plugin.param.substr(9); });

TEST_P(BothKinds, VerifyEachOthersSignatures)
{
    const auto chain = alice.device().chain_pem;
    for (const std::uint32_t key : {JF_KEY_DEVICE, JF_KEY_ACCOUNT}) {
        const Bytes signature = alice.service().sign(key, words("a request"));
        EXPECT_NO_THROW(bob.service().verify(chain, key, words("a request"), signature));
        EXPECT_EQ(outcome([&] { bob.service().verify(chain, key, words("another"), signature); }).first,
                  JF_UNAUTHENTICATED);
        const std::uint32_t other = JF_KEY_DEVICE + JF_KEY_ACCOUNT - key;
        EXPECT_EQ(outcome([&] { bob.service().verify(chain, other, words("a request"), signature); }).first,
                  JF_UNAUTHENTICATED);
        EXPECT_EQ(outcome([&] { bob.service().verify(chain, key, words("a request"), {}); }).first, JF_UNAUTHENTICATED);
    }
}

TEST_P(BothKinds, OpenWhatWasSealedForThem)
{
    for (const std::size_t size : {0U, 1U, 1000U, 60'000U}) {
        const Bytes plain(size, 7);
        const Bytes sealed = alice.service().seal(bob.device().chain_pem, plain);
        EXPECT_EQ(bob.service().open(sealed), plain);
        EXPECT_EQ(outcome([&] { alice.service().open(sealed); }).first, JF_UNAUTHENTICATED);
    }
}

TEST_P(BothKinds, RefuseASealedMessageWithAnyByteChanged)
{
    const Bytes sealed = alice.service().seal(bob.device().chain_pem, words("secret"));
    const std::string expected = "the message was not sealed for this device, or was changed on its way";
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        Bytes changed = sealed;
        changed[i] ^= 0x40;
        EXPECT_EQ(outcome([&] { bob.service().open(changed); }), std::pair(JF_UNAUTHENTICATED, expected)) << i;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_EQ(outcome([&] { bob.service().open(ByteView(sealed).first(size)); }),
                  std::pair(JF_UNAUTHENTICATED, expected));
}

TEST_P(BothKinds, AcceptEachOthersChainAndNameItsOwner)
{
    const Device us = alice.device();
    EXPECT_EQ(us.account_id.size(), 64U);
    const Device found = bob.service().verify_chain(us.chain_pem, Device(us.account_id, us.device_id));
    EXPECT_EQ(found, us);
    EXPECT_EQ(bob.service().verify_chain(us.chain_pem, Device()), us);
}

TEST_P(EveryIdentity, GivesUpAnRsaKeyWhenItIsDestroyedMeanwhile)
{
    int ends = 0;
    {
        const Unloaded unloaded(GetParam(), "rsa-2048");
        unloaded.identity->load(unloaded.identity.self(),
                                {&ends, [](void* self, Status, const jf_error*) { ++*static_cast<int*>(self); }});
    }
    EXPECT_EQ(ends, 0); // the gate was closed: a dropped completion counts as made
}

TEST_P(EveryIdentity, SaysThatADeviceIsOfAnotherAccount)
{
    TestIdentity alice("ec-p256", kFolder, GetParam());
    TestIdentity mallory("ec-p256", kFolder, GetParam());
    const Device us = alice.device();
    const Device other = mallory.device();
    const auto [status, text] =
        outcome([&] { alice.service().verify_chain(other.chain_pem, Device(us.account_id, us.device_id)); });
    EXPECT_EQ(status, JF_UNAUTHENTICATED);
    EXPECT_NE(text.find("issued by another account: expected " + us.account_id), std::string::npos) << text;
    EXPECT_NE(text.find(other.account_id), std::string::npos) << text;
}

TEST_P(EveryIdentity, RefusesWhatIsLargerThanItsLimits)
{
    TestIdentity alice("ec-p256", kFolder, GetParam());
    const auto chain = alice.device().chain_pem;
    EXPECT_EQ(outcome([&] { alice.service().verify_chain(chain + chain + chain, Device()); }).first, JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().verify_chain(std::string(33 * 1024, 'a'), Device()); }).first,
              JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().seal(chain, Bytes(64 * 1024)); }).first, JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().open(Bytes(64 * 1024 + 1)); }).first, JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().verify_chain("", Device()); }).first, JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().verify_chain("no certificate", Device()); }).first, JF_BAD_INPUT);
    EXPECT_EQ(outcome([&] { alice.service().sign(3, {}); }).first, JF_BAD_INPUT);
}

/// Checks a signature over a SHA-256 digest with OpenSSL alone.
bool digest_fits(const std::string& chain, int padding, const Bytes& digest, const Bytes& signature)
{
    BIO* memory = BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size()));
    X509* leaf = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(X509_get0_pubkey(leaf), nullptr);
    bool fits = EVP_PKEY_verify_init(context) == 1;
    if (padding != 0)
        fits = fits && EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1;
    if (padding == RSA_PKCS1_PSS_PADDING)
        fits = fits && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
    fits = fits && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(), digest.size()) == 1;
    EVP_PKEY_CTX_free(context);
    X509_free(leaf);
    BIO_free(memory);
    return fits;
}

TEST_P(EveryIdentity, SignsDigestsAsATlsLibraryNeedsThem)
{
    TestIdentity ec("ec-p256", kFolder, GetParam());
    TestIdentity rsa("rsa-2048", kFolder, GetParam());
    const Bytes digest(32, 5);
    const auto sign = [&](TestIdentity& who, std::uint32_t scheme, const Bytes& value) {
        return who.service().sign_digest(scheme, JF_DIGEST_SHA256, value);
    };
    EXPECT_TRUE(digest_fits(ec.device().chain_pem, 0, digest, sign(ec, JF_SIGN_ECDSA, digest)));
    EXPECT_TRUE(digest_fits(rsa.device().chain_pem, RSA_PKCS1_PADDING, digest, sign(rsa, JF_SIGN_RSA_PKCS1, digest)));
    EXPECT_TRUE(digest_fits(rsa.device().chain_pem, RSA_PKCS1_PSS_PADDING, digest, sign(rsa, JF_SIGN_RSA_PSS, digest)));
    EXPECT_EQ(outcome([&] { sign(ec, JF_SIGN_RSA_PSS, digest); }).first, JF_UNSUPPORTED);
    EXPECT_EQ(outcome([&] { sign(rsa, JF_SIGN_ECDSA, digest); }).first, JF_UNSUPPORTED);
    EXPECT_EQ(outcome([&] { sign(ec, 9, digest); }).first, JF_UNSUPPORTED);
    EXPECT_EQ(outcome([&] { sign(ec, JF_SIGN_ECDSA, Bytes(20)); }).first, JF_BAD_INPUT);
}

TEST_P(EveryIdentity, HandsOutThePrivateKeyThatBelongsToItsCertificate)
{
    TestIdentity alice("ec-p256", kFolder, GetParam());
    const std::string pem = alice.service().private_key_pem();
    EXPECT_EQ(pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
    const auto chain = alice.device().chain_pem;
    BIO* key_memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    BIO* chain_memory = BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_memory, nullptr, nullptr, nullptr);
    X509* leaf = PEM_read_bio_X509(chain_memory, nullptr, nullptr, nullptr);
    EXPECT_EQ(X509_check_private_key(leaf, key), 1);
    EVP_PKEY_free(key);
    X509_free(leaf);
    BIO_free(key_memory);
    BIO_free(chain_memory);
}

TEST_P(EveryIdentity, ServesSeveralThreadsAtOnce)
{
    TestIdentity alice("ec-p256", kFolder, GetParam());
    TestIdentity bob("rsa-2048", kFolder, GetParam());
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                const Bytes plain(100, static_cast<std::uint8_t>(round));
                if (bob.service().open(alice.service().seal(bob.device().chain_pem, plain)) != plain ||
                    alice.service().open(bob.service().seal(alice.device().chain_pem, plain)) != plain ||
                    outcome([&] {
                        bob.service().verify(alice.device().chain_pem, JF_KEY_ACCOUNT, plain,
                                             alice.service().sign(JF_KEY_ACCOUNT, plain));
                    }).first != JF_OK)
                    ++wrong;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(wrong, 0);
}

} // namespace
