// We are device alice-1 of the account that the script names when it is made; nothing is signed or sealed.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/identity.hpp>

namespace jackfield::doubles {

class IdentityDouble : public Identity, public Actor {
public:
    IdentityDouble(Host host, std::string_view) : Identity(host), Actor("identity") {}

    void load(Completion done) override
    {
        const auto& script = Stage::current().script;
        if (script.load == Play::happens)
            done.succeed();
        else if (script.load == Play::fails)
            done.fail(script.status, kScripted);
        else
            waiting_.push_back(std::move(done));
    }
    jf_device self_device() const override { return self_.raw(); }
    Bytes sign(std::uint32_t, ByteView) override { return {}; }
    void verify(std::string_view, std::uint32_t, ByteView, ByteView) override {}
    Device verify_chain(std::string_view, const Device& expected) override
    {
        if (std::ranges::count(Stage::current().script.revoked, expected.device_id) != 0)
            throw Failure(JF_UNAUTHENTICATED, "the device was revoked");
        return expected;
    }
    Bytes seal(std::string_view, ByteView plain) override { return {plain.begin(), plain.end()}; }
    Bytes open(ByteView sealed) override { return {sealed.begin(), sealed.end()}; }
    Bytes sign_digest(std::uint32_t, std::uint32_t, ByteView) override { return {}; }

private:
    Device self_{Stage::current().script.account, "alice-1", "chain of alice-1"};
    std::vector<Completion> waiting_;
};

} // namespace jackfield::doubles
