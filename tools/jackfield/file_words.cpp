// Words about files. See file_words.hpp.

#include "tools/jackfield/file_words.hpp"

#include <fmt/format.h>

namespace jackfield::program {

namespace {

std::string bar(double part, int width)
{
    const int full = static_cast<int>(part * width);
    return "[" + std::string(static_cast<std::size_t>(full), '#') +
           std::string(static_cast<std::size_t>(width - full), '.') + "]";
}

} // namespace

std::string bytes_words(std::uint64_t bytes)
{
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto number = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (number >= 1024 && unit + 1 < std::size(kUnits)) {
        number /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", number, kUnits[unit]);
}

ExitCode exit_code_of(const kernel::FileEnd& end)
{
    switch (end.error.status) {
    case JF_OK:
        return kOk;
    case JF_UNAUTHENTICATED:
        return kNotTrusted;
    case JF_CANCELLED:
        return kInterrupted;
    case JF_UNREACHABLE:
    case JF_TIMEOUT:
        return kUnreachable;
    case JF_CLOSED:
        return kBroken;
    case JF_REFUSED:
    case JF_EXHAUSTED:
    case JF_BUSY:
    case JF_UNSUPPORTED:
        return kNotAnswered;
    case JF_NOT_FOUND:
        return end.step == kernel::Step::file ? kMedia : kUnreachable;
    case JF_BAD_INPUT:
        return kMedia;
    default:
        return kInternal;
    }
}

void FileRates::show(Progress& progress, const kernel::FileTransfer& transfer)
{
    const auto [found, first] =
        going_on_.try_emplace(transfer.id, GoingOn{std::chrono::steady_clock::now(), transfer.transferred()});
    found->second.name = printable(transfer.name);
    found->second.size = transfer.size;
    found->second.done = transfer.transferred();
    found->second.bytes_per_s = bytes_per_s(transfer);
    draw(progress);
}

std::string FileRates::end(Progress& progress, const kernel::FileTransfer& transfer, const kernel::FileEnd& end)
{
    const auto how = sentence(transfer, end);
    going_on_.erase(transfer.id);
    draw(progress);
    return how;
}

/// One bar for all, since a line holds one; behind it each of several by itself, as far as there is room.
void FileRates::draw(Progress& progress) const
{
    if (going_on_.empty())
        return progress.live("files", "");
    GoingOn all;
    for (const auto& [id, one] : going_on_) {
        all.size += one.size;
        all.done += one.done;
        all.bytes_per_s += one.bytes_per_s;
    }
    const bool several = going_on_.size() > 1;
    std::string line = fmt::format(
        "{} {} {:3.0f}% {}/s", several ? fmt::format("{} files", going_on_.size()) : going_on_.begin()->second.name,
        bar(part_of(all), 20), part_of(all) * 100, bytes_words(static_cast<std::uint64_t>(all.bytes_per_s)));
    if (all.bytes_per_s > 0)
        line += fmt::format(" {:.0f} s left", static_cast<double>(all.size - all.done) / all.bytes_per_s);
    if (several) {
        const char* before = ": ";
        for (const auto& [id, one] : going_on_)
            line += fmt::format("{}{} {:.0f}%", std::exchange(before, ", "), one.name, part_of(one) * 100);
    }
    progress.live("files", line);
}

double FileRates::part_of(const GoingOn& one)
{
    return one.size == 0 ? 1 : static_cast<double>(one.done) / static_cast<double>(one.size);
}

/// Since it has been watched.
double FileRates::bytes_per_s(const kernel::FileTransfer& transfer) const
{
    const auto found = going_on_.find(transfer.id);
    if (found == going_on_.end())
        return 0;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - found->second.began;
    const auto bytes = transfer.transferred() - std::min(found->second.before, transfer.transferred());
    return took.count() <= 0 ? 0 : static_cast<double>(bytes) / took.count();
}

std::string FileRates::sentence(const kernel::FileTransfer& transfer, const kernel::FileEnd& end) const
{
    const auto name = printable(transfer.name.empty() ? transfer.file.string() : transfer.name);
    const bool ours = transfer.side == kernel::Side::caller;
    if (end.error.status != JF_OK)
        return fmt::format("{} was not {}: {}", name, ours ? "sent" : "received", printable(end.error.text));
    if (end.was_there)
        return fmt::format("{} had been {} already", name, ours ? "sent" : "received");
    const double rate = bytes_per_s(transfer);
    const auto speed = rate > 0 ? ", " + bytes_words(static_cast<std::uint64_t>(rate)) + "/s" : "";
    if (ours)
        return fmt::format("{} sent, {}{}", name, bytes_words(transfer.size), speed);
    return fmt::format("{} received, {}{}: {}", name, bytes_words(transfer.size), speed, printable(end.place.string()));
}

} // namespace jackfield::program
