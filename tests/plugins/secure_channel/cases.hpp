// The one list of what is tested: every plugin that encrypts with itself and with every other of its protocol, on both
// kinds of path; and, where it is only about a path that comes out of another, the one that does not.
//
// Without JACKFIELD_SLOW_TESTS each only with itself: mixed ones are two thirds of the time.
// Threads: any.
#pragma once

#include "pair.hpp"

#include "tests/plugins/plugin_list.hpp"

#include <gtest/gtest.h>

namespace secure_test {

/// Those that encrypt, and those that do not, as far as their folders have not been deleted.
inline std::vector<std::string> plugins(bool encrypting = true)
{
    auto ids = jackfield::test::listed(JACKFIELD_SECURE_CHANNELS);
    std::erase_if(ids, [&](const std::string& id) { return encrypting == (id == "secure-none"); });
    return ids;
}

inline std::vector<Case> all_cases()
{
    std::vector<Case> cases;
    for (const auto& client : plugins()) {
        for (const auto& server : plugins()) {
            if (client != server && (!JACKFIELD_MIXED_CASES || !speaks_tls(client) || !speaks_tls(server)))
                continue;
            for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM}) {
                if (kind == JF_DATAGRAM || !speaks_quic(client))
                    cases.push_back({client, server, kind});
            }
        }
    }
    return cases;
}

/// Where it is about something that only TLS has.
inline std::vector<Case> only_tls(std::vector<Case> cases = all_cases())
{
    std::erase_if(cases, [](const Case& each) { return !speaks_tls(each.client); });
    return cases;
}

/// Where it is about lengths that QUIC does not leave to its users.
inline std::vector<Case> not_quic(std::vector<Case> cases)
{
    std::erase_if(cases, [](const Case& each) { return speaks_quic(each.client); });
    return cases;
}

/// Also secure-none with itself: what holds for a channel that encrypts nothing, too.
inline std::vector<Case> clear_too()
{
    std::vector<Case> cases = all_cases();
    for (const auto& id : plugins(false)) {
        for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM})
            cases.push_back({id, id, kind});
    }
    return cases;
}

inline std::vector<Case> cases_on(std::uint32_t kind, std::vector<Case> cases = all_cases())
{
    std::erase_if(cases, [&](const Case& each) { return each.kind != kind; });
    return cases;
}

inline std::string case_name(const ::testing::TestParamInfo<Case>& info)
{
    return name_of(info.param);
}

} // namespace secure_test
