// The folder of private keys: made once, private, whole; refused, never overwritten, when something is wrong with it.
//
// Threads: the test's thread is control; the test of concurrent creation has one control thread per instance.
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

namespace {

using namespace jackfield;
using jackfield::testing::FakeHost;
using jackfield::testing::InstanceUnderTest;
using jackfield::testing::TemporaryFolder;

struct Loaded {
    Status status = JF_INTERNAL;
    std::string text;
    Device device;
};

std::string config_of(const std::string& store, const std::string& more = "")
{
    return R"({"store": ")" + store + "\"" + more + "}";
}

Loaded load(const std::string& config, FakeHost& host)
{
    InstanceUnderTest<jf_identity_methods> identity(host, JACKFIELD_TEST_PLUGIN_DIR, "identity-x509",
                                                    JF_IDENTITY_INTERFACE, config);
    struct End {
        bool over = false;
        Loaded loaded;
    } end;
    identity->load(identity.self(), {&end, [](void* self, Status status, const jf_error* error) {
                                         auto& into = *static_cast<End*>(self);
                                         into.over = true;
                                         into.loaded.status = status;
                                         into.loaded.text = error_text(error, "");
                                     }});
    EXPECT_TRUE(host.run_until([&] { return end.over; }));
    if (end.loaded.status == JF_OK) {
        const jf_identity raw{identity.methods(), identity.self()};
        end.loaded.device = IdentityService(&raw).self_device();
    }
    return end.loaded;
}

Loaded load(const std::string& store)
{
    FakeHost host;
    return load(config_of(store), host);
}

