// Texts between accounts, as jackfield.h has them.

#include "kernel/capi/door.hpp"
#include "kernel/capi/words.hpp"
#include "kernel/texts/text_store.hpp"

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

constexpr int kMostTexts = 100'000;

/// Everybody if nobody is said.
std::string account_or_all(const std::string& peer, const Config& config)
{
    return peer.empty() ? "" : account_of(peer, config);
}

} // namespace

jf_status jackfield_text_send(jackfield_node* node, const char* peer, const char* text, char* id,
                              jackfield_error* error)
{
    if (id != nullptr)
        *id = '\0';
    return with_peer(node, peer, error, [&](Node& n, const std::string& account, const Config&) {
        need(id, "id");
        copy_out(or_throw(n.send_text(account, need_text(text, "text", text_limits::kBodyBytes + 1))), id,
                 JACKFIELD_TEXT_ID_SIZE);
    });
}

jf_status jackfield_text_typing(jackfield_node* node, const char* peer, int on, jackfield_error* error)
{
    return with_peer(node, peer, error,
                     [on](Node& n, const std::string& account, const Config&) { n.typing(account, on != 0); });
}

jf_status jackfield_text_history(jackfield_node* node, const char* peer, uint32_t most, char** json,
                                 jackfield_error* error)
{
    return answer_json(node, json, error, [&](Node& n, const Config& config) {
        if (most == 0 || most > kMostTexts)
            refuse("most", "it is not from 1 to 100000", "100");
        auto list = nlohmann::json::array();
        const auto account = account_or_all(text_or_none(peer, "peer"), config);
        for (const auto& text : or_throw(n.history(account, static_cast<int>(most))))
            list.push_back(object_of(text));
        return nlohmann::json{{"texts", list}};
    });
}

jf_status jackfield_text_read(jackfield_node* node, const char* peer, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        const auto whose = text_or_none(peer, "peer");
        open_node->use([&](Node& n, const Config& config) {
            or_throw(n.history("", 1));    // whether there are texts at all
            TextStore store(config.texts); // beside the node's; several may be open
            store.mark_read(account_or_all(whose, config), store.last_number());
        });
    });
}
