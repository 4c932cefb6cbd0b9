// The receiving end of a file. See file_writer.hpp.

#include "kernel/files/file_writer.hpp"

namespace jackfield::kernel {

namespace {

constexpr std::uint64_t kSayWrittenEvery = kFileWindowBytes / 8;
constexpr auto kTellEvery = std::chrono::milliseconds(100);
constexpr std::size_t kPieceBytes = 256 * 1024;     // what arrives is put together to as much before it is written
constexpr std::size_t kTurnBytes = kPieceBytes / 2; // the worker is woken for as much, or for less after kTellEvery

} // namespace

FileWriter::FileWriter(DownloadSettings settings, std::string account, FileOffer offer, std::uint64_t promised,
                       std::function<void()> changed)
    : settings_(std::move(settings)),
      account_(std::move(account)),
      offer_(std::move(offer)),
      promised_(promised),
      changed_(std::move(changed))
{}

void FileWriter::run(FileChannel& out)
{
    auto download = Download::open(settings_, account_, offer_, promised_);
    if (!download) {
        outcome_.error = download.error();
    } else {
        offset_ = said_ = download->offset();
        out.say(FileFrame::answer, file_answer(download->offset(), download->complete()));
        if (download->complete())
            outcome_.error = {JF_OK, ""};
        else
            receive(*download, out);
    }
    if (outcome_.error.status != JF_OK)
        out.say(FileFrame::refusal, file_refusal(outcome_.error));
    else if (!outcome_.place.empty())
        out.say(FileFrame::done, {});
}

void FileWriter::receive(Download& download, FileChannel& out)
{
    changed_();
    for (;;) {
        auto task = next();
        if (!task) {
            outcome_.error = *stopped_;
            return;
        }
        if (task->bytes.empty()) {
            if (const auto place = download.finish(task->sha256))
                outcome_ = {{JF_OK, ""}, *place};
            else
                outcome_.error = place.error();
            return;
        }
        if (const Error written = download.write(task->bytes); written.status != JF_OK) {
            outcome_.error = written;
            return;
        }
        bool caught_up = false;
        {
            const std::lock_guard lock(mutex_);
            queued_bytes_ -= task->bytes.size();
            caught_up = tasks_.empty();
            task->bytes.clear();
            spare_.push_back(std::move(task->bytes));
        }
        wrote(download.offset(), out, caught_up);
    }
}

std::optional<FileWriter::Task> FileWriter::next()
{
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopped_ || worth_a_turn(); });
    // What came before the connection broke need not come again.
    if (stopped_ && (stopped_->status != JF_CLOSED || tasks_.empty()))
        return std::nullopt;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    hurry_ = false;
    taken_ = std::chrono::steady_clock::now();
    return task;
}

/// To wake a thread for each record costs more than to decrypt it. What a slow peer sends is written as it comes.
bool FileWriter::worth_a_turn() const
{
    if (tasks_.size() != 1)
        return !tasks_.empty();
    const auto& bytes = tasks_.front().bytes;
    return hurry_ || bytes.empty() || bytes.size() >= kTurnBytes;
}

void FileWriter::wrote(std::uint64_t offset, FileChannel& out, bool caught_up)
{
    offset_.store(offset, std::memory_order_relaxed);
    const auto at = std::chrono::steady_clock::now();
    const bool slow = caught_up && at - said_at_ >= kTellEvery;
    if (offset - said_ >= kSayWrittenEvery || (slow && offset - said_ >= kSayWrittenEvery / 4)) {
        out.say_written(offset);
        said_ = offset;
        said_at_ = at;
    }
    if (at - told_ >= kTellEvery) {
        told_ = at;
        changed_();
    }
}

bool FileWriter::data(std::span<const std::uint8_t> bytes)
{
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + bytes.size() > kFileWindowBytes + kFileDataBytes)
        return false;
    if (stopped_)
        return true;
    queued_bytes_ += bytes.size();
    if (tasks_.empty() || tasks_.back().bytes.empty() || tasks_.back().bytes.size() + bytes.size() > kPieceBytes) {
        tasks_.emplace_back();
        if (!spare_.empty()) {
            tasks_.back().bytes = std::move(spare_.back());
            spare_.pop_back();
        } else {
            tasks_.back().bytes.reserve(kPieceBytes);
        }
    }
    tasks_.back().bytes.insert(tasks_.back().bytes.end(), bytes.begin(), bytes.end());
    hurry_ = hurry_ || std::chrono::steady_clock::now() - taken_ >= kTellEvery;
    if (worth_a_turn())
        arrived_.notify_one();
    return true;
}

void FileWriter::end(std::string sha256)
{
    const std::lock_guard lock(mutex_);
    tasks_.push_back({{}, std::move(sha256)});
    arrived_.notify_one();
}

void FileWriter::stop(Error why)
{
    const std::lock_guard lock(mutex_);
    if (!stopped_)
        stopped_ = std::move(why);
    arrived_.notify_one();
}

} // namespace jackfield::kernel
