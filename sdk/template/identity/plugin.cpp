// @ID@: an identity. An account and a device of it, in memory: made at the start, gone at the end.
//
// Keys are EC P-256. The account certificate signs itself and the device's; the two in PEM, the device's first, are the
// chain by which peers know us. An id is the SHA-256 of a public key, so that nobody can take another one's.
//
// States:   until `load` is done every question is answered with JF_WOULD_BLOCK; afterwards all are, until the end.
// Threads:  load comes on the control thread; all else on any thread, several at once: what they read never changes.
// Errors:   JF_UNAUTHENTICATED for what is not proven, JF_BAD_INPUT for what makes no sense. Both come from strangers.
// Lifetime: the destructor joins the thread on which the account is made.
#include <jackfield/identity.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>

namespace {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Device;
using jackfield::Failure;
using nlohmann::json;

constexpr std::size_t kLargestChain = 16 * 1024;
constexpr std::size_t kLargestSealed = 64 * 1024;
constexpr std::size_t kPointBytes = 65; // an uncompressed point of P-256 (SEC 1 section 2.3.3)
constexpr std::size_t kTagBytes = 16;
constexpr long kSecondsOfDay = 24 * 60 * 60;
constexpr std::string_view kSigned = "@ID@ signature 1"; // so that no signature means something elsewhere
constexpr std::string_view kSealed = "@ID@ seal 1";

/// OpenSSL's objects free themselves.
template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

/// For what fails only for lack of memory, or by a mistake of ours.
void must(bool succeeded, const char* what)
{
    if (!succeeded)
        throw Failure(JF_INTERNAL, std::string("OpenSSL: ") + what);
}

/// For what a stranger said. OpenSSL's queue of errors is emptied, or somebody else would take them for his own.
void prove(bool proven, const std::string& what)
{
    ERR_clear_error();
    if (!proven)
        throw Failure(JF_UNAUTHENTICATED, what);
}

std::string written(BIO* memory)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

std::string id_of(EVP_PKEY* key)
{
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    must(size > 0, "a key");
    std::array<unsigned char, 32> digest{};
    const int hashed = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
    OPENSSL_free(der);
    must(hashed == 1, "SHA-256");
    std::string id;
    for (const unsigned char byte : digest)
        id += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    return id;
}

// --- certificates ---------------------------------------------------------------------------------------------------

void extend(X509* certificate, X509* issuer, int extension, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension made(X509V3_EXT_conf_nid(nullptr, &context, extension, value));
    must(made && X509_add_ext(certificate, made.get(), -1) == 1, "an extension");
}

/// Of a device, issued by an account; or without an issuer the account's own (RFC 5280).
Certificate certify(EVP_PKEY* key, X509* issuer, EVP_PKEY* signer, std::int64_t now_s, int days)
{
    Certificate made(X509_new());
    must(made && X509_set_version(made.get(), X509_VERSION_3) == 1, "a certificate");
    const std::unique_ptr<BIGNUM, Freer<BN_free>> serial(BN_new());
    must(serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
             BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made.get())) != nullptr,
         "a serial number");
    const std::string name = id_of(key);
    X509_NAME* const subject = X509_get_subject_name(made.get());
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1,
         "a name");
    X509* const by = issuer != nullptr ? issuer : made.get();
    must(X509_set_issuer_name(made.get(), X509_get_subject_name(by)) == 1 && X509_set_pubkey(made.get(), key) == 1 &&
             ASN1_TIME_set(X509_getm_notBefore(made.get()), now_s - kSecondsOfDay) != nullptr && // clocks differ
             ASN1_TIME_set(X509_getm_notAfter(made.get()), now_s + days * kSecondsOfDay) != nullptr,
         "a certificate");
    const bool account = issuer == nullptr;
    extend(made.get(), by, NID_basic_constraints, account ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    extend(made.get(), by, NID_key_usage,
           account ? "critical,keyCertSign,digitalSignature" : "critical,digitalSignature,keyAgreement");
    if (!account)
        extend(made.get(), by, NID_ext_key_usage, "clientAuth,serverAuth"); // TLS asks for it
    extend(made.get(), by, NID_subject_key_identifier, "hash");
    extend(made.get(), by, NID_authority_key_identifier, "keyid");
    must(X509_sign(made.get(), signer, EVP_sha256()) > 0, "signing a certificate");
    return made;
}

std::string pem_of(X509* certificate)
{
    const Memory memory(BIO_new(BIO_s_mem()));
    must(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "writing a certificate");
    return written(memory.get());
}

