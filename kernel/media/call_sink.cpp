// The sink of one call. See call_sink.hpp.

#include "kernel/media/call_sink.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <utility>

namespace jackfield::kernel {

void CallSink::open(bool audio, bool video)
{
    if (name_.empty() || (session_.methods != nullptr && audio == audio_ && video == video_))
        return;
    if (session_.methods != nullptr)
        close();
    const std::string options = nlohmann::json{{"audio", audio}, {"video", video}}.dump();
    audio_ = audio;
    video_ = video;
    for (const auto& plug : board_.sinks) {
        if (plug.methods->accepts(plug.self, abi_text(name_)) == 0)
            continue;
        ErrorSlot error;
        require(plug.methods->open(plug.self, abi_text(name_), abi_text(options), &session_, &error), error,
                plug.plugin_id);
        return;
    }
    throw Failure(JF_NOT_FOUND,
                  "no media sink takes \"" + name_ + "\"; a path that ends in .mkv or .webm, or \"null\", would work");
}

bool CallSink::widen(bool audio, bool video)
{
    if (session_.methods == nullptr || ((audio_ || !audio) && (video_ || !video)))
        return false;
    finish_file();
    earlier_.push_back(std::exchange(session_, {}));
    take_next_name();
    open(audio_ || audio, video_ || video);
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
