// jackfield send-file: sends files to a peer, several at once.

#include "tools/jackfield/file_words.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace jackfield::program {

namespace {

class SenderView final : public kernel::NodeListener, public kernel::FileListener {
public:
    SenderView(Progress& progress, MainLoop& loop, std::size_t files) : progress_(progress), loop_(loop), left_(files)
    {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }
    void progress(kernel::FileTransfer& transfer) override { rates_.show(progress_, transfer); }

    void ended(kernel::FileTransfer& transfer, const kernel::FileEnd& end) override
    {
        progress_.say(rates_.end(progress_, transfer, end));
        if (end.error.status != JF_OK && exit_code_ == kOk)
            exit_code_ = exit_code_of(end);
        if (--left_ == 0)
            loop_.quit();
    }

    int exit_code() const { return exit_code_; }

private:
    Progress& progress_;
    MainLoop& loop_;
    FileRates rates_;                 // [control]
    std::size_t left_;                // [control]
    std::atomic<int> exit_code_{kOk}; // of the first that failed
};

int run_send_file(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto config = read_config(arguments);
    const auto peer = account_argument(arguments.rest().front(), config);
    const std::vector<std::string> files(arguments.rest().begin() + 1, arguments.rest().end());
    Progress progress(format, trace_file(arguments, config.name));
    const auto view = std::make_shared<SenderView>(progress, loop, files.size());
    const auto node = or_stop(kernel::Node::create(config, view, progress.log()));
    or_stop(node->start());
    std::vector<std::shared_ptr<kernel::FileTransfer>> transfers;
    for (const auto& file : files)
        transfers.push_back(node->send_file(peer, file, view));
    loop.on_interrupt = [&] {
        progress.say("cancelling; what has been received is kept, and goes on when it is sent again");
        for (const auto& transfer : transfers)
            node->cancel(transfer);
    };
    loop.run();
    node->stop();
    return view->exit_code();
}

} // namespace

Verb send_file_verb()
{
    return {
        {"send-file",
         "PEER FILE...",
         "Sends files to PEER, an account or the name of a contact, whose listener takes files. One that was cut off "
         "goes on where it was when it is sent again.",
         {config_option(), trace_option(), events_option(), log_option()},
         2,
         1000},
        &run_send_file};
}

} // namespace jackfield::program
