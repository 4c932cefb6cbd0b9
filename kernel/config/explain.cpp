// The texts of `jackfield explain` and `jackfield plugins`. See explain.hpp.

#include "kernel/config/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace jackfield::kernel {

namespace {

/// Rows of text in columns as wide as they must be.
class Table {
public:
    using Row = std::array<std::string, 4>;

    void row(Row cells) { rows_.push_back(std::move(cells)); }

    std::string text() const
    {
        std::array<std::size_t, 4> widths{};
        for (const auto& row : rows_) {
            for (std::size_t i = 0; i < row.size(); ++i)
                widths[i] = std::max(widths[i], row[i].size());
        }
        std::string text;
        for (const auto& row : rows_) {
            std::string line = " ";
            for (std::size_t i = 0; i < row.size(); ++i)
                line += fmt::format(" {:<{}} ", row[i], widths[i]);
            text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        }
        return text;
    }

private:
    std::vector<Row> rows_;
};

std::string why_chosen(const ResolvedPlugin& plugin)
{
    std::string use;
    if (plugin.carriage != Carriage())
        use = fmt::format("; {} over {}",
                          plugin.carriage.audio ? (plugin.carriage.video ? "audio and video" : "audio") : "video",
                          kOvers[static_cast<std::size_t>(plugin.carriage.over)]);
    if (plugin.isolate)
        use += "; in a process of its own";
    if (plugin.others.empty())
        return fmt::format("named at {}{}; no other plugin could", plugin.pointer, use);
    return fmt::format("named at {}{}; {} could too", plugin.pointer, use, fmt::join(plugin.others, ", "));
}

std::string why_empty(const Slot& slot, const CallSettings& call)
{
    if (slot.name == "reliable_stream" && call.control_policy == ControlPolicy::kTcpOnly)
        return "not configured, and not needed: control_policy is tcp-only";
    return fmt::format("not configured: {}", slot.when_empty);
}

void add_slot(Table& table, const Slot& slot, const Resolved& resolved)
{
    bool filled = false;
    const auto add = [&](const std::string& plugin, const std::string& why) {
        table.row({filled ? "" : std::string(slot.steps), filled ? "" : std::string(slot.name), plugin, why});
        filled = true;
    };
    for (const auto* plugin : resolved.plugins_of(slot.name))
        add(fmt::format("{} {}", plugin->manifest.id, plugin->manifest.version), why_chosen(*plugin));
    for (const auto& left : resolved.left_out) {
        if (left.slot == &slot)
            add("-", fmt::format("{} at {}: {}", left.use, left.pointer, left.reason));
    }
    if (filled)
        return;
    const auto* const secure = resolved.plugin("secure_channel");
    const bool two_in_one = secure != nullptr && secure->manifest.multiplexes;
    if (two_in_one && slot.name == "multiplexer")
        add(fmt::format("{} {}", secure->manifest.id, secure->manifest.version),
            fmt::format("fills this slot as well: named at {}", secure->pointer));
    else if (two_in_one && slot.name == "reliable_stream")
        add("-", fmt::format("not configured, and not needed: {} has streams by itself", secure->manifest.id));
    else
        add("-", why_empty(slot, resolved.config.call));
}

/// "mux-msgpack" or, for a slot that is empty, nothing.
void add_link(std::vector<std::string>& chain, const Resolved& resolved, std::string_view slot,
              std::string_view condition = "")
{
    std::vector<std::string> ids;
    for (const auto* plugin : resolved.plugins_of(slot))
        ids.push_back(plugin->manifest.id);
    if (!ids.empty())
        chain.push_back(fmt::format("{}{}", fmt::join(ids, " | "), condition));
}

/// Every decorator that stands at that seam, from the bottom up.
void add_seam(std::vector<std::string>& chain, const Resolved& resolved, Seam seam)
{
    for (const auto* plugin : resolved.plugins_of(kDecoratorSlot)) {
        if (std::ranges::find(plugin->seams, seam) != plugin->seams.end())
            chain.push_back(fmt::format("[{}]", plugin->manifest.id));
    }
}

std::string control_chain(const Resolved& resolved)
{
    std::vector<std::string> chain;
    add_link(chain, resolved, "connectivity");
    add_seam(chain, resolved, Seam::kControl);
    const auto* const secure = resolved.plugin("secure_channel");
    add_link(chain, resolved, "secure_channel",
             secure != nullptr && secure->manifest.multiplexes ? " (secure channel and multiplexer)" : "");
    add_seam(chain, resolved, Seam::kSecured);
    if (resolved.config.call.control_policy != ControlPolicy::kTcpOnly)
        add_link(chain, resolved, "reliable_stream", " (if datagrams)");
    add_link(chain, resolved, "multiplexer");
    add_seam(chain, resolved, Seam::kSignaling);
    add_link(chain, resolved, "signaling");
    return fmt::format("{}", fmt::join(chain, " -> "));
}

/// "ice-libnice", "quic-ngtcp2 | ice-libnice": what the media transports go over, in their order.
std::string media_below(const Resolved& resolved)
{
    std::vector<std::string> ids;
    for (const auto* transport : resolved.plugins_of(kTransportSlot)) {
        const bool channels = transport->carriage.over == Over::kMultiplexer;
        const auto* below = resolved.plugin(channels ? "multiplexer" : "connectivity");
        if (below == nullptr)
            below = resolved.plugin("secure_channel");
        if (std::ranges::find(ids, below->manifest.id) == ids.end())
            ids.push_back(below->manifest.id);
    }
    return fmt::format("{}", fmt::join(ids, " | "));
}

std::string media_chain(const Resolved& resolved)
{
    if (resolved.plugin("media_transport") == nullptr || resolved.plugin("codec") == nullptr)
        return "none";
    std::vector<std::string> chain;
    add_link(chain, resolved, "media_source");
    add_link(chain, resolved, "codec");
    add_link(chain, resolved, "media_transport");
    add_seam(chain, resolved, Seam::kMedia);
    chain.push_back(media_below(resolved));
    chain.push_back("peer");
    chain.push_back(media_below(resolved));
    add_seam(chain, resolved, Seam::kMedia);
    add_link(chain, resolved, "media_transport");
    add_link(chain, resolved, "codec");
    add_link(chain, resolved, "media_sink");
    return fmt::format("{}", fmt::join(chain, " -> "));
}

std::string call_text(const CallSettings& call)
{
    std::string policy(word(call.control_policy));
    if (call.control_policy == ControlPolicy::kTcpPreferred)
        policy += fmt::format(" (TCP if it is up within {} ms after UDP)", call.tcp_grace.count());
    return fmt::format("{}, bundle {}, gives up connecting after {} s, ringing after {} s; calls from {}{}", policy,
                       word(call.bundle), call.connect_timeout.count(), call.ring_timeout.count(),
                       word(call.calls_from), call.allow_unproven_peer ? "; PEERS NEED NOT BE PROVEN" : "");
}

std::string link_text(const LinkSettings& link)
{
    return fmt::format("kept until idle for {} s, asked for a sign of life every {} s", link.idle_timeout.count(),
                       link.ping_interval.count());
}

std::string files_text(const FileSettings& files)
{
    const auto& download = files.download;
    if (download.folder.empty())
        return "are not taken; \"files\" with a \"folder\" would take them";
    return fmt::format("of {} into {}, each up to {} MiB, together {} MiB", word(files.from), download.folder.string(),
                       download.file_bytes >> 20, download.quota_bytes >> 20);
}

std::string marks(const Manifest& manifest)
{
    std::vector<std::string> marks;
    if (!manifest.status.empty())
        marks.push_back(manifest.status);
    if (manifest.untrusted_input)
        marks.emplace_back("reads untrusted input");
    if (manifest.seals_by_itself)
        marks.emplace_back("seals by itself");
    if (manifest.proves_nobody)
        marks.emplace_back("proves nobody");
    if (manifest.datagrams_only)
        marks.emplace_back("over datagrams only");
    if (manifest.multiplexes)
        marks.emplace_back("multiplexer as well");
    if (manifest.datagram_channels)
        marks.emplace_back("channels of datagrams");
    return fmt::format("{}", fmt::join(marks, ", "));
}

void add_plugin(Table& table, const Manifest& manifest)
{
    table.row({fmt::format("{} {}", manifest.id, manifest.version),
               fmt::format("{}", fmt::join(manifest.interfaces, ", ")), marks(manifest), manifest.summary});
}

} // namespace

