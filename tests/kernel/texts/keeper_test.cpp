// The thread that works with the store.

#include "kernel/texts/keeper.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

class KeeperTest : public ::testing::Test {
protected:
    jackfield::test::TemporaryFolder folder_;
    const TextSettings settings_{folder_.path() / "texts.sqlite"};
    ControlThread control_;
};

TEST_F(KeeperTest, WorksInOrderElsewhereAndReportsOnControl)
{
    std::vector<std::thread::id> worked;
    std::vector<int> reported;
    {
        Keeper keeper(control_, settings_);
        for (int i = 0; i < 20; ++i)
            keeper.run<int>(
                [&, i](TextStore& store) {
                    worked.push_back(std::this_thread::get_id());
                    store.keep_ours({std::to_string(i), "bob", true, "hello", 0});
                    return i;
                },
                [&](std::expected<int, Error> result) { reported.push_back(*result); });
    } // all of it is done by now
    ASSERT_EQ(worked.size(), 20U);
    EXPECT_NE(worked.front(), std::this_thread::get_id());
    EXPECT_TRUE(reported.empty());
    control_.context().poll();
    ASSERT_EQ(reported.size(), 20U);
    EXPECT_TRUE(std::ranges::is_sorted(reported));
    EXPECT_EQ(TextStore(settings_).ours_after("bob", 0, 100).size(), 20U);
}

TEST_F(KeeperTest, ReportsWhatWentWrong)
{
    Keeper keeper(control_, settings_, true);
    Error problem{JF_OK, ""};
    keeper.run<bool>([](TextStore&) -> bool { throw Failure(JF_EXHAUSTED, "full"); },
                     [&](const std::expected<bool, Error>& result) { problem = result.error(); });
    EXPECT_EQ(problem.status, JF_OK) << "not inside of run";
    control_.context().poll();
    EXPECT_EQ(problem.status, JF_EXHAUSTED);
    EXPECT_EQ(problem.text, "full");
}

TEST_F(KeeperTest, CannotBeMadeWithoutAStore)
{
    EXPECT_THROW(Keeper(control_, {folder_.path()}), Failure);
}

} // namespace
