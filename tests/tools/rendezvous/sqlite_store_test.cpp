// The values in a file: bounded, gone in time, and there after a restart.
#include "tools/rendezvous/sqlite_store.hpp"

#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using namespace std::chrono_literals;

class SqliteBoard : public ::testing::Test {
protected:
    void open(const std::string& file = ":memory:")
    {
        store_.reset();
        store_ = std::make_unique<SqliteStore>(
            file, limits_,
            Store::Ears{[this](const std::string& key, const std::string& value) { heard_ += key + "=" + value + " "; },
                        [] {}},
            [this] { return now_ms_; });
    }
    Taken put(const std::string& key, const std::string& id, const std::string& value,
              std::chrono::milliseconds ttl = 60s)
    {
        return store_->put({key, id, value, ttl});
    }
    using Values = std::vector<std::string>;

    Limits limits_;
    std::int64_t now_ms_ = 1'000'000;
    std::string heard_;
    std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteBoard, KeepsValuesInTheirOrderUntilTheyExpire)
{
    open();
    EXPECT_EQ(put("k", "a", "first", 10s), Taken::yes);
    EXPECT_EQ(put("k", "b", std::string("se\0cond\n", 8), 20s), Taken::yes);
    EXPECT_EQ(put("other", "a", "elsewhere"), Taken::yes);
    EXPECT_EQ(store_->get("k"), (Values{"first", std::string("se\0cond\n", 8)}));
    now_ms_ += 10'000;
    EXPECT_EQ(store_->get("k"), (Values{std::string("se\0cond\n", 8)}));
    now_ms_ += 10'000;
    EXPECT_EQ(store_->get("k"), Values{});
    EXPECT_EQ(heard_, std::string("k=first k=se\0cond\n other=elsewhere ", 35));
}

TEST_F(SqliteBoard, PutsAnEntryOfTheSameIdInPlaceOfTheOldOne)
{
    limits_.bytes_per_key = 10;
    limits_.values_per_key = 1;
    open();
    EXPECT_EQ(put("k", "a", "12345678", 10s), Taken::yes);
    EXPECT_EQ(put("k", "a", "1234567890", 20s), Taken::yes) << "the old one's bytes are free again";
    now_ms_ += 15'000;
    EXPECT_EQ(store_->get("k"), (Values{"1234567890"}));
    EXPECT_EQ(store_->totals().bytes, 10U);
    EXPECT_EQ(store_->totals().keys, 1U);
    EXPECT_EQ(put("k", "a", "1"), Taken::yes);
    EXPECT_EQ(store_->totals().bytes, 1U);
}

TEST_F(SqliteBoard, RefusesWhatNoLongerFitsUnderAKeyAndLosesNothing)
{
    limits_.values_per_key = 2;
    limits_.bytes_per_key = 10;
    open();
    EXPECT_EQ(put("k", "a", "1234"), Taken::yes);
    EXPECT_EQ(put("k", "b", "1234567"), Taken::key_is_full) << "11 bytes";
    EXPECT_EQ(put("k", "b", "123456", 5s), Taken::yes);
    EXPECT_EQ(put("k", "c", "x"), Taken::key_is_full) << "three values";
    EXPECT_EQ(put("l", "a", "x"), Taken::yes) << "another key has room";
    EXPECT_EQ(store_->get("k"), (Values{"1234", "123456"}));
    now_ms_ += 5'000;
    EXPECT_EQ(put("k", "c", "x"), Taken::yes) << "what expired makes room";
}

TEST_F(SqliteBoard, RefusesWhatNoLongerFitsAtAllAndLosesNothing)
{
    limits_.keys = 2;
    limits_.total_bytes = 10;
    open();
    EXPECT_EQ(put("k", "a", "1234", 5s), Taken::yes);
    EXPECT_EQ(put("l", "a", "1234"), Taken::yes);
    EXPECT_EQ(put("m", "a", "1"), Taken::all_is_full) << "three keys";
    EXPECT_EQ(put("l", "b", "123"), Taken::all_is_full) << "11 bytes";
    EXPECT_EQ(put("l", "b", "12"), Taken::yes);
    EXPECT_EQ(store_->get("k"), (Values{"1234"}));
    now_ms_ += 5'000;
    EXPECT_EQ(put("m", "a", "1"), Taken::yes) << "what expired makes room";
    EXPECT_EQ(store_->totals().keys, 2U);
    EXPECT_EQ(store_->totals().bytes, 7U);
}

TEST_F(SqliteBoard, IsThereAfterARestart)
{
    const jackfield::test::TemporaryFolder folder;
    const std::string file = (folder.path() / "board.sqlite").string();
    limits_.keys = 1;
    open(file);
    EXPECT_EQ(put("k", "a", "value", 10s), Taken::yes);
    open(file);
    EXPECT_EQ(store_->get("k"), (Values{"value"}));
    EXPECT_EQ(store_->totals().bytes, 5U);
    EXPECT_EQ(put("l", "a", "value"), Taken::all_is_full) << "what lay there is counted";
    now_ms_ += 10'000;
    open(file);
    EXPECT_EQ(store_->totals().keys, 0U);
}

TEST_F(SqliteBoard, IsOneServersAlone)
{
    const jackfield::test::TemporaryFolder folder;
    const std::string file = (folder.path() / "board.sqlite").string();
    open(file);
    try {
        const SqliteStore second(file, limits_, {});
        FAIL() << "the second would not hear the puts of the first";
    } catch (const StoreRefused& refused) {
        const std::string text = refused.what();
        EXPECT_NE(text.find(file), std::string::npos) << text;
        EXPECT_NE(text.find("locked"), std::string::npos) << text;
        EXPECT_NE(text.find("would work"), std::string::npos) << text;
    }
}

TEST_F(SqliteBoard, RefusesAFileThatIsNone)
{
    const jackfield::test::TemporaryFolder folder;
    const std::string file = (folder.path() / "board.sqlite").string();
    std::ofstream(file)
        << "This is a letter to a friend, and surely longer than the header of a data base would have to be.";
    EXPECT_THROW(SqliteStore(file, limits_, {}), StoreRefused);
    EXPECT_THROW(SqliteStore((folder.path() / "no" / "such").string(), limits_, {}), StoreRefused);
}

} // namespace
