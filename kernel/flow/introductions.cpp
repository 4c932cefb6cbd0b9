// Who becomes a contact of whom. See introductions.hpp.

#include "kernel/flow/introductions.hpp"

#include "kernel/contacts/introduce.hpp"
#include "kernel/contacts/vcard.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/texts/wall_time.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// Both have asked, or the other has said yes.
Error becomes_contact(Acquaintances& known, const std::string& account)
{
    const auto* const contact = known.contacts.find(account);
    if (contact == nullptr || !contact->asked)
        return {JF_OK, ""}; // removed meanwhile
    auto changed = *contact;
    changed.asked = false;
    return known.contacts.put(std::move(changed));
}

} // namespace

Introductions::Introductions(ControlThread& control, Timeline& timeline, IntroductionEars ears)
    : control_(control),
      timeline_(timeline),
      ears_(std::move(ears)),
      of_contact_(limits::kContactMessagesPerSecond, limits::kContactMessagesAtOnce),
      of_stranger_(limits::kContactMessagesPerSecond, limits::kContactMessagesAtOnce),
      of_strangers_(limits::kContactStrangersPerSecond, limits::kContactStrangersAtOnce),
      workers_(control)
{}

void Introductions::work_in(Environment* node)
{
    node_ = node;
    again_.reset();
    asking_.clear();
    if (node_ != nullptr && !node_->contacts_file.empty())
        look_again();
}

// --- what comes in --------------------------------------------------------------------------------------------------

void Introductions::heard(const Device& sender, const CallMessage& message)
{
    const auto& account = sender.account_id;
    if (node_ == nullptr || node_->stopping || node_->contacts_file.empty() || account == node_->self.account_id ||
        message.kind != JF_CALL_REQUEST || message.blob.size() > kContactMessageBytes)
        return;
    const auto* const contact = node_->contacts.find(account);
    if (contact != nullptr && contact->banned)
        return;
    if (contact == nullptr && node_->settings.contact_requests == ContactRequestsFrom::kNobody)
        return;
    const bool may_speak =
        contact != nullptr ? of_contact_.take(account) : of_stranger_.take(account) && of_strangers_.take("");
    if (!may_speak)
        return;
    if (disowned(node_->board.identity, sender))
        return;
    auto read = read_contact_message(message.blob);
    if (!read)
        return;
    if (!read->card.empty() && !read_vcard(read->card))
        read->card.clear();
    if (contact != nullptr)
        heard_from_contact(sender, *contact, *read);
    else if (!read->accepted) // or else we do not ask any more
        heard_from_stranger(sender, std::move(*read));
}

/// It asks because it does not know that it is one, or because both asked.
void Introductions::heard_from_contact(const Device& sender, const Contact& contact, const ContactMessage& message)
{
    if (!message.accepted)
        answer(sender);
    if (!contact.asked)
        return;
    auto accepted = contact;
    accepted.asked = false;
    node_->contacts.put(accepted); // at once: it may say so twice
    change([account = accepted.account_id](Acquaintances& known) { return becomes_contact(known, account); },
           [this, accepted](const Error& result) {
               if (result.status != JF_OK)
                   return; // we ask again, and hear it again
               tell("accepted", accepted.account_id);
               ears_.accepted(accepted);
           });
}

void Introductions::heard_from_stranger(const Device& sender, ContactMessage message)
{
    ContactRequest request{
        sender.account_id, std::move(message.name), std::move(message.note), std::move(message.card), wall_ms(), false};
    const auto taken = node_->requests.take(request);
    if (taken == Taken::kFull && !std::exchange(was_full_, true))
        tell_problem({JF_EXHAUSTED, "contact requests are not taken any more: too many wait for a decision"});
    if (taken != Taken::kNew && taken != Taken::kReplaced)
        return;
    was_full_ = false;
    const auto keep = [request](Acquaintances& known) {
        if (known.contacts.find(request.account_id) == nullptr)
            known.requests.take(request);
        return Error{JF_OK, ""};
    };
    change(keep, [this, request](const Error& result) { kept(request, result); });
}

