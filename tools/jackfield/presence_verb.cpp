// jackfield presence: which devices of a peer are there, now or from now on. We are not announced by it.

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>

namespace jackfield::program {

namespace {

/// Shows what is heard of the one account that was asked about.
class PresenceView final : public kernel::NodeListener {
public:
    PresenceView(std::string account, EventFormat format, const kernel::Contacts& contacts)
        : account_(std::move(account)), format_(format), contacts_(contacts)
    {}

    void presence(const kernel::PresenceChange& change) override
    {
        if (change.account_id == account_)
            show(change);
    }

    void show(const kernel::PresenceChange& change) const
    {
        put(stdout,
            (format_ == EventFormat::json ? object_of(change).dump() : presence_line(change, contacts_)) + "\n");
    }

private:
    static nlohmann::json object_of(const kernel::PresenceChange& change)
    {
        return {{"account", change.account_id}, {"device", change.device_id}, {"online", change.online}};
    }

    std::string account_;
    EventFormat format_;
    const kernel::Contacts contacts_;
};

int show_once(kernel::Node& node, const std::string& account, const PresenceView& view)
{
    const auto devices = node.find_devices(account);
    node.stop();
    if (!devices)
        throw Stop(kUnreachable, devices.error().text);
    for (const auto& device : *devices)
        view.show({account, device, "", true});
    if (devices->empty())
        put(stderr, "no device of " + account + " is there\n");
    return devices->empty() ? kOffline : kOk;
}

int run_presence(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto config = read_config(arguments);
    const auto account = account_argument(arguments.rest().front(), config);
    const auto view = std::make_shared<PresenceView>(account, format, contacts_of(config));
    const auto node = or_stop(kernel::Node::create(config, view, standard_log()));
    or_stop(node->start_unannounced());
    if (!arguments.has("follow"))
        return show_once(*node, account, *view);
    node->watch(account);
    loop.on_interrupt = [&] { loop.quit(); };
    loop.run();
    node->stop();
    return kOk;
}

} // namespace

Verb presence_verb()
{
    return {
        {"presence",
         "PEER",
         "Says which devices of PEER, an account or the name of a contact, are there; the exit code says whether any "
         "is. With --follow it stays, and says who comes and goes.",
         {config_option(), {"follow", "", "stays, and shows what comes"}, events_option(), log_option()},
         1,
         1},
        &run_presence};
}

} // namespace jackfield::program
