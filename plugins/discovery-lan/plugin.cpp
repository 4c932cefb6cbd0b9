// discovery-lan: the neighbours on the local network as the bulletin board of calls.
//
// Threads:  control; the neighbourhood has a thread of its own and only posts. Lifetime: the neighbourhood goes first,
// with its thread.
#include "lan_diagnosis.hpp"
#include "neighbourhood.hpp"

#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace discovery_lan;
using jackfield::BoardEnd;
using jackfield::BoardValues;
using jackfield::Failure;

class LanDiscovery final : public jackfield::BulletinBoardDiscovery {
public:
    LanDiscovery(jackfield::Host host, std::string_view config_json)
        : BulletinBoardDiscovery(host),
          neighbourhood_(parse_options(config_json),
                         [this](bool online, const std::string& detail) { board_state(online, detail); })
    {}

    void network_changed() override { neighbourhood_.look_again(); }

    std::string describe() override
    {
        const std::string listening = neighbourhood_.listening();
        return nlohmann::json{{"listening", listening}, {"state", listening.empty() ? "offline" : "online"}}.dump();
    }

protected:
    void open_board() override { neighbourhood_.open(); }

    void close_board(jackfield::Completion done) override
    {
        const auto end = std::make_shared<jackfield::Completion>(std::move(done)); // a function must be copyable
        neighbourhood_.close([end] { end->succeed(); });
    }

    void put(BoardPut put, BoardEnd end) override
    {
        check_key(put.key);
        if (put.value.size() > kLargestValue_bytes)
            throw Failure(JF_BAD_INPUT, "a neighbour takes at most 65536 bytes");
        neighbourhood_.put(std::move(put.key), std::move(put.value), put.keep, std::move(end));
    }

    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        check_key(key);
        neighbourhood_.get(std::string(key), std::move(values), std::move(end));
    }

    void listen(std::string_view key, BoardValues values) override
    {
        check_key(key);
        neighbourhood_.listen(std::string(key), std::move(values));
    }

    void unlisten(std::string_view key) override { neighbourhood_.unlisten(std::string(key)); }

private:
    static void check_key(std::string_view key)
    {
        if (key.empty() || key.size() > kLargestKey_bytes)
            throw Failure(JF_BAD_INPUT, "an account or device id of more than 200 letters");
    }

    Neighbourhood neighbourhood_;
};

} // namespace

JF_PLUGIN(LanDiscovery, discovery_lan::LanDiagnosis)
