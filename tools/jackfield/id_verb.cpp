// jackfield id: who we are, made if there is nobody yet; and the devices of our account: asked for, added, joined,
// revoked. Opens no socket.

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace jackfield::program {

namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// What a word of the verb works with.
struct Desk {
    kernel::Node& node;
    const kernel::Config& config;
    EventFormat format;

    /// The answer: an object for scripts, or text for people.
    int say(const Json& object, const std::string& text) const
    {
        put(stdout, format == EventFormat::json ? object.dump() + "\n" : text);
        return kOk;
    }

    /// What comes next, beside an answer that is to go into a file.
    void say_next(const std::string& text) const
    {
        if (format == EventFormat::human)
            put(stderr, text);
    }
};

template <typename T>
T or_stop_at_identity(const Desk& desk, std::expected<T, kernel::Error> result)
{
    if (result) {
        if constexpr (std::is_void_v<T>)
            return;
        else
            return std::move(*result);
    }
    const auto& error = result.error();
    const auto text = fmt::format("{}: /slots/identity: {}", desk.config.name, printable(error.text));
    if (error.status == JF_BAD_INPUT || error.status == JF_NOT_FOUND)
        throw Stop(kUsage, text);
    throw Stop(error.status == JF_UNAUTHENTICATED || error.status == JF_REFUSED ? kNotTrusted : kConfiguration, text);
}

/// A file, or standard input for "-": at most 64 KiB.
std::string content_of(const std::string& name)
{
    constexpr std::size_t kMost = 64 * 1024;
    std::ifstream file;
    if (name != "-")
        file.open(name, std::ios::binary);
    std::istream& from = name == "-" ? std::cin : file;
    std::string text(kMost + 1, '\0');
    from.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(from.gcount(), 0)));
    if (!from && !from.eof())
        throw Stop(kMedia,
                   fmt::format("{}: cannot be read; a file, or - for standard input, would work", printable(name)));
    if (text.size() > kMost)
        throw Stop(kUsage,
                   fmt::format("{}: more than 64 KiB; what \"jackfield id\" prints has two or three", printable(name)));
    return text;
}

std::string as_table(const Json& account)
{
    std::string table =
        fmt::format("account {}\ndevice  {}\n", account.value("account", ""), account.value("device", ""));
    table += account.value("account_key", false)
                 ? "the account's key is here: this device can add devices and revoke them\n"
                 : "the account's key is not here: devices are added and revoked where it is\n";
    for (const auto& device : account["devices"]) {
        const auto id = device.value("device", "");
        if (id != account.value("device", "") || device.value("revoked", false))
            table += fmt::format("{} {}\n", device.value("revoked", false) ? "revoked" : "added  ", id);
    }
    return table;
}

int show(const Desk& desk, const Words&)
{
    const auto ids = or_stop_at_identity(desk, desk.node.load_identity());
    const auto described = desk.node.describe_account();
    if (!described) // an identity with one device and no other
        return desk.say({{"account", ids.account_id}, {"device", ids.device_id}},
                        fmt::format("account {}\ndevice  {}\n", ids.account_id, ids.device_id));
    const auto account = Json::parse(*described, nullptr, false);
    return desk.say(account, as_table(account));
}

int request(const Desk& desk, const Words&)
{
    const auto pem = or_stop_at_identity(desk, desk.node.request_device());
    desk.say_next("next, where the account's key is:  jackfield id add-device REQUEST-FILE > CHAIN-FILE\n");
    return desk.say({{"request", pem}}, pem);
}

int add(const Desk& desk, const Words& words)
{
    const auto added = or_stop_at_identity(desk, desk.node.add_device(content_of(words[1])));
    desk.say_next(fmt::format("account {}\nadded   {}\nnext, on the new device:  jackfield id join CHAIN-FILE\n",
                              added.account_id, added.device_id));
    return desk.say({{"account", added.account_id}, {"device", added.device_id}, {"chain", added.chain_pem}},
                    added.chain_pem);
}

int join(const Desk& desk, const Words& words)
{
    const auto ids = or_stop_at_identity(desk, desk.node.join_account(content_of(words[1])));
    desk.say_next("this is a device of that account now; next:  jackfield listen\n");
    return desk.say({{"account", ids.account_id}, {"device", ids.device_id}},
                    fmt::format("account {}\ndevice  {}\n", ids.account_id, ids.device_id));
}

int revoke(const Desk& desk, const Words& words)
{
    or_stop_at_identity(desk, desk.node.revoke_device(words[1]));
    desk.say_next(
        "listeners with this store tell everybody within two seconds; next, if none runs:  jackfield listen\n");
    const auto account = Json::parse(or_stop_at_identity(desk, desk.node.describe_account()), nullptr, false);
    return desk.say({{"account", account.value("account", "")},
                     {"revoked", words[1]},
                     {"revoked_number", account.value("revoked_number", 0)}},
                    fmt::format("revoked {}\n", words[1]));
}

struct Action {
    std::string_view word;
    std::size_t words; // with itself
    int (*run)(const Desk& desk, const Words& words);
};

constexpr std::array<Action, 4> kActions{
    {{"request", 1, &request}, {"add-device", 2, &add}, {"join", 2, &join}, {"revoke", 2, &revoke}}};

auto action_of(const Words& words)
{
    if (words.empty())
        return &show;
    for (const auto& action : kActions) {
        if (action.word == words.front() && action.words == words.size())
            return action.run;
    }
    throw UsageError(fmt::format("\"{}\" is not understood; what would work: request, add-device REQUEST-FILE, join "
                                 "CHAIN-FILE, revoke DEVICE-ID",
                                 printable(fmt::format("{}", fmt::join(words, " ")))));
}

int run_id(const Arguments& arguments)
{
    const auto format = event_format(arguments);
    const auto action = action_of(arguments.rest());
    const auto config = read_config(arguments);
    const auto node = or_stop(kernel::Node::create(config, nullptr, standard_log()));
    return action({*node, config, format}, arguments.rest());
}

} // namespace

Verb id_verb()
{
    return {
        {"id",
         "[request | add-device REQUEST-FILE | join CHAIN-FILE | revoke DEVICE-ID]",
         "Prints our account id, which is what others call, the id of this device, and the others of the account; "
         "creates "
         "account and device if there are none. With a word: asks for a place in an account, adds a device that asks, "
         "joins with what came back, or revokes a device for ever. A FILE may be \"-\".",
         {config_option(), events_option(), log_option()},
         0,
         2},
        &run_id};
}

} // namespace jackfield::program