bool is_p256(EVP_PKEY* key)
{
    std::array<char, 32> group{};
    return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == "prime256v1";
}

/// A device's certificate and its account's. Read from a stranger's bytes: bounded, and not believed yet.
struct Chain {
    Certificate device;
    Certificate account;

    explicit Chain(std::string_view pem)
    {
        if (pem.size() > kLargestChain)
            throw Failure(JF_BAD_INPUT, "a chain of more than 16 KiB");
        const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        must(memory != nullptr, "memory");
        device.reset(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
        account.reset(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
        ERR_clear_error();
        if (!device || !account)
            throw Failure(JF_BAD_INPUT, "no chain; expected a device's certificate and its account's, in PEM");
        prove(is_p256(device_key()) && is_p256(account_key()), "a key of the chain is none of EC P-256");
    }

    EVP_PKEY* device_key() const { return X509_get0_pubkey(device.get()); }
    EVP_PKEY* account_key() const { return X509_get0_pubkey(account.get()); }

    /// That the account issued the device, and both are valid now. What RFC 5280 section 6 asks for, OpenSSL does.
    void check(std::int64_t now_s) const
    {
        const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> store(X509_STORE_new());
        const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> run(X509_STORE_CTX_new());
        must(store && run && X509_STORE_add_cert(store.get(), account.get()) == 1 &&
                 X509_STORE_CTX_init(run.get(), store.get(), device.get(), nullptr) == 1,
             "checking a chain");
        X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(run.get());
        X509_VERIFY_PARAM_set_time(rules, now_s);
        X509_VERIFY_PARAM_set_auth_level(rules, 2); // no SHA-1
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
        const bool good = X509_verify_cert(run.get()) == 1;
        prove(good, std::string("the chain is not good: ") +
                        X509_verify_cert_error_string(X509_STORE_CTX_get_error(run.get())));
        prove(X509_check_ca(device.get()) == 0 && (X509_get_key_usage(device.get()) & KU_DIGITAL_SIGNATURE) != 0,
              "the first certificate is not a device's");
    }
};

// --- signatures and sealed boxes ------------------------------------------------------------------------------------

Bytes with_prefix(std::string_view prefix, ByteView data)
{
    Bytes whole(prefix.begin(), prefix.end());
    whole.push_back(0);
    whole.insert(whole.end(), data.begin(), data.end());
    return whole;
}

Bytes point_of(EVP_PKEY* key)
{
    unsigned char* encoded = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &encoded);
    must(size == kPointBytes, "a point");
    const Bytes point(encoded, encoded + size);
    OPENSSL_free(encoded);
    return point;
}

/// The key of one box: ECDH between a one-time key and the recipient's, hashed with both points (NIST SP 800-56C,
/// one step). `own` is whichever of the two we hold.
std::array<unsigned char, 32> agree(EVP_PKEY* own, EVP_PKEY* other, ByteView one_time, ByteView recipient)
{
    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
    Bytes input{0, 0, 0, 1};
    input.resize(4 + 32);
    std::size_t size = 32;
    must(context && EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), other) == 1 &&
             EVP_PKEY_derive(context.get(), input.data() + 4, &size) == 1 && size == 32,
         "key agreement");
    input.insert(input.end(), kSealed.begin(), kSealed.end());
    input.insert(input.end(), one_time.begin(), one_time.end());
    input.insert(input.end(), recipient.begin(), recipient.end());
    std::array<unsigned char, 32> key{};
    const int hashed = EVP_Digest(input.data(), input.size(), key.data(), nullptr, EVP_sha256(), nullptr);
    OPENSSL_cleanse(input.data(), input.size());
    must(hashed == 1, "SHA-256");
    return key;
}

/// AES-256-GCM either way. The key is used once, so the nonce may be zero. False if the tag does not fit.
bool crypt(bool encrypt, std::array<unsigned char, 32> key, ByteView in, Bytes& out, unsigned char* tag)
{
    const CipherContext context(EVP_CIPHER_CTX_new());
    const std::array<unsigned char, 12> nonce{};
    out.resize(in.size() + 1); // never null
    int size = 0;
    int rest = 0;
    must(context && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data(), encrypt),
         "AES");
    OPENSSL_cleanse(key.data(), key.size());
    must(in.empty() || EVP_CipherUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) == 1,
         "AES");
    out.resize(in.size());
    if (!encrypt)
        must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag) == 1, "a tag");
    std::array<unsigned char, 16> end{};
    const bool good = EVP_CipherFinal_ex(context.get(), end.data(), &rest) == 1;
    if (encrypt)
        must(good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1, "a tag");
    return good;
}

