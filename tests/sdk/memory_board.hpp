// A bulletin board in memory that several discoveries of one test share, and that can be as hostile as a test wants.
//
// Threads: the test's. Lifetime: the board outlives the discoveries.
#pragma once

#include <jackfield/bulletin_board.hpp>
#include <jackfield/testing/discovery_record.hpp>

#include <algorithm>

namespace jackfield::testing {

class MemoryBoard {
public:
    struct Listener {
        const void* owner;
        BoardValues values;
    };

    void put(const std::string& key, const Bytes& value)
    {
        stored[key].push_back(value);
        deliver(key, value);
    }

    void deliver(const std::string& key, const Bytes& value)
    {
        if (drop_deliveries)
            return;
        const auto [first, last] = listeners.equal_range(key);
        for (auto at = first; at != last; ++at) {
            for (int i = 0; i < copies; ++i)
                at->second.values(value);
        }
    }

    std::vector<Bytes> get(const std::string& key) const
    {
        const auto found = stored.find(key);
        std::vector<Bytes> values = found == stored.end() ? std::vector<Bytes>() : found->second;
        if (backwards)
            std::reverse(values.begin(), values.end());
        return values;
    }

    std::map<std::string, std::vector<Bytes>> stored;
    std::multimap<std::string, Listener> listeners;
    int copies = 1;
    bool backwards = false;
    bool drop_deliveries = false;
    bool silent = false; ///< neither puts nor gets ever end
    Status put_status = JF_OK;
};

class MemoryDiscovery final : public BulletinBoardDiscovery {
public:
    MemoryDiscovery(Host host, MemoryBoard& board) : BulletinBoardDiscovery(host), board_(board) {}
    ~MemoryDiscovery() override { forget_listeners(); }

    using BulletinBoardDiscovery::board_state;

    void open_board() override
    {
        if (online_at_once)
            board_state(true, "a board in memory");
        else
            board_state(false, "a board out of reach");
    }

    void close_board(Completion done) override
    {
        forget_listeners();
        done.succeed();
    }

    void put(BoardPut put, BoardEnd end) override
    {
        ++puts;
        if (board_.silent)
            return;
        if (board_.put_status == JF_OK)
            board_.put(put.key, put.value);
        end(board_.put_status, "as the test wants");
    }

    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        ++gets;
        if (board_.silent)
            return;
        if (missed_gets > 0) {
            --missed_gets;
            return end(JF_OK, "");
        }
        if (busy_gets > 0) {
            --busy_gets;
            return end(JF_BUSY, "as the test wants");
        }
        for (const Bytes& value : board_.get(std::string(key)))
            values(value);
        end(JF_OK, "");
    }

    void get_early(std::string_view key, BoardValues values) override
    {
        if (!early)
            return;
        for (const Bytes& value : board_.get(std::string(key)))
            values(value);
        early_values = std::move(values);
    }

    void listen(std::string_view key, BoardValues values) override
    {
        for (const Bytes& value : board_.get(std::string(key)))
            values(value);
        board_.listeners.emplace(std::string(key), MemoryBoard::Listener{this, std::move(values)});
    }

    void unlisten(std::string_view key) override
    {
        std::erase_if(board_.listeners,
                      [&](const auto& entry) { return entry.first == key && entry.second.owner == this; });
    }

    bool online_at_once = true;
    int puts = 0;
    int gets = 0;
    int busy_gets = 0;   // so many more end busy
    int missed_gets = 0; // so many more find nothing, whatever there is
    bool misses = false; // and it says that it may
    bool early = false;  // it has values before it is online
    BoardValues early_values;

    bool may_miss() const override { return misses; }

private:
    void forget_listeners()
    {
        std::erase_if(board_.listeners, [&](const auto& entry) { return entry.second.owner == this; });
    }

    MemoryBoard& board_;
};

} // namespace jackfield::testing
