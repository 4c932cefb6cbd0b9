// jackfield.identity/1: keys that prove an account and its device.
//
// Threads: the test's; the last test asks on several. Lifetime: instances are the Bench's.
#include "lists.hpp"
#include "path_tests.hpp"
#include "random_calls.hpp"

#include <jackfield/testing/discovery_record.hpp>

#include <barrier>
#include <thread>

namespace jackfield::conformance {

namespace identities {
namespace {

/// An identity under test, loaded or not.
struct Who {
    Who(Bench& bench, int end) : life(bench.make(JF_IDENTITY_INTERFACE, end)), raw{methods(), life.self()} {}
    Who(const Who&) = delete;
    Who& operator=(const Who&) = delete;

    const jf_identity_methods* methods() const { return &life.methods<jf_identity_methods>(); }
    IdentityService service() const { return IdentityService(&raw); }
    Device device() const { return service().self_device(); }
    void load(Bench& bench)
    {
        methods()->load(life.self(), loaded.done());
        require(bench.until([&] { return loaded.calls > 0; }), "load does not end");
        require(loaded.status == JF_OK, "load gives " + status_name(loaded.status) + ": " + loaded.text);
    }

    Life& life;
    jf_identity raw;
    testing::DoneRecord loaded;
};

template <class Action>
Status status_of(Action&& action)
{
    try {
        action();
        return JF_OK;
    } catch (const Failure& failure) {
        return failure.status();
    } catch (const Broken&) {
        return JF_INTERNAL;
    }
}

template <class Action>
void require_failure(Status expected, const std::string& what, Action&& action)
{
    require_status(status_of(std::forward<Action>(action)), expected, what);
}

void waits_for_load(Bench& bench)
{
    Who who(bench, 0);
    require_failure(JF_WOULD_BLOCK, "self_device before load", [&] { who.device(); });
    require_failure(JF_WOULD_BLOCK, "sign before load", [&] { who.service().sign(JF_KEY_DEVICE, {}); });
    who.load(bench);
    const Device device = who.device();
    require(!device.account_id.empty() && !device.device_id.empty() && !device.chain_pem.empty(),
            "after load the device lacks its ids or its chain");
}

void load_is_posted(Bench& bench)
{
    Who who(bench, 0);
    who.methods()->load(who.life.self(), who.loaded.done());
    require(who.loaded.calls == 0, "load ended inside its own call");
    require(bench.until([&] { return who.loaded.calls > 0; }), "load does not end");
}

void load_ends_once(Bench& bench)
{
    Who who(bench, 0);
    who.load(bench);
    bench.run_pending();
    who.device();
    bench.run_pending();
    require(who.loaded.calls == 1, "load ended " + std::to_string(who.loaded.calls) + " times");
}

void destroy_is_silent(Bench& bench)
{
    Who who(bench, 0);
    who.methods()->load(who.life.self(), who.loaded.done());
    who.life.destroy();
    require(who.loaded.calls == 0, "the end of load came out of destroy");
}

void signatures_are_checked(Bench& bench)
{
    Who alice(bench, 0);
    Who bob(bench, 1);
    alice.load(bench);
    bob.load(bench);
    const std::string chain = alice.device().chain_pem;
    const Bytes words = pattern(100, 1);
    const Bytes others = pattern(100, 2);
    for (const std::uint32_t key : {JF_KEY_DEVICE, JF_KEY_ACCOUNT}) {
        const Bytes signature = alice.service().sign(key, words);
        require_failure(JF_OK, "verify of a good signature",
                        [&] { bob.service().verify(chain, key, words, signature); });
        require_failure(JF_UNAUTHENTICATED, "verify of other data",
                        [&] { bob.service().verify(chain, key, others, signature); });
        require_failure(JF_UNAUTHENTICATED, "verify as the other key",
                        [&] { bob.service().verify(chain, JF_KEY_DEVICE + JF_KEY_ACCOUNT - key, words, signature); });
        require_failure(JF_UNAUTHENTICATED, "verify as somebody else",
                        [&] { bob.service().verify(bob.device().chain_pem, key, words, signature); });
    }
}

void chains_are_checked(Bench& bench)
{
    Who alice(bench, 0);
    Who bob(bench, 1);
    alice.load(bench);
    bob.load(bench);
    const Device us = alice.device();
    const Device other = bob.device();
    require(bob.service().verify_chain(us.chain_pem, us) == us, "verify_chain names another device than the chain's");
    require(bob.service().verify_chain(us.chain_pem, Device()) == us, "with nobody expected another device is named");
    require_failure(JF_UNAUTHENTICATED, "verify_chain of another account",
                    [&] { bob.service().verify_chain(us.chain_pem, Device(other.account_id, "")); });
    require_failure(JF_UNAUTHENTICATED, "verify_chain of another device",
                    [&] { bob.service().verify_chain(us.chain_pem, Device(us.account_id, other.device_id)); });
    require(status_of([&] { bob.service().verify_chain("no chain", Device()); }) != JF_OK, "words pass for a chain");
}

void seals_for_one(Bench& bench)
{
    Who alice(bench, 0);
    Who bob(bench, 1);
    alice.load(bench);
    bob.load(bench);
    const Bytes secret = pattern(1000, 5);
    const Bytes sealed = alice.service().seal(bob.device().chain_pem, secret);
    require(std::search(sealed.begin(), sealed.end(), secret.begin(), secret.begin() + 16) == sealed.end(),
            "the plain bytes stand in the sealed ones");
    require(bob.service().open(sealed) == secret, "open gives other bytes than were sealed");
    require_failure(JF_UNAUTHENTICATED, "open by somebody else", [&] { alice.service().open(sealed); });
    for (std::size_t at = 0; at < sealed.size(); at += 1 + sealed.size() / 40) {
        Bytes changed = sealed;
        changed[at] ^= 0x40;
        require_failure(JF_UNAUTHENTICATED, "open of a box with byte " + std::to_string(at) + " changed",
                        [&] { bob.service().open(changed); });
    }
}

void refuses_nonsense(Bench& bench)
{
    Who who(bench, 0);
    who.load(bench);
    require_failure(JF_BAD_INPUT, "sign with a key that is none", [&] { who.service().sign(3, {}); });
    require_failure(JF_UNSUPPORTED, "sign_digest in a scheme that is none",
                    [&] { who.service().sign_digest(9, JF_DIGEST_SHA256, Bytes(32)); });
    require_failure(JF_BAD_INPUT, "verify_chain of a megabyte",
                    [&] { who.service().verify_chain(std::string(1 << 20, 'a'), Device()); });
}

void serves_several_threads(Bench& bench)
{
    Who who(bench, 0);
    who.load(bench);
    const std::string chain = who.device().chain_pem;
    std::atomic<int> wrong{0};
    std::barrier<> together(4);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            const Bytes plain = pattern(100, i);
            for (int round = 0; round < 20; ++round) {
                const Bytes sealed = who.service().seal(chain, plain);
                together.arrive_and_wait();
                wrong += status_of([&] { require(who.service().open(sealed) == plain, ""); }) == JF_OK ? 0 : 1;
                together.arrive_and_wait();
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    require(wrong == 0, "asked by four threads at once, " + std::to_string(wrong) + " answers of 80 were wrong");
}

class AskScene final : public Scene {
public:
    AskScene(Bench& bench, Chance& chance) : who_(bench, 0)
    {
        const auto noise = [&chance] { return pattern(upto(chance, 300), static_cast<unsigned>(chance())); };
        moves = {{"load",
                  [this] {
                      if (!std::exchange(asked_, true))
                          who_.methods()->load(who_.life.self(), who_.loaded.done());
                  }},
                 {"self_device", [this] { who_.device(); }},
                 {"sign", [this, noise,
                           &chance] { who_.service().sign(static_cast<std::uint32_t>(upto(chance, 3)), noise()); }},
                 {"verify", [this, noise] { who_.service().verify("no chain", JF_KEY_DEVICE, noise(), noise()); }},
                 {"verify_chain", [this] { who_.service().verify_chain(who_.device().chain_pem, Device()); }},
                 {"seal", [this, noise] { who_.service().seal(who_.device().chain_pem, noise()); }},
                 {"open", [this, noise] { who_.service().open(noise()); }}};
    }

private:
    Who who_;
    bool asked_ = false;
};

} // namespace
} // namespace identities

void add_identity_tests(TestList& list)
{
    using namespace identities;
    const std::string id = JF_IDENTITY_INTERFACE;
    list.push_back({"JF-ID-01", id, "An identity answers once it is loaded", waits_for_load});
    list.push_back({"JF-GEN-06", id, "The end of load is posted", load_is_posted});
    list.push_back({"JF-GEN-07", id, "load ends once", load_ends_once});
    list.push_back({"JF-GEN-08", id, "An identity that is destroyed while it loads says nothing", destroy_is_silent});
    list.push_back(
        {"JF-ID-02", id, "A signature is good for its data, its key and its signer", signatures_are_checked});
    list.push_back({"JF-ID-03", id, "A chain proves its own device and account", chains_are_checked});
    list.push_back({"JF-ID-04", id, "What is sealed for a device only that device opens", seals_for_one});
    list.push_back({"JF-ID-05", id, "An identity refuses nonsense", refuses_nonsense});
    list.push_back({"JF-ID-06", id, "An identity serves several threads", serves_several_threads});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<AskScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
