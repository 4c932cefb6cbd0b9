// Frames of a file: what is understood, and that nothing else is.

#include "kernel/files/file_frames.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

/// What a reader has handed up, as text: "offer:{..}", "data:3".
struct Heard {
    std::string text;
    std::size_t data_bytes = 0;
    FileFrameReader reader{{[this](std::span<const std::uint8_t> bytes) { data_bytes += bytes.size(); },
                            [this](FileFrame kind, std::string_view words) {
                                text += std::to_string(static_cast<int>(kind)) + ":" + std::string(words) + ";";
                            }}};
};

std::vector<std::uint8_t> frame(FileFrame kind, std::string_view payload)
{
    const auto header = file_frame_header(kind, payload.size());
    std::vector<std::uint8_t> bytes(header.begin(), header.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

std::vector<std::uint8_t> conversation()
{
    std::vector<std::uint8_t> all;
    for (const auto& part : {frame(FileFrame::offer, "{}"), frame(FileFrame::data, std::string(kFileDataBytes, 'x')),
                             frame(FileFrame::data, ""), frame(FileFrame::end, "e"), frame(FileFrame::done, "")})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

TEST(FileFrames, AreCutOutOfAStreamHoweverItComes)
{
    for (const std::size_t piece : {1UL, 2UL, 3UL, 5UL, 1000UL, 1000000UL}) {
        Heard heard;
        std::span<const std::uint8_t> rest;
        const auto all = conversation();
        for (rest = all; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size())))
            ASSERT_TRUE(heard.reader.feed(rest.first(std::min(piece, rest.size()))));
        EXPECT_EQ(heard.text, "1:{};5:e;6:;") << piece;
        EXPECT_EQ(heard.data_bytes, kFileDataBytes) << piece;
    }
}

TEST(FileFrames, OfAnUnknownKindOrTooLongEndTheTalk)
{
    const std::vector<std::array<std::uint8_t, 4>> broken{{0, 0, 0, 1},
                                                          {8, 0, 0, 1},
                                                          {255, 0, 0, 0},
                                                          file_frame_header(FileFrame::offer, kFileWordsBytes + 1),
                                                          file_frame_header(FileFrame::data, kFileDataBytes + 1)};
    for (const auto& header : broken) {
        Heard heard;
        EXPECT_FALSE(heard.reader.feed(header)) << int(header[0]);
        EXPECT_FALSE(heard.reader.feed(frame(FileFrame::done, ""))) << "nothing comes afterwards";
        EXPECT_EQ(heard.text, "");
    }
}

TEST(FileOffer, IsReadAsItWasWritten)
{
    const FileOffer offer{"0123456789abcdef0123456789abcdef", "Zo\xC3\xAB \"1\".txt", 123456789012};
    const auto read = read_file_offer(to_json(offer));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, offer.id);
    EXPECT_EQ(read->name, offer.name);
    EXPECT_EQ(read->size, offer.size);
}

TEST(FileOffer, OfAnotherShapeIsNone)
{
    const std::string id = R"("id":"0123456789abcdef0123456789abcdef")";
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("{"), std::string("null"), "{" + id + R"(,"version":1})",
          "{" + id + R"(,"version":2,"size":1,"name":"a"})", "{" + id + R"(,"version":1,"size":-1,"name":"a"})",
          "{" + id + R"(,"version":1,"size":1e3,"name":"a"})",
          "{" + id + R"(,"version":1,"size":9999999999999999999,"name":"a"})",
          std::string(R"({"id":"../../../../../../etc/passwd0000","version":1,"size":1,"name":"a"})"),
          std::string(R"({"id":"0123","version":1,"size":1,"name":"a"})"),
          std::string(R"({"id":7,"version":1,"size":1,"name":"a"})")})
        EXPECT_FALSE(read_file_offer(text)) << text;
}

TEST(FileAnswer, SaysWhereToGoOn)
{
    const auto read = read_file_answer(file_answer(17, false));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->offset, 17U);
    EXPECT_FALSE(read->complete);
    EXPECT_TRUE(read_file_answer(file_answer(17, true))->complete);
    EXPECT_FALSE(read_file_answer("{}"));
    EXPECT_FALSE(read_file_answer(R"({"offset":"0"})"));
}

TEST(FileEndWord, HasAHash)
{
    const std::string hash(64, 'a');
    EXPECT_EQ(read_file_end(file_end(hash)), hash);
    EXPECT_FALSE(read_file_end(R"({"sha256":"aa"})"));
    EXPECT_FALSE(read_file_end(R"({"sha256":")" + std::string(64, 'G') + "\"}"));
}

TEST(FileRefusal, BringsStatusAndWordsOverAndNoSuccess)
{
    const auto read = read_file_refusal(file_refusal({JF_EXHAUSTED, "no room"}));
    EXPECT_EQ(read.status, JF_EXHAUSTED);
    EXPECT_EQ(read.text, "the peer says: no room");
    EXPECT_EQ(read_file_refusal("nonsense").status, JF_REFUSED);
    EXPECT_EQ(read_file_refusal(R"({"status":"ok"})").status, JF_REFUSED) << "a refusal is never a success";
    EXPECT_LT(file_refusal({JF_INTERNAL, std::string(10000, 'x')}).size(), 1000U);
}

} // namespace
