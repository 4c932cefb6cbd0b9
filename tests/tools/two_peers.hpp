// Two peers on loopback that know each other's address, for tests that need a real call and no DHT.
//
// Threads: the test's. Lifetime: the folder goes with us, unless the test failed.
#pragma once

#include "tests/tools/running_program.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::test {

class TwoPeers {
public:
    TwoPeers();
    TwoPeers(const TwoPeers&) = delete;
    TwoPeers& operator=(const TwoPeers&) = delete;
    ~TwoPeers();

    std::filesystem::path file(const std::string& name) const { return folder_ / name; }
    std::string config(const std::string& name) const { return file(name + ".json").string(); }
    const std::string& bob_account() const { return bob_account_; }

    /// Bob, who listens when this returns; alice knows where, and where carol does.
    std::unique_ptr<RunningProgram> bob_listens(const std::vector<std::string>& more, const How& how = {});

    /// Alice, who calls bob.
    std::unique_ptr<RunningProgram> alice_calls(const std::vector<std::string>& more = {}, const How& how = {});

    /// Somebody else whom bob, if he begins to listen after this, can call.
    std::unique_ptr<RunningProgram> carol_listens(const std::vector<std::string>& more, const How& how = {});
    const std::string& carol_account() const { return carol_account_; }

    /// Somebody else who calls bob.
    std::unique_ptr<RunningProgram> carol_calls(const std::vector<std::string>& more = {}, const How& how = {});

private:
    std::string account_of(const std::string& name) const;
    std::unique_ptr<RunningProgram> listens(const std::string& name, const std::vector<std::string>& more,
                                            const How& how, std::string& address) const;
    std::unique_ptr<RunningProgram> calls(const std::string& name, const std::vector<std::string>& more,
                                          const How& how) const;
    using Peers = std::vector<std::pair<std::string, std::string>>; // account and address
    void configure(const std::string& name, const Peers& peers) const;

    std::filesystem::path folder_;
    std::string bob_account_;
    std::string bob_address_;
    std::string carol_account_;
    std::string carol_address_;
};

} // namespace jackfield::test
