// The datagrams, and what is none.
#include "wire.hpp"

#include <gtest/gtest.h>

namespace discovery_lan {
namespace {

TEST(LanWire, ReadsWhatItWrote)
{
    for (const auto& [kind, port] :
         {std::pair{Kind::ask, 0}, std::pair{Kind::have, 40001}, std::pair{Kind::changed, 1}}) {
        const auto read_back = read(write({kind, static_cast<std::uint16_t>(port), "callto:0123"}));
        ASSERT_TRUE(read_back.has_value());
        EXPECT_EQ(read_back->kind, kind);
        EXPECT_EQ(read_back->port, port);
        EXPECT_EQ(read_back->key, "callto:0123");
    }
    EXPECT_EQ(write({Kind::ask, 0, std::string(kLargestKey_bytes, 'k')}).size(), kLargestDatagram_bytes);
}

TEST(LanWire, RefusesWhatIsNotExactlyOneOfOurs)
{
    const auto good = write({Kind::have, 40001, "key"});
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(read(jackfield::ByteView(good).first(size))) << size;
    auto longer = good;
    longer.push_back('x');
    EXPECT_FALSE(read(longer));
    for (const auto& [at, byte] : {std::pair{0, 'X'}, std::pair{4, '\2'}, std::pair{5, '\0'}, std::pair{5, '\4'}}) {
        auto changed = good;
        changed[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(byte);
        EXPECT_FALSE(read(changed)) << at;
    }
    EXPECT_FALSE(read(write({Kind::have, 0, "key"}))) << "an answer without a port";
    EXPECT_FALSE(read(write({Kind::ask, 7, "key"}))) << "a question with one";
    EXPECT_FALSE(read(write({Kind::ask, 0, ""})));
    EXPECT_FALSE(read(write({Kind::ask, 0, std::string(201, 'k')})));
}

} // namespace
} // namespace discovery_lan
