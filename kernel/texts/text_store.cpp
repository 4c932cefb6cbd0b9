// The texts of one account. See text_store.hpp.

#include "kernel/texts/text_store.hpp"

#include "kernel/config/report.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace jackfield::kernel {

namespace {

/// What makes of each version the next one; the first makes the tables.
constexpr const char* kMigrations[] = {
    "CREATE TABLE owner (account TEXT NOT NULL);"
    "CREATE TABLE texts ("
    "  number INTEGER PRIMARY KEY AUTOINCREMENT," // a place is never given twice
    "  peer TEXT NOT NULL,"
    "  ours INTEGER NOT NULL,"
    "  id TEXT NOT NULL,"
    "  body TEXT NOT NULL,"
    "  sent_ms INTEGER NOT NULL,"
    "  kept_ms INTEGER NOT NULL,"
    "  done_ms INTEGER," // ours: it has arrived; theirs: it was read
    "  UNIQUE (peer, ours, id));"
    "CREATE INDEX texts_of_peer ON texts (peer, number);"
    "CREATE INDEX texts_waiting ON texts (ours, peer, number) WHERE done_ms IS NULL;",
};
constexpr auto kVersion = static_cast<std::int64_t>(std::size(kMigrations));

constexpr std::string_view kColumns = "SELECT number, peer, ours, id, body, sent_ms, done_ms IS NOT NULL FROM texts ";

} // namespace

/// While it is there a commit does not wait for the disk.
class TextStore::Lax {
public:
    explicit Lax(Database& database) : database_(database) { database_.run("PRAGMA synchronous=NORMAL"); }
    Lax(const Lax&) = delete;
    Lax& operator=(const Lax&) = delete;
    ~Lax() { database_.try_run("PRAGMA synchronous=FULL"); }

private:
    Database& database_;
};

TextStore::TextStore(const TextSettings& settings) : database_(settings.file, settings.max_mib)
{
    migrate();
}

void TextStore::migrate()
{
    if (database_.number("PRAGMA user_version") == kVersion)
        return;
    Transaction all(database_); // another program may do the same at this moment
    const auto version = database_.number("PRAGMA user_version");
    if (version < 0 || version > kVersion)
        Report(database_.file().string(), "",
               fmt::format("was written by another version of this program ({})", version))
            .line("searched", fmt::format("versions 1 to {}", kVersion))
            .line("would work", "that version, or another \"file\" in \"texts\" of the configuration")
            .raise();
    for (auto step = version; step < kVersion; ++step)
        database_.run(kMigrations[step]);
    database_.run(fmt::format("PRAGMA user_version={}", kVersion).c_str());
    all.commit();
}

void TextStore::belongs_to(const std::string& account)
{
    Transaction all(database_);
    Statement owner(database_, "SELECT account FROM owner");
    if (owner.step()) {
        if (const auto other = owner.text(0); other != account)
            Report(database_.file().string(), "", "has the texts of another account, " + other)
                .line("searched", "those of " + account)
                .line("would work", "another \"file\" in \"texts\" of the configuration, or that account")
                .raise();
        return;
    }
    Statement(database_, "INSERT INTO owner VALUES (?)").bind(account).step();
    all.commit();
}

// --- ours -----------------------------------------------------------------------------------------------------------

void TextStore::keep_ours(const Text& text)
{
    const Lax lax(database_);
    Transaction all(database_);
    Statement count(database_, "SELECT COUNT(*) FROM texts WHERE ours = 1 AND peer = ? AND done_ms IS NULL");
    count.bind(text.peer).step();
    if (count.number(0) >= text_limits::kQueuedPerPeer)
        Report(database_.file().string(), "",
               fmt::format("{} texts wait for {} already", text_limits::kQueuedPerPeer, text.peer))
            .line("would work", "writing again once the peer has been there")
            .raise(JF_EXHAUSTED);
    Statement(database_, "INSERT INTO texts (peer, ours, id, body, sent_ms, kept_ms) VALUES (?, 1, ?, ?, ?, ?)")
        .bind(text.peer)
        .bind(text.id)
        .bind(text.body)
        .bind(text.sent_ms)
        .bind(wall_ms())
        .step();
    all.commit();
}

