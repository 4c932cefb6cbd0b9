// A trace in a file. See trace.hpp.

#include "kernel/timeline/trace.hpp"

#include "kernel/timeline/trace_chrome.hpp"
#include "kernel/timeline/trace_csv.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace jackfield::kernel {

namespace {

class JsonLines final : public TraceForm {
public:
    explicit JsonLines(std::int64_t origin_ns) : origin_ns_(origin_ns) {}

    std::string head() const override { return {}; }
    std::string text(const TimelineEvent& event) override { return to_json_line(event, origin_ns_) + "\n"; }
    std::string tail() override { return {}; }

private:
    std::int64_t origin_ns_;
};

std::string words_of(int error_number)
{
    return std::generic_category().message(error_number);
}

} // namespace

std::unique_ptr<TraceForm> trace_form(const std::filesystem::path& file, std::int64_t origin_ns)
{
    const auto ending = file.extension();
    if (ending == ".jsonl")
        return std::make_unique<JsonLines>(origin_ns);
    if (ending == ".csv")
        return std::make_unique<CsvTrace>(origin_ns);
    if (ending == ".json")
        return std::make_unique<ChromeTrace>(origin_ns);
    return nullptr;
}

std::string_view trace_endings()
{
    return "a name that ends in .jsonl (JSON lines), .csv or .json (Chrome trace)";
}

std::expected<std::unique_ptr<Trace>, Error> Trace::open(const std::filesystem::path& file, std::int64_t origin_ns)
{
    auto form = trace_form(file, origin_ns);
    if (!form)
        return std::unexpected(Error{
            JF_BAD_INPUT, fmt::format("\"{}\": no such form of trace; {} would work", file.string(), trace_endings())});
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return std::unexpected(
            Error{errno == ENOENT ? JF_NOT_FOUND : JF_REFUSED,
                  fmt::format("\"{}\": the trace cannot be written: {}", file.string(), words_of(errno))});
    std::unique_ptr<Trace> trace(new Trace(file, std::move(form), descriptor));
    trace->put(trace->form_->head());
    if (trace->problem_.status != JF_OK)
        return std::unexpected(trace->problem_);
    return trace;
}

Trace::Trace(std::filesystem::path file, std::unique_ptr<TraceForm> form, int descriptor)
    : file_(std::move(file)), form_(std::move(form)), descriptor_(descriptor)
{}

Trace::~Trace()
{
    put(form_->tail());
    close(descriptor_);
}

void Trace::write(const TimelineEvent& event)
{
    put(form_->text(event));
}

/// After the first problem nothing more is written: half an event in the middle would spoil the file.
void Trace::put(const std::string& text)
{
    std::string_view rest = text;
    while (!rest.empty() && problem_.status == JF_OK) {
        const ssize_t size = ::write(descriptor_, rest.data(), rest.size());
        if (size >= 0)
            rest.remove_prefix(static_cast<std::size_t>(size));
        else if (errno != EINTR)
            problem_ = {JF_REFUSED, fmt::format("\"{}\": the trace ends early: {}", file_.string(), words_of(errno))};
    }
}

} // namespace jackfield::kernel
