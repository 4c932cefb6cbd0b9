// --send, --play, --record and --trace. See media_options.hpp.

#include "tools/jackfield/media_options.hpp"

#include "kernel/media/media_names.hpp"
#include "tools/jackfield/session.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace jackfield::program {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNothing = "none";
constexpr const char* kNowhere = "null"; // what --record takes for nothing

/// Sources have names of their own ("test"); what has a folder or an ending is a file.
bool looks_like_file(const std::string& source)
{
    return source.find_first_of("/.") != std::string::npos;
}

} // namespace

OptionInfo send_option()
{
    return {"send", "SRC",
            "what to send: a media file, \"test\" for a picture and a tone, or devices, as in "
            "microphone:+camera: (the configuration says otherwise what; none: nothing)"};
}

OptionInfo play_option()
{
    return {"play", "SINK",
            "what plays what arrives, as in speaker:+window: (otherwise as the configuration says; "
            "none: nothing)"};
}

OptionInfo overwrite_option()
{
    return {"overwrite", "", "--record may replace a recording that is there already"};
}

OptionInfo both_sides_option()
{
    return {"both-sides", "", "--record keeps what is sent, too: both voices in one track, our pictures in a second"};
}

OptionInfo trace_option()
{
    return {"trace", "FILE",
            "keeps every event in FILE: .jsonl JSON lines, .csv a table, .json for chrome://tracing and Perfetto"};
}

void check_source(const std::string& source)
{
    const auto parts = kernel::parts_of(source);
    if (parts.size() > 1) {
        for (const auto& part : parts)
            check_source(part);
        return;
    }
    std::error_code ignored;
    if (kernel::names_device(source) || !looks_like_file(source) || fs::is_regular_file(source, ignored) ||
        fs::is_symlink(source, ignored))
        return;
    throw Stop(kMedia, fmt::format("\"{}\": {}", source,
                                   fs::exists(source, ignored) ? "not an ordinary file" : "no such file"));
}

std::string source_of(const Arguments& arguments, const kernel::Config& config)
{
    const auto source = arguments.get("send", config.call.send);
    return source == kNothing ? "" : source;
}

std::string player_of(const Arguments& arguments, const kernel::Config& config)
{
    const auto player = arguments.get("play", config.call.play);
    return player == kNothing ? "" : player;
}

std::string trace_file(const Arguments& arguments, const std::string& config_file)
{
    auto file = arguments.get("trace");
    if (arguments.has("trace") && file.empty())
        throw UsageError("--trace takes the name of a file");
    std::error_code failed;
    if (!file.empty() && fs::equivalent(file, config_file, failed))
        throw UsageError("--trace \"" + file + "\" is the configuration, and would be written over");
    return file;
}

RecordingNames::RecordingNames(const Arguments& arguments)
    : file_(arguments.get("record")), overwrite_(arguments.has("overwrite")), both_sides_(arguments.has("both-sides"))
{
    if (arguments.has("record") && file_.empty())
        throw UsageError("--record takes the name of a file");
    if (overwrite_ && file_.empty())
        throw UsageError("--overwrite says something about --record, which is missing");
    if (both_sides_ && file_.empty())
        throw UsageError("--both-sides says something about --record, which is missing");
    if (file_ == kNowhere)
        file_.clear();
    std::error_code failed;
    const auto folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    if (!file_.empty() && access(folder.c_str(), W_OK | X_OK) != 0)
        throw Stop(kMedia, fmt::format("\"{}\": cannot be written: {} folder \"{}\"", file_.string(),
                                       fs::exists(folder, failed) ? "we may not write to the" : "there is no",
                                       folder.string()));
}

std::string RecordingNames::only() const
{
    if (file_.empty())
        return {};
    if (!free(file_))
        throw Stop(kMedia,
                   fmt::format("\"{}\" is there already; another name would work, or --overwrite", file_.string()));
    return file_.string();
}

std::string RecordingNames::next(const std::set<std::string>& taken) const
{
    if (file_.empty())
        return {};
    fs::path candidate = file_;
    for (int number = 2; !free(candidate) || taken.contains(candidate.string()); ++number)
        candidate =
            file_.parent_path() / fmt::format("{}-{}{}", file_.stem().string(), number, file_.extension().string());
    return candidate.string();
}

void RecordingNames::discard_unused(const std::string& name, bool answered)
{
    std::error_code failed;
    if (!fs::is_regular_file(name, failed))
        return;
    if (!answered || fs::file_size(name, failed) == 0)
        fs::remove(name, failed);
}

bool RecordingNames::free(const fs::path& file) const
{
    std::error_code failed;
    const auto status = fs::symlink_status(file, failed);
    if (overwrite_ || status.type() == fs::file_type::not_found)
        return true;
    return fs::is_regular_file(file, failed) && fs::file_size(file, failed) == 0; // nothing in it to lose
}

} // namespace jackfield::program
