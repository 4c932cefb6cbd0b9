// A file of ours to one device of a peer. See send_file.hpp.

#include "kernel/flow/send_file.hpp"

#include "kernel/files/file_id.hpp"
#include "kernel/files/file_reader.hpp"
#include "kernel/flow/file_talk.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/on_worker.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using Transfer = std::shared_ptr<FileTransfer>;

/// The file, and what has become of it over all connections.
struct Sending {
    std::expected<OpenFile, Error> file{std::unexpect, JF_INTERNAL, ""};
    TimePoint got_on = now(); // the receiver had written something more then
    std::uint64_t known = 0;
    bool was_there = false;
};

void check_cancelled(const FileTransfer& transfer)
{
    if (transfer.cancelled())
        throw StepFailure(Step::file, JF_CANCELLED, "cancelled here");
}

awaitable<void> open_file(Environment& node, Transfer transfer, std::shared_ptr<Sending> sending)
{
    co_await on_worker(node.workers, transfer->bell, Step::file, [&] { sending->file = open_to_send(transfer->file); });
    if (!sending->file)
        throw StepFailure(Step::file, sending->file.error());
    transfer->name = sending->file->name;
    transfer->size = sending->file->size;
    transfer->tell(Moment::start, {{"name", transfer->name}, {"bytes", transfer->size}});
}

/// As many as `node.files` allows at once; the others wait for their turn.
class SendTurn {
public:
    explicit SendTurn(Environment& node) : node_(node) { ++node_.files.sending; }
    SendTurn(const SendTurn&) = delete;
    SendTurn& operator=(const SendTurn&) = delete;
    ~SendTurn()
    {
        --node_.files.sending;
        node_.bell.ring();
    }

private:
    Environment& node_;
};

/// A transfer wants its link until it is cancelled.
class FileErrand final : public Errand {
public:
    explicit FileErrand(Transfer transfer, Timeline& timeline) : transfer_(std::move(transfer)), timeline_(timeline) {}

    Bell& bell() override { return transfer_->bell; }
    bool unwanted() const override { return transfer_->cancelled(); }
    void check_wanted(Step step) const override
    {
        if (unwanted())
            throw StepFailure(step, JF_CANCELLED, "cancelled here");
    }
    void tell(Step step, Moment moment, std::string detail_json) override
    {
        timeline_.tell({0, transfer_->id, Side::caller, step, moment, std::move(detail_json)});
    }

private:
    Transfer transfer_;
    Timeline& timeline_;
};

// 1-5  A link to the first device of the peer that can be reached; one that is open is best.
awaitable<std::shared_ptr<Link>> reach(Environment& node, Transfer transfer)
{
    const auto errand = std::make_shared<FileErrand>(transfer, node.timeline);
    for (const Device& device : node.links.devices_of(transfer->peer_account))
        co_return co_await link_to(node, errand, device);
    const Search search(
        node.switchboard, transfer->peer_account, [transfer] { transfer->bell.ring(); }, Asking::unless_watched);
    std::size_t tried = 0;
    std::optional<StepFailure> failure;
    for (;;) {
        co_await until(transfer->bell, now() + limits::kFind,
                       [&] { return search.devices().size() > tried || search.done() || transfer->cancelled(); });
        check_cancelled(*transfer);
        if (search.devices().size() == tried)
            break;
        const Device device = search.devices()[tried++];
        if (device.device_id == node.self.device_id)
            continue;
        try {
            co_return co_await link_to(node, errand, device);
        } catch (const StepFailure& caught) {
            failure = caught;
        }
    }
    if (failure)
        throw *failure;
    throw StepFailure(Step::discovery, search.done() ? why_nobody_is_there(node, transfer->peer_account, search)
                                                     : Error{JF_TIMEOUT, "no device of that account "
                                                                         "was found in time"});
}

