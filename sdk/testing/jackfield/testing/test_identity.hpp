// A real identity for tests of other plugins: the built identity-x509 with a store that goes away again, or another
// plugin of that slot.
//
// Threads: construct and destroy on the test's thread; the service may be asked on any thread.
// Lifetime: must outlive every instance whose host it was provided to. The test lists identity-x509 under PLUGINS.
#pragma once

#include <jackfield/identity.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <cstdlib>
#include <filesystem>

namespace jackfield::testing {

/// A folder in the temporary folder, private to us, deleted at the end.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-test-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr)
            throw Failure(JF_INTERNAL, "no temporary folder " + pattern);
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder()
    {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

class TestIdentity {
public:
    /// key: "ec-p256" or "rsa-2048". plugin: one that takes this option; only identity-x509 is given a store. Without
    /// one: identity-x509, or identity-memory where that was not built.
    explicit TestIdentity(const std::string& key = "ec-p256", const std::string& folder = JACKFIELD_TEST_PLUGIN_DIR,
                          const std::string& plugin = "")
        : TestIdentity(nullptr, key, folder, plugin.empty() ? one_of(folder) : plugin)
    {}

    /// One more device of the same account.
    static std::unique_ptr<TestIdentity> sibling(const TestIdentity& of)
    {
        return std::unique_ptr<TestIdentity>(new TestIdentity(&of, "ec-p256", of.plugin_folder_, "identity-x509"));
    }

    TestIdentity(const TestIdentity&) = delete;
    TestIdentity& operator=(const TestIdentity&) = delete;

    /// For FakeHost::provide(JF_IDENTITY_INTERFACE, ...).
    const jf_identity* raw() const { return &raw_; }
    void provide_to(FakeHost& host) const { host.provide(JF_IDENTITY_INTERFACE, &raw_); }

    IdentityService service() const { return IdentityService(&raw_); }
    Device device() const { return service().self_device(); }

    /// The host of the identity itself, for example to turn its wall clock.
    FakeHost& host() { return host_; }

private:
    TestIdentity(const TestIdentity* account_of, const std::string& key, const std::string& plugin_folder,
                 const std::string& plugin)
        : plugin_folder_(plugin_folder),
          account_(copy_account(account_of)),
          instance_(host_, plugin_folder, plugin, JF_IDENTITY_INTERFACE,
                    "{" + (plugin == "identity-x509" ? "\"store\": \"" + store_.path() + "\", " : "") + "\"key\": \"" +
                        key + "\"}"),
          raw_{instance_.methods(), instance_.self()}
    {
        struct End {
            bool over = false;
            jf_error error = no_error();
        } end;
        instance_->load(instance_.self(), {&end, [](void* self, Status status, const jf_error* error) {
                                               static_cast<End*>(self)->over = true;
                                               static_cast<End*>(self)->error =
                                                   make_error(status, error_text(error, ""));
                                           }});
        if (!host_.run_until([&] { return end.over; }, std::chrono::seconds(60)))
            throw Failure(JF_TIMEOUT, "the test identity did not load");
        check(end.error.status, end.error);
    }

    static std::string one_of(const std::string& folder)
    {
        return std::filesystem::exists(folder + "/identity-x509.so") ? "identity-x509" : "identity-memory";
    }

    bool copy_account(const TestIdentity* account_of) const
    {
        if (account_of != nullptr)
            std::filesystem::copy_file(account_of->store_.path() + "/account.pem", store_.path() + "/account.pem");
        return account_of != nullptr;
    }

    std::string plugin_folder_;
    TemporaryFolder store_;
    bool account_; // it came from a sibling; initialised between the store and the instance that reads it
    FakeHost host_;
    InstanceUnderTest<jf_identity_methods> instance_;
    jf_identity raw_;
};

} // namespace jackfield::testing