std::string content(const std::string& file)
{
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

void write(const std::string& file, const std::string& text)
{
    std::ofstream(file, std::ios::trunc) << text;
    ::chmod(file.c_str(), 0600);
}

unsigned mode_of(const std::string& path)
{
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777U;
}

std::size_t files_in(const std::string& folder)
{
    const std::filesystem::directory_iterator begin(folder);
    return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

class IdentityX509Store : public ::testing::Test {
protected:
    TemporaryFolder temporary;
    std::string store = temporary.path() + "/deep/alice";
    std::string account = store + "/account.pem";
    std::string device = store + "/device.pem";

    /// The store must be refused with the words, and nothing in it may change.
    void expect_refused(const std::string& words, const std::string& remedy)
    {
        const auto before = content(account) + content(device);
        const auto count = files_in(store);
        const Loaded loaded = load(store);
        EXPECT_EQ(loaded.status, JF_BAD_CONFIG);
        EXPECT_EQ(loaded.text.rfind("/store: ", 0), 0U) << loaded.text;
        EXPECT_NE(loaded.text.find(words), std::string::npos) << loaded.text;
        EXPECT_NE(loaded.text.find(remedy), std::string::npos) << loaded.text;
        EXPECT_NE(loaded.text.find("looked at"), std::string::npos) << loaded.text;
        EXPECT_EQ(content(account) + content(device), before);
        EXPECT_EQ(files_in(store), count);
    }
};

TEST_F(IdentityX509Store, IsMadePrivateAndFoundAgain)
{
    const Loaded first = load(store);
    ASSERT_EQ(first.status, JF_OK) << first.text;
    EXPECT_EQ(mode_of(store), 0700U);
    EXPECT_EQ(mode_of(account), 0600U);
    EXPECT_EQ(mode_of(device), 0600U);
    EXPECT_EQ(files_in(store), 2U);
    const Loaded second = load(store);
    EXPECT_EQ(second.device, first.device);
    EXPECT_EQ(second.device.chain_pem, first.device.chain_pem);
}

TEST_F(IdentityX509Store, KeepsTheKeysItHasWhenTheConfigurationAsksForAnotherKind)
{
    const Loaded first = load(store);
    FakeHost host;
    EXPECT_EQ(load(config_of(store, R"(, "key": "rsa-2048")"), host).device, first.device);
}

TEST_F(IdentityX509Store, RefusesAKeyThatOthersMayRead)
{
    load(store);
    ::chmod(account.c_str(), 0640);
    expect_refused("other users may use this private key (mode 0640)", "chmod 600");
    ::chmod(account.c_str(), 0600);
    ::chmod(device.c_str(), 0604);
    expect_refused("other users may use this private key (mode 0604)", "chmod 600");
}

TEST_F(IdentityX509Store, RefusesAFolderThatOthersMayEnter)
{
    load(store);
    ::chmod(store.c_str(), 0755);
    expect_refused("other users may enter the folder of the private keys (mode 0755)", "chmod 700");
}

TEST_F(IdentityX509Store, MakesAnEmptyFolderPrivate)
{
    std::filesystem::create_directories(store);
    ::chmod(store.c_str(), 0755);
    EXPECT_EQ(load(store).status, JF_OK);
    EXPECT_EQ(mode_of(store), 0700U);
}

TEST_F(IdentityX509Store, RefusesAKeyFileThatIsALink)
{
    load(store);
    std::filesystem::rename(account, temporary.path() + "/elsewhere.pem");
    std::filesystem::create_symlink(temporary.path() + "/elsewhere.pem", account);
    EXPECT_EQ(load(store).status, JF_BAD_CONFIG);
}

TEST_F(IdentityX509Store, RefusesFilesCutAtAnyPlace)
{
    load(store);
    for (const auto& file : {account, device}) {
        const std::string whole = content(file);
        for (std::size_t size = 0; size + 2 < whole.size(); size += 97) {
            write(file, whole.substr(0, size));
            expect_refused(file == account ? "account.pem is" : "device.pem is", "backup");
        }
        write(file, whole);
    }
    EXPECT_EQ(load(store).status, JF_OK);
}

TEST_F(IdentityX509Store, GoesOnAsADeviceWhenTheAccountsKeyWasTakenAway)
{
    const Loaded first = load(store);
    std::filesystem::remove(account);
    const Loaded second = load(store);
    ASSERT_EQ(second.status, JF_OK) << second.text;
    EXPECT_EQ(second.device, first.device);
    EXPECT_FALSE(std::filesystem::exists(account)) << "no other account takes its place";
}

TEST_F(IdentityX509Store, RefusesFilesOfTwoAccountsTogether)
{
    load(store);
    TemporaryFolder other;
    load(other.path());
    std::filesystem::copy_file(other.path() + "/account.pem", account,
                               std::filesystem::copy_options::overwrite_existing);
    expect_refused("device.pem belongs to another account", "backup");
}

TEST_F(IdentityX509Store, GetsADeviceWhenThereIsOnlyAnAccount)
{
    const Loaded first = load(store);
    std::filesystem::remove(device);
    const Loaded second = load(store);
    ASSERT_EQ(second.status, JF_OK) << second.text;
    EXPECT_EQ(second.device.account_id, first.device.account_id);
    EXPECT_NE(second.device.device_id, first.device.device_id);
}

TEST_F(IdentityX509Store, IgnoresWhatACrashBeforeTheRenameLeftAndDeletesItLater)
{
    std::filesystem::create_directories(store);
    ::chmod(store.c_str(), 0700);
    const std::string leftover = store + "/account.pem.tmp-1-2";
    write(leftover, "-----BEGIN PRIVATE KEY-----\nMIGH");
    const Loaded first = load(store);
    ASSERT_EQ(first.status, JF_OK) << first.text;
    EXPECT_TRUE(std::filesystem::exists(leftover)); // another process may be writing it just now
    std::filesystem::last_write_time(leftover, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
    EXPECT_EQ(load(store).device, first.device);
    EXPECT_FALSE(std::filesystem::exists(leftover));
}

TEST_F(IdentityX509Store, IsTheSameForAllWhoMakeItAtOnce)
{
    std::filesystem::create_directories(temporary.path() + "/deep");
    std::vector<Loaded> found(8);
    std::vector<std::thread> threads;
    for (auto& one : found)
        threads.emplace_back([&one, this] { one = load(store); });
    for (auto& thread : threads)
        thread.join();
    for (const auto& one : found) {
        EXPECT_EQ(one.status, JF_OK) << one.text;
        EXPECT_EQ(one.device, found.front().device);
        EXPECT_EQ(one.device.chain_pem, found.front().device.chain_pem);
    }
    EXPECT_EQ(files_in(store), 2U);
}

TEST_F(IdentityX509Store, RenewsCertificatesThatAreAboutToExpireAndKeepsTheIds)
{
    const std::string config = config_of(store, R"(, "certificate_days": 30)");
    constexpr std::int64_t kDay = 24 * 60 * 60 * 1000LL;
    const auto load_at = [&](std::int64_t day) {
        FakeHost host(jackfield::testing::Clock::manual);
        host.set_wall_ms(1'700'000'000'000 + day * kDay);
        return load(config, host);
    };
    const Loaded first = load_at(0);
    ASSERT_EQ(first.status, JF_OK) << first.text;
    EXPECT_EQ(load_at(15).device.chain_pem, first.device.chain_pem);
    const Loaded later = load_at(25);
    EXPECT_EQ(later.device, first.device);
    EXPECT_NE(later.device.chain_pem, first.device.chain_pem);
    EXPECT_EQ(load_at(26).device.chain_pem, later.device.chain_pem);
    EXPECT_EQ(mode_of(account), 0600U);
    EXPECT_EQ(load_at(400).device, first.device); // long expired: new certificates for the same keys
}

TEST_F(IdentityX509Store, RefusesAWrongConfigurationByItsPlace)
{
    const auto refusal = [](const std::string& config) -> std::string {
        FakeHost host;
        try {
            InstanceUnderTest<jf_identity_methods>(host, JACKFIELD_TEST_PLUGIN_DIR, "identity-x509",
                                                   JF_IDENTITY_INTERFACE, config);
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "";
    };
    EXPECT_EQ(refusal("{}").rfind("/store: required", 0), 0U);
    EXPECT_EQ(refusal(R"({"store": "x", "key": "dsa"})").rfind("/key: \"dsa\" is not a kind of key", 0), 0U);
    EXPECT_EQ(refusal(R"({"store": "x", "certificate_days": 0})").rfind("/certificate_days: ", 0), 0U);
}

} // namespace
