// A SQLite database file: opened, asked, and what goes wrong with it in words.
//
// Threads:  one at a time. It waits for the disk, so never the control thread.
// Lifetime: statements end before their database.

#pragma once

#include "kernel/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3; // SQLite's own header stays inside of database.cpp
struct sqlite3_stmt;

namespace jackfield::kernel {

class Database {
public:
    /// Opens the file, or makes it with its folder, for its owner alone (mode 0600). `max_mib` is the most it grows to.
    /// Throws Failure with four parts, as everything here: JF_EXHAUSTED when it is full, JF_BUSY when somebody else has
    /// locked it, JF_BAD_INPUT when it is damaged or no database, JF_INTERNAL otherwise.
    Database(const std::filesystem::path& file, std::int64_t max_mib);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void run(const char* sql);
    void try_run(const char* sql) noexcept; ///< for the way out, where nobody could be told
    std::int64_t number(const char* sql);
    int changes() const; ///< rows, of the last statement that changes any

    /// What was committed before, while synchronous was NORMAL, is on the disk when it returns.
    void sync_log();

    const std::filesystem::path& file() const { return file_; }
    sqlite3* raw() const { return raw_.get(); }

    [[noreturn]] void fail(int code) const;

private:
    friend class Statement;
    struct Close {
        void operator()(sqlite3* raw) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* raw) const;
    };
    using Compiled = std::unique_ptr<sqlite3_stmt, Finalize>;

    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> raw_;
    std::map<std::string, Compiled, std::less<>> idle_; // statements that were used before, by their text
};

/// One statement, compiled once for all that have its text. Values are bound in their order.
class Statement {
public:
    Statement(Database& database, std::string_view sql);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    Statement& bind(std::string_view text);
    Statement& bind(std::int64_t number);

    /// True while there is a row.
    bool step();

    std::int64_t number(int column) const;
    std::string text(int column) const;

private:
    Database& database_;
    Database::Compiled raw_;
    int bound_ = 0;
};

/// All that happens between making it and commit, or nothing of it.
class Transaction {
public:
    explicit Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    void commit();

private:
    Database& database_;
    bool open_ = true;
};

} // namespace jackfield::kernel
