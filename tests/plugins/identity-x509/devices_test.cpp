// Devices that join an account without its key, and devices that are revoked: over the boundary, with the openssl tool
// as the other reader of what we write.
//
// Threads: the test's thread is control.
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

namespace {

using namespace jackfield;
using jackfield::testing::FakeHost;
using jackfield::testing::InstanceUnderTest;
using jackfield::testing::TemporaryFolder;

/// An identity with a store of its own, which stays when the instance goes.
class Machine {
public:
    explicit Machine(const std::string& more = "") : more_(more) { start(); }

    void start()
    {
        instance_.reset();
        host_ = std::make_unique<FakeHost>();
        instance_ = std::make_unique<InstanceUnderTest<jf_identity_methods>>(
            *host_, JACKFIELD_TEST_PLUGIN_DIR, "identity-x509", JF_IDENTITY_INTERFACE,
            R"({"store": ")" + store() + "\"" + more_ + "}");
        raw_ = {(*instance_).methods(), (*instance_).self()};
    }

    /// The status of load, and its words.
    std::pair<Status, std::string> load()
    {
        struct End {
            bool over = false;
            std::pair<Status, std::string> result;
        } end;
        raw_.methods->load(raw_.self, {&end, [](void* self, Status status, const jf_error* error) {
                                           static_cast<End*>(self)->over = true;
                                           static_cast<End*>(self)->result = {status, error_text(error, "")};
                                       }});
        EXPECT_TRUE(host_->run_until([&] { return end.over; }, std::chrono::seconds(60)));
        return end.result;
    }

    std::pair<Status, std::string> request(std::string& pem)
    {
        jf_error error = no_error();
        const Status status = raw_.methods->request_device(raw_.self, append_to(pem), &error);
        return {status, error.text};
    }
    std::string request()
    {
        std::string pem;
        EXPECT_EQ(request(pem).first, JF_OK);
        return pem;
    }
    std::pair<Status, std::string> issue(const std::string& request_pem, Device& made)
    {
        jf_error error = no_error();
        const auto take = [](void* context, const jf_device* device) {
            *static_cast<Device*>(context) = Device(*device);
        };
        const Status status = raw_.methods->issue_device(raw_.self, to_text(request_pem), take, &made, &error);
        return {status, error.text};
    }
    Device issue(const std::string& request_pem)
    {
        Device made;
        const auto result = issue(request_pem, made);
        EXPECT_EQ(result.first, JF_OK) << result.second;
        return made;
    }
    std::pair<Status, std::string> join(const std::string& chain)
    {
        jf_error error = no_error();
        const Status status = raw_.methods->join_account(raw_.self, to_text(chain), &error);
        return {status, error.text};
    }
    std::pair<Status, std::string> revoke(const std::string& device)
    {
        jf_error error = no_error();
        const Status status = raw_.methods->revoke_device(raw_.self, to_text(device), &error);
        return {status, error.text};
    }
    std::string described()
    {
        std::string json;
        jf_error error = no_error();
        EXPECT_EQ(raw_.methods->describe_account(raw_.self, append_to(json), &error), JF_OK) << error.text;
        return json;
    }

    Status accepts(const Device& device)
    {
        try {
            service().verify_chain(device.chain_pem, device);
            return JF_OK;
        } catch (const Failure& failure) {
            return failure.status();
        }
    }

    IdentityService service() const { return IdentityService(&raw_); }
    Device device() const { return service().self_device(); }
    std::string store() const { return folder_.path() + "/store"; }
    std::vector<std::string> log() const { return host_->log_lines(); }

private:
    TemporaryFolder folder_;
    std::string more_;
    std::unique_ptr<FakeHost> host_;
    std::unique_ptr<InstanceUnderTest<jf_identity_methods>> instance_;
    jf_identity raw_{};
};

