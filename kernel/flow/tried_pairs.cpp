// Pairs that were tried, in words. See tried_pairs.hpp.

#include "kernel/flow/tried_pairs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = 128 * 1024; // of one session's word
constexpr std::size_t kMostOfAWord = 96;

/// From the most telling to the least.
constexpr std::array<std::string_view, 10> kResults{"selected", "works",    "answered",   "heard",     "connected",
                                                    "refused",  "no route", "not formed", "no answer", "not chosen"};

std::size_t rank_of(const Json& row)
{
    const auto result = row.value("result", "");
    return static_cast<std::size_t>(std::ranges::find(kResults, result) - kResults.begin());
}

/// A pair of which nothing is known says the least, and one that was dropped.
std::size_t order_of(const Json& row)
{
    const bool dropped = row.value("result", "") == "not formed" && row.contains("local") && row.contains("remote");
    return dropped ? kResults.size() : rank_of(row);
}

/// The row with what it may have and nothing else; null if it is none.
Json checked(const Json& said)
{
    Json row;
    if (!said.is_object())
        return row;
    for (const char* word : {"transport", "local", "local_type", "seen_as", "remote", "remote_type", "result", "why"}) {
        const auto found = said.find(word);
        if (found != said.end() && found->is_string())
            row[word] = found->get_ref<const std::string&>().substr(0, kMostOfAWord);
    }
    const bool whole = row.contains("transport") && row.contains("result") && rank_of(row) < kResults.size() &&
                       (row.contains("local") || row.contains("remote"));
    if (!whole)
        return {};
    if (const auto component = said.find("component"); component != said.end() && component->is_number_unsigned())
        row["component"] = *component;
    return row;
}

bool is(const Json& row, std::string_view result)
{
    return row.value("result", "") == result;
}

bool any(const Json& rows, std::string_view result)
{
    return std::ranges::any_of(rows, [&](const Json& row) { return is(row, result); });
}

bool any_relay(const Json& rows, const char* whose)
{
    return std::ranges::any_of(rows, [&](const Json& row) { return row.value(whose, "") == "relay"; });
}

std::string first_remote(const Json& rows, std::string_view result)
{
    const auto found = std::ranges::find_if(rows, [&](const Json& row) { return is(row, result); });
    return found->value("remote", "an address of its");
}

/// Not one pair: there was nothing to check.
std::string advice_without_pairs(const Json& rows)
{
    const bool families =
        std::ranges::any_of(rows, [](const Json& row) { return row.value("why", "") == "no common address family"; });
    if (families)
        return "one end has IPv4 alone and the other IPv6 alone: give either of them a relay (\"turn\" of its "
               "connectivity plugin) that is reached from there and has an address of the other kind";
    return "no candidate of one end fits one of the other: compare /slots/connectivity and \"control_policy\" of both "
           "configurations";
}

/// They were checked, and no answer came.
std::string advice_without_answers(const Json& rows)
{
    const bool ours = any_relay(rows, "local_type");
    const bool theirs = any_relay(rows, "remote_type");
    if (ours && theirs)
        return "both ends have relays, and nothing comes through them: ask whoever runs these whether the one may send "
               "to the other (coturn: denied-peer-ip, a firewall between them), or let both ends use the same";
    if (ours)
        return "the peer's network does not let it send to our relay: give the peer a relay of its own (\"turn\" of "
               "its connectivity plugin), over TCP, or over TLS on port 443 if only the web is let out there";
    if (theirs)
        return "our network does not let us send to the peer's relay: give this end a relay of its own (\"turn\" of "
               "the connectivity plugin), over TCP, or over TLS on port 443 if only the web is let out here";
    return "both ends know each other's addresses, no packet gets through, and neither has a relay: give at least one "
           "end a relay (\"turn\" of its connectivity plugin), over TLS on port 443 if its network lets only the web "
           "out";
}

} // namespace

void add_tried(Json& rows, std::string_view said)
{
    if (!rows.is_array())
        rows = Json::array();
    if (said.size() > kMostBytes)
        return;
    const auto document = Json::parse(said, nullptr, false);
    if (!document.is_object() || !document.contains("pairs") || !document["pairs"].is_array())
        return;
    for (const auto& one : document["pairs"]) {
        if (auto row = checked(one); !row.is_null())
            rows.push_back(std::move(row));
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Json& one, const Json& other) { return order_of(one) < order_of(other); });
    if (rows.size() > kMostTriedPairs)
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(kMostTriedPairs), rows.end());
}

std::string tried_in_words(const Json& rows)
{
    std::array<std::size_t, kResults.size()> counts{};
    std::set<std::string> reasons;
    std::size_t pairs = 0;
    std::size_t lonely = 0;
    for (const auto& row : rows) {
        if (is(row, "not formed")) {
            ++lonely;
            reasons.insert(row.value("why", "nothing fits"));
        } else {
            ++pairs;
            ++counts[rank_of(row)];
        }
    }
    if (pairs + lonely == 0)
        return {};
    std::string text = fmt::format("tried {} pair{} of candidates", pairs, pairs == 1 ? "" : "s");
    const char* before = ": ";
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0)
            text += fmt::format("{}{} {}", std::exchange(before, ", "), counts[i], kResults[i]);
    }
    if (lonely != 0)
        text += fmt::format("; {} candidate{} had no partner ({})", lonely, lonely == 1 ? "" : "s", *reasons.begin());
    return text;
}

std::string advice_of_tried(const Json& rows)
{
    if (!rows.is_array() || rows.empty())
        return {};
    const bool formed = std::ranges::any_of(rows, [](const Json& row) { return !is(row, "not formed"); });
    if (!formed)
        return advice_without_pairs(rows);
    if (any(rows, "heard"))
        return fmt::format("the peer's checks arrive here, from {}, and what we send does not arrive there: look for a "
                           "firewall that lets in and not out, at this end first; a relay (\"turn\") at either end is "
                           "a way around it",
                           first_remote(rows, "heard"));
    if (any(rows, "connected"))
        return fmt::format("TCP to {} connects, and no check is answered over it: something answers in the peer's "
                           "place (a proxy, a port that is forwarded to another program): correct that, or give one "
                           "end a relay (\"turn\")",
                           first_remote(rows, "connected"));
    if (std::ranges::all_of(rows, [](const Json& row) { return is(row, "no route") || is(row, "not formed"); }))
        return "this machine has no route to any address of the peer: look at its default gateway, and whether a VPN "
               "or a firewall on it takes the route away";
    return advice_without_answers(rows);
}

} // namespace jackfield::kernel
