// Writes down what a node, its calls and its files say. See ear.hpp.

#include "kernel/capi/ear.hpp"

#include "kernel/capi/door.hpp"
#include "kernel/capi/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel::capi {

namespace {

using Json = nlohmann::json;

/// FILE, or FILE-2, FILE-3, ..: a name that no file and no running call has.
std::string free_name(const std::string& wanted, const std::map<std::string, std::string>& taken, bool overwrite)
{
    const std::filesystem::path file = wanted;
    auto candidate = file;
    const auto is_taken = [&] {
        std::error_code failed;
        return (!overwrite && std::filesystem::exists(candidate, failed)) ||
               std::ranges::any_of(taken, [&](const auto& each) { return each.second == candidate.string(); });
    };
    for (int number = 2; is_taken(); ++number)
        candidate =
            file.parent_path() / (file.stem().string() + "-" + std::to_string(number) + file.extension().string());
    return candidate.string();
}

} // namespace

void Ear::timeline(const TimelineEvent& event)
{
    if (event.moment == Moment::done && !std::exchange(done_[static_cast<std::size_t>(event.step)], true))
        NodeTable::get().go_first_at_exit(); // the step may have used a library that was not used before
    if (event.step == Step::media && event.moment == Moment::progress)
        keep_statistics(event);
    queue.push(to_json_line(event, origin_ns_)); // last: whoever hears of it may ask at once
}

void Ear::keep_statistics(const TimelineEvent& event)
{
    const auto detail = Json::parse(event.detail_json, nullptr, false);
    if (!detail.is_object() || detail.value("what", "") != "statistics")
        return;
    const std::lock_guard lock(mutex_);
    statistics_[event.call][detail.value("stream", 0)] = event.detail_json;
}

void Ear::say(const Call& call, const Json& detail)
{
    timeline({monotonic_ns(), call.id, call.side, Step::call, Moment::progress, as_text(detail)});
}

void Ear::say_of_node(Step step, const Json& detail)
{
    timeline({monotonic_ns(), "", Side::node, step, Moment::progress, as_text(detail)});
}

// --- calls ----------------------------------------------------------------------------------------------------------

void Ear::take_calls(std::uint32_t most, MediaPlan plan, bool overwrite)
{
    const std::lock_guard lock(mutex_);
    most_calls_ = most;
    plan_ = std::move(plan);
    overwrite_ = overwrite;
}

IncomingPlan Ear::incoming(const IncomingCall& call)
{
    const std::lock_guard lock(mutex_);
    if (recorded_to_.size() >= most_calls_ && call.replaces.empty())
        return {{}, nullptr, JF_REASON_BUSY};
    IncomingPlan plan{plan_, shared_from_this(), std::nullopt};
    if (!plan.media.record.empty())
        plan.media.record = free_name(plan.media.record, recorded_to_, overwrite_);
    recorded_to_[call.id] = plan.media.record;
    coming_in_[call.id] = call;
    return plan;
}

void Ear::ringing(Call& call)
{
    calls.reached(call.shared_from_this(), JACKFIELD_RINGING);
    const auto coming = coming_in_.extract(call.id);
    if (coming.empty())
        return;
    const auto& who = coming.mapped();
    say(call, {{"what", "incoming"},
               {"peer", who.peer_account},
               {"device", who.peer_device},
               {"contact", who.contact},
               {"display_name", who.display_name}});
}

void Ear::answered(Call& call)
{
    calls.reached(call.shared_from_this(), JACKFIELD_ANSWERED);
    say(call, {{"what", "answered"}});
}

void Ear::source_ended(Call& call, MediaKind kind)
{
    say(call, {{"what", "source ended"}, {"kind", name_of(kind)}});
}

/// The kernel refuses it if nobody decides for a minute.
void Ear::referred(Call& call, const std::shared_ptr<Referral>& referral)
{
    {
        const std::lock_guard lock(mutex_);
        referrals_[call.id] = referral;
    }
    say(call, {{"what", "transfer wanted"}, {"account", referral->target}, {"attended", !referral->replaces.empty()}});
}

std::shared_ptr<Referral> Ear::take_referral(const std::string& call)
{
    calls.running(call);
    const std::lock_guard lock(mutex_);
    const auto referral = referrals_.extract(call);
    if (referral.empty())
        throw Failure(JF_NOT_FOUND,
                      fmt::format("call {}: its peer wants us to call nobody; looked at what it has asked "
                                  "for; after the event \"transfer wanted\" it would work",
                                  call));
    return referral.mapped();
}

void Ear::ended(Call& call, const CallEnd& end)
{
    coming_in_.erase(call.id);
    recorded_to_.erase(call.id);
    calls.ended(call.id, end.error, end.statistics);
    const std::lock_guard lock(mutex_);
    referrals_.erase(call.id);
    statistics_.erase(call.id);
}

std::string Ear::statistics(const std::string& call)
{
    const auto of_all = calls.last(call);
    if (!of_all.empty())
        return of_all;
    const std::lock_guard lock(mutex_);
    std::vector<std::string> streams;
    if (const auto found = statistics_.find(call); found != statistics_.end()) {
        for (const auto& [number, stream] : found->second)
            streams.push_back(stream);
    }
    return fmt::format(R"({{"streams":[{}]}})", fmt::join(streams, ","));
}

// --- texts and contacts ---------------------------------------------------------------------------------------------

void Ear::text_received(const Text& text)
{
    auto detail = object_of(text);
    detail["what"] = "text";
    say_of_node(Step::text, detail);
}

void Ear::typing(const std::string& account, bool active)
{
    say_of_node(Step::text, {{"what", "typing"}, {"account", account}, {"active", active}});
}

void Ear::contact_request(const ContactRequest& request)
{
    auto detail = object_of(request);
    detail["what"] = "contact request";
    say_of_node(Step::contact, detail);
}

void Ear::profile(const std::string& account, const Vcard& card)
{
    say_of_node(Step::contact, {{"what", "profile"}, {"account", account}, {"name", card.name}});
}

// --- files ----------------------------------------------------------------------------------------------------------

void Ear::take_files(Files how)
{
    const std::lock_guard lock(mutex_);
    take_files_ = how;
}

std::shared_ptr<FileListener> Ear::incoming_file(const std::shared_ptr<FileTransfer>& file)
{
    const std::lock_guard lock(mutex_);
    if (take_files_ == Files::refused)
        return nullptr;
    if (take_files_ == Files::asked)
        file->ask();
    files.reached(file, take_files_ == Files::asked ? JACKFIELD_OFFERED : JACKFIELD_MOVING);
    const Json detail{
        {"what", "offered"}, {"account", file->peer_account}, {"name", file->name}, {"bytes", file->size}};
    queue.push(to_json_line({monotonic_ns(), file->id, file->side, Step::file, Moment::progress, as_text(detail)},
                            origin_ns_));
    return shared_from_this();
}

void Ear::progress(FileTransfer& file)
{
    files.reached(file.shared_from_this(), JACKFIELD_MOVING);
}

void Ear::ended(FileTransfer& file, const FileEnd& end)
{
    files.ended(file.id, end.error, end.place.string());
}

void Ear::all_ended()
{
    calls.all_ended();
    files.all_ended();
    const std::lock_guard lock(mutex_);
    referrals_.clear();
    statistics_.clear();
}

} // namespace jackfield::kernel::capi
