// Contacts of a running node: what it asks and is asked, and its list, which other programs change. See node.hpp.

#include "kernel/config/report.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace jackfield::kernel {

namespace {

Error has_no_contacts()
{
    return Report("contacts", "", "the configuration of this node says nothing of them")
        .line("searched", "\"contacts\" at the top of the configuration")
        .line("would work", "\"contacts\": \"contacts.json\", which keeps them in a file beside it")
        .error(JF_UNSUPPORTED);
}

} // namespace

IntroductionEars Node::Impl::introduction_ears()
{
    IntroductionEars ears;
    ears.requested = [this](const ContactRequest& request) { listener_->contact_request(request); };
    ears.accepted = [this](const Contact& contact) { listener_->contact_accepted(contact); };
    ears.asked = [this](const std::string& account, const std::string& device) {
        listener_->contact_asked(account, device);
    };
    ears.changed = [this] { contacts_have_changed(); };
    return ears;
}

/// [control]
void Node::Impl::introduce_in(Environment* environment)
{
    contacts_watch_.reset();
    introductions_.work_in(environment);
    cards_.work_in(environment);
    if (environment != nullptr && !environment->contacts_file.empty())
        watch_contacts_file();
}

/// Whoever changes the list need not tell us.
void Node::Impl::watch_contacts_file()
{
    const auto& file = stack_->environment->contacts_file;
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    std::error_code ignored; // watching it says what is wrong
    std::filesystem::create_directories(folder, ignored);
    const auto tell_problem = [this](const Error& error) {
        tell(Step::contact, Moment::failed, failure_detail(error));
    };
    try {
        contacts_watch_ = std::make_unique<FileWatch>(
            control_.context(), folder,
            std::vector<std::string>{file.filename().string(), requests_file(file).filename().string()},
            [this] { introductions_.look_again(); },
            [tell_problem, where = folder.string()] {
                tell_problem({JF_CLOSED, where + ": has gone; changes of contacts are not seen any more"});
            });
    } catch (const Failure& failure) {
        tell_problem(failure.error());
    }
}

/// [control] Another list than before. What goes on with somebody who is banned now goes on, and nothing new begins.
void Node::Impl::contacts_have_changed()
{
    auto& environment = *stack_->environment;
    const auto& contacts = environment.contacts;
    std::set<std::string> wanted = watched_;
    wanted.insert(environment.self.account_id);
    for (const auto& contact : contacts.all()) {
        if (!contact.banned)
            wanted.insert(contact.account_id);
    }
    environment.watching.drop_all_but(wanted);
    begin_watching();
    cards_.contacts_changed();
    for (const auto& link : environment.links.all()) {
        if (!may_call(environment, link->peer.account_id))
            environment.links.drop(link);
    }
    tell(Step::contact, Moment::progress,
         nlohmann::json{{"what", "changed"}, {"contacts", contacts.all().size()}}.dump());
    listener_->contacts_changed(contacts);
}

std::expected<void, Error> Node::Impl::request_contact(Contact contact)
{
    const auto result = wait_for<Error>(control_, [&](const std::function<void(Error)>& hand_over) {
        if (stack_->environment->contacts_file.empty())
            return hand_over(has_no_contacts());
        introductions_.ask(std::move(contact), hand_over);
    });
    if (result.status != JF_OK)
        return std::unexpected(result);
    return {};
}

std::expected<void, Error> Node::request_contact(const std::string& peer_account, const std::string& name,
                                                 const std::string& note)
{
    return impl_->request_contact({.account_id = peer_account, .name = name, .asked = true, .note = note});
}

} // namespace jackfield::kernel
