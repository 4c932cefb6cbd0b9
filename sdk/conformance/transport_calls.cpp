// Calls by chance on two media sessions, while the network between them loses, doubles, delays, changes and makes up
// packets.
//
// Threads: the test's. Lifetime: sessions are released before the controllers that they were given.
#include "transport_pair.hpp"

namespace jackfield::conformance::transports {

namespace {

class TransportScene final : public Scene {
public:
    TransportScene(Bench& bench, Chance& chance)
        : chance_(chance), simulation_(bench, upto(chance, 1) == 0 ? "audio" : "video", /*more=*/true)
    {
        simulation_.fate = [this](int from, Bytes& packet) { return fate(from, packet); };
        calls();
        surroundings();
    }

private:
    bool one_in(std::size_t count) { return upto(chance_, count - 1) == 0; }
    Side& any() { return simulation_.sides[any_side()]; }
    std::size_t any_side() { return upto(chance_, 1); }

    /// A call on one of the sessions, if that is open.
    void on_session(const char* name, void (TransportScene::*call)(std::size_t))
    {
        moves.push_back({name, [this, call] {
                             const std::size_t side = any_side();
                             if (simulation_.sides[side].is_open())
                                 (this->*call)(side);
                         }});
    }

    void calls()
    {
        on_session("send", &TransportScene::send);
        on_session("send", &TransportScene::send);
        on_session("take", &TransportScene::take);
        on_session("take", &TransportScene::take);
        on_session("tick", &TransportScene::tick);
        on_session("request_key_frame", &TransportScene::request_key_frame);
        on_session("statistics", &TransportScene::statistics);
        on_session("control_rate", &TransportScene::control_rate);
        on_session("change", &TransportScene::change);
        on_session("release of a session", &TransportScene::release);
        moves.push_back({"open of a session", [this] { open(); }});
        moves.push_back({"open of a session", [this] { open(); }});
        moves.push_back({"capabilities", [this] {
                             std::string text;
                             jf_error error = no_error();
                             any().methods().capabilities(any().life.self(), append_to(text), &error);
                         }});
        moves.push_back({"make_key", [this] {
                             const auto& suites = simulation_.suites;
                             const bool known = !suites.empty() && !one_in(4);
                             any().made(any().methods().make_key,
                                        known ? suites[upto(chance_, suites.size() - 1)] : "ROT13");
                         }});
    }
    void surroundings()
    {
        for (int more = 0; more < 3; ++more)
            moves.push_back({"what time brings", [this] { pass(); }});
        moves.push_back({"a path that fills or empties", [this] {
                             auto& full = any().network->full;
                             full = !full;
                         }});
        moves.push_back({"the end of a path", [this] {
                             if (one_in(2))
                                 any().network->gate.ended(JF_UNREACHABLE, "cut");
                         }});
        moves.push_back({"a packet of a stranger", [this] { arrive(made_up()); }});
        moves.push_back({"a packet that was on its way before", [this] {
                             if (!seen_.empty())
                                 arrive(seen_[upto(chance_, seen_.size() - 1)]);
                         }});
    }

    // --- calls -------------------------------------------------------------------------------------------------

