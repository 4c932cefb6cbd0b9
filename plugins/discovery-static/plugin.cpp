// discovery-static: peers from the configuration file, reached over TCP.
//
// Threads:  control; the rendezvous has a thread of its own and only posts. Lifetime: the rendezvous goes first, with
// its thread.

#include "rendezvous.hpp"
#include "static_diagnosis.hpp"

#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace discovery_static;
using jackfield::BoardEnd;
using jackfield::BoardValues;

class StaticDiscovery final : public jackfield::BulletinBoardDiscovery {
public:
    StaticDiscovery(jackfield::Host host, std::string_view config_json)
        : BulletinBoardDiscovery(host), rendezvous_(parse_options(config_json))
    {}

    std::string describe() override
    {
        return nlohmann::json{{"listening", rendezvous_.listening()}, {"state", "online"}}.dump();
    }

protected:
    void open_board() override
    {
        rendezvous_.open();
        board_state(true, "listening at " + rendezvous_.listening());
    }

    void close_board(jackfield::Completion done) override
    {
        const auto end = std::make_shared<jackfield::Completion>(std::move(done)); // a function must be copyable
        rendezvous_.close([end] { end->succeed(); });
    }

    void put(BoardPut put, BoardEnd end) override
    {
        rendezvous_.put(std::move(put.key), std::move(put.value), put.keep, std::move(end));
    }

    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        rendezvous_.get(std::string(key), std::move(values), std::move(end));
    }

    void listen(std::string_view key, BoardValues values) override
    {
        rendezvous_.listen(std::string(key), std::move(values));
    }

    void unlisten(std::string_view key) override { rendezvous_.unlisten(std::string(key)); }

private:
    Rendezvous rendezvous_;
};

} // namespace

JF_PLUGIN(StaticDiscovery, discovery_static::StaticDiagnosis)
