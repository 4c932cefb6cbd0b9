// The messages as the schema has them, and what is refused with a place.
#include <shared/rendezvous/wire.hpp>

#include "tests/schema_check/schema_check.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using jackfield::test::satisfies;

std::string problem(const std::string& message)
{
    const auto read = read_request(message);
    const auto* malformed = std::get_if<Malformed>(&read);
    return malformed == nullptr ? "" : malformed->text;
}

TEST(RendezvousWire, SaysWhereARequestIsWrong)
{
    const auto starts = [](const std::string& text, const std::string& head) {
        return text.substr(0, head.size()) == head;
    };
    EXPECT_TRUE(starts(problem("hello"), "the message is no JSON object")) << problem("hello");
    EXPECT_TRUE(starts(problem(R"({"op":"get","key":"k"})"), "/id: ")) << problem(R"({"op":"get","key":"k"})");
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"delete","key":"k"})"), "/op: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"get","key":"a b"})"), "/key: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"get","key":")" + std::string(201, 'k') + "\"}"), "/key: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"put","key":"k","value":"","ttl":1})"), "/value: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"put","key":"k","value":"AAA","ttl":1})"), "/value: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"put","key":"k","value":"AAAA","ttl":0})"), "/ttl: "));
    EXPECT_TRUE(starts(problem(R"({"id":1,"op":"put","key":"k","value":"AAAA","ttl":1,"slot":"a b"})"), "/slot: "));
    EXPECT_EQ(problem(R"({"id":1,"op":"put","key":"k","value":"AAAA","ttl":1,"later":"more"})"), "")
        << "what a later version adds is passed over";
}

TEST(RendezvousWire, KeepsTheIdOfARequestThatIsWrongElsewhere)
{
    const auto read = read_request(R"({"id":77,"op":"delete"})");
    EXPECT_EQ(std::get<Malformed>(read).id, 77U);
}

TEST(RendezvousWire, IsWhatTheSchemaSays)
{
    const std::string schema = JACKFIELD_SOURCE_DIR "/tools/rendezvous/messages.schema.json";
    for (const auto& message :
         {write(Request{Op::put, 7, "callto:0123", {1, 2, 3, 4}, 60, "secret"}), write(Request{Op::get, 8, "0123"}),
          write(Request{Op::listen, 9, "0123"}), write(Request{Op::unlisten, 10, "0123"}), write(Reply{7, Code::ok}),
          write(Reply{7, Code::too_many_requests, "slower", 500}), write(Value{8, {}, {9, 9}}),
          write(Value{std::nullopt, "callto:0123", {9}})})
        EXPECT_TRUE(satisfies(nlohmann::json::parse(message), schema)) << message;
    EXPECT_FALSE(satisfies({{"op", "delete"}, {"id", 1}, {"key", "k"}}, schema));
    EXPECT_FALSE(satisfies({{"status", 200}}, schema));
}

} // namespace