// --- the identity ---------------------------------------------------------------------------------------------------

/// Who we are. Never changes once it is there.
struct Account {
    Key account_key;
    Key device_key;
    std::string account_id;
    std::string device_id;
    std::string chain;
};

class MyIdentity final : public jackfield::Identity {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MyIdentity(jackfield::Host host, std::string_view config_json) : Identity(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json days = config.value("valid_days", json(30));
        if (!days.is_number_integer() || days.get<double>() < 1 || days.get<double>() > 3650)
            throw jackfield::ConfigError("/valid_days: expected a number of days from 1 to 3650; 30 would work");
        days_ = days.get<int>();
    }
    ~MyIdentity() override
    {
        if (loader_.joinable())
            loader_.join();
    }

    /// A key may take long to make, and a disk to answer: not on the control thread. `done` is told once, by the SDK.
    void load(jackfield::Completion done) override
    {
        if (loaded_.load() != nullptr)
            return done.succeed();
        if (loader_.joinable())
            throw Failure(JF_BUSY, "the account is being made");
        loader_ = std::thread([this, done = std::move(done)]() mutable {
            jf_error error = jackfield::no_error();
            const auto status = jackfield::guarded(&error, [this] {
                account_ = find_account();
                loaded_.store(&account_);
            });
            done_with(std::move(done), status, error);
        });
    }

    jf_device self_device() const override
    {
        const Account& us = account();
        return {sizeof(jf_device), 0, jackfield::to_text(us.account_id), jackfield::to_text(us.device_id),
                jackfield::to_text(us.chain)};
    }

    Bytes sign(std::uint32_t key, ByteView data) override
    {
        const Account& us = account();
        EVP_PKEY* const signer = is_account(key) ? us.account_key.get() : us.device_key.get();
        const Bytes whole = with_prefix(kSigned, data);
        const DigestContext context(EVP_MD_CTX_new());
        Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(signer)));
        std::size_t size = signature.size();
        must(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signer) == 1 &&
                 EVP_DigestSign(context.get(), signature.data(), &size, whole.data(), whole.size()) == 1,
             "signing");
        signature.resize(size);
        return signature;
    }

    /// Of the account's key the chain must prove that it is this device's account: anybody can put one behind his own.
    void verify(std::string_view chain_pem, std::uint32_t key, ByteView data, ByteView signature) override
    {
        account();
        const bool by_account = is_account(key);
        const Chain chain(chain_pem);
        if (by_account)
            chain.check(host_.wall_ms() / 1000);
        EVP_PKEY* const signer = by_account ? chain.account_key() : chain.device_key();
        const Bytes whole = with_prefix(kSigned, data);
        const DigestContext context(EVP_MD_CTX_new());
        must(context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, signer) == 1, "verifying");
        const bool fits =
            EVP_DigestVerify(context.get(), signature.data(), signature.size(), whole.data(), whole.size()) == 1;
        prove(fits, "the signature was not made by that key over these bytes");
    }

    /// What makes a peer the one that was called. Lists of revoked devices would be looked at here, too; until there
    /// are any, `revocations` and its kin say JF_UNSUPPORTED or JF_NOT_FOUND, which the SDK does.
    Device verify_chain(std::string_view chain_pem, const Device& expected) override
    {
        account();
        const Chain chain(chain_pem);
        chain.check(host_.wall_ms() / 1000);
        Device found(id_of(chain.account_key()), id_of(chain.device_key()));
        prove(expected.account_id.empty() || expected.account_id == found.account_id, "issued by another account");
        prove(expected.device_id.empty() || expected.device_id == found.device_id, "another device");
        return found;
    }

    /// A box: the one-time point, the encrypted bytes, the tag. Only the device with that chain can open it.
    Bytes seal(std::string_view recipient_chain_pem, ByteView plain) override
    {
        account();
        const Chain chain(recipient_chain_pem);
        if (plain.size() + kPointBytes + kTagBytes > kLargestSealed)
            throw Failure(JF_BAD_INPUT, "more than fits into a sealed message of 64 KiB");
        const Key one_time(EVP_EC_gen("P-256"));
        must(one_time != nullptr, "a key");
        Bytes box = point_of(one_time.get());
        Bytes inside;
        std::array<unsigned char, kTagBytes> tag{};
        crypt(true, agree(one_time.get(), chain.device_key(), box, point_of(chain.device_key())), plain, inside,
              tag.data());
        box.insert(box.end(), inside.begin(), inside.end());
        box.insert(box.end(), tag.begin(), tag.end());
        return box;
    }

    Bytes open(ByteView sealed) override
    {
        EVP_PKEY* const own = account().device_key.get();
        if (sealed.size() > kLargestSealed)
            throw Failure(JF_BAD_INPUT, "a sealed message of more than 64 KiB");
        // One answer for every reason: a stranger must not learn how far his box got.
        const std::string no = "the message was not sealed for this device, or was changed on its way";
        prove(sealed.size() >= kPointBytes + kTagBytes, no);
        const ByteView point = sealed.first(kPointBytes);
        const Key one_time(EVP_PKEY_new());
        must(one_time && EVP_PKEY_copy_parameters(one_time.get(), own) == 1, "a key");
        const bool on_curve = EVP_PKEY_set1_encoded_public_key(one_time.get(), point.data(), point.size()) == 1;
        prove(on_curve, no);
        Bytes tag(sealed.end() - kTagBytes, sealed.end());
        Bytes plain;
        const bool good =
            crypt(false, agree(own, one_time.get(), point, point_of(own)),
                  sealed.subspan(kPointBytes, sealed.size() - kPointBytes - kTagBytes), plain, tag.data());
        prove(good, no);
        return plain;
    }

    /// For TLS libraries that do not get the key itself.
    Bytes sign_digest(std::uint32_t scheme, std::uint32_t digest, ByteView value) override
    {
        EVP_PKEY* const key = account().device_key.get();
        if (scheme != JF_SIGN_ECDSA || digest < JF_DIGEST_SHA256 || digest > JF_DIGEST_SHA512)
            throw Failure(JF_UNSUPPORTED, "the device key signs with ECDSA, of SHA-256, SHA-384 and SHA-512");
        const EVP_MD* const hashes[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
        const EVP_MD* const hash = hashes[digest - JF_DIGEST_SHA256];
        if (value.size() != static_cast<std::size_t>(EVP_MD_get_size(hash)))
            throw Failure(JF_BAD_INPUT, "a digest of another size");
        const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
        Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
        std::size_t size = signature.size();
        must(context && EVP_PKEY_sign_init(context.get()) == 1 &&
                 EVP_PKEY_CTX_set_signature_md(context.get(), hash) == 1 &&
                 EVP_PKEY_sign(context.get(), signature.data(), &size, value.data(), value.size()) == 1,
             "signing a digest");
        signature.resize(size);
        return signature;
    }

    /// Where the key never leaves its place, a token say, leave this out: whoever needs it takes sign_digest then.
    std::string private_key_pem() override
    {
        const Memory memory(BIO_new(BIO_s_secmem()));
        must(memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), account().device_key.get(), nullptr, nullptr, 0,
                                                     nullptr, nullptr) == 1,
             "writing a key");
        return written(memory.get());
    }

