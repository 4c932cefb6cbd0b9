// The rules of the contract; sdk/CONTRACT.md is printed from here, and a test holds the file to that.
//
// Threads: any. Lifetime: constants.
#include "lists.hpp"
#include "run.hpp"

#include <array>

namespace jackfield::conformance {

namespace {

/// Under a heading each: what the number begins with, and what it is about.
constexpr std::pair<std::string_view, std::string_view> kChapters[] = {
    {"JF-GEN", "Every plugin"},      {"JF-PATH", "Paths, whoever yields them"},
    {"JF-DEC", "path_decorator/1"},  {"JF-ID", "identity/1"},
    {"JF-DISC", "discovery/1"},      {"JF-CONN", "connectivity/1"},
    {"JF-SEC", "secure_channel/1"},  {"JF-REL", "reliable_stream/1"},
    {"JF-MUX", "multiplexer/1"},     {"JF-SIG", "signaling/1"},
    {"JF-RTP", "media_transport/1"}, {"JF-CC", "congestion_control/1"},
    {"JF-COD", "codec/1"},           {"JF-SRC", "media_source/1"},
    {"JF-SNK", "media_sink/1"},      {"JF-STG", "audio_stage/1"},
    {"JF-DIA", "diagnosis/1"},
};

constexpr Rule kRules[] = {
#include "rules.inc"
};

constexpr std::string_view kHead = R"(# The contract

What a plugin promises beyond the shape of its tables. Each rule has a number that never changes meaning, says what holds,
why, and what to do when a test says that it does not hold. The tests are `sdk/conformance`; every rule has at least one, and
`tests/conformance` has for every rule a plugin with that very bug, which its test catches.

    jackfield check FILE.so

runs them. This page is printed by `jackfield-conformance --contract`; the rules stand in `sdk/conformance/rules.inc`.
)";

} // namespace

std::vector<Rule> rules()
{
    return {std::begin(kRules), std::end(kRules)};
}

const Rule* find_rule(std::string_view number)
{
    for (const Rule& rule : kRules) {
        if (rule.number == number)
            return &rule;
    }
    throw Failure(JF_INTERNAL, "a test names the rule " + std::string(number) + ", which is not in the contract");
}

std::string contract()
{
    std::string page(kHead);
    for (const auto& [prefix, title] : kChapters) {
        std::string chapter;
        for (const Rule& rule : kRules) {
            if (rule.number.substr(0, rule.number.rfind('-')) == prefix)
                chapter += "\n**" + std::string(rule.number) + "** " + std::string(rule.must) +
                           "\nWhy: " + std::string(rule.why) + "\nDo: " + std::string(rule.fix) + "\n";
        }
        if (!chapter.empty())
            page += "\n## " + std::string(title) + "\n" + chapter;
    }
    return page;
}

std::vector<Test> all_tests()
{
    TestList list;
    add_general_tests(list);
    add_binary_tests(list);
    add_identity_tests(list);
    add_discovery_tests(list);
    add_connectivity_tests(list);
    add_decorator_tests(list);
    add_secure_channel_tests(list);
    add_reliable_stream_tests(list);
    add_multiplexer_tests(list);
    add_signaling_tests(list);
    add_transport_tests(list);
    add_rate_tests(list);
    add_codec_tests(list);
    add_source_tests(list);
    add_sink_tests(list);
    add_audio_stage_tests(list);
    add_diagnosis_tests(list);
    return list;
}

std::string status_name(Status status)
{
    static constexpr std::array names{"JF_OK",        "JF_CANCELLED",   "JF_NOT_FOUND",       "JF_TIMEOUT",
                                      "JF_REFUSED",   "JF_UNREACHABLE", "JF_UNAUTHENTICATED", "JF_BAD_CONFIG",
                                      "JF_BAD_INPUT", "JF_BUSY",        "JF_WOULD_BLOCK",     "JF_UNSUPPORTED",
                                      "JF_EXHAUSTED", "JF_CLOSED",      "JF_INTERNAL"};
    return status <= 0 && status >= JF_INTERNAL ? names[static_cast<std::size_t>(-status)]
                                                : "status " + std::to_string(status);
}

void require_status(Status got, Status expected, const std::string& what, const jf_error* error)
{
    if (got == expected)
        return;
    const std::string words = error_text(error, "");
    throw Broken(what + " gives " + status_name(got) + ", not " + status_name(expected) +
                 (words.empty() ? "" : ": " + words));
}

} // namespace jackfield::conformance
