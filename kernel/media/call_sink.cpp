// The sink of one call. See call_sink.hpp.

#include "kernel/media/call_sink.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
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
    for (const auto& plug : board_.sinks) {
        if (plug.methods->accepts(plug.self, abi_text(name_)) == 0)
            continue;
        ErrorSlot error;
        require(plug.methods->open(plug.self, abi_text(name_), abi_text(options), &session_, &error), error,
                plug.plugin_id);
        if (what.own() && !JF_HAS(session_.methods, write_own)) {
            close();
            throw Failure(JF_UNSUPPORTED, plug.plugin_id + ": \"" + name_ +
                                              "\" keeps what arrives and nothing of ours; without both sides, or with "
                                              "a file, it would work");
        }
        return;
    }
    throw Failure(JF_NOT_FOUND,
                  "no media sink takes \"" + name_ + "\"; a path that ends in .mkv or .webm, or \"null\", would work");
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
