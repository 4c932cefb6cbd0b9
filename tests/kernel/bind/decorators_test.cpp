// What the configuration puts upon a path: in its order, and taken down from the top.

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/decorators.hpp"
#include "tests/kernel/doubles/path_decorator.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::DecoratorStack;
using jackfield::kernel::Seam;

class Decorators : public ::testing::Test {
protected:
    explicit Decorators(int count = 2) : bench_({.decorators = count})
    {
        bench_.stage.script.udp = Play::waits;
        const jf_connectivity_options options{sizeof(options), JF_CONTROLLING, JF_DATAGRAM, 1,
                                              jackfield::to_text("media")};
        below_ = std::make_unique<jackfield::kernel::ConnectivitySession>(
            bench_.board->connectivity, options,
            jackfield::kernel::ConnectivitySession::Events{[] {}, [](const std::string&) {}});
        bench_.stage.get<ConnectivityDouble::Session>("media").up();
        bob_.device_id = "bob-1";
    }
    DecoratorStack stack(Seam seam) { return {*bench_.board, below_->path(1), {seam, bob_, true, 3}}; }
    PathDecoratorDouble::Session& decorator(std::size_t n)
    {
        return bench_.stage.get<PathDecoratorDouble::Session>("decorator media 3", n);
    }

    Bench bench_;
    jackfield::kernel::Device bob_;
    std::unique_ptr<jackfield::kernel::ConnectivitySession> below_;
};

struct NoDecorators : Decorators {
    NoDecorators() : Decorators(0) {}
};

TEST_F(NoDecorators, LeaveThePathAsItIs)
{
    EXPECT_EQ(stack(Seam::kMedia).path().self, below_->path(1).self);
}

TEST_F(Decorators, StandUponEachOtherInTheOrderOfTheConfiguration)
{
    const DecoratorStack both = stack(Seam::kMedia);
    Actor user("user");
    PathDouble::use(jackfield::Path(both.path()), user);
    EXPECT_TRUE(user.stands_on(decorator(1)));
    EXPECT_TRUE(decorator(1).stands_on(decorator(0)));
    EXPECT_TRUE(decorator(0).stands_on(bench_.stage.get<ConnectivityDouble::Session>("media")));
}

TEST_F(Decorators, AreToldWhereTheyStand)
{
    const DecoratorStack both = stack(Seam::kMedia);
    EXPECT_TRUE(decorator(0).initiator);
    EXPECT_EQ(decorator(0).peer, "bob-1");
}

TEST_F(Decorators, LeaveNothingBehindWhenOneOfThemRefuses)
{
    bench_.stage.script.decorate = 2;
    bench_.stage.script.status = JF_UNSUPPORTED;
    try {
        const DecoratorStack both = stack(Seam::kMedia);
        ADD_FAILURE() << "it was taken";
    } catch (const jackfield::kernel::Failure& failure) {
        EXPECT_EQ(failure.error().status, JF_UNSUPPORTED);
        EXPECT_NE(failure.error().text.find(kScripted), std::string::npos);
    }
    EXPECT_EQ(bench_.stage.count("decorator media 3"), 0U);
}

} // namespace
