// A SQLite database file. See database.hpp.

#include "kernel/texts/database.hpp"

#include "kernel/config/report.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

namespace {

constexpr int kLockPatience_ms = 2000; // another program of this account is writing
constexpr std::int64_t kPageBytes = 4096;

/// Before SQLite does, which would let others read it. Its log and index get the same mode.
void make_for_owner_alone(const std::filesystem::path& file)
{
    std::error_code ignored; // opening it says what is wrong
    if (file.has_parent_path())
        std::filesystem::create_directories(file.parent_path(), ignored);
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0)
        Report(file.string(), "", std::string("cannot be opened: ") + std::strerror(errno))
            .line("would work", "a file in a folder where this program may write")
            .raise(JF_INTERNAL);
    ::fchmod(made, 0600);
    ::close(made);
}

struct Meaning {
    jf_status status;
    const char* problem;
    const char* would_work;
};

Meaning meaning_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return {JF_EXHAUSTED, "is full, or the disk is",
                "room on the disk, or a larger \"max_mib\" in \"texts\" of the configuration"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {JF_BUSY, "is locked by another program", "trying again once that has ended"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {JF_BAD_INPUT, "is damaged, or no database",
                "moving it aside, so that a new one is made; sqlite3 FILE .recover may save what is in it"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return {JF_INTERNAL, "cannot be opened for writing", "a file in a folder where this program may write"};
    default:
        return {JF_INTERNAL, "cannot be read or written", "a disk that works and has room"};
    }
}

} // namespace

Database::Database(const std::filesystem::path& file, std::int64_t max_mib) : file_(file)
{
    make_for_owner_alone(file_);
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    raw_.reset(raw);
    if (opened != SQLITE_OK)
        fail(opened);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, kLockPatience_ms);
    run("PRAGMA trusted_schema=OFF");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run(("PRAGMA max_page_count=" + std::to_string(max_mib * 1024 * 1024 / kPageBytes)).c_str());
}

void Database::Close::operator()(sqlite3* raw) const
{
    sqlite3_close_v2(raw);
}

int Database::changes() const
{
    return sqlite3_changes(raw_.get());
}

void Database::sync_log()
{
    sqlite3_file* log = nullptr;
    if (const int code = sqlite3_file_control(raw_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
        code != SQLITE_OK)
        fail(code);
    if (log == nullptr || log->pMethods == nullptr)
        return; // nothing was written since it was opened
    if (const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL); code != SQLITE_OK)
        fail(code);
}

void Database::fail(int code) const
{
    const Meaning meaning = meaning_of(code);
    const bool last = raw_ && sqlite3_extended_errcode(raw_.get()) == code;
    const char* words = last ? sqlite3_errmsg(raw_.get()) : sqlite3_errstr(code);
    Report(file_.string(), "", meaning.problem)
        .line("found", std::string("SQLite says: ") + words)
        .line("would work", meaning.would_work)
        .raise(meaning.status);
}

void Database::run(const char* sql)
{
    const int code = sqlite3_exec(raw_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        fail(code);
}

void Database::try_run(const char* sql) noexcept
{
    sqlite3_exec(raw_.get(), sql, nullptr, nullptr, nullptr);
}

std::int64_t Database::number(const char* sql)
{
    Statement statement(*this, sql);
    return statement.step() ? statement.number(0) : 0;
}

void Database::Finalize::operator()(sqlite3_stmt* raw) const
{
    sqlite3_finalize(raw);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database)
{
    if (const auto found = database_.idle_.find(sql); found != database_.idle_.end()) {
        raw_ = std::move(found->second);
        database_.idle_.erase(found);
        return;
    }
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(database_.raw(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    raw_.reset(raw);
    if (code != SQLITE_OK)
        database_.fail(code);
}

Statement::~Statement()
{
    sqlite3_reset(raw_.get()); // ends what it reads; whether it failed was said by step
    sqlite3_clear_bindings(raw_.get());
    try {
        const char* text = sqlite3_sql(raw_.get());
        database_.idle_.try_emplace(text, std::move(raw_));
    } catch (const std::bad_alloc&) {
        return; // the next one compiles it again
    }
}

Statement& Statement::bind(std::string_view text)
{
    const int code =
        sqlite3_bind_text(raw_.get(), ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    if (code != SQLITE_OK)
        database_.fail(code);
    return *this;
}

Statement& Statement::bind(std::int64_t number)
{
    const int code = sqlite3_bind_int64(raw_.get(), ++bound_, number);
    if (code != SQLITE_OK)
        database_.fail(code);
    return *this;
}

bool Statement::step()
{
    const int code = sqlite3_step(raw_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        database_.fail(code);
    return code == SQLITE_ROW;
}

std::int64_t Statement::number(int column) const
{
    return sqlite3_column_int64(raw_.get(), column);
}

std::string Statement::text(int column) const
{
    const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw_.get(), column));
    return bytes == nullptr ? std::string()
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column)));
}

Transaction::~Transaction()
{
    if (open_) // what it could not undo was undone by SQLite already
        database_.try_run("ROLLBACK");
}

void Transaction::commit()
{
    database_.run("COMMIT");
    open_ = false;
}

} // namespace jackfield::kernel