/// Exit code and output of a shell command.
std::pair<int, std::string> shell(const std::string& command)
{
    std::string out;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> piece{};
    for (std::size_t size = 0; (size = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
        out.append(piece.data(), size);
    return {::pclose(pipe), out};
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

class AccountDevices : public ::testing::Test {
protected:
    AccountDevices() { EXPECT_EQ(desk.load().first, JF_OK); }

    /// A device that has joined desk's account.
    std::unique_ptr<Machine> join()
    {
        auto machine = std::make_unique<Machine>();
        EXPECT_EQ(machine->join(desk.issue(machine->request()).chain_pem).first, JF_OK);
        EXPECT_EQ(machine->load().first, JF_OK);
        return machine;
    }

    Machine desk; // has the account's key
};

TEST_F(AccountDevices, JoinWithoutTheAccountsKey)
{
    const auto phone = join();
    EXPECT_EQ(phone->device().account_id, desk.device().account_id);
    EXPECT_NE(phone->device().device_id, desk.device().device_id);
    EXPECT_FALSE(std::filesystem::exists(phone->store() + "/account.pem"));
    EXPECT_FALSE(std::filesystem::exists(phone->store() + "/request.pem")) << "its key is in device.pem now";
    EXPECT_EQ(desk.accepts(phone->device()), JF_OK);
    EXPECT_TRUE(contains(desk.described(), phone->device().device_id));
    EXPECT_TRUE(contains(desk.described(), R"("account_key": true)"));
    EXPECT_TRUE(contains(phone->described(), R"("account_key": false)"));
    phone->start();
    EXPECT_EQ(phone->load().first, JF_OK) << "and it stays";
}

TEST_F(AccountDevices, WithoutTheKeyNeitherAddNorRevokeNorSignForTheAccount)
{
    const auto phone = join();
    Machine other;
    Device made;
    EXPECT_EQ(phone->issue(other.request(), made).first, JF_UNSUPPORTED);
    EXPECT_EQ(phone->revoke(desk.device().device_id).first, JF_UNSUPPORTED);
    EXPECT_THROW(phone->service().sign(JF_KEY_ACCOUNT, Bytes(4)), Failure);
    EXPECT_EQ(phone->service().sign(JF_KEY_DEVICE, Bytes(4)).empty(), false);
}

TEST_F(AccountDevices, ARequestIsTheSameUntilItIsAnsweredAndReadByOpenSsl)
{
    Machine phone;
    const auto request = phone.request();
    std::ofstream(phone.store() + "/request.txt") << request;
    const auto [code, out] = shell("openssl req -in " + phone.store() + "/request.txt -noout -verify -subject");
    EXPECT_EQ(code, 0) << out;
    const Device first = desk.issue(request);
    EXPECT_TRUE(contains(out, first.device_id)) << out;
    phone.start();
    EXPECT_EQ(desk.issue(phone.request()).device_id, first.device_id);
}

TEST_F(AccountDevices, ARequestThatWaitsKeepsANewAccountFromBeingMade)
{
    Machine phone;
    phone.request();
    const auto [status, text] = phone.load();
    EXPECT_EQ(status, JF_BAD_CONFIG);
    EXPECT_TRUE(contains(text, "id join")) << text;
    EXPECT_TRUE(contains(text, "looked at")) << text;
    EXPECT_FALSE(std::filesystem::exists(phone.store() + "/account.pem"));
}

TEST_F(AccountDevices, NothingTakesThePlaceOfAnAccountThatIsThere)
{
    Machine other;
    EXPECT_EQ(other.load().first, JF_OK);
    std::string pem;
    EXPECT_EQ(other.request(pem).first, JF_BUSY);
    Machine phone;
    const auto chain = desk.issue(phone.request()).chain_pem;
    EXPECT_EQ(other.join(chain).first, JF_BUSY);
    const auto joined = join();
    EXPECT_EQ(joined->join(other.device().chain_pem).first, JF_BUSY) << "a device of another account";
}

TEST_F(AccountDevices, AChainForAnotherKeyIsRefused)
{
    Machine phone;
    Machine tablet;
    phone.request();
    const auto chain = desk.issue(tablet.request()).chain_pem;
    EXPECT_EQ(phone.join(chain).first, JF_UNAUTHENTICATED);
    EXPECT_FALSE(std::filesystem::exists(phone.store() + "/device.pem"));
    Machine empty;
    EXPECT_EQ(empty.join(chain).first, JF_NOT_FOUND);
    EXPECT_EQ(tablet.join("words").first, JF_BAD_INPUT);
    EXPECT_EQ(tablet.join(chain).first, JF_OK) << "what was refused has done no harm";
}

TEST_F(AccountDevices, ARequestMustBeSignedByItsOwnKey)
{
    Machine phone;
    auto request = phone.request();
    Device made;
    EXPECT_EQ(desk.issue("words", made).first, JF_BAD_INPUT);
    EXPECT_EQ(desk.issue(std::string(20'000, 'x'), made).first, JF_BAD_INPUT);
    // The signature is the end of the text: another letter there leaves a request that can be read.
    const auto at = request.rfind("\n-----END") - 12;
    request[at] = request[at] == 'A' ? 'B' : 'A';
    const auto [status, text] = desk.issue(request, made);
    EXPECT_TRUE(status == JF_UNAUTHENTICATED || status == JF_BAD_INPUT) << status << text;
    EXPECT_TRUE(made.chain_pem.empty());
}

TEST_F(AccountDevices, ADeviceAsksForANewCertificateWithTheKeyItHas)
{
    const auto phone = join();
    const auto before = phone->device();
    const auto again = desk.issue(phone->request());
    EXPECT_EQ(again.device_id, before.device_id);
    EXPECT_EQ(phone->join(again.chain_pem).first, JF_OK);
    phone->start();
    EXPECT_EQ(phone->load().first, JF_OK);
    EXPECT_EQ(phone->device(), before);
    EXPECT_NE(phone->device().chain_pem, before.chain_pem);
}

TEST_F(AccountDevices, ARevokedDeviceIsRefusedByWhoeverHasTheList)
{
    const auto phone = join();
    const auto tablet = join();
    Machine bob;
    ASSERT_EQ(bob.load().first, JF_OK);
    const Device lost = phone->device();
    EXPECT_EQ(bob.accepts(lost), JF_OK);
    ASSERT_EQ(desk.revoke(lost.device_id).first, JF_OK);
    EXPECT_EQ(desk.accepts(lost), JF_UNAUTHENTICATED);
    EXPECT_EQ(bob.accepts(lost), JF_OK) << "he has not heard of it";
    const auto list = desk.service().revocations();
    ASSERT_FALSE(list.empty());
    EXPECT_TRUE(bob.service().take_revocations(tablet->device().chain_pem, list));
    EXPECT_FALSE(bob.service().take_revocations(tablet->device().chain_pem, list)) << "no news any more";
    EXPECT_EQ(bob.accepts(lost), JF_UNAUTHENTICATED);
    EXPECT_EQ(bob.accepts(tablet->device()), JF_OK);
    EXPECT_EQ(bob.service().revocations(lost.account_id), list) << "and he can pass it on";
    bob.start();
    ASSERT_EQ(bob.load().first, JF_OK);
    EXPECT_EQ(bob.accepts(lost), JF_UNAUTHENTICATED) << "also after he was started anew";
}

TEST_F(AccountDevices, ARevokedDeviceStaysRevokedWithANewCertificate)
{
    const auto phone = join();
    const auto request = phone->request();
    const auto second = desk.issue(request); // of the same key, with a number that the list will not have
    const auto third = desk.issue(request);
    ASSERT_EQ(desk.revoke(phone->device().device_id).first, JF_OK);
    EXPECT_EQ(desk.accepts(second), JF_UNAUTHENTICATED);
    EXPECT_EQ(desk.accepts(third), JF_UNAUTHENTICATED);
    Device made;
    EXPECT_EQ(desk.issue(request, made).first, JF_REFUSED) << "its key is out for ever";
}

TEST_F(AccountDevices, AStaleListReplacesNoNewerOne)
{
    const auto phone = join();
    const auto tablet = join();
    desk.revoke(phone->device().device_id);
    const auto first = desk.service().revocations();
    desk.revoke(tablet->device().device_id);
    const auto second = desk.service().revocations();
    Machine bob;
    ASSERT_EQ(bob.load().first, JF_OK);
    EXPECT_TRUE(bob.service().take_revocations(desk.device().chain_pem, second));
    EXPECT_FALSE(bob.service().take_revocations(desk.device().chain_pem, first));
    EXPECT_EQ(bob.accepts(tablet->device()), JF_UNAUTHENTICATED);
    EXPECT_EQ(bob.service().revocations(desk.device().account_id), second);
}

TEST_F(AccountDevices, AListOfSomebodyElseIsRefused)
{
    const auto phone = join();
    Machine mallory;
    ASSERT_EQ(mallory.load().first, JF_OK);
    Machine helper;
    const auto helped = mallory.issue(helper.request());
    mallory.revoke(helped.device_id);
    const auto forged = mallory.service().revocations();
    Machine bob;
    ASSERT_EQ(bob.load().first, JF_OK);
    const auto taken = [&](const std::string& chain, const Bytes& list) {
        try {
            bob.service().take_revocations(chain, list);
            return JF_OK;
        } catch (const Failure& failure) {
            return failure.status();
        }
    };
    EXPECT_EQ(taken(phone->device().chain_pem, forged), JF_UNAUTHENTICATED);
    EXPECT_EQ(taken(phone->device().chain_pem, Bytes(100)), JF_BAD_INPUT);
    EXPECT_EQ(taken(phone->device().chain_pem, Bytes(9000)), JF_BAD_INPUT);
    desk.revoke(phone->device().device_id);
    Bytes good = desk.service().revocations();
    for (std::size_t at = 0; at < good.size(); at += 7) {
        Bytes changed = good;
        changed[at] ^= 0x01;
        EXPECT_NE(taken(desk.device().chain_pem, changed), JF_OK) << "byte " << at;
    }
    good.push_back(0);
    EXPECT_EQ(taken(desk.device().chain_pem, good), JF_BAD_INPUT);
}

TEST_F(AccountDevices, AnotherProcessOfTheStoreSeesARevocationAtOnce)
{
    const auto phone = join();
    FakeHost host;
    InstanceUnderTest<jf_identity_methods> listener(host, JACKFIELD_TEST_PLUGIN_DIR, "identity-x509",
                                                    JF_IDENTITY_INTERFACE, R"({"store": ")" + desk.store() + "\"}");
    bool loaded = false;
    listener->load(listener.self(),
                   {&loaded, [](void* self, Status, const jf_error*) { *static_cast<bool*>(self) = true; }});
    ASSERT_TRUE(host.run_until([&] { return loaded; }));
    const jf_identity raw{listener.methods(), listener.self()};
    EXPECT_TRUE(IdentityService(&raw).revocations().empty());
    desk.revoke(phone->device().device_id);
    EXPECT_EQ(IdentityService(&raw).revocations(), desk.service().revocations());
    EXPECT_THROW(IdentityService(&raw).verify_chain(phone->device().chain_pem, Device()), Failure);
}

TEST_F(AccountDevices, TheListIsACrlThatOpenSslVerifies)
{
    const auto phone = join();
    desk.revoke(phone->device().device_id);
    const auto file = desk.store() + "/revoked/" + desk.device().account_id + ".pem";
    const auto [code, out] =
        shell("openssl crl -in " + file + " -CAfile " + desk.store() + "/account.pem -noout -text -verify");
    EXPECT_EQ(code, 0) << out;
    EXPECT_TRUE(contains(out, "verify OK")) << out;
    EXPECT_TRUE(contains(out, "X509v3 CRL Number")) << out;
    std::ofstream(desk.store() + "/phone.pem") << phone->device().chain_pem;
    std::ofstream(desk.store() + "/desk.pem") << desk.device().chain_pem;
    const auto check = "openssl verify -crl_check -CAfile " + desk.store() + "/account.pem -CRLfile " + file + " ";
    const auto [refused, why] = shell(check + desk.store() + "/phone.pem");
    EXPECT_NE(refused, 0);
    EXPECT_TRUE(contains(why, "certificate revoked")) << why;
    EXPECT_EQ(shell(check + desk.store() + "/desk.pem").first, 0) << "this device is none of them";
}

TEST_F(AccountDevices, OnlyWhatWasAddedCanBeRevokedAndNotOneself)
{
    EXPECT_EQ(desk.revoke(desk.device().device_id).first, JF_REFUSED);
    const auto [status, text] = desk.revoke(std::string(64, 'a'));
    EXPECT_EQ(status, JF_NOT_FOUND);
    EXPECT_TRUE(contains(text, "jackfield id")) << text;
    EXPECT_TRUE(desk.service().revocations().empty());
}

TEST_F(AccountDevices, ARevokedDeviceHearsItOnce)
{
    const auto phone = join();
    desk.revoke(phone->device().device_id);
    phone->service().take_revocations(desk.device().chain_pem, desk.service().revocations());
    const auto told = [](const std::string& line) { return contains(line, "was revoked by its account"); };
    const auto lines = phone->log();
    EXPECT_EQ(std::ranges::count_if(lines, told), 1);
}

TEST_F(AccountDevices, SixtyFourCanBeAddedAndListed)
{
    std::vector<std::string> ids;
    for (int i = 0; i < 64; ++i) {
        Machine phone;
        ids.push_back(desk.issue(phone.request()).device_id);
    }
    Machine more;
    Device made;
    EXPECT_EQ(desk.issue(more.request(), made).first, JF_EXHAUSTED);
    for (const auto& id : ids)
        ASSERT_EQ(desk.revoke(id).first, JF_OK) << id;
    EXPECT_LE(desk.service().revocations().size(), 8192U);
    Machine bob;
    ASSERT_EQ(bob.load().first, JF_OK);
    EXPECT_TRUE(bob.service().take_revocations(desk.device().chain_pem, desk.service().revocations()));
}

TEST_F(AccountDevices, AListThatIsDamagedOnTheDiskIsSaidAndNotUsed)
{
    const auto phone = join();
    Machine bob;
    ASSERT_EQ(bob.load().first, JF_OK);
    std::filesystem::create_directory(bob.store() + "/revoked");
    ::chmod((bob.store() + "/revoked").c_str(), 0700);
    const auto file = bob.store() + "/revoked/" + desk.device().account_id + ".pem";
    std::ofstream(file) << "words";
    ::chmod(file.c_str(), 0600);
    bob.start();
    EXPECT_EQ(bob.load().first, JF_OK);
    const auto lines = bob.log();
    EXPECT_TRUE(std::ranges::any_of(lines, [](const auto& line) { return contains(line, "cannot be used"); }));
}

} // namespace
