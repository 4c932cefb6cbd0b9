// A file that is to be sent, and whether it is still the same.

#include "kernel/files/file_id.hpp"
#include "kernel/files/sha256.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;

TEST(Sha256, IsThatOfFips180)
{
    Sha256 hash;
    const std::string_view abc = "abc";
    hash.update({reinterpret_cast<const std::uint8_t*>(abc.data()), abc.size()});
    EXPECT_EQ(hash.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") << "begun anew";
}

TEST(FileToSend, HasTheSameIdAgainUntilItChanges)
{
    const TemporaryFolder folder;
    const auto path = folder.write("a.txt", "one");
    const auto first = open_to_send(path);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->name, "a.txt");
    EXPECT_EQ(first->size, 3U);
    EXPECT_EQ(first->id.size(), 32U);
    EXPECT_EQ(open_to_send(path)->id, first->id);
    EXPECT_TRUE(first->unchanged());
    folder.write("a.txt", "other");
    EXPECT_FALSE(first->unchanged());
    EXPECT_NE(open_to_send(path)->id, first->id);
    EXPECT_NE(open_to_send(folder.write("b.txt", "other"))->id, open_to_send(path)->id);
}

TEST(FileToSend, IsARegularFile)
{
    const TemporaryFolder folder;
    EXPECT_EQ(open_to_send(folder.path() / "missing").error().status, JF_NOT_FOUND);
    EXPECT_EQ(open_to_send(folder.path()).error().status, JF_BAD_INPUT);
    const auto pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(open_to_send(pipe).error().status, JF_BAD_INPUT) << "and nobody waits for its other end";
}

} // namespace