void TextStore::sync()
{
    database_.sync_log();
}

std::int64_t TextStore::first_waiting(const std::string& peer)
{
    Statement first(database_, "SELECT MIN(number) FROM texts WHERE ours = 1 AND peer = ? AND done_ms IS NULL");
    return first.bind(peer).step() ? first.number(0) : 0; // MIN of nothing is NULL, which reads as 0
}

std::vector<Text> TextStore::ours_after(const std::string& peer, std::int64_t number, int limit)
{
    Statement texts(database_,
                    std::string(kColumns) + "WHERE peer = ? AND ours = 1 AND number > ? ORDER BY number LIMIT ?");
    return rows(texts.bind(peer).bind(number).bind(limit));
}

bool TextStore::has_arrived(const std::string& peer, const std::string& id)
{
    const Lax lax(database_);
    Statement(database_, "UPDATE texts SET done_ms = ? WHERE peer = ? AND ours = 1 AND id = ? AND done_ms IS NULL")
        .bind(wall_ms())
        .bind(peer)
        .bind(id)
        .step();
    return database_.changes() > 0;
}

std::vector<std::string> TextStore::peers_waited_for()
{
    Statement peers(database_, "SELECT DISTINCT peer FROM texts WHERE ours = 1 AND done_ms IS NULL");
    std::vector<std::string> found;
    while (peers.step())
        found.push_back(peers.text(0));
    return found;
}

// --- theirs ---------------------------------------------------------------------------------------------------------

std::vector<bool> TextStore::keep_theirs(const std::vector<Text>& texts)
{
    Transaction all(database_);
    std::vector<bool> fresh;
    for (const auto& text : texts) {
        Statement(database_, "INSERT INTO texts (peer, ours, id, body, sent_ms, kept_ms) VALUES (?, 0, ?, ?, ?, ?) "
                             "ON CONFLICT (peer, ours, id) DO NOTHING")
            .bind(text.peer)
            .bind(text.id)
            .bind(text.body)
            .bind(text.sent_ms)
            .bind(wall_ms())
            .step();
        fresh.push_back(database_.changes() > 0);
    }
    all.commit();
    return fresh;
}

// --- both -----------------------------------------------------------------------------------------------------------

std::vector<Text> TextStore::last(const std::string& peer, int limit, bool unread_only)
{
    const std::string where = peer.empty() ? "WHERE ? = '' " : "WHERE peer = ? ";
    const std::string unread = unread_only ? "AND ours = 0 AND done_ms IS NULL " : "";
    Statement texts(database_, std::string(kColumns) + where + unread + "ORDER BY number DESC LIMIT ?");
    auto found = rows(texts.bind(peer).bind(limit));
    std::ranges::reverse(found);
    return found;
}

std::int64_t TextStore::last_number()
{
    return database_.number("SELECT MAX(number) FROM texts");
}

void TextStore::mark_read(const std::string& peer, std::int64_t up_to_number)
{
    const Lax lax(database_);
    Statement(database_, "UPDATE texts SET done_ms = ?1 WHERE (?2 = '' OR peer = ?2) AND ours = 0 AND number <= ?3 AND "
                         "done_ms IS NULL")
        .bind(wall_ms())
        .bind(peer)
        .bind(up_to_number)
        .step();
}

std::vector<Text> TextStore::rows(Statement& statement)
{
    std::vector<Text> texts;
    while (statement.step())
        texts.push_back({statement.text(3), statement.text(1), statement.number(2) != 0, statement.text(4),
                         statement.number(5), statement.number(6) != 0, statement.number(0)});
    return texts;
}

} // namespace jackfield::kernel
