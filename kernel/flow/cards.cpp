// Profile cards. See cards.hpp.

#include "kernel/flow/cards.hpp"

#include "kernel/flow/environment.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/texts/cpim.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

Cards::Cards(ControlThread& control, Timeline& timeline, Received received)
    : control_(control),
      timeline_(timeline),
      received_(std::move(received)),
      of_account_(limits::kCardsPerSecond, limits::kCardsAtOnce),
      workers_(control)
{}

void Cards::work_in(Environment* node)
{
    soon_.reset();
    node_ = node;
    if (node_ != nullptr && !node_->cards_folder.empty())
        load();
}

/// What was sent before, maybe by an earlier node. Until it is known nothing is sent.
void Cards::load()
{
    const auto sent = std::make_shared<SentCards>();
    const auto folder = node_->cards_folder;
    run([sent = sent.get(), folder] { *sent = sent_cards(folder); },
        [this, sent, folder] {
            sent_ = std::move(*sent);
            loaded_ = folder;
            offer_to_all();
        });
}

// --- ours -----------------------------------------------------------------------------------------------------------

/// Whoever is there to be called by us, or was.
bool Cards::knows(const std::string& account) const
{
    const auto* const contact = node_->contacts.find(account);
    if (contact != nullptr)
        return !contact->banned && (!contact->asked || talked_to_.contains(account));
    return account == node_->self.account_id || talked_to_.contains(account);
}

bool Cards::may_send_to(const Link& link) const
{
    if (!link.usable() || link.carried || offering_.contains(link.peer.device_id) || !knows(link.peer.account_id))
        return false;
    const auto sent = sent_.find(link.peer.device_id);
    return sent == sent_.end() || sent->second.version != node_->own_card.version ||
           (sent->second.refused != 0 && sent->second.refused < card_limits::kRefusals);
}

/// Not at once: a call's first steps go before it.
void Cards::link_opened(const std::shared_ptr<Link>&)
{
    if (node_ == nullptr || node_->own_card.text.empty())
        return;
    soon_.emplace(control_.context(), now() + limits::kCardAfterLink);
    soon_->async_wait([this](const asio::error_code& stopped) {
        if (!stopped)
            offer_to_all();
    });
}

void Cards::call_answered(const std::shared_ptr<Link>& link)
{
    constexpr std::size_t kMost = 1024; // forgetting one costs it our next card
    if (node_ == nullptr)
        return;
    if (talked_to_.size() >= kMost)
        talked_to_.erase(talked_to_.begin());
    talked_to_.insert(link->peer.account_id);
    offer(link);
}

void Cards::contacts_changed()
{
    offer_to_all();
}

void Cards::offer_to_all()
{
    if (node_ == nullptr)
        return;
    for (const auto& link : node_->links.all())
        offer(link);
}

void Cards::offer(const std::shared_ptr<Link>& link)
{
    if (node_->stopping || node_->own_card.text.empty() || loaded_ != node_->cards_folder || !may_send_to(*link))
        return;
    offering_.insert(link->peer.device_id);
    link->signaling->message(kVcardType, node_->own_card.text,
                             [this, device = link->peer, version = node_->own_card.version](const Error& result) {
                                 offered(device, version, result);
                             });
}

void Cards::offered(const Device& device, const std::string& version, const Error& result)
{
    offering_.erase(device.device_id);
    const bool refused = result.status == JF_REFUSED;
    const bool not_understood = result.status == JF_UNSUPPORTED || result.status == JF_BAD_INPUT;
    if (node_ == nullptr || (result.status != JF_OK && !refused && !not_understood))
        return; // the link has ended: the next one brings it
    const auto before = sent_.find(device.device_id);
    const int refusals = before != sent_.end() && before->second.version == version ? before->second.refused : 0;
    const SentCard sent{version, not_understood ? card_limits::kRefusals : refused ? refusals + 1 : 0};
    if (sent_.size() >= card_limits::kSentTo && before == sent_.end())
        sent_.erase(sent_.begin());
    sent_[device.device_id] = sent;
    tell(result.status == JF_OK ? "card sent" : "card refused", device.account_id);
    const auto problem = std::make_shared<Error>(Error{JF_OK, ""});
    run(
        [folder = node_->cards_folder, id = device.device_id, sent, problem = problem.get()] {
            try {
                note_sent_card(folder, id, sent);
            } catch (const Failure& failure) {
                *problem = failure.error();
            }
        },
        [this, problem] {
            if (problem->status != JF_OK)
                tell_problem(*problem);
        });
}

// --- theirs ---------------------------------------------------------------------------------------------------------

std::optional<jf_status> Cards::take(const std::shared_ptr<Link>& link, const std::string& content_type,
                                     const std::string& body)
{
    if (node_ == nullptr || node_->cards_folder.empty() || bare_type(content_type) != kVcardType)
        return std::nullopt;
    const auto& account = link->peer.account_id;
    const bool in_call =
        std::ranges::any_of(node_->calls, [&](const auto& call) { return call->peer_account == account; });
    const auto* const contact = node_->contacts.find(account);
    const bool banned = contact != nullptr && contact->banned;
    if (link->carried)
        return JF_UNSUPPORTED;
    if (banned || (contact == nullptr && !knows(account) && !in_call))
        return JF_REFUSED;
    if (!of_account_.take(account))
        return JF_BUSY;
    const auto card = read_vcard(body);
    if (!card)
        return JF_BAD_INPUT;
    keep(account, body, *card);
    const auto sent = sent_.find(link->peer.device_id);
    if (sent != sent_.end() && sent->second.refused != 0) { // it knows us now
        sent_.erase(sent);
        offer(link);
    }
    return JF_OK;
}

void Cards::keep(const std::string& account, const std::string& body, const Vcard& card)
{
    struct Keeping {
        bool fresh = false;
        Error problem{JF_OK, ""};
    };
    const auto keeping = std::make_shared<Keeping>();
    run(
        [folder = node_->cards_folder, account, body, keeping = keeping.get()] {
            try {
                keeping->fresh = keep_card(folder, account, body);
            } catch (const Failure& failure) {
                keeping->problem = failure.error();
            }
        },
        [this, account, card, keeping] {
            if (keeping->problem.status != JF_OK)
                return tell_problem(keeping->problem);
            if (!keeping->fresh)
                return;
            tell("card", account);
            received_(account, card);
        });
}

void Cards::run(std::function<void()> work, std::function<void()> done)
{
    try {
        workers_.run(std::move(work), std::move(done));
    } catch (const Failure& failure) {
        tell_problem(failure.error());
    }
}

void Cards::tell(std::string_view what, const std::string& account)
{
    timeline_.tell({0, "", Side::node, Step::contact, Moment::progress,
                    nlohmann::json{{"what", what}, {"account", account}}.dump()});
}

void Cards::tell_problem(const Error& error)
{
    timeline_.tell({0, "", Side::node, Step::contact, Moment::failed, failure_detail(error)});
}

} // namespace jackfield::kernel
