// Discovery over a board inside this process. Bugs that the SDK leaves no room for stand in the table of functions.
//
// Threads: control. Lifetime: the board is the process's; listeners leave it with their instance.
#include "planted.hpp"

#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <deque>

namespace {

using namespace jackfield;
using planted::has;

struct Listener {
    const void* owner;
    BoardValues values;
};
std::multimap<std::string, Bytes> stored;
std::multimap<std::string, Listener> listeners;

class Board final : public BulletinBoardDiscovery {
public:
    Board(Host host, std::string_view config_json) : BulletinBoardDiscovery(host) { planted::look_at(config_json); }
    ~Board() override { forget(); }

    void open_board() override
    {
        if (!has("JF-DISC-01"))
            board_state(true, "a board in memory");
    }
    void close_board(Completion done) override
    {
        forget();
        done.succeed();
    }
    void put(BoardPut put, BoardEnd end) override
    {
        stored.emplace(put.key, put.value);
        const auto [first, last] = listeners.equal_range(put.key);
        for (auto at = first; at != last; ++at)
            at->second.values(put.value);
        end(JF_OK, "");
    }
    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        const auto [first, last] = stored.equal_range(std::string(key));
        for (auto at = first; at != last; ++at)
            values(at->second);
        end(JF_OK, "");
    }
    void listen(std::string_view key, BoardValues values) override
    {
        get(key, values, [](Status, std::string_view) {});
        listeners.emplace(std::string(key), Listener{this, std::move(values)});
    }
    void unlisten(std::string_view key) override
    {
        std::erase_if(listeners, [&](const auto& entry) { return entry.first == key && entry.second.owner == this; });
    }

private:
    void forget()
    {
        std::erase_if(listeners, [&](const auto& entry) { return entry.second.owner == this; });
    }
};

// --- functions with a bug each ---------------------------------------------------------------------------------------

jf_discovery_methods table = Discovery::kMethods;

/// What a find was given, passed on with changes. Kept to the end, for an end may be dropped.
struct Between {
    jf_find_sink sink;
    jf_find_sink handle()
    {
        return {this,
                [](void* self, const jf_device* device) {
                    const jf_find_sink& to = static_cast<Between*>(self)->sink;
                    for (int i = 0; i < (has("JF-DISC-02") ? 2 : 1); ++i)
                        to.device(to.self, device);
                },
                [](void* self, Status status, const jf_error* error) {
                    const jf_find_sink& to = static_cast<Between*>(self)->sink;
                    to.done(to.self, has("JF-DISC-03") && status == JF_NOT_FOUND ? JF_OK : status, error);
                    if (has("JF-DISC-05") && status == JF_CANCELLED)
                        to.done(to.self, status, error);
                }};
    }
};
std::deque<Between> finds;

void find(void* self, jf_operation operation, jf_text account, jf_find_sink sink)
{
    Discovery::kMethods.find(self, operation, account, finds.emplace_back(Between{sink}).handle());
}

void send(void* self, jf_operation operation, const jf_device* to, const jf_call_message* message, jf_done done)
{
    jf_call_message copy = *message;
    if (has("JF-DISC-04"))
        copy.call_id = 1;
    if (has("JF-DISC-09"))
        copy.blob.size = std::min<std::size_t>(copy.blob.size, 1000);
    Discovery::kMethods.send(self, operation, to, &copy, done);
}

bool changed()
{
    table.find = &find;
    table.send = &send;
    if (has("JF-DISC-06"))
        table.watch = [](void*, jf_text) {};
    if (has("JF-DISC-07"))
        table.stop = [](void* self, jf_done done) {
            static_cast<Discovery*>(self)->host().post([done] { done.call(done.self, JF_OK, nullptr); });
        };
    if (has("JF-DISC-08"))
        table.announce = [](void* self, jf_done done) {
            static_cast<Discovery*>(self)->host().post([done] { done.call(done.self, JF_OK, nullptr); });
        };
    return true;
}
[[maybe_unused]] const bool done = changed();

} // namespace

PLANTED_PLUGIN(Board, table)