/// A person who hears of it finds it in the file.
void Introductions::kept(const ContactRequest& request, const Error& result)
{
    if (result.status == JF_OK) {
        tell("request", request.account_id);
        ears_.requested(request);
    } else if (node_ != nullptr) {
        node_->requests.remove(request.account_id); // it asks again
    }
}

// --- what we say ----------------------------------------------------------------------------------------------------

void Introductions::answer(const Device& device)
{
    owed_.erase(device.account_id);
    say_accepted(device);
}

/// Whose request a person has accepted, here or in another program: its devices that are there hear it at once, and
/// others when they come.
void Introductions::answer_accepted(const Acquaintances& before)
{
    for (const auto& request : before.requests.all()) {
        const auto* const contact = node_->contacts.find(request.account_id);
        if (request.declined || contact == nullptr || contact->banned || contact->asked)
            continue;
        owed_.insert(request.account_id);
        for (const auto& device : node_->switchboard.present(request.account_id))
            say_accepted(device);
    }
}

void Introductions::has_come(const Device& device)
{
    if (node_ == nullptr || node_->stopping || node_->contacts_file.empty())
        return;
    const auto* const contact = node_->contacts.find(device.account_id);
    if (contact == nullptr || contact->banned)
        return;
    if (contact->asked)
        ask_device(device, *contact);
    else if (owed_.contains(device.account_id))
        say_accepted(device);
}

void Introductions::ask_device(const Device& device, const Contact& contact)
{
    auto& asking =
        asking_.try_emplace(contact.account_id, Asking{{}, TimePoint(), limits::kContactAskPause}).first->second;
    const auto last = asking.devices.find(device.device_id);
    if (last != asking.devices.end() && now() < last->second + limits::kContactAskLeast)
        return; // it comes and goes
    if (asking.devices.size() >= limits::kDevicesAsked)
        asking.devices.erase(asking.devices.begin());
    asking.devices[device.device_id] = now();
    if (asking.due == TimePoint())
        asking.due = now() + asking.pause;
    ask_again();
    const auto told = [this, account = contact.account_id, id = device.device_id](const Error& result) {
        if (result.status != JF_OK)
            return tell_problem(result);
        tell("asked", account);
        ears_.asked(account, id);
    };
    say(device, {.accepted = false, .note = contact.note}, told);
}

/// Messages are lost, and a device that died without a word is there for minutes.
void Introductions::ask_again()
{
    TimePoint next = TimePoint::max();
    for (const auto& [account, asking] : asking_)
        next = std::min(next, asking.due);
    if (next == TimePoint::max())
        return again_.reset();
    again_.emplace(control_.context(), next);
    again_->async_wait([this](const asio::error_code& stopped) {
        if (!stopped)
            ask_all_due();
    });
}

void Introductions::ask_all_due()
{
    std::vector<std::pair<Device, Contact>> whom;
    for (auto asking = asking_.begin(); asking != asking_.end();) {
        const auto* const contact = node_ == nullptr ? nullptr : node_->contacts.find(asking->first);
        if (contact == nullptr || !contact->asked) {
            asking = asking_.erase(asking);
            continue;
        }
        auto& one = (asking++)->second;
        if (now() < one.due)
            continue;
        one.pause = std::min<std::chrono::seconds>(one.pause * 2, limits::kContactAskLongPause);
        one.due = now() + one.pause;
        for (const auto& device : node_->switchboard.present(contact->account_id))
            whom.emplace_back(device, *contact);
    }
    for (const auto& [device, contact] : whom)
        ask_device(device, contact);
    ask_again();
}

void Introductions::say_accepted(const Device& device)
{
    say(device, {.accepted = true}, [](const Error&) {}); // if it is lost, it is asked for again
}

