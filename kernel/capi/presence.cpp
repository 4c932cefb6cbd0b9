// Who is there, as jackfield.h has it.

#include "kernel/capi/door.hpp"

#include <nlohmann/json.hpp>

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

jf_status jackfield_presence_watch(jackfield_node* node, const char* peer, int on, jackfield_error* error)
{
    return with_peer(node, peer, error, [on](Node& n, const std::string& account, const Config&) {
        if (on != 0)
            n.watch(account);
        else
            n.unwatch(account);
    });
}

jf_status jackfield_presence_devices(jackfield_node* node, const char* peer, char** json, jackfield_error* error)
{
    return answer_json(node, json, error, [&](Node& n, const Config& config) {
        const auto account = account_of(need_text(peer, "peer"), config);
        return nlohmann::json{{"account", account}, {"devices", or_throw(n.find_devices(account))}};
    });
}
