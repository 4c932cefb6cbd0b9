// A token of SoftHSM in a folder of its own, with keys made inside it, and an identity upon it.
//
// Threads: the test's. Lifetime: one at a time in a process, as SoftHSM has it.
#pragma once

#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace pkcs11_test {

using namespace jackfield;
using jackfield::testing::FakeHost;
using jackfield::testing::TestIdentity;

inline constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

class SoftToken {
public:
    explicit SoftToken(const std::string& type = "EC:prime256v1")
    {
        std::filesystem::create_directory(folder_.path() + "/tokens");
        std::ofstream(folder_.path() + "/softhsm.conf") << "directories.tokendir = " << folder_.path() << "/tokens\n"
                                                        << "objectstore.backend = file\nlog.level = ERROR\n";
        setenv("SOFTHSM2_CONF", (folder_.path() + "/softhsm.conf").c_str(), 1);
        run("softhsm2-util --init-token --free --label jackfield --pin 1234 --so-pin 5678");
        make_key("jackfield account", "01", type);
        make_key("jackfield device", "02", type);
        write_pin("1234");
    }

    void make_key(const std::string& label, const std::string& id, const std::string& type) const
    {
        run(std::string("pkcs11-tool --module ") + kModule +
            " --login --pin 1234 --token-label jackfield --keypairgen --key-type " + type + " --label '" + label +
            "' --id " + id + " --usage-sign " + (type[0] == 'E' ? "--usage-derive" : "--usage-decrypt"));
    }

    void write_pin(const std::string& pin) const
    {
        std::ofstream(pin_file()) << pin << "\n";
        std::filesystem::permissions(pin_file(), std::filesystem::perms(0600));
    }

    std::string pin_file() const { return folder_.path() + "/pin"; }

    /// more: further options.
    std::string config(const std::string& more = {}, const std::string& token = "jackfield") const
    {
        return std::string(R"({"module": ")") + kModule + R"(", "token": ")" + token + R"(", "pin_file": ")" +
               pin_file() + "\"" + (more.empty() ? "" : ", ") + more + "}";
    }

private:
    void run(const std::string& command) const
    {
        const std::string quiet = command + " > " + folder_.path() + "/log 2>&1";
        if (std::system(quiet.c_str()) != 0)
            throw Failure(JF_INTERNAL, "failed: " + command);
    }

    jackfield::testing::TemporaryFolder folder_;
};

/// An instance of the plugin, loaded or refused.
class TokenIdentity {
public:
    explicit TokenIdentity(const std::string& config)
        : instance_(host_, JACKFIELD_TEST_PLUGIN_DIR, "identity-pkcs11", JF_IDENTITY_INTERFACE, config),
          raw_{instance_.methods(), instance_.self()}
    {
        instance_->load(instance_.self(), {this, [](void* self, Status status, const jf_error* error) {
                                               static_cast<TokenIdentity*>(self)->loaded =
                                                   make_error(status, error_text(error, ""));
                                           }});
        host_.run_until([&] { return loaded.has_value(); }, std::chrono::seconds(30));
    }

    const jf_identity* raw() const { return &raw_; }
    IdentityService service() const { return IdentityService(&raw_); }
    Device device() const { return service().self_device(); }

    std::optional<jf_error> loaded;

private:
    FakeHost host_;
    jackfield::testing::InstanceUnderTest<jf_identity_methods> instance_;
    jf_identity raw_;
};

} // namespace pkcs11_test
