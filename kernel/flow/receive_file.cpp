// A file of a peer's into our folder. See send_file.hpp.

#include "kernel/files/file_name.hpp"
#include "kernel/files/file_writer.hpp"
#include "kernel/flow/file_talk.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/send_file.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using Transfer = std::shared_ptr<FileTransfer>;

/// Where the path's thread finds who writes, as soon as somebody does.
class Inlet {
public:
    void open(std::shared_ptr<FileWriter> writer)
    {
        const std::lock_guard lock(mutex_);
        writer_ = std::move(writer);
    }
    bool data(std::span<const std::uint8_t> bytes)
    {
        const std::lock_guard lock(mutex_);
        return writer_ && writer_->data(bytes);
    }

private:
    std::mutex mutex_;
    std::shared_ptr<FileWriter> writer_;
};

/// One file that comes in. Members are destroyed from the last to the first.
struct Incoming {
    Incoming(Environment& environment, std::shared_ptr<Link> over, std::shared_ptr<FileTransfer> of)
        : node(environment), link(std::move(over)), transfer(std::move(of))
    {
        ++node.files.receiving;
        ++node.files.receiving_of[transfer->peer_account];
    }
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    ~Incoming()
    {
        --node.files.receiving;
        if (--node.files.receiving_of[transfer->peer_account] == 0)
            node.files.receiving_of.erase(transfer->peer_account);
        node.files.promised -= promised;
    }

    Environment& node;
    std::shared_ptr<Link> link; // second owner: the node's table
    Transfer transfer;
    std::uint64_t promised = 0;
    bool answered = false; // the writer says everything from here on
    std::unique_ptr<ChannelLayer> channel;
    std::shared_ptr<Inlet> inlet = std::make_shared<Inlet>(); // second owner: the talk's events
    std::unique_ptr<FileTalk> talk;
};

void say_refusal(Incoming& incoming, const Error& error)
{
    if (incoming.talk && !incoming.answered)
        incoming.talk->channel().say(FileFrame::refusal, file_refusal(error));
}

awaitable<FileOffer> hear_offer(std::shared_ptr<Incoming> incoming)
{
    auto& transfer = *incoming->transfer;
    as_step(Step::file, [&] {
        incoming->talk =
            std::make_unique<FileTalk>(incoming->node.control, *incoming->channel->path(), incoming->transfer,
                                       FileTalk::Bytes{[inlet = incoming->inlet](std::span<const std::uint8_t> bytes) {
                                                           return inlet->data(bytes);
                                                       },
                                                       [](std::uint64_t) {}, [] {}});
    });
    co_await until(transfer.bell, now() + limits::kFileOffer,
                   [&] { return incoming->talk->heard() || transfer.cancelled(); });
    const auto word = incoming->talk->next_word();
    if (!word)
        throw StepFailure(Step::file, JF_TIMEOUT, "a channel for a file, and no offer of one");
    const auto offer = read_file_offer(word->second);
    if (word->first != FileFrame::offer || !offer)
        throw StepFailure(Step::file, JF_BAD_INPUT, "the offer of a file makes no sense");
    transfer.name = safe_file_name(offer->name);
    transfer.size = offer->size;
    co_return *offer;
}

/// Whether we want it. Throws StepFailure.
void decide(Incoming& incoming)
{
    auto& transfer = *incoming.transfer;
    transfer.tell(Moment::start, {{"name", transfer.name}, {"bytes", transfer.size}});
    if (transfer.name.empty())
        throw StepFailure(Step::file, JF_BAD_INPUT, "the file has no name");
    transfer.listener = incoming.node.file_offered(incoming.transfer);
    if (!transfer.listener)
        throw StepFailure(Step::file, JF_REFUSED, "the file is not wanted");
}

/// Until somebody has said yes, if somebody is asked. Throws StepFailure.
awaitable<void> hear_decision(std::shared_ptr<Incoming> incoming)
{
    const auto transfer = incoming->transfer;
    co_await until(transfer->bell, now() + limits::kFileDecision, [&] {
        return !transfer->undecided() || transfer->cancelled() || incoming->talk->heard() || incoming->node.stopping;
    });
    if (incoming->talk->heard() && transfer->undecided())
        throw StepFailure(Step::file, JF_CLOSED, "the sender has not waited for a decision");
    if (transfer->undecided() || transfer->cancelled())
        throw StepFailure(Step::file, JF_REFUSED, "the file is not wanted");
}

