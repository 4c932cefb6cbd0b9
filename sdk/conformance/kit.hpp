// The kit: what one test of the one list is, what it is run against, and how it says what it found.
//
// Threads:  a test runs alone in a process of its own, on one thread, which is the control thread of every instance.
// Lifetime: a Bench lives as long as its test; instances go in the reverse order in which they were made.
#pragma once

#include <jackfield/abi/entry.h>
#include <jackfield/basic.hpp>
#include <jackfield/testing/fake_host.hpp>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::conformance {

/// One rule of sdk/CONTRACT.md.
struct Rule {
    std::string_view number;
    std::string_view must; ///< what holds
    std::string_view why;
    std::string_view fix; ///< what to do when it does not
};

std::vector<Rule> rules();
const Rule* find_rule(std::string_view number);

class Bench;

/// One test. It passes if `run` returns, and breaks its rule if `run` throws anything but Skipped.
struct Test {
    std::string rule;
    std::string interface_id; ///< empty: for every plugin
    std::string name;         ///< a sentence, without the dot
    std::function<void(Bench&)> run;
    std::string declared = {}; ///< what the manifest must say true for it to be asked; empty: nothing
};

/// The one list, in the order of the contract.
std::vector<Test> all_tests();

/// Thrown by a test: the rule does not hold; the text is what was seen.
class Broken : public std::runtime_error {
public:
    /// rule: the one that does not hold, if it is another than that of the test.
    explicit Broken(const std::string& seen, std::string_view rule = {}) : std::runtime_error(seen), rule_(rule) {}
    const std::string& rule() const { return rule_; }

private:
    std::string rule_;
};

/// Thrown by a test that cannot say anything about this plugin; the text is why.
class Skipped : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& seen)
{
    if (!holds)
        throw Broken(seen);
}
inline void skip_if(bool pointless, const std::string& why)
{
    if (pointless)
        throw Skipped(why);
}

/// "JF_BUSY" for -9.
std::string status_name(Status status);

/// Throws Broken unless they are the same. what: "the second open".
void require_status(Status got, Status expected, const std::string& what, const jf_error* error = nullptr);

/// What is being done, for whoever finds out that it crashes or does not return. Empty: nothing that has a name.
void doing(const std::string& what);

/// Rung by whatever a test may wait for: posts, timers, ears.
class Bell {
public:
    static void ring();
    static void wait(std::chrono::nanoseconds at_most);
};

/// What is under test, and what it needs around it; see README.md for the file.
struct Request {
    std::string plugin;                       ///< the .so
    std::string peer;                         ///< another one of the same interface for the other end; empty: the same
    std::string config;                       ///< JSON text; empty: from the environment, else {}
    std::string environment;                  ///< a file; empty: none
    std::string identity;                     ///< an identity plugin with real keys for those who need one; empty: none
    std::string identity_config = "{}";       ///< of that one
    std::chrono::milliseconds patience{8000}; ///< how long what must come is waited for
    std::uint32_t seed = 1;                   ///< of the calls by chance
};

/// One instance and its host, as the kernel keeps them: the gate is closed before destroy, and from then on every use
/// of the host is noted.
class Life {
public:
    /// under_test: what it asks its host for is watched (service_watch.hpp).
    Life(const jf_factory& factory, testing::Clock clock,
         const std::vector<std::pair<std::string, const void*>>& services, const std::string& config, bool under_test);
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life();

    /// What the kernel does; once. The host stays, to see who still calls it.
    void destroy();

    template <class Methods>
    const Methods& methods() const
    {
        return *static_cast<const Methods*>(factory_.methods);
    }
    void* self() const { return self_; }
    testing::FakeHost& host() { return host_; }
    bool host_used_late() const { return used_late_; }

private:
    static Life& of(void* self) { return *static_cast<Life*>(self); }
    static testing::FakeHost& called(void* self);

    const jf_factory& factory_;
    testing::FakeHost host_;
    jf_host raw_{};
    void* self_ = nullptr;
    bool under_test_;
    bool alive_ = false;
    std::atomic<bool> dead_{false};
    std::atomic<bool> used_late_{false};
};

/// What a test works with.
class Bench {
public:
    explicit Bench(Request request);
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench();

    const jf_entry& entry() const;
    const jf_factory& factory(std::string_view interface_id) const;
    /// The manifest beside the library. Throws Broken if there is none.
    const nlohmann::json& manifest() const;
    /// The schema of the configuration beside the library; an empty object if there is none.
    nlohmann::json schema() const;
    /// Whether the manifest says true under a key. False if there is no manifest.
    bool declares(const char* key) const;
    /// Throws Broken if an instance asked its host for a service that the manifest does not name. Nothing without one.
    void require_named_services() const;
    /// What the environment says under a key, a text with its ${names} replaced.
    std::string surroundings(const char* key, const std::string& otherwise) const;
    /// Configurations that the plugin refuses, as the environment lists them.
    std::vector<std::string> refused_configs() const;

    /// Which end it is: 0 is the first, with which the second may have to be told where the first is.
    Life& make(std::string_view interface_id, int end = 0);
    Life& make_with(std::string_view interface_id, const std::string& config, int end = 0);
    /// What the environment says for that end. special: a key that is taken instead, if the environment has it.
    std::string config(int end, const char* special = "config") const;

    /// A value that the configuration of later instances may name as ${name}.
    void name_value(const std::string& name, const std::string& value);
    /// Text of the environment with its ${names} replaced.
    std::string filled(const std::string& text, int end = 0) const;

    /// For instances made from now on.
    void use_clock(testing::Clock clock) { clock_ = clock; }
    /// An identity for each end: real if one was given, else one of paper. Null after `without_identity`.
    void without_identity() { identities_wanted_ = false; }
    const void* identity(int end);
    bool has_real_identity() const { return !request_.identity.empty(); }
    const Request& request() const { return request_; }

    /// Runs every host until it holds. False if it does not within the limit, or as long as our patience is.
    bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::minutes(1));
    /// Destroys all instances, the youngest first.
    void end_lives();
    /// How many instances there are, and how many timers run in all their hosts.
    std::size_t lives() const;
    std::size_t timers() const;
    /// Runs what is queued now in every host.
    void run_pending();
    /// Manual clocks: time passes for all.
    void pass(std::chrono::nanoseconds time);

private:
    struct Parts;
    void set_variables() const;

    Request request_;
    std::unique_ptr<Parts> parts_;
    testing::Clock clock_ = testing::Clock::real;
    bool identities_wanted_ = true;
};

/// A member of a JSON object as JSON text: "/ice/candidates". Empty if there is none, or no JSON.
std::string json_part(const std::string& text, const char* pointer);

/// The entry of a library, and what the loader says if there is none. Libraries are never unloaded.
const jf_entry& load(const std::string& file);

} // namespace jackfield::conformance