void Introductions::say(const Device& device, ContactMessage message, std::function<void(Error)> done)
{
    message.name = node_->settings.display_name;
    if (!message.accepted && !node_->own_card.text.empty())
        message.card = without_media(node_->own_card.text);
    std::uint64_t id = 0;
    random_bytes(reinterpret_cast<std::uint8_t*>(&id), sizeof(id));
    node_->switchboard.deliver(
        device, {JF_CALL_REQUEST, id, std::string(kContactPurpose), write_contact_message(std::move(message))}, done);
}

// --- the lists ------------------------------------------------------------------------------------------------------

void Introductions::ask(Contact contact, std::function<void(Error)> done)
{
    if (node_ == nullptr)
        return done({JF_CLOSED, "the node has not started, or has stopped"});
    change([contact](Acquaintances& known) { return ask_contact(known, contact); }, std::move(done));
}

void Introductions::change(std::function<Error(Acquaintances&)> apply, std::function<void(Error)> done)
{
    changes_.push_back({std::move(apply), std::move(done)});
    work();
}

void Introductions::look_again()
{
    look_again_ = true;
    work();
}

/// One worker at a time: for all changes that wait, or only to look.
struct Introductions::Work {
    std::filesystem::path file;
    std::vector<Change> changes;
    std::vector<Error> results;
    std::expected<Acquaintances, Error> known;

    void run()
    {
        if (changes.empty())
            return load();
        known = change_acquaintances(file, [this](Acquaintances& lists) {
            for (const auto& change : changes) {
                auto tried = lists;
                results.push_back(change.apply(tried));
                if (results.back().status == JF_OK)
                    lists = std::move(tried);
            }
            return Error{JF_OK, ""};
        });
    }

    void load()
    {
        auto contacts = load_contacts(file);
        auto requests = load_requests(file);
        if (!contacts || !requests)
            known = std::unexpected(contacts ? requests.error() : contacts.error());
        else
            known = Acquaintances{std::move(*contacts), std::move(*requests)};
    }
};

void Introductions::work()
{
    if (working_ || node_ == nullptr || node_->contacts_file.empty() || (changes_.empty() && !look_again_))
        return;
    const auto work = std::make_shared<Work>(Work{node_->contacts_file, std::exchange(changes_, {}), {}, {}});
    look_again_ = false;
    working_ = true;
    try {
        workers_.run([work = work.get()] { work->run(); }, [this, work] { worked(*work); });
    } catch (const Failure& failure) {
        work->known = std::unexpected(failure.error());
        worked(*work);
    }
}

void Introductions::worked(Work& work)
{
    working_ = false;
    const bool still_ours = node_ != nullptr && node_->contacts_file == work.file;
    if (!work.known)
        tell_problem(work.known.error());
    else if (still_ours)
        know(std::move(*work.known));
    for (std::size_t i = 0; i < work.changes.size(); ++i) {
        if (work.changes[i].done)
            work.changes[i].done(work.known ? work.results[i] : work.known.error());
    }
    this->work();
}

/// What is on the disk now, and upon it what we have changed since.
void Introductions::know(Acquaintances now_known)
{
    for (const auto& waiting : changes_) {
        auto tried = now_known;
        if (waiting.apply(tried).status == JF_OK)
            now_known = std::move(tried);
    }
    const Acquaintances before{std::move(node_->contacts), std::move(node_->requests)};
    node_->contacts = std::move(now_known.contacts);
    node_->requests = std::move(now_known.requests);
    if (node_->contacts == before.contacts)
        return;
    answer_accepted(before);
    ears_.changed();
    for (const auto& contact : node_->contacts.all()) {
        if (!contact.asked)
            continue;
        for (const auto& device : node_->switchboard.present(contact.account_id))
            has_come(device); // who was watched already does not come anew
    }
}

void Introductions::tell(std::string_view what, const std::string& account)
{
    timeline_.tell({0, "", Side::node, Step::contact, Moment::progress,
                    nlohmann::json{{"what", what}, {"account", account}}.dump()});
}

void Introductions::tell_problem(const Error& error)
{
    timeline_.tell({0, "", Side::node, Step::contact, Moment::failed, failure_detail(error)});
}

} // namespace jackfield::kernel
