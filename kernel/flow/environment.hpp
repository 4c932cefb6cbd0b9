// What every flow of a node works with, and the links that are kept open between calls.
//
// Threads:  [control].
// Lifetime: the node's. The node waits for its flows to end before it takes this apart, so flows hold plain references.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/bind/discovery.hpp"
#include "kernel/config/config.hpp"
#include "kernel/contacts/contact_requests.hpp"
#include "kernel/contacts/contacts.hpp"
#include "kernel/contacts/own_card.hpp"
#include "kernel/executor/workers.hpp"
#include "kernel/flow/call.hpp"
#include "kernel/flow/errand.hpp"
#include "kernel/flow/file_desk.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/link.hpp"
#include "kernel/flow/presence.hpp"
#include "kernel/flow/until.hpp"
#include "kernel/texts/rate_limit.hpp"
#include "kernel/timeline/timeline.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace jackfield::kernel {

class Cards;
class Texts;

/// A device that we open a link to because the network has changed.
struct Reopening {
    Device device;
    std::shared_ptr<LinkErrand> errand; // second owner: the flow that does it
};

/// A link that a peer is opening.
struct IncomingLink {
    TimePoint began = now();
    bool over = false; // a newer one of its account has its place
};

struct Environment {
    ControlThread& control;
    const Board& board;
    Completions& completions;
    Switchboard& switchboard;
    Timeline& timeline;
    CallSettings settings;

    /// A call comes in on a link.
    std::function<void(std::shared_ptr<Link>, Invitation)> invited;

    /// A text or a card comes in.
    std::function<jf_status(const std::shared_ptr<Link>&, std::string content_type, std::string body)> message;

    Texts* texts = nullptr; // the node's; none if it keeps none
    Cards* cards = nullptr; // the node's

    LinkSettings link_settings = {};

    /// A file is offered: who shall hear of it, or nobody if it is not wanted.
    std::function<std::shared_ptr<FileListener>(const std::shared_ptr<FileTransfer>&)> file_offered = {};
    FileDesk files = {};

    std::filesystem::path contacts_file = {}; // where the two are kept; empty: nowhere
    Contacts contacts = {};
    ContactRequests requests = {};

    OwnCard own_card = {};
    std::filesystem::path cards_folder = {}; // of cards that arrive; empty: none are taken

    Device self = {}; // once identity is loaded
    Links links = {};
    Dialling dialling = {};
    std::map<std::string, Reopening> reopening = {}; // by device
    std::uint64_t network_changes = 0;               // of our addresses, so far
    std::set<std::string> gone_addresses = {};       // with the last of them
    bool tending_links = false;
    int incoming_links = 0;                                                   // being opened by peers
    std::map<std::string, std::vector<IncomingLink*>> incoming_links_of = {}; // by account, the oldest first
    std::set<std::shared_ptr<Call>> calls = {};                               // second owner: the call's flow
    int flows = 0;
    Bell bell = {}; // a flow has ended, a link that a peer opens has got on, the node stops
    bool stopping = false;
    Watching watching{switchboard};                  // our own account, contacts, and whom the program wants
    Watching watching_links{switchboard};            // the accounts of open links
    std::map<std::string, TimePoint> looked_up = {}; // accounts of callers, when
    RateLimit look_ups_of_callers{limits::kLookUpsPerSecond, limits::kLookUpsAtOnce};
    PlayThread playing = {};  // the sound of all calls
    Workers workers{control}; // opens codecs; idle before the board goes

    void take_identity(Device device)
    {
        self = std::move(device);
        links.set_own_device(self.device_id);
    }
};

inline bool may_call(const Environment& node, const std::string& account_id)
{
    return account_id == node.self.account_id || // another device of ours
           node.contacts.may_call(account_id, node.settings.calls_from);
}

/// Why a look-up that is over brought nobody to talk to.
inline Error why_nobody_is_there(const Environment& node, const std::string& account_id, const Search& search)
{
    if (account_id == node.self.account_id && !search.devices().empty())
        return {JF_NOT_FOUND, "no other device of our account is there"};
    return search.problem();
}

inline Unproven unproven(const Environment& node)
{
    return node.settings.allow_unproven_peer ? Unproven::kAllowed : Unproven::kRefused;
}

} // namespace jackfield::kernel
