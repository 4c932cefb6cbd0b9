// Chains that a stranger could send: expired, early, out of order, forged, of weak keys. Each is refused by its reason.
//
// Threads: one. Lifetime: certificates are made in each test.

#include <gtest/gtest.h>
#include <shared/x509/certificates.hpp>
#include <shared/x509/diagnosis.hpp>

#include <openssl/x509v3.h>

namespace {

using namespace shared_x509;
using jackfield::Device;
using jackfield::Failure;

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kDay = 24 * 60 * 60 * 1000LL;

Key new_key()
{
    const std::atomic<bool> stop{false};
    return generate_key(KeyType::ec_p256, stop);
}

struct Authority {
    Key key = new_key();
    Certificate certificate = make_account_certificate(key.get(), "an account", {kNow, 100});

    std::string pem() const { return certificate_pem(certificate.get()); }

    std::string issue(EVP_PKEY* device, int days = 10) const
    {
        const auto made = make_device_certificate(device, certificate.get(), key.get(), {kNow, days});
        return certificate_pem(made.get());
    }
};

/// Why the chain is refused; empty if it is not.
std::string refusal(const std::string& pem, std::int64_t now_ms = kNow, const Device& expected = {})
{
    try {
        check_chain(parse_chain(pem), expected, now_ms);
        return "";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNAUTHENTICATED) << failure.what();
        return failure.what();
    }
}

TEST(X509Chain, IsAcceptedFromTheDayBeforeItWasMadeUntilItsLastDay)
{
    const Authority account;
    const Key device = new_key();
    const std::string chain = account.issue(device.get()) + account.pem();
    EXPECT_EQ(refusal(chain), "");
    EXPECT_EQ(refusal(chain, kNow - kDay), "");
    EXPECT_EQ(refusal(chain, kNow - kDay - 1000), "the device certificate is not valid before 2023-11-13");
    EXPECT_EQ(refusal(chain, kNow + 10 * kDay - 1000), "");
    EXPECT_EQ(refusal(chain, kNow + 10 * kDay + 1000), "the device certificate expired on 2023-11-24");
}

TEST(X509Chain, OfAnExpiredAccountIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const std::string chain = account.issue(device.get(), 1000) + account.pem();
    EXPECT_EQ(refusal(chain, kNow + 101 * kDay), "the account certificate expired on 2024-02-22");
}

TEST(X509Chain, OfAnotherAccountIsRefusedThoughTheNamesAgree)
{
    const Authority account;
    const Authority impostor;
    const Key device = new_key();
    EXPECT_EQ(refusal(impostor.issue(device.get()) + account.pem()),
              "the device certificate was not issued by the account certificate behind it");
    EXPECT_NE(refusal(impostor.issue(device.get()) + impostor.pem(), kNow, Device(id_of(account.key.get()), ""))
                  .find("issued by another account"),
              std::string::npos);
}

TEST(X509Chain, WhoseLeafIsNotSignedIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const auto chain = parse_chain(account.issue(device.get()));
    ASN1_TIME_set(X509_getm_notAfter(chain.front().get()), kNow / 1000 + 1); // the signature is of the old bytes
    i2d_re_X509_tbs(chain.front().get(), nullptr);
    EXPECT_EQ(refusal(certificate_pem(chain.front().get()) + account.pem()),
              "the device certificate was not issued by the account certificate behind it");
}

TEST(X509Chain, InTheWrongOrderIsRefused)
{
    const Authority account;
    const Key device = new_key();
    EXPECT_EQ(refusal(account.pem() + account.issue(device.get())),
              "the first certificate is a certificate authority, not a device: the chain is out of order");
}

TEST(X509Chain, WithoutAnAccountIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const std::string why = "the chain holds no account certificate behind the device certificate";
    EXPECT_EQ(refusal(account.issue(device.get())), why);
    EXPECT_EQ(refusal(account.pem()), why);
}

TEST(X509Chain, WhoseIssuerIsADeviceIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const Key victim = new_key();
    const auto issuer = make_device_certificate(device.get(), account.certificate.get(), account.key.get(), {kNow, 10});
    const auto leaf = make_device_certificate(victim.get(), issuer.get(), device.get(), {kNow, 10});
    EXPECT_EQ(refusal(certificate_pem(leaf.get()) + certificate_pem(issuer.get()) + account.pem()),
              "the certificate 2 is not a certificate authority, so it may not issue others");
}

