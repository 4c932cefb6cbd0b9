// Writes down what a node and its calls say. See open_node.hpp.

#include "kernel/capi/node_table.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel::capi {

namespace {

using Json = nlohmann::json;

std::string as_text(const Json& detail)
{
    return detail.dump(-1, ' ', false, Json::error_handler_t::replace); // names of peers are whatever they say
}

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
    queue.push(to_json_line(event, origin_ns_));
    if (event.moment == Moment::done && !std::exchange(done_[static_cast<std::size_t>(event.step)], true))
        NodeTable::get().go_first_at_exit(); // the step may have used a library that was not used before
}

void Ear::say(const Call& call, const std::string& detail_json)
{
    timeline({monotonic_ns(), call.id, call.side, Step::call, Moment::progress, detail_json});
}

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
    if (plan.media.record != "null")
        plan.media.record = free_name(plan.media.record, recorded_to_, overwrite_);
    recorded_to_[call.id] = plan.media.record == "null" ? "" : plan.media.record;
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
    say(call, as_text({{"what", "incoming"},
                       {"peer", who.peer_account},
                       {"device", who.peer_device},
                       {"contact", who.contact},
                       {"display_name", who.display_name}}));
}

void Ear::answered(Call& call)
{
    calls.reached(call.shared_from_this(), JACKFIELD_ANSWERED);
    say(call, R"({"what":"answered"})");
}

void Ear::source_ended(Call& call, MediaKind kind)
{
    say(call, as_text({{"what", "source ended"}, {"kind", name_of(kind)}}));
}

void Ear::ended(Call& call, const CallEnd& end)
{
    coming_in_.erase(call.id);
    recorded_to_.erase(call.id);
    calls.ended(call.id, end.error);
}

} // namespace jackfield::kernel::capi