awaitable<void> open_channel(Transfer transfer, std::shared_ptr<Link> link, std::shared_ptr<ChannelLayer> channel)
{
    co_await until(transfer->bell, now() + limits::kFileAnswer,
                   [&] { return channel->path() || channel->failure() || transfer->cancelled() || !link->usable(); });
    check_cancelled(*transfer);
    if (channel->failure() && channel->failure()->status == JF_REFUSED)
        throw StepFailure(Step::file, JF_REFUSED, "the peer takes no files");
    if (channel->failure())
        throw StepFailure(Step::file, *channel->failure());
    if (!channel->path())
        throw StepFailure(Step::file, JF_TIMEOUT, "the peer gave no channel for the file");
}

/// A multiplexer may have given the channel before the peer had answered; its no comes now.
void check_not_declined(const FileTalk& talk)
{
    if (talk.closed() && talk.closed()->status == JF_REFUSED)
        throw StepFailure(Step::file, JF_REFUSED, "the peer takes no files");
}

/// The next word of the peer. Throws StepFailure if the channel ended before, it refuses, or we do not want any more.
awaitable<std::pair<FileFrame, std::string>> hear(Transfer transfer, FileTalk& talk, TimePoint deadline)
{
    co_await until(transfer->bell, deadline, [&] { return talk.heard() || transfer->cancelled(); });
    check_cancelled(*transfer);
    auto word = talk.next_word();
    if (!word && talk.closed())
        throw StepFailure(Step::file, JF_CLOSED, "the connection broke: " + talk.closed()->text);
    if (!word)
        throw StepFailure(Step::file, JF_TIMEOUT, "the peer says nothing about the file");
    if (word->first == FileFrame::refusal)
        throw StepFailure(Step::file, read_file_refusal(word->second));
    co_return std::move(*word);
}

void note_progress(FileTransfer& transfer, Sending& sending)
{
    if (transfer.transferred() != sending.known) {
        sending.known = transfer.transferred();
        sending.got_on = now();
    }
    transfer.report_progress();
}

/// All bytes from there on. However it ends, the reader has stopped before this returns: it uses the channel.
awaitable<void> send_bytes(Environment& node, Transfer transfer, std::shared_ptr<Sending> sending,
                           std::shared_ptr<FileReader> reader, FileTalk& talk, std::uint64_t offset)
{
    const auto over = std::make_shared<bool>(false);
    as_step(Step::file, [&] {
        node.workers.run([raw = reader.get(), offset, out = &talk.channel()] { raw->run(offset, *out); },
                         [over, reader, transfer] {
                             *over = true;
                             transfer->bell.ring();
                         });
    });
    co_await until(transfer->bell, TimePoint::max(), [&] {
        note_progress(*transfer, *sending);
        return *over || talk.heard() || transfer->cancelled();
    });
    reader->stop();
    co_await until(transfer->bell, TimePoint::max(), [&] { return *over; });
}

/// What the receiver answers to the offer.
awaitable<FileAnswer> offer(Transfer transfer, std::shared_ptr<Sending> sending, FileTalk& talk)
{
    const OpenFile& file = *sending->file;
    talk.channel().say(FileFrame::offer, to_json(FileOffer{file.id, file.name, file.size}));
    const auto deadline = now() + limits::kFileAnswer;
    co_await until(transfer->bell, deadline, [&] { return talk.heard() || transfer->cancelled(); });
    check_not_declined(talk);
    const auto word = co_await hear(transfer, talk, deadline);
    const auto answer = read_file_answer(word.second);
    if (word.first != FileFrame::answer || !answer || answer->offset > file.size)
        throw StepFailure(Step::file, JF_BAD_INPUT, "the peer's answer to the file makes no sense");
    co_return *answer;
}