std::string explain(const Resolved& resolved)
{
    Table table;
    table.row({"step", "slot", "plugin", "why"});
    for (const auto& slot : all_slots())
        add_slot(table, slot, resolved);
    return fmt::format("{}\n  searched   {}\n\n{}\n  control path  {}\n  media path    {}\n  call          {}\n  links "
                       "        {}\n  files         {}\n",
                       resolved.config.name, searched_text(resolved.searched), table.text(), control_chain(resolved),
                       media_chain(resolved), call_text(resolved.config.call), link_text(resolved.config.link),
                       files_text(resolved.config.files));
}

std::string list_plugins(const Registry& registry)
{
    std::string text;
    for (const auto& folder : registry.searched()) {
        text += searched_text({folder}) + "\n";
        Table table;
        for (const auto* manifest : registry.all()) {
            if (manifest->path.parent_path() == folder.path)
                add_plugin(table, *manifest);
        }
        text += table.text();
        for (const auto& skipped : registry.skipped()) {
            if (skipped.file.parent_path() == folder.path)
                text += fmt::format("  skipped {}: {}\n", skipped.file.filename().string(), skipped.reason);
        }
    }
    Table inside;
    for (const auto* manifest : registry.all()) {
        if (manifest->path.empty())
            add_plugin(inside, *manifest);
    }
    if (const auto rows = inside.text(); !rows.empty())
        text += "part of the program\n" + rows;
    return text;
}

} // namespace jackfield::kernel
