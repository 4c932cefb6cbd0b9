// Who is there: of contacts, of our own account, and of whom the program asks about. See node.hpp.

#include "kernel/flow/disowned.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

/// [control] Our own account first: a device of ours that was revoked is of more interest than who is there. Then whom
/// we have asked to be a contact.
void Node::Impl::begin_watching()
{
    auto& environment = *stack_->environment;
    auto& watching = environment.watching;
    watching.add(environment.self.account_id);
    for (const auto& account : watched_)
        watching.add(account);
    for (const bool asked : {true, false}) {
        for (const auto& contact : environment.contacts.all()) {
            if (!contact.banned && contact.asked == asked && !watching.add(contact.account_id))
                return;
        }
    }
}

/// [control]
void Node::Impl::heard_presence(const Device& device, bool there)
{
    if (there && texts_)
        texts_->peer_is_back(device.account_id);
    if (there)
        introductions_.has_come(device);
    end_disowned_links(*stack_->environment, device.account_id); // whoever it is: its card may have brought the list
    const auto& environment = *stack_->environment;
    if (environment.watching.has(device.account_id) && device.device_id != environment.self.device_id)
        tell_presence(device, there);
}

void Node::Impl::tell_presence(const Device& device, bool there)
{
    const auto* const contact = stack_->environment->contacts.find(device.account_id);
    const PresenceChange change{device.account_id, device.device_id, contact == nullptr ? "" : contact->name, there};
    const nlohmann::json detail{
        {"what", there ? "online" : "offline"}, {"account", change.account_id}, {"device", change.device_id}};
    tell(Step::discovery, Moment::progress, detail.dump());
    listener_->presence(change);
}

void Node::Impl::watch(const std::string& account)
{
    post([this, account] {
        auto& environment = *stack_->environment;
        if (!watched_.insert(account).second)
            return;
        if (environment.watching.has(account)) {
            for (const auto& device : stack_->switchboard->present(account))
                tell_presence(device, true);
            return;
        }
        environment.watching.add(account);
    });
}

/// A contact goes on being watched.
void Node::Impl::unwatch(const std::string& account)
{
    post([this, account] {
        auto& environment = *stack_->environment;
        const auto* const contact = environment.contacts.find(account);
        if (watched_.erase(account) != 0 && contact == nullptr && account != environment.self.account_id)
            environment.watching.drop(account);
    });
}

std::expected<std::vector<std::string>, Error> Node::Impl::find_devices(const std::string& account)
{
    using Result = std::expected<std::vector<std::string>, Error>;
    struct Looking {
        std::unique_ptr<Search> search;
        bool over = false;
    };
    return wait_for<Result>(control_, [this, account](const std::function<void(Result)>& hand_over) {
        const auto looking = std::make_shared<Looking>();
        const auto look = [this, looking, hand_over] {
            if (looking->search == nullptr || !looking->search->done() || std::exchange(looking->over, true))
                return;
            std::vector<std::string> devices;
            for (const auto& device : looking->search->devices())
                devices.push_back(device.device_id);
            const Error problem = looking->search->problem();
            post([looking] { looking->search.reset(); }); // not inside its own call
            if (devices.empty() && problem.status != JF_OK && problem.status != JF_NOT_FOUND)
                return hand_over(std::unexpected(problem));
            hand_over(std::move(devices));
        };
        looking->search = std::make_unique<Search>(*stack_->switchboard, account, look);
        look();
    });
}

std::expected<std::vector<std::string>, Error> Node::find_devices(const std::string& account)
{
    return impl_->find_devices(account);
}

void Node::watch(const std::string& account)
{
    impl_->watch(account);
}

void Node::unwatch(const std::string& account)
{
    impl_->unwatch(account);
}

} // namespace jackfield::kernel
