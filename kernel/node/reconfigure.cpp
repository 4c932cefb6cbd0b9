// A stack for each configuration: how one is made, and how a running node goes over to another. See node_impl.hpp and
// kernel/decisions/2026-11-26-a-stack-per-configuration.md.

#include "kernel/config/resolve.hpp"
#include "kernel/contacts/contacts_file.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

#include <asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

/// Throws Failure. With an earlier stack, what is the same goes on in the new one.
std::unique_ptr<Stack> Node::Impl::make_stack(Registry registry, const Resolved& resolved, const Stack* earlier)
{
    auto stack = std::make_unique<Stack>();
    stack->registry = std::move(registry);
    stack->resolved = resolved;
    stack->board = std::make_unique<Board>(control_, stack->registry, resolved, log_level_, log_,
                                           earlier != nullptr ? earlier->board.get() : nullptr);
    if (earlier != nullptr && stack->board->shares_discovery_with(*earlier->board))
        stack->switchboard = earlier->switchboard;
    else
        stack->switchboard = std::make_shared<Switchboard>(
            control_, *stack->board, completions_,
            [this, &at = *stack](const Device& sender, const CallMessage& message) {
                request(*at.environment, sender, message);
            },
            [this](const std::string& plugin_id, bool online, const std::string& detail) {
                if (diagnosis_ != nullptr)
                    diagnosis_->mechanism(plugin_id, online, detail);
                listener_->discovery(plugin_id, online, detail);
            });
    stack->switchboard->hear_presence([this, from = stack->switchboard.get()](const Device& device, bool there) {
        if (stack_ != nullptr && stack_->switchboard.get() == from)
            heard_presence(device, there);
    });
    if (earlier == nullptr || earlier->switchboard != stack->switchboard)
        hear_carried(*stack);
    stack->environment = make_environment(*stack, resolved.config);
    if (earlier != nullptr && stack->board->shares_identity_with(*earlier->board))
        stack->environment->take_identity(earlier->environment->self);
    return stack;
}

/// Links that a service carries to us are this stack's from now on.
void Node::Impl::hear_carried(Stack& stack)
{
    stack.switchboard->hear_carried([&at = stack](const Device& sender, std::unique_ptr<Carried> carried) {
        accept_carried(*at.environment, sender, std::move(carried));
    });
}

/// Throws Failure if the list of contacts cannot be read.
std::unique_ptr<Environment> Node::Impl::make_environment(Stack& stack, const Config& config)
{
    const auto invited_there = [this, &stack](const std::shared_ptr<Link>& link, Invitation invitation) {
        invited(*stack.environment, link, std::move(invitation));
    };
    const auto message = [this, &stack](const std::shared_ptr<Link>& link, const std::string& content_type,
                                        const std::string& body) -> jf_status {
        const auto& sender = link->peer.account_id;
        if (const auto taken = cards_.take(link, content_type, body))
            return *taken;
        const bool wanted = may_call(*stack.environment, sender);
        if (texts_ != nullptr) {
            if (const auto taken = texts_->take(link, wanted, content_type, body))
                return *taken;
        }
        return wanted ? listener_->message(sender, content_type, body) : JF_REFUSED;
    };
    std::unique_ptr<Environment> environment(new Environment{control_, *stack.board, completions_, *stack.switchboard,
                                                             timeline_, config.call, invited_there, message});
    environment->link_settings = config.link;
    environment->files.settings = config.files;
    environment->file_offered = [this](const std::shared_ptr<FileTransfer>& transfer) {
        return listener_->incoming_file(transfer);
    };
    environment->texts = texts_.get();
    environment->cards = &cards_;
    environment->own_card = own_card(config);
    environment->cards_folder = config.profile.folder;
    if (environment->settings.display_name.empty() && environment->own_card.name.size() <= Contacts::kMaxNameBytes)
        environment->settings.display_name = environment->own_card.name;
    if (!config.contacts.empty()) {
        auto contacts = load_contacts(config.contacts);
        if (!contacts)
            throw Failure(contacts.error());
        environment->contacts = std::move(*contacts);
        auto requests = load_requests(config.contacts);
        if (!requests)
            throw Failure(requests.error());
        environment->requests = std::move(*requests);
        environment->contacts_file = config.contacts;
    }
    return environment;
}

std::expected<OwnIds, Error> Node::Impl::reconfigure(const Config& config, Registry registry)
{
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
    if (!started_ || stopped_)
        return std::unexpected(Error{JF_BUSY, started_ ? "the node has stopped"
                                                       : "the node has not started; its first configuration is that of "
                                                         "Node::create"});
    const auto result = [&]() -> Error {
        const auto resolved = resolve(config, registry);
        if (!resolved)
            return resolved.error();
        if (const auto texts = same_texts(config); texts.status != JF_OK)
            return texts;
        std::unique_ptr<Stack> next;
        const auto made = on_control([&] { next = make_stack(std::move(registry), *resolved, stack_.get()); });
        if (made.status != JF_OK)
            return made;
        Error ready{JF_OK, ""};
        if (!next->board->shares_identity_with(*stack_->board))
            ready = load_identity_of(*next);
        if (ready.status == JF_OK)
            ready = texts_belong_to(next->environment->self.account_id);
        return on_control([&] {
            if (ready.status == JF_OK && next->switchboard != stack_->switchboard)
                ready = go_online(*next, true);
            if (ready.status == JF_OK)
                take_over(std::move(next));
            next.reset(); // here, where its plugins may be destroyed
            if (ready.status != JF_OK)
                throw Failure(ready);
        });
    }();
    on_control([&] {
        tell(Step::configuration, result.status == JF_OK ? Moment::done : Moment::failed,
             result.status == JF_OK ? nlohmann::json{{"file", config.name}}.dump() : failure_detail(result));
    });
    if (result.status != JF_OK)
        return std::unexpected(result);
    return ids_of(*stack_);
}

void Node::Impl::take_over(std::unique_ptr<Stack> next)
{
    const bool withdraws = next->switchboard != stack_->switchboard;
    next->switchboard->hand_requests_to(
        [this, &environment = *next->environment](const Device& sender, const CallMessage& message) {
            request(environment, sender, message);
        });
    hear_carried(*next);
    retiring_.push_back(std::exchange(stack_, std::move(next)));
    Stack* const old = retiring_.back().get();
    texts_work_in(stack_->environment.get());
    begin_watching();
    introduce_in(stack_->environment.get());
    asio::co_spawn(control_.context(), retire(*old->environment, withdraws), [this, old](const std::exception_ptr&) {
        // On a later turn: what was posted about its links before must still find it.
        control_.post([this, old] { retired(old); });
    });
}

void Node::Impl::retired(Stack* old)
{
    std::erase_if(retiring_, [old](const auto& stack) { return stack.get() == old; });
    gone();
}

/// Calls of earlier configurations go on beside those of ours.
Replacement Node::Impl::find_replaced_of_all(const std::string& dialog_name) const
{
    auto found = find_replaced(*stack_->environment, dialog_name);
    for (const auto& earlier : retiring_) {
        if (!found.call)
            found = find_replaced(*earlier->environment, dialog_name);
    }
    return found;
}

} // namespace jackfield::kernel
