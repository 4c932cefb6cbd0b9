// Who asks whom to be a contact. See contact_requests.hpp.

#include "tools/jackfield/contact_requests.hpp"

#include "kernel/contacts/card_folder.hpp"
#include "kernel/contacts/introduce.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::program {

namespace {

using kernel::Acquaintances;
using kernel::ContactRequest;
using kernel::ContactRequests;
using kernel::Error;
using Json = nlohmann::json;

/// What has become of a request.
struct Asked {
    const char* word = "kept";
    const char* sentence = "kept; a listener asks when the peer comes";
};

/// Ends the program when the request was handed over, or answered already.
class AskingView final : public kernel::NodeListener {
public:
    AskingView(MainLoop& loop, std::string account) : loop_(loop), account_(std::move(account)) {}

    void contact_asked(const std::string& account, const std::string&) override
    {
        if (account == account_)
            loop_.post([this] { end({"asked", "asked; the answer comes to a listener"}); });
    }
    void contact_accepted(const kernel::Contact& contact) override
    {
        if (contact.account_id == account_)
            loop_.post([this] { end({"accepted", "a contact now: it had asked, too"}); });
    }

    const std::optional<Asked>& result() const { return result_; } // main thread; nothing if nobody was there

private:
    void end(const Asked& result)
    {
        result_ = result;
        loop_.quit();
    }

    MainLoop& loop_;
    std::string account_;
    std::optional<Asked> result_;
};

std::string open_requests_as_text(const ContactRequests& requests)
{
    std::string table;
    for (const auto& request : requests.all()) {
        if (!request.declined)
            table += fmt::format("{}  {}  {}{}\n", request.account_id, kernel::date_time(request.at_ms).substr(0, 16),
                                 printable(request.name), request.note.empty() ? "" : ": " + printable(request.note));
    }
    return table;
}

std::string open_requests_as_json(const ContactRequests& requests)
{
    auto list = Json::array();
    for (const auto& request : requests.all()) {
        if (!request.declined)
            list.push_back(object_of(request));
    }
    return Json{{"requests", list}}.dump() + "\n";
}

int list(const Arguments& arguments, const kernel::Config& config)
{
    const auto requests = or_stop(kernel::load_requests(config.contacts));
    put(stdout, for_scripts(arguments) ? open_requests_as_json(requests) : open_requests_as_text(requests));
    return kOk;
}

/// An account, or the name that one who asks gives itself, if no other does.
std::string who_asks(const kernel::Config& config, const std::string& text)
{
    if (const auto id = kernel::Contacts::normal_id(text))
        return *id;
    const auto requests = or_stop(kernel::load_requests(config.contacts));
    std::vector<std::string> accounts;
    for (const auto& request : requests.all()) {
        if (!request.declined && request.name == text)
            accounts.push_back(request.account_id);
    }
    if (accounts.size() == 1)
        return accounts.front();
    throw UsageError(
        fmt::format("{} \"{}\" has asked to be a contact; the account would work, as \"contacts requests\" "
                    "shows it",
                    accounts.empty() ? "nobody who calls itself" : "more than one", printable(text)));
}

int request(const Arguments& arguments, const kernel::Config& config)
{
    MainLoop loop;
    const auto patience = arguments.has("wait") ? seconds_option(arguments, "wait") : std::chrono::seconds(10);
    const auto account = account_argument(arguments.rest()[1], config);
    change_lists(config, [&](Acquaintances& known) {
        return kernel::ask_contact(
            known,
            {.account_id = account, .name = arguments.get("name"), .asked = true, .note = arguments.get("note")});
    });
    const auto view = std::make_shared<AskingView>(loop, account);
    const auto node = or_stop(kernel::Node::create(config, view, standard_log()));
    or_stop(node->start_unannounced()); // and asks whom the list says
    loop.at(std::chrono::steady_clock::now() + patience, [&] { loop.quit(); });
    loop.on_interrupt = [&] { loop.quit(); };
    loop.run();
    node->stop();
    const Asked result = view->result().value_or(Asked{});
    put(stdout, (for_scripts(arguments) ? Json{{"account", account}, {"request", result.word}}.dump()
                                        : std::string(result.sentence)) +
                    "\n");
    return view->result() ? kOk : kKept;
}

int accept(const Arguments& arguments, const kernel::Config& config)
{
    const auto& words = arguments.rest();
    const auto account = who_asks(config, words[1]);
    Json contact;
    change_lists(config, [&](Acquaintances& known) {
        auto error = kernel::accept_contact(known, account, words.size() == 3 ? words[2] : "");
        if (const auto* const now = known.contacts.find(account))
            contact = object_of(*now);
        return error;
    });
    if (for_scripts(arguments))
        put(stdout, contact.dump() + "\n");
    return kOk;
}

int decline(const Arguments& arguments, const kernel::Config& config)
{
    const auto account = who_asks(config, arguments.rest()[1]);
    change_lists(config,
                 [&](Acquaintances& known) { return kernel::decline_contact(known, account, kernel::wall_ms()); });
    if (for_scripts(arguments))
        put(stdout, Json{{"account", account}, {"request", "declined"}}.dump() + "\n");
    return kOk;
}

/// Of somebody who asks, the card that came with it.
std::optional<std::string> card_of(const kernel::Config& config, const std::string& account)
{
    if (auto kept = kernel::kept_card(config.profile.folder, account))
        return kept;
    const auto requests = or_stop(kernel::load_requests(config.contacts));
    const auto* const request = requests.find(account);
    return request == nullptr || request->card.empty() ? std::nullopt : std::optional(request->card);
}

std::string line(std::string_view word, const std::string& text)
{
    return text.empty() ? "" : fmt::format("{:<10}{}\n", word, printable(text));
}

std::string as_lines(const kernel::Vcard& card)
{
    std::string lines = line("name", card.name) + line("family", card.family) + line("given", card.given);
    for (const auto& telephone : card.telephones)
        lines += line("telephone", telephone);
    for (const auto& mail : card.mails)
        lines += line("mail", mail);
    return lines + line("note", card.note);
}

int show(const Arguments& arguments, const kernel::Config& config)
{
    const auto account = account_argument(arguments.rest()[1], config);
    const auto text = card_of(config, account);
    if (!text)
        throw Stop(kConfiguration,
                   "no profile card of " + account + " has come\n  searched    " + config.profile.folder.string() +
                       ", and the requests that wait\n  would work  a call, or any other connection, with a "
                       "contact that has a \"profile\"");
    const auto card = or_stop(kernel::read_vcard(*text));
    put(stdout, for_scripts(arguments) ? object_of(account, card).dump() + "\n" : as_lines(card));
    return kOk;
}

struct Word {
    std::string_view word;
    std::size_t least; // words, with itself
    std::size_t most;
    int (*run)(const Arguments& arguments, const kernel::Config& config);
};

constexpr Word kWords[] = {{"request", 2, 2, &request},
                           {"requests", 1, 1, &list},
                           {"accept", 2, 3, &accept},
                           {"decline", 2, 2, &decline},
                           {"show", 2, 2, &show}};

const Word* word_of(const std::vector<std::string>& words)
{
    const auto* const found = std::ranges::find_if(kWords, [&](const Word& one) {
        return !words.empty() && one.word == words.front() && words.size() >= one.least && words.size() <= one.most;
    });
    return found == std::end(kWords) ? nullptr : found;
}

} // namespace

