// What the verbs that run a node have in common: configuration, log, progress, exit codes.
//
// Threads: the main thread; listeners are called on the node's control thread.
#pragma once

#include "kernel/node/node.hpp"
#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/main_loop.hpp"
#include "tools/jackfield/options.hpp"
#include "tools/jackfield/progress.hpp"

#include <memory>
#include <string>

namespace jackfield::program {

/// Ends a verb with a sentence and an exit code.
class Stop : public std::runtime_error {
public:
    Stop(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
    ExitCode code() const { return code_; }

private:
    ExitCode code_;
};

OptionInfo config_option();
OptionInfo events_option();
OptionInfo log_option();

EventFormat event_format(const Arguments& arguments);

/// A duration in seconds, as --for takes it. Throws UsageError.
std::chrono::milliseconds seconds_option(const Arguments& arguments, const std::string& name);

/// The account that a verb calls, in small letters: an id as it is, a name as the contacts of the configuration have
/// it. Throws UsageError, or Stop if those cannot be read.
std::string account_argument(const std::string& text, const kernel::Config& config);

/// The file of --config, read and checked. Throws Stop, or UsageError for --log.
kernel::Config read_config(const Arguments& arguments);

/// Lines on standard error, for verbs that show no progress.
kernel::LogSink standard_log();

/// Throws Stop if it is an error.
template <typename T>
T or_stop(std::expected<T, kernel::Error> result)
{
    if (!result)
        throw Stop(kConfiguration, result.error().text);
    return std::move(*result);
}

/// Which exit code says how a call ended.
ExitCode exit_code_of(const kernel::CallEnd& end);

/// How a call ended, in one sentence.
std::string sentence_of(const kernel::CallEnd& end);

/// Packets, loss and bit rate of each stream, one line each, from the statistics of a call.
std::string statistics_table(const std::string& statistics_json, double seconds);

} // namespace jackfield::program
