// discovery-opendht: the OpenDHT network as the bulletin board of calls.
//
// Threads:  control; the node below has its own threads and only posts. Lifetime: the node goes first, with its
// threads.
#include "dht_diagnosis.hpp"
#include "dht_node.hpp"

#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using discovery_opendht::DhtNode;
using discovery_opendht::parse_options;
using jackfield::BoardEnd;
using jackfield::BoardValues;
using jackfield::Completion;
using jackfield::Failure;

class OpenDhtDiscovery final : public jackfield::BulletinBoardDiscovery {
public:
    OpenDhtDiscovery(jackfield::Host host, std::string_view config_json)
        : BulletinBoardDiscovery(host),
          node_(DhtNode::make(parse_options(config_json),
                              [this](bool online, const std::string& detail) { board_state(online, detail); }))
    {}

    void network_changed() override { node_->look_again(); }

    std::string describe() override
    {
        const std::string listening = node_->listening();
        const char* state = listening.empty() ? "closed" : node_->online() ? "online" : "offline";
        return nlohmann::json{{"listening", listening}, {"nodes", node_->nodes()}, {"state", state}}.dump();
    }

protected:
    void open_board() override { node_->open(); }

    void close_board(Completion done) override
    {
        const auto end = std::make_shared<Completion>(std::move(done)); // shared: a function must be copyable
        node_->close([end] { end->succeed(); });
    }

    void put(BoardPut put, BoardEnd end) override
    {
        if (put.value.size() > jackfield::kLargestSealedMessage_bytes)
            throw Failure(JF_BAD_INPUT, "OpenDHT loses values of more than 60000 bytes");
        // The board asks for lifetimes up to OpenDHT's ten minutes; what must stay longer is kept, which renews it.
        node_->put(put.key, put.value, host_.random_number() | 1U, put.keep, std::move(end));
    }

    void get(std::string_view key, BoardValues values, BoardEnd end) override
    {
        node_->get(std::string(key), std::move(values), std::move(end));
    }

    void get_early(std::string_view key, BoardValues values) override
    {
        node_->get_early(std::string(key), std::move(values));
    }

    void listen(std::string_view key, BoardValues values) override
    {
        node_->listen(std::string(key), std::move(values));
    }

    void unlisten(std::string_view key) override { node_->unlisten(std::string(key)); }

    /// A look-up was seen to end with nothing while another of the same key had the value.
    bool may_miss() const override { return true; }

    void expect_put(std::string_view key) override { node_->look_up(std::string(key)); }

private:
    std::unique_ptr<DhtNode> node_;
};

} // namespace

JF_PLUGIN(OpenDhtDiscovery, discovery_opendht::DhtDiagnosis);
