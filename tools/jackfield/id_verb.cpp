// jackfield id: who we are, made if there is nobody yet.

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::program {

namespace {

int run_id(const Arguments& arguments)
{
    const auto format = event_format(arguments);
    const auto node = or_stop(kernel::Node::create(read_config(arguments), nullptr, standard_log()));
    const auto ids = or_stop(node->load_identity());
    if (format == EventFormat::json)
        put(stdout, nlohmann::json{{"account", ids.account_id}, {"device", ids.device_id}}.dump() + "\n");
    else
        put(stdout, fmt::format("account {}\ndevice  {}\n", ids.account_id, ids.device_id));
    return kOk;
}

} // namespace

Verb id_verb()
{
    return {
        {"id",
         "",
         "Prints our account id, which is what others call, and the id of this device. Creates both if there are none.",
         {config_option(), events_option(), log_option()},
         0,
         0},
        &run_id};
}

} // namespace jackfield::program