TEST(X509Chain, LongerThanTheAccountAllowsIsRefused)
{
    const Authority account;
    Authority middle;
    // A certificate authority under the account, whose own certificate allows no authority below it.
    X509_set_issuer_name(middle.certificate.get(), X509_get_subject_name(account.certificate.get()));
    X509_sign(middle.certificate.get(), account.key.get(), EVP_sha256());
    const Key device = new_key();
    EXPECT_EQ(refusal(middle.issue(device.get()) + middle.pem() + account.pem()),
              "the account certificate does not allow so long a chain");
}

TEST(X509Chain, WithAWeakDigestIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const auto leaf = make_device_certificate(device.get(), account.certificate.get(), account.key.get(), {kNow, 10});
    ASSERT_GT(X509_sign(leaf.get(), account.key.get(), EVP_sha1()), 0);
    EXPECT_NE(refusal(certificate_pem(leaf.get()) + account.pem()).find("weak"), std::string::npos);
}

TEST(X509Chain, WithASmallRsaKeyOrAnotherCurveIsRefused)
{
    const Authority account;
    for (const bool rsa : {true, false}) {
        const Key device(rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024})
                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
        EXPECT_EQ(refusal(account.issue(device.get()) + account.pem()),
                  "the key of the device certificate is neither EC P-256 nor RSA of 2048 to 4096 bits");
    }
}

TEST(X509Chain, WithAnUnknownCriticalExtensionIsRefused)
{
    const Authority account;
    const Key device = new_key();
    const auto leaf = make_device_certificate(device.get(), account.certificate.get(), account.key.get(), {kNow, 10});
    X509_EXTENSION* strange = X509V3_EXT_conf(nullptr, nullptr, "1.2.3.4.5", "critical,DER:0500");
    ASSERT_NE(strange, nullptr);
    X509_add_ext(leaf.get(), strange, -1);
    X509_EXTENSION_free(strange);
    X509_sign(leaf.get(), account.key.get(), EVP_sha256());
    EXPECT_NE(refusal(certificate_pem(leaf.get()) + account.pem()).find("critical extension"), std::string::npos);
}

TEST(X509Chain, CutAtAnyByteIsRefusedAsDamagedOrIncomplete)
{
    const Authority account;
    const Key device = new_key();
    const std::string chain = account.issue(device.get()) + account.pem();
    for (std::size_t size = 0; size + 1 < chain.size(); ++size)
        EXPECT_THROW(check_chain(parse_chain(chain.substr(0, size)), {}, kNow), Failure) << size;
}

TEST(X509Chain, WithAnyByteChangedIsRefusedOrStillTheSame)
{
    const Authority account;
    const Key device = new_key();
    const std::string chain = account.issue(device.get()) + account.pem();
    const Device real = check_chain(parse_chain(chain), {}, kNow);
    for (std::size_t i = 0; i < chain.size(); ++i) {
        std::string changed = chain;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        try {
            EXPECT_EQ(check_chain(parse_chain(changed), {}, kNow), real) << i; // only line ends can pass
        } catch (const Failure&) {
        }
    }
}

/// The verdict, and the words behind it.
std::string judged(const X509* certificate, std::int64_t now_ms)
{
    static constexpr const char* kWords[] = {"ok", "note", "problem", "skipped"};
    const auto finding = judge_validity(certificate, "certificates/device", "The certificate", now_ms);
    EXPECT_TRUE(finding.verdict == jackfield::Verdict::ok || !finding.advice.empty()) << finding.sentence;
    return std::string(kWords[static_cast<std::size_t>(finding.verdict)]) + ": " + finding.sentence;
}

TEST(X509Diagnosis, SaysUntilWhenACertificateIsValidAndWhenTheClockIsToBlame)
{
    const Authority account; // a day before kNow, and a hundred days from there
    X509* const certificate = account.certificate.get();
    EXPECT_EQ(judged(certificate, kNow), "ok: The certificate is valid until 2024-02-22 22:13 UTC");
    EXPECT_EQ(judged(certificate, kNow + 90 * kDay), "note: The certificate ends in 10 days, on 2024-02-22 22:13 UTC");
    EXPECT_EQ(judged(certificate, kNow + 101 * kDay), "problem: The certificate has ended on 2024-02-22 22:13 UTC");
    EXPECT_EQ(judged(certificate, kNow - 3 * kDay),
              "problem: The certificate is valid only from 2023-11-13 22:13 UTC, and this machine's clock says "
              "2023-11-11 22:13 UTC");
}

} // namespace