    void send(std::size_t side)
    {
        static constexpr std::size_t kSizes[] = {0, 1, 160, 1200, 2000};
        began_[side] = true;
        const bool event = one_in(5);
        simulation_.sides[side].send(number_++, event ? 4 : kSizes[upto(chance_, 4)], event ? kEventType : 0);
    }
    void take(std::size_t side)
    {
        std::int64_t due = 0;
        const Status status = simulation_.sides[side].take(due);
        if (status != JF_OK && status != JF_WOULD_BLOCK)
            throw Broken("take gives " + status_name(status), "JF-RTP-04");
        if (status == JF_WOULD_BLOCK && due <= simulation_.now_ns())
            throw Broken("take has nothing, and wants to be asked again at once", "JF-RTP-04");
    }
    void tick(std::size_t side)
    {
        Side& ours = simulation_.sides[side];
        ours.next_tick_ns = ours.session.methods->tick(ours.session.self, simulation_.now_ns());
        require(ours.next_tick_ns > simulation_.now_ns(), "tick wants to be called again at once");
    }
    void request_key_frame(std::size_t side)
    {
        const auto& session = simulation_.sides[side].session;
        session.methods->request_key_frame(session.self, 0);
    }
    void statistics(std::size_t side)
    {
        const auto& session = simulation_.sides[side].session;
        std::string text;
        jf_error error = no_error();
        check(session.methods->statistics(session.self, append_to(text), &error), error);
        require(Json::parse(text, nullptr, false).is_object(), "the statistics are no JSON object");
    }
    /// Once, before the first send.
    void control_rate(std::size_t side)
    {
        const auto& session = simulation_.sides[side].session;
        if (!JF_HAS(session.methods, control_rate) || began_[side] || std::exchange(controlled_[side], true))
            return;
        session.methods->control_rate(session.self, {&Counting::kMethods, &counting_[side]});
    }
    /// Another direction, another SSRC, an end, one more stream, or what cannot be.
    void change(std::size_t side)
    {
        Side& ours = simulation_.sides[side];
        if (!JF_HAS(ours.session.methods, change))
            return;
        static constexpr const char* kDirections[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
        Json next = ours.config;
        Json& streams = next["streams"];
        Json& stream = streams.back();
        switch (upto(chance_, 5)) {
        case 0:
            stream["ended"] = true;
            break;
        case 1:
            stream["ssrc"] = 0x5000 + number_++;
            break;
        case 2:
            if (streams.size() < 4) {
                Json another = stream;
                another["ssrc"] = 0x6000 + number_++;
                another["remote_ssrc"] = 0x7000 + number_++;
                another.erase("repair");
                streams.push_back(another);
            }
            break;
        case 3:
            streams.erase(streams.begin()); // fewer than there were
            break;
        default:
            stream["direction"] = kDirections[upto(chance_, 3)];
        }
        jf_error error = no_error();
        const jf_path path = ours.network->handle();
        check(ours.session.methods->change(ours.session.self, to_text(next.dump()), &path, 1, &error), error);
        ours.config = next;
    }
    void release(std::size_t side)
    {
        if (one_in(2))
            simulation_.sides[side].release();
    }
    void open()
    {
        const std::size_t side = simulation_.sides[0].is_open() ? 1 : 0;
        if (simulation_.sides[side].is_open())
            return;
        counting_[side].packets.clear();
        began_[side] = controlled_[side] = false;
        simulation_.sides[side].open(simulation_.sides[side].config);
    }

    // --- what is around them -----------------------------------------------------------------------------------

    void pass()
    {
        for (Side& side : simulation_.sides)
            side.taking = one_in(2);
        simulation_.run(static_cast<std::int64_t>(1 + upto(chance_, 60)) * kMs);
        for (const Side& side : simulation_.sides) {
            if (side.late > 0)
                throw Broken("an event came after release", "JF-GEN-09");
            if (side.ended.size() > 1)
                throw Broken("ended came " + std::to_string(side.ended.size()) + " times", "JF-RTP-05");
        }
    }
    void arrive(const Bytes& packet) { any().network->gate.deliver(make_packet(packet, simulation_.now_ns())); }
    /// Bytes of no meaning; often behind a head that looks like RTP or RTCP (RFC 5761 section 4), or DTLS (RFC 7983).
    Bytes made_up()
    {
        Bytes bytes = pattern(upto(chance_, 300), static_cast<unsigned>(chance_()));
        const std::uint8_t heads[][2] = {{0x80, 111}, {0x90, 111}, {0x80, 96}, {0x81, 200}, {0x81, 206}, {22, 254}};
        const auto& head = heads[upto(chance_, std::size(heads) - 1)];
        if (bytes.size() >= 2 && !one_in(4))
            std::copy_n(head, 2, bytes.begin());
        return bytes;
    }
    std::vector<std::int64_t> fate(int, Bytes& packet)
    {
        if (seen_.size() < 50)
            seen_.push_back(packet);
        switch (upto(chance_, 9)) {
        case 0:
            return {}; // lost
        case 1:
            return {kMs, static_cast<std::int64_t>(1 + upto(chance_, 40)) * kMs}; // twice
        case 2:
            return {static_cast<std::int64_t>(20 + upto(chance_, 200)) * kMs}; // overtaken
        case 3:
            if (!packet.empty())
                packet[upto(chance_, packet.size() - 1)] ^= static_cast<std::uint8_t>(1U << upto(chance_, 7));
            return {kMs};
        case 4:
            packet.resize(upto(chance_, packet.size()));
            return {kMs};
        default:
            return {kMs};
        }
    }

    Chance& chance_;
    Counting counting_[2];
    bool began_[2] = {};      // has sent
    bool controlled_[2] = {}; // has a controller
    std::vector<Bytes> seen_;
    unsigned number_ = 1;
    Simulation simulation_; // last: it goes first
};

} // namespace

std::unique_ptr<Scene> set_transport_scene(Bench& bench, Chance& chance)
{
    return std::make_unique<TransportScene>(bench, chance);
}

} // namespace jackfield::conformance::transports