/// Until all of it is on the disk. Throws StepFailure if that does not come to be; what has come is kept.
awaitable<std::filesystem::path> write_file(std::shared_ptr<Incoming> incoming, FileOffer offer)
{
    auto& node = incoming->node;
    const auto transfer = incoming->transfer;
    const auto ring = [&control = node.control, transfer] { control.post([transfer] { transfer->bell.ring(); }); };
    const auto writer = std::make_shared<FileWriter>(node.files.settings.download, transfer->peer_account, offer,
                                                     node.files.promised, ring);
    incoming->promised = transfer->size; // not before: whoever is asked may say no
    node.files.promised += incoming->promised;
    incoming->inlet->open(writer);
    incoming->answered = true;
    const auto over = std::make_shared<bool>(false);
    as_step(Step::file, [&] {
        node.workers.run([raw = writer.get(), out = &incoming->talk->channel()] { raw->run(*out); },
                         [over, writer, transfer] {
                             *over = true;
                             transfer->bell.ring();
                         });
    });
    const auto look = [&] {
        if (transfer->transferred() != writer->offset()) {
            transfer->set_transferred(writer->offset());
            transfer->report_progress();
        }
        while (const auto word = incoming->talk->next_word()) {
            const auto hash = word->first == FileFrame::end ? read_file_end(word->second) : std::nullopt;
            if (hash)
                writer->end(*hash);
            else
                writer->stop(word->first == FileFrame::refusal
                                 ? read_file_refusal(word->second)
                                 : Error{JF_BAD_INPUT, "what the peer says makes no sense"});
        }
        if (transfer->cancelled())
            writer->stop({JF_CANCELLED, "the receiver has cancelled it"});
        if (incoming->talk->closed())
            writer->stop({JF_CLOSED, "the connection broke: " + incoming->talk->closed()->text});
        return *over;
    };
    co_await until(transfer->bell, TimePoint::max(), look);
    if (writer->outcome().error.status != JF_OK)
        throw StepFailure(Step::file, writer->outcome().error);
    transfer->set_transferred(transfer->size);
    co_return writer->outcome().place;
}

/// A channel that is closed while its last word is on its way may take that along.
awaitable<void> let_read(std::shared_ptr<Incoming> incoming)
{
    if (incoming->talk)
        co_await until(incoming->transfer->bell, now() + limits::kGoodbye, [&] {
            while (incoming->talk->next_word()) {
            }
            return incoming->talk->closed().has_value() || incoming->node.stopping;
        });
}

awaitable<void> receive_file(Environment& node, std::shared_ptr<Incoming> incoming)
{
    const auto transfer = incoming->transfer;
    FileEnd end;
    node.files.transfers.insert(transfer);
    try {
        co_await until(transfer->bell, now() + limits::kFileOffer,
                       [&] { return incoming->channel->path() || incoming->channel->failure(); });
        if (!incoming->channel->path())
            throw StepFailure(Step::file, JF_CLOSED, "the channel did not open");
        const FileOffer offer = co_await hear_offer(incoming);
        decide(*incoming);
        co_await hear_decision(incoming);
        end.place = co_await write_file(incoming, offer);
        end.was_there = end.place.empty();
        transfer->tell(Moment::done,
                       {{"bytes", transfer->size}, {"was_there", end.was_there}, {"place", end.place.string()}});
    } catch (const StepFailure& failure) {
        end.error = failure.error();
        say_refusal(*incoming, end.error);
        transfer->tell(Moment::failed, {{"status", status_word(end.error.status)}, {"text", end.error.text}});
    }
    if (transfer->listener)
        transfer->listener->ended(*transfer, end);
    co_await let_read(incoming);
    node.files.transfers.erase(transfer);
}

bool may_come(const Environment& node, const std::string& account)
{
    const auto of_account = node.files.receiving_of.find(account);
    return !node.stopping && !node.files.settings.download.folder.empty() &&
           node.contacts.may_call(account, node.files.settings.from) &&
           node.files.receiving < limits::kFilesReceivedAtOnce &&
           (of_account == node.files.receiving_of.end() || of_account->second < limits::kFilesReceivedAtOncePerAccount);
}

} // namespace

void channel_wanted(Environment& node, const std::shared_ptr<Link>& link, const std::string& name, std::uint32_t kind)
{
    const auto& account = link->peer.account_id;
    if (kind != JF_STREAM || !name.starts_with(kFileChannel) || !may_come(node, account))
        return;
    const auto transfer =
        std::make_shared<FileTransfer>(node.timeline, Side::callee, account, std::filesystem::path(), nullptr);
    const auto incoming = std::make_shared<Incoming>(node, link, transfer);
    incoming->channel = std::make_unique<ChannelLayer>(
        link->layers->channels(), name, kind, ChannelLayer::Opening::expected, [transfer] { transfer->bell.ring(); });
    spawn(node, receive_file(node, incoming));
}

} // namespace jackfield::kernel
