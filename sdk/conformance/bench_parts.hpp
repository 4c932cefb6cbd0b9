// What stands behind a Bench.
//
// Lifetime: instances go first, then identities, then what runs beside the test.
#pragma once

#include "kit.hpp"

#include <jackfield/testing/fake_identity.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace jackfield::conformance {

using Json = nlohmann::json;

/// Throws Broken if there is none.
const jf_factory& find_in(const jf_entry& entry, std::string_view interface_id);

/// A program that runs as long as the test, and what it said of itself.
class Beside {
public:
    /// Waits for the line that matches; what its group holds is `told`.
    Beside(const std::vector<std::string>& command, const std::string& ready);
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    ~Beside();

    const std::string& told() const { return told_; }

private:
    int pid_ = -1;
    std::string told_;
};

struct Bench::Parts {
    explicit Parts(const Request& request);
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    ~Parts();

    const jf_entry* library = nullptr; ///< once it was asked for
    std::optional<Json> manifest;
    Json environment = Json::object();
    std::string folder; ///< private, deleted at the end
    std::map<std::string, std::string> values;
    std::unique_ptr<Beside> beside;
    std::unique_ptr<testing::FakeHost> paper_host;
    std::map<int, std::unique_ptr<testing::FakeIdentity>> paper;
    std::map<int, std::unique_ptr<Life>> real;
    std::map<int, jf_identity> raw;
    std::vector<std::unique_ptr<Life>> lives;
};

} // namespace jackfield::conformance
