// discovery-rendezvous: rendezvous servers as the bulletin board of calls.
//
// Threads:  control; the board below has a thread of its own and only posts. Lifetime: the board goes first, with its
// thread.
#include "board.hpp"
#include "board_diagnosis.hpp"

#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <array>

namespace {

using namespace discovery_rendezvous;
using jackfield::BoardEnd;
using jackfield::BoardValues;
using jackfield::Completion;
using jackfield::Failure;

class RendezvousDiscovery final : public jackfield::BulletinBoardDiscovery {
public:
    RendezvousDiscovery(jackfield::Host host, std::string_view config_json)
        : BulletinBoardDiscovery(host),
          slot_(random_slot(host)),
          board_(parse_options(config_json),
                 [this](bool online, const std::string& detail) { board_state(online, detail); })
    {}

    void network_changed() override { board_.look_again(); }

    std::string describe() override
    {
        nlohmann::json servers = nlohmann::json::array();
        bool online = false;
        for (const auto& server : board_.servers()) {
            online = online || server.up;
            servers.push_back({{"server", server.name}, {"state", server.up ? "online" : "offline"}});
            if (!server.up)
                servers.back()["why"] = server.why;
        }
        return nlohmann::json{{"servers", std::move(servers)}, {"state", online ? "online" : "offline"}}.dump(
            -1, ' ', false, nlohmann::json::error_handler_t::replace);
    }

protected:
    void open_board() override { board_.open(); }

    void close_board(Completion done) override
    {
        const auto end = std::make_shared<Completion>(std::move(done)); // shared: a function must be copyable
        board_.close([end] { end->succeed(); });
    }

    void put(BoardPut put, BoardEnd end) override
    {
        if (!jackfield::rendezvous::is_key(put.key))
            throw Failure(JF_BAD_INPUT,
                          "an account or device id of more than 200 letters, or of other than visible ASCII");
        if (put.value.size() > jackfield::rendezvous::kLargestValue_bytes)
            throw Failure(JF_BAD_INPUT, "a rendezvous takes at most 65536 bytes");
        board_.put({std::move(put.key), std::move(put.value), put.lifetime, put.keep ? slot_ : std::string()},
                   std::move(end));
    }

    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        board_.get(std::string(key), std::move(values), std::move(end));
    }

    void listen(std::string_view key, BoardValues values) override
    {
        board_.listen(std::string(key), std::move(values));
    }

    void unlisten(std::string_view key) override { board_.unlisten(std::string(key)); }

private:
    /// What only we know: nobody else can replace our card.
    static std::string random_slot(const jackfield::Host& host)
    {
        static constexpr char kDigits[] = "0123456789abcdef";
        std::array<std::uint8_t, 16> bytes{};
        host.random(bytes);
        std::string text;
        for (const std::uint8_t byte : bytes) {
            text += kDigits[byte >> 4];
            text += kDigits[byte & 15];
        }
        return text;
    }

    const std::string slot_;
    Board board_;
};

} // namespace

JF_PLUGIN(RendezvousDiscovery, discovery_rendezvous::BoardDiagnosis)
