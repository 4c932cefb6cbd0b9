// jackfield inbox: the texts that are kept here, ours and theirs. Opens no socket.

#include "kernel/texts/text_store.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace jackfield::program {

namespace {

using kernel::TextStore;

constexpr int kMost = 100'000;
constexpr auto kLookEvery = std::chrono::milliseconds(500);

int last_option(const Arguments& arguments)
{
    const auto text = arguments.get("last", "20");
    int count = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (problem != std::errc() || end != text.data() + text.size() || count < 1 || count > kMost)
        throw UsageError(fmt::format("--last takes a number from 1 to {}, not \"{}\"", kMost, printable(text)));
    return count;
}

/// Shows texts, each once, and then marks them as read.
class TextReader {
public:
    TextReader(TextStore& store, std::string peer, const kernel::Contacts& contacts, EventFormat format)
        : store_(store), peer_(std::move(peer)), contacts_(contacts), format_(format)
    {}

    void show(int count, bool unread_only)
    {
        for (const auto& text : store_.last(peer_, count, unread_only)) {
            if (text.number <= shown_)
                continue;
            put(stdout,
                (format_ == EventFormat::json ? object_of(text, contacts_).dump() : line_of(text, contacts_)) + "\n");
            shown_ = text.number;
        }
        if (shown_ != 0)
            store_.mark_read(peer_, shown_);
    }

    /// What has come since, if anything has.
    void show_more(bool unread_only)
    {
        if (store_.last_number() > shown_)
            show(kMost, unread_only);
    }

    void begin_now() { shown_ = std::max(shown_, store_.last_number()); }

private:
    TextStore& store_;
    std::string peer_;
    const kernel::Contacts& contacts_;
    EventFormat format_;
    std::int64_t shown_ = 0; // the place of the last
};

void follow(MainLoop& loop, TextReader& reader, bool unread_only)
{
    loop.at(std::chrono::steady_clock::now() + kLookEvery, [&loop, &reader, unread_only] {
        reader.show_more(unread_only);
        follow(loop, reader, unread_only);
    });
}

int run_inbox(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const bool unread_only = arguments.has("unread");
    const int count = unread_only && !arguments.has("last") ? kMost : last_option(arguments);
    const auto config = read_config(arguments);
    const auto peer = arguments.rest().empty() ? "" : account_argument(arguments.rest().front(), config);
    try {
        TextStore store(text_settings(config));
        const auto contacts = contacts_of(config);
        TextReader reader(store, peer, contacts, format);
        reader.show(count, unread_only);
        if (!arguments.has("follow"))
            return kOk;
        reader.begin_now();
        follow(loop, reader, unread_only);
        loop.run();
    } catch (const kernel::Failure& failure) {
        throw Stop(kConfiguration, failure.what());
    }
    return kOk;
}

} // namespace

Verb inbox_verb()
{
    return {{"inbox",
             "[PEER]",
             "Shows the texts that are kept here, of PEER or of everybody, the newest last, and marks them as read.",
             {config_option(),
              {"unread", "", "those alone that came in and were not shown yet"},
              {"last", "COUNT", "so many at most; 20 unless told, all that are unread with --unread"},
              {"follow", "", "stays, and shows what comes"},
              events_option(),
              log_option()},
             0,
             1},
            &run_inbox};
}

} // namespace jackfield::program