void change_lists(const kernel::Config& config, const std::function<Error(Acquaintances&)>& how)
{
    const auto changed = kernel::change_acquaintances(config.contacts, how);
    if (changed)
        return;
    const auto& problem = changed.error();
    if (problem.status == JF_BAD_INPUT || problem.status == JF_NOT_FOUND || problem.status == JF_REFUSED)
        throw UsageError(problem.text);
    throw Stop(kConfiguration, problem.text);
}

bool is_about_requests(const std::vector<std::string>& words)
{
    return word_of(words) != nullptr;
}

int run_contact_requests(const Arguments& arguments, const kernel::Config& config)
{
    return word_of(arguments.rest())->run(arguments, config);
}

std::string line_of(const ContactRequest& request)
{
    return fmt::format("contact request from {}{}{}", request.account_id,
                       request.name.empty() ? "" : " (says it is \"" + printable(request.name) + "\")",
                       request.note.empty() ? "" : ": " + printable(request.note));
}

bool for_scripts(const Arguments& arguments)
{
    return event_format(arguments) == EventFormat::json || arguments.has("json");
}

Json object_of(const kernel::Contact& contact)
{
    return {
        {"account", contact.account_id}, {"name", contact.name}, {"banned", contact.banned}, {"asked", contact.asked}};
}

Json object_of(const ContactRequest& request)
{
    Json object{{"account", request.account_id},
                {"name", request.name},
                {"note", request.note},
                {"at", kernel::date_time(request.at_ms)}};
    if (!request.card.empty())
        object["card"] = request.card;
    return object;
}

Json object_of(const std::string& account, const kernel::Vcard& card)
{
    return {{"account", account},
            {"name", card.name},
            {"family", card.family},
            {"given", card.given},
            {"telephones", card.telephones},
            {"mails", card.mails},
            {"note", card.note}};
}

} // namespace jackfield::program
