// jackfield text: writes to a peer, and waits a while for the receipt.

#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <iterator>
#include <limits>
#include <set>

namespace jackfield::program {

namespace {

/// Hears of receipts, and ends the program when that for our text has come.
class WriterView final : public kernel::NodeListener {
public:
    WriterView(Progress& progress, MainLoop& loop) : progress_(progress), loop_(loop) {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }

    void text_delivered(const std::string&, const std::string& id) override
    {
        loop_.post([this, id] {
            delivered_.insert(id);
            look();
        });
    }

    // main thread
    void wait_for(const std::string& id)
    {
        id_ = id;
        look();
    }
    bool delivered() const { return delivered_.contains(id_); }

private:
    void look()
    {
        if (delivered())
            loop_.quit();
    }

    Progress& progress_;
    MainLoop& loop_;
    std::string id_;
    std::set<std::string> delivered_; // texts of before arrive first
};

/// The words of the command line, or all of standard input but for its last line end.
std::string message_of(const Arguments& arguments)
{
    const std::vector<std::string> words(arguments.rest().begin() + 1, arguments.rest().end());
    if (words != std::vector<std::string>{"-"})
        return fmt::format("{}", fmt::join(words, " "));
    std::string text;
    while (text.size() <= kernel::text_limits::kBodyBytes + 1 && std::cin.good()) {
        if (const int c = std::cin.get(); c != std::char_traits<char>::eof())
            text += static_cast<char>(c);
    }
    if (text.ends_with('\n'))
        text.pop_back();
    return text;
}

int run_text(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto patience = arguments.has("wait") ? seconds_option(arguments, "wait") : std::chrono::seconds(15);
    const auto config = read_config(arguments);
    text_settings(config);
    const auto peer = account_argument(arguments.rest().front(), config);
    const auto message = message_of(arguments);
    Progress progress(format, trace_file(arguments, config.name));
    const auto view = std::make_shared<WriterView>(progress, loop);
    const auto node = or_stop(kernel::Node::create(config, view, progress.log()));
    or_stop(node->start());
    const auto id = node->send_text(peer, message);
    if (!id && id.error().status == JF_BAD_INPUT)
        throw UsageError(id.error().text);
    view->wait_for(or_stop(id));
    loop.at(std::chrono::steady_clock::now() + patience, [&] { loop.quit(); });
    loop.on_interrupt = [&] { loop.quit(); };
    loop.run();
    node->stop();
    progress.say(view->delivered() ? "delivered" : "kept; the next \"text\" or \"listen\" sends it");
    return view->delivered() ? kOk : kKept;
}

} // namespace

Verb text_verb()
{
    return {{"text",
             "PEER MESSAGE...",
             "Writes MESSAGE to PEER, an account or the name of a contact, and waits for the receipt; \"-\" takes the "
             "message from standard input. What could not be delivered is kept and sent later.",
             {config_option(),
              {"wait", "SECONDS", "waits that long for the receipt; 15 unless told"},
              trace_option(),
              events_option(),
              log_option()},
             2,
             std::numeric_limits<std::size_t>::max()},
            &run_text};
}

} // namespace jackfield::program
