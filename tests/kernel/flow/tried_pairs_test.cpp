// What was tried, in words: counts, and what to change. And what a plugin says is bounded, whatever it says.

#include "kernel/flow/tried_pairs.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;
using Json = nlohmann::json;

/// A pair of two ends, "host" or "relay" each; "" for none.
Json row(const std::string& local, const std::string& remote, const std::string& result, const std::string& why = "")
{
    Json one{{"component", 1}, {"transport", "udp"}, {"result", result}};
    if (!local.empty())
        one.update(Json{{"local", "192.0.2.1:1"}, {"local_type", local}});
    if (!remote.empty())
        one.update(Json{{"remote", "192.0.2.2:2"}, {"remote_type", remote}});
    if (!why.empty())
        one["why"] = why;
    return one;
}

Json rows(std::vector<Json> said)
{
    Json all;
    add_tried(all, Json{{"pairs", std::move(said)}}.dump());
    return all;
}

bool advises(const Json& all, const char* words)
{
    return advice_of_tried(all).find(words) != std::string::npos;
}

TEST(TriedPairsInWords, CountResultsAndCandidatesWithoutAPartner)
{
    EXPECT_EQ(tried_in_words(rows({row("host", "host", "no answer"), row("host", "relay", "no answer"),
                                   row("relay", "host", "refused"), row("host", "", "not formed", "no TCP")})),
              "tried 3 pairs of candidates: 1 refused, 2 no answer; 1 candidate had no partner (no TCP)");
    EXPECT_EQ(tried_in_words(rows({row("host", "host", "selected")})), "tried 1 pair of candidates: 1 selected");
    EXPECT_EQ(tried_in_words(Json::array()), "");
}

TEST(TriedPairsInWords, SayWhatToChange)
{
    EXPECT_EQ(advice_of_tried(Json::array()), "") << "nothing is known";
    const auto silent = [](const char* local, const char* remote) { return row(local, remote, "no answer"); };
    EXPECT_TRUE(advises(rows({silent("host", "host")}), "neither has a relay"));
    EXPECT_TRUE(advises(rows({silent("host", "host"), silent("relay", "host")}), "give the peer a relay of its own"));
    EXPECT_TRUE(advises(rows({silent("host", "relay")}), "give this end a relay of its own"));
    EXPECT_TRUE(advises(rows({silent("relay", "relay")}), "both ends have relays"));
    EXPECT_TRUE(advises(rows({row("host", "", "not formed", "no common address family")}), "IPv6 alone"));
    EXPECT_TRUE(advises(rows({row("host", "", "not formed", "no TCP")}), "control_policy"));
    EXPECT_TRUE(advises(rows({row("host", "host", "no route"), row("host", "", "not formed", "x")}), "no route"));
    EXPECT_TRUE(advises(rows({silent("host", "host"), row("host", "host", "heard")}), "arrive here, from 192.0.2.2:2"));
    EXPECT_TRUE(advises(rows({silent("host", "host"), row("host", "host", "connected")}), "TCP to 192.0.2.2:2"));
}

TEST(TriedPairsInWords, BeginWithWhatSaysMoreAndEndWithWhatWasDropped)
{
    auto all = rows({row("host", "host", "not formed", "too many"), row("host", "host", "no answer")});
    add_tried(all, Json{{"pairs", {row("relay", "host", "selected"), row("host", "", "not formed", "x")}}}.dump());
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0]["result"], "selected");
    EXPECT_EQ(all[1]["why"], "x");
    EXPECT_EQ(all[2]["result"], "no answer");
    EXPECT_EQ(all[3]["why"], "too many");
}

TEST(TriedPairsInWords, AreBoundedWhateverAPluginSays)
{
    auto odd = row("host", "host", "no answer");
    odd["transport"] = std::string(5000, 'x');
    odd["component"] = "one";
    odd["secret"] = "kept out";
    const auto all = rows({odd, Json(3), row("", "", "no answer"), row("host", "host", "perhaps")});
    ASSERT_EQ(all.size(), 1U) << all;
    EXPECT_EQ(all[0]["transport"].get<std::string>().size(), 96U);
    EXPECT_FALSE(all[0].contains("component"));
    EXPECT_FALSE(all[0].contains("secret"));
    EXPECT_EQ(rows(std::vector<Json>(500, row("host", "host", "no answer"))).size(), kMostTriedPairs);
    Json none;
    for (const char* bad : {"", "[]", "{", R"({"pairs": 3})"})
        add_tried(none, bad);
    add_tried(none, R"({"pairs": [)" + std::string(200 * 1024, ' ') + "]}");
    EXPECT_EQ(none, Json::array());
}

} // namespace
