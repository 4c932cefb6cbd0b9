// Digest credentials against the examples of RFC 7616 section 3.9 and challenges of several schemes (RFC 8760).
//
// Threads: one.
#include <shared/sip/digest.hpp>

#include <gtest/gtest.h>

namespace shared_sip {
namespace {

std::string response_of(const std::string& answer)
{
    const std::size_t at = answer.find("response=\"") + 10;
    return answer.substr(at, answer.find('"', at) - at);
}

const std::string kNonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const std::string kCnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const DigestRequest kGet{"GET", "/dir/index.html", {}};

TEST(Digest, AnswersAsTheExamplesOfRfc7616)
{
    const std::string common = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", nonce=\"" + kNonce +
                               "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm=";
    const DigestUser mufasa{"Mufasa", "Circle of Life"};
    const auto md5 = read_challenge(common + "MD5");
    const auto sha256 = read_challenge(common + "SHA-256");
    ASSERT_TRUE(md5 && sha256);
    EXPECT_EQ(response_of(answer(*md5, mufasa, kGet, kCnonce, 1)), "8ca523f5e9506fed4657c9700eebdbec");
    EXPECT_EQ(response_of(answer(*sha256, mufasa, kGet, kCnonce, 1)),
              "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    EXPECT_EQ(answer(*sha256, mufasa, kGet, kCnonce, 1),
              "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" + kNonce +
                  "\", uri=\"/dir/index.html\", "
                  "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
                  "algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"" +
                  kCnonce + "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
}

TEST(Digest, HidesTheUserAsTheSecondExampleDoes)
{
    const auto challenge =
        read_challenge("Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
                       "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
                       "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true");
    ASSERT_TRUE(challenge);
    // "J\u00e4s\u00f8n Doe" in UTF-8. The hash is what `openssl dgst -sha512-256` makes of it; the one in the RFC is
    // another.
    const std::string text = answer(*challenge, {"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"},
                                    {"GET", "/doe.json", {}}, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm", 1);
    EXPECT_NE(text.find("userhash=true"), std::string::npos);
    EXPECT_NE(text.find("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"), std::string::npos) << text;
    EXPECT_EQ(text.find("Doe\""), std::string::npos);
}

TEST(Digest, KnowsTheOlderWayWithoutQop)
{
    // RFC 2617 section 3.5 without qop, as RFC 2069 computes it.
    const auto challenge =
        read_challenge("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"");
    ASSERT_TRUE(challenge);
    const std::string text = answer(*challenge, {"Mufasa", "Circle Of Life"}, kGet, "unused", 1);
    EXPECT_EQ(response_of(text), "670fd8c2df070c60b045671b8b24ff02");
    EXPECT_EQ(text.find("cnonce"), std::string::npos);
    EXPECT_EQ(text.find("algorithm"), std::string::npos);
}

TEST(Digest, ProtectsTheBodyWhereOnlyThatIsOffered)
{
    const auto challenge = read_challenge("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"");
    ASSERT_TRUE(challenge);
    const std::string one = answer(*challenge, {"a", "b"}, {"INVITE", "sip:b@c", jackfield::as_bytes("v=0")}, "c", 1);
    const std::string other = answer(*challenge, {"a", "b"}, {"INVITE", "sip:b@c", jackfield::as_bytes("v=1")}, "c", 1);
    EXPECT_NE(response_of(one), response_of(other));
    EXPECT_NE(one.find("qop=auth-int"), std::string::npos);
}

TEST(Digest, TakesTheStrongestOfSeveralChallenges)
{
    const std::string rest = " realm=\"r\", nonce=\"n\", qop=\"auth\"";
    const std::vector<std::string> offered{"Digest algorithm=MD5," + rest, "Basic realm=\"r\"",
                                           "Digest algorithm=SHA-256," + rest, "Digest algorithm=SHA-3-999," + rest,
                                           "Digest algorithm=sha-512-256," + rest};
    std::vector<std::string_view> values(offered.begin(), offered.begin() + 1);
    EXPECT_EQ(strongest(values)->hash, DigestHash::md5);
    values.assign(offered.begin(), offered.begin() + 3);
    EXPECT_EQ(strongest(values)->hash, DigestHash::sha256);
    values.assign(offered.begin(), offered.end());
    EXPECT_EQ(strongest(values)->hash, DigestHash::sha512_256);
    EXPECT_FALSE(strongest({offered[1], offered[3]}));
}

TEST(Digest, BindsASessionToItsClient)
{
    const auto challenge = read_challenge("Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess");
    ASSERT_TRUE(challenge);
    EXPECT_TRUE(challenge->session);
    const DigestRequest request{"REGISTER", "sip:r", {}};
    // From its definition: H(H(H(a:r:b):n:c) ":n:00000001:c:auth:" H(REGISTER:sip:r))
    const auto md5 = [](const std::string& text) { return hash_hex(DigestHash::md5, jackfield::as_bytes(text)); };
    EXPECT_EQ(response_of(answer(*challenge, {"a", "b"}, request, "c", 1)),
              md5(md5(md5("a:r:b") + ":n:c") + ":n:00000001:c:auth:" + md5("REGISTER:sip:r")));
    EXPECT_FALSE(read_challenge("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"));
}

TEST(Digest, ReadsNoChallengeThatLacksAPartOrIsNone)
{
    for (const std::string text :
         {"", "Digest", "Digest realm=\"r\"", "Digest nonce=\"n\"", "Basic realm=\"r\", nonce=\"n\"",
          "Digest realm=\"r\", nonce=\"n\", qop=\"token\"", "Digest realm=\"r\r\nX: y\", nonce=\"n\""})
        EXPECT_FALSE(read_challenge(text)) << text;
    EXPECT_FALSE(read_challenge("Digest realm=\"" + std::string(2000, 'r') + "\", nonce=\"n\""));
    EXPECT_TRUE(read_challenge("digest\trealm=r, nonce=n , stale=TRUE, qop=\"auth,auth-int\"")->stale);
}

TEST(Digest, CountsInHexadecimalDigits)
{
    const auto challenge = read_challenge("Digest realm=\"r\", nonce=\"n\", qop=auth");
    EXPECT_NE(answer(*challenge, {"a", "b"}, kGet, "c", 0x1a).find("nc=0000001a"), std::string::npos);
}

} // namespace
} // namespace shared_sip
