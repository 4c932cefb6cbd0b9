// The sink of one call. See call_sink.hpp.

#include "kernel/media/call_sink.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/media/media_names.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <utility>

namespace jackfield::kernel {

namespace {

std::string options_for(const Recorded& what)
{
    nlohmann::json options{{"audio", what.audio}, {"video", what.video}};
    if (what.own_audio)
        options["own_audio"] = true;
    if (what.own_video)
        options["own_video"] = true;
    return options.dump();
}

} // namespace

void CallSink::open(Recorded what)
{
    if (name_.empty() || (session_.methods != nullptr && what == what_))
        return;
    if (session_.methods != nullptr)
        close();
    const std::string options = options_for(what);
    what_ = what;
    std::optional<Error> first_problem;
    for (const auto& plug : board_.sinks) {
        if (plug.methods->accepts(plug.self, abi_text(name_)) == 0)
            continue;
        ErrorSlot error;
        const jf_status status = plug.methods->open(plug.self, abi_text(name_), abi_text(options), &session_, &error);
        if (status == JF_OK)
            return require_own(plug.plugin_id);
        session_ = {};
        if (!first_problem)
            first_problem = Error{status, plug.plugin_id + ": " + error.error(status).text};
        if (!names_device(name_) || (status != JF_NOT_FOUND && status != JF_UNREACHABLE))
            break; // of devices the next plugin is asked if this one has none of that name
    }
    if (first_problem)
        throw Failure(first_problem->status, first_problem->text);
    throw Failure(JF_NOT_FOUND,
                  "no media sink takes \"" + name_ + "\"; " +
                      (names_device(name_) ? "a plugin for such devices in the slot media_sink would"
                                           : "a path that ends in .mkv or .webm, or \"null\", would work"));
}

void CallSink::require_own(const std::string& plugin_id)
{
    if (!what_.own() || JF_HAS(session_.methods, write_own))
        return;
    close();
    throw Failure(JF_UNSUPPORTED, plugin_id + ": \"" + name_ +
                                      "\" keeps what arrives and nothing of ours; without both sides, or with a file, "
                                      "it would work");
}

bool CallSink::widen(Recorded what)
{
    const Recorded all{what_.audio || what.audio, what_.video || what.video, what_.own_audio || what.own_audio,
                       what_.own_video || what.own_video};
    if (session_.methods == nullptr || all == what_)
        return false;
    finish_file();
    earlier_.push_back(std::exchange(session_, {}));
    take_next_name();
    open(all);
    return true;
}

/// A name without an ending is no file.
void CallSink::take_next_name()
{
    const std::filesystem::path first(name_);
    if (!first.has_extension())
        return;
    std::error_code failed;
    for (int number = 2; std::filesystem::exists(name_, failed); ++number)
        name_ =
            (first.parent_path() / (first.stem().string() + "-" + std::to_string(number) + first.extension().string()))
                .string();
}

void CallSink::finish_file()
{
    ++finishing_->files;
    session_.methods->finish(session_.self, completions_.make([kept = finishing_](const Error& error) {
        if (error.status != JF_OK)
            kept->worst = error;
        if (--kept->files == 0 && kept->done)
            std::exchange(kept->done, nullptr)(kept->worst);
    }));
}

void CallSink::finish(std::function<void(Error)> done)
{
    if (session_.methods == nullptr)
        return done({JF_OK, ""});
    finishing_->done = std::move(done);
    finish_file();
}

void CallSink::close()
{
    const jf_sink_session ended = std::exchange(session_, {});
    if (ended.methods != nullptr)
        ended.methods->release(ended.self);
    for (const auto& earlier : std::exchange(earlier_, {}))
        earlier.methods->release(earlier.self);
}

} // namespace jackfield::kernel