private:
    /// On a thread of its own. An identity that lasts looks here for what it has kept, and keeps what it makes; the
    /// account's key is the one to guard best.
    Account find_account() const
    {
        const std::int64_t now_s = host_.wall_ms() / 1000;
        Account made;
        made.account_key.reset(EVP_EC_gen("P-256"));
        made.device_key.reset(EVP_EC_gen("P-256"));
        must(made.account_key && made.device_key, "a key");
        EVP_PKEY* const signer = made.account_key.get();
        const Certificate account = certify(signer, nullptr, signer, now_s, days_);
        const Certificate device = certify(made.device_key.get(), account.get(), signer, now_s, days_);
        made.account_id = id_of(signer);
        made.device_id = id_of(made.device_key.get());
        made.chain = pem_of(device.get()) + pem_of(account.get());
        return made;
    }

    static void done_with(jackfield::Completion done, jackfield::Status status, const jf_error& error)
    {
        if (status == JF_OK)
            done.succeed();
        else
            done.fail(status, error.text);
        OPENSSL_thread_stop(); // what OpenSSL keeps for a thread goes with it
    }

    const Account& account() const
    {
        const Account* const us = loaded_.load();
        if (us == nullptr)
            throw Failure(JF_WOULD_BLOCK, "the account is not loaded yet");
        return *us;
    }

    static bool is_account(std::uint32_t key)
    {
        if (key != JF_KEY_DEVICE && key != JF_KEY_ACCOUNT)
            throw Failure(JF_BAD_INPUT, "a key that is neither the device's nor the account's");
        return key == JF_KEY_ACCOUNT;
    }

    int days_ = 0;
    Account account_; // written by the loader's thread before loaded_ points at it
    std::atomic<const Account*> loaded_{nullptr};
    std::thread loader_;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MyIdentity)