/// 6  Once, over one channel. Throws StepFailure.
awaitable<void> send_over(Environment& node, Transfer transfer, std::shared_ptr<Sending> sending,
                          std::shared_ptr<Link> link)
{
    const OpenFile& file = *sending->file;
    const auto channel = as_step(Step::file, [&] {
        return std::make_shared<ChannelLayer>(link->layers->channels(), std::string(kFileChannel) + file.id, JF_STREAM,
                                              ChannelLayer::Opening::asked, [transfer] { transfer->bell.ring(); });
    });
    co_await open_channel(transfer, link, channel);
    const auto reader = std::make_shared<FileReader>(file);
    const auto written = [reader, transfer](std::uint64_t offset) {
        reader->written(offset);
        transfer->set_transferred(std::min(offset, transfer->size));
    };
    FileTalk talk(node.control, *channel->path(), transfer,
                  {[](std::span<const std::uint8_t>) { return false; }, written, [reader] { reader->writable(); }});
    const FileAnswer answer = co_await offer(transfer, sending, talk);
    transfer->set_transferred(answer.offset);
    sending->was_there = answer.complete;
    if (answer.complete)
        co_return;
    transfer->tell(Moment::progress, {{"what", "accepted"}, {"offset", answer.offset}});
    transfer->report_progress();
    co_await send_bytes(node, transfer, sending, reader, talk, answer.offset);
    const Error read = reader->outcome();
    if (transfer->cancelled())
        talk.channel().say(FileFrame::refusal, file_refusal({JF_CANCELLED, "the sender has cancelled it"}));
    else if (read.status != JF_OK && read.status != JF_CANCELLED)
        talk.channel().say(FileFrame::refusal, file_refusal(read));
    if (read.status != JF_OK && read.status != JF_CANCELLED)
        throw StepFailure(Step::file, read);
    const auto word = co_await hear(transfer, talk, now() + limits::kFileDone);
    if (word.first != FileFrame::done)
        throw StepFailure(Step::file, JF_BAD_INPUT, "the peer's last word about the file makes no sense");
    transfer->set_transferred(file.size);
}

/// A connection that broke, or a device that is away for a moment: what the receiver has written is not sent again.
bool worth_another_try(const StepFailure& failure, const Sending& sending)
{
    const bool broken = failure.status() == JF_CLOSED || failure.status() == JF_TIMEOUT ||
                        failure.status() == JF_UNREACHABLE || failure.status() == JF_BUSY;
    return broken && now() < sending.got_on + limits::kFileTries;
}

awaitable<void> send_until_done(Environment& node, Transfer transfer, std::shared_ptr<Sending> sending)
{
    auto pause = limits::kFileFirstPause;
    for (;;) {
        std::optional<StepFailure> failure;
        try {
            const auto link = co_await reach(node, transfer);
            co_await send_over(node, transfer, sending, link);
        } catch (const StepFailure& caught) {
            failure = caught;
        }
        note_progress(*transfer, *sending);
        if (!failure)
            co_return;
        if (!worth_another_try(*failure, *sending))
            throw *failure;
        transfer->tell(Moment::progress, {{"what", "broken"}, {"text", failure->what()}});
        co_await until(transfer->bell, now() + pause, [&] { return transfer->cancelled(); });
        check_cancelled(*transfer);
        pause = std::min(2 * pause, limits::kFileLongestPause);
    }
}

} // namespace

awaitable<void> send_file(Environment& node, std::shared_ptr<FileTransfer> transfer)
{
    FileEnd end;
    const auto sending = std::make_shared<Sending>();
    try {
        co_await open_file(node, transfer, sending);
        co_await until(node.bell, TimePoint::max(),
                       [&] { return node.files.sending < limits::kFilesSentAtOnce || transfer->cancelled(); });
        const SendTurn turn(node);
        sending->got_on = now();
        check_cancelled(*transfer);
        co_await send_until_done(node, transfer, sending);
        end.was_there = sending->was_there;
        transfer->tell(Moment::done, {{"bytes", transfer->size}, {"was_there", end.was_there}});
    } catch (const StepFailure& failure) {
        end.error = failure.error();
        end.step = failure.step();
        transfer->tell(Moment::failed, {{"status", status_word(end.error.status)}, {"text", end.error.text}});
    }
    transfer->listener->ended(*transfer, end);
}

} // namespace jackfield::kernel
