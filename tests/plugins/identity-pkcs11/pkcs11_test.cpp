// Keys that stay in a token sign, open and vouch like others, and what is said of a token that is not as it should be.
//
// Threads: the test's.
#include "soft_token.hpp"

#include <thread>

namespace pkcs11_test {
namespace {

class EveryKey : public ::testing::TestWithParam<const char*> {
protected:
    SoftToken token{GetParam()};
    TokenIdentity alice{token.config()};
    TestIdentity bob;
};
INSTANTIATE_TEST_SUITE_P(Keys, EveryKey, ::testing::Values("EC:prime256v1", "rsa:2048"),
                         [](const auto& type) { return type.param[0] == 'E' ? "Ec" : "Rsa"; });

TEST_P(EveryKey, SignsForItsDeviceAndItsAccount)
{
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    const Bytes data{1, 2, 3};
    for (const std::uint32_t key : {JF_KEY_DEVICE, JF_KEY_ACCOUNT}) {
        const Bytes signature = alice.service().sign(key, data);
        EXPECT_NO_THROW(bob.service().verify(alice.device().chain_pem, key, data, signature));
        EXPECT_THROW(bob.service().verify(alice.device().chain_pem, key, Bytes{9}, signature), Failure);
    }
}

TEST_P(EveryKey, HasAChainThatOthersTake)
{
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    EXPECT_EQ(bob.service().verify_chain(alice.device().chain_pem, alice.device()), alice.device());
    EXPECT_EQ(alice.service().verify_chain(bob.device().chain_pem, bob.device()), bob.device());
}

TEST_P(EveryKey, OpensWhatWasSealedForItsDevice)
{
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    const Bytes plain(1000, 7);
    const Bytes sealed = bob.service().seal(alice.device().chain_pem, plain);
    EXPECT_EQ(alice.service().open(sealed), plain);
    Bytes changed = sealed;
    changed.back() ^= 1U;
    EXPECT_THROW(alice.service().open(changed), Failure);
    EXPECT_THROW(bob.service().open(sealed), Failure);
}

TEST_P(EveryKey, DoesNotGiveThePrivateKeyAway)
{
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    try {
        alice.service().private_key_pem();
        FAIL() << "the key left its token";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        EXPECT_NE(std::string(failure.what()).find("token"), std::string::npos);
    }
}

TEST(Pkcs11, IsTheSameAccountAndDeviceAtTheNextStart)
{
    const SoftToken token;
    Device first;
    {
        const TokenIdentity alice(token.config());
        ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
        first = alice.device();
    }
    const TokenIdentity again(token.config());
    ASSERT_EQ(again.loaded->status, JF_OK) << again.loaded->text;
    EXPECT_EQ(again.device(), first);
}

TEST(Pkcs11, SignsOnSeveralThreadsAtOnce)
{
    const SoftToken token;
    const TokenIdentity alice(token.config());
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    const TestIdentity bob;
    std::vector<Bytes> signatures(80);
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < 4; ++first) {
        threads.emplace_back([&, first] {
            for (std::size_t i = first; i < signatures.size(); i += 4)
                signatures[i] = alice.service().sign(JF_KEY_DEVICE, Bytes(i + 1, 5));
        });
    }
    for (auto& thread : threads)
        thread.join();
    for (std::size_t i = 0; i < signatures.size(); ++i)
        EXPECT_NO_THROW(bob.service().verify(alice.device().chain_pem, JF_KEY_DEVICE, Bytes(i + 1, 5), signatures[i]));
}

void expect_refused(const std::string& config, Status status, const std::string& begin, const std::string& names = {})
{
    const TokenIdentity alice(config);
    ASSERT_TRUE(alice.loaded);
    const std::string text = alice.loaded->text;
    EXPECT_EQ(alice.loaded->status, status) << text;
    EXPECT_EQ(text.find(begin), 0U) << text;
    EXPECT_NE(text.find(names), std::string::npos) << text;
}

TEST(Pkcs11, SaysWhichTokensAndKeysThereAreInstead)
{
    const SoftToken token;
    expect_refused(token.config({}, "another"), JF_NOT_FOUND, "/token", "\"jackfield\"");
    expect_refused(token.config(R"("device_key": "missing")"), JF_NOT_FOUND, "/device_key", "\"jackfield device\"");
    expect_refused(token.config(R"("account_key": "missing")"), JF_NOT_FOUND, "/account_key", "\"jackfield account\"");
}

TEST(Pkcs11, RefusesAWrongPinAndAPinThatOthersMayRead)
{
    const SoftToken token;
    token.write_pin("4321");
    expect_refused(token.config(), JF_UNAUTHENTICATED, "/pin_file", "does not take that PIN");
    token.write_pin("");
    expect_refused(token.config(), JF_BAD_CONFIG, "/pin_file", "empty");
    token.write_pin("1234");
    std::filesystem::permissions(token.pin_file(), std::filesystem::perms(0644));
    expect_refused(token.config(), JF_BAD_CONFIG, "/pin_file", "chmod 600");
    std::filesystem::remove(token.pin_file());
    expect_refused(token.config(), JF_BAD_CONFIG, "/pin_file", token.pin_file());
}

TEST(Pkcs11, RefusesAKeyOfAnotherKind)
{
    const SoftToken token;
    token.make_key("large", "03", "EC:secp384r1");
    expect_refused(token.config(R"("device_key": "large")"), JF_UNAUTHENTICATED, "the key of the token, /device_key");
}

TEST(Pkcs11, RefusesALibraryThatIsNone)
{
    expect_refused(R"({"module": "/nowhere.so", "token": "t", "pin_file": "/p"})", JF_BAD_CONFIG, "/module",
                   "/nowhere.so");
}

TEST(Pkcs11, AWrongConfigurationIsNamedByItsPlace)
{
    const std::string good = R"("module": "m", "token": "t", "pin_file": "p")";
    for (const auto& [config, place] : {std::pair<std::string, const char*>{"{}", "/module"},
                                        {R"({"module": "m", "pin_file": "p"})", "/token"},
                                        {R"({"module": "m", "token": "t", "pin_file": 7})", "/pin_file"},
                                        {"{" + good + R"(, "account_key": "x", "device_key": "x"})", "/device_key"},
                                        {"{" + good + R"(, "certificate_days": 0})", "/certificate_days"}}) {
        try {
            const TokenIdentity alice(config);
            ADD_FAILURE() << config;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).find(place), 0U) << failure.what();
        }
    }
}

} // namespace
} // namespace pkcs11_test
