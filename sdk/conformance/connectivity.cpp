// jackfield.connectivity/1: from two descriptions to paths.
//
// Threads: the test's; ears are called on the paths' own. Lifetime: sessions are released before their instances go.
#include "lists.hpp"
#include "path_tests.hpp"
#include "process_watch.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/connectivity.h>
#include <nlohmann/json.hpp>

#include <map>
#include <sstream>

namespace jackfield::conformance {

namespace connectivity {
namespace {

using namespace std::chrono_literals;

class Session {
public:
    Session(Life& life, std::uint32_t role, std::uint32_t kind, std::uint32_t components) : life_(life)
    {
        jf_error error = no_error();
        const Status opened = open(life, role, kind, components, &error);
        skip_if(opened == JF_UNSUPPORTED, error.text);
        check(opened, error);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { release(); }

    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    bool is_open() const { return session_.methods != nullptr; }
    void gather()
    {
        jf_error error = no_error();
        check(session_.methods->gather(session_.self, &error), error);
    }
    std::string description() const
    {
        std::string lines;
        jf_error error = no_error();
        check(session_.methods->local_description(session_.self, append_to(lines), &error), error);
        return lines;
    }
    Status set_remote(std::string_view lines)
    {
        jf_error error = no_error();
        return session_.methods->set_remote(session_.self, to_text(lines), &error);
    }
    void add(std::string_view line)
    {
        jf_error error = no_error();
        session_.methods->add_remote_candidate(session_.self, to_text(line), &error);
    }

    /// What was tried. Passes over plugins that do not say.
    nlohmann::json tried()
    {
        skip_if(!JF_HAS(session_.methods, tried), "this connectivity does not say what it has tried");
        jf_error error = no_error();
        std::string said;
        const Status told = session_.methods->tried(session_.self, append_to(said), &error);
        skip_if(told == JF_UNSUPPORTED, error.text);
        require_status(told, JF_OK, "tried");
        const auto document = nlohmann::json::parse(said, nullptr, false);
        const bool whole = document.is_object() && document.contains("pairs") && document["pairs"].is_array();
        require(whole, "tried does not write an object with \"pairs\": " + said);
        return document["pairs"];
    }
    /// Datagrams along with the checks. Passes over plugins that send none.
    Status send_early(const std::vector<Bytes>& datagrams, jf_path_info& path)
    {
        const Status sent = try_to_send_early(datagrams, path);
        skip_if(sent == JF_UNSUPPORTED, "this connectivity sends nothing before there is a path");
        return sent;
    }
    Status try_to_send_early(const std::vector<Bytes>& datagrams, jf_path_info& path)
    {
        if (!JF_HAS(session_.methods, send_early))
            return JF_UNSUPPORTED;
        std::vector<jf_bytes> parts;
        for (const auto& datagram : datagrams)
            parts.push_back(to_bytes(datagram));
        path.struct_size = sizeof(path);
        jf_error error = no_error();
        return session_.methods->send_early(session_.self, 1, parts.data(), parts.size(), &path, &error);
    }
    Life& life() { return life_; }
    int events() const { return gathered + failed + pairs + static_cast<int>(ready.size()); }

    int gathered = 0;
    int failed = 0;
    int pairs = 0;
    Status status = JF_OK;
    std::string text;
    std::map<std::uint32_t, int> ready;
    std::map<std::uint32_t, Path> paths;
    Session* peer = nullptr; ///< candidates are trickled to it

private:
    Status open(Life& life, std::uint32_t role, std::uint32_t kind, std::uint32_t components, jf_error* error)
    {
        const jf_connectivity_options options{sizeof(options), role, kind, components, to_text("conformance")};
        return life.methods<jf_connectivity_methods>().open(life.self(), &options, {&kListener, this}, &session_,
                                                            error);
    }
    static Session& of(void* self)
    {
        ProcessWatch::heard();
        return *static_cast<Session*>(self);
    }
    static constexpr jf_connectivity_listener_methods kListener{
        sizeof(jf_connectivity_listener_methods),
        0,
        [](void* self, jf_text line) {
            if (of(self).peer != nullptr)
                of(self).peer->add(view(line));
        },
        [](void* self) { ++of(self).gathered; },
        [](void* self, std::uint32_t component, jf_path path) {
            ++of(self).ready[component];
            of(self).paths[component] = Path(path);
        },
        [](void* self, const jf_selected_pair*) { ++of(self).pairs; },
        [](void* self, Status why, const jf_error* error) {
            ++of(self).failed;
            of(self).status = why;
            of(self).text = error_text(error, "");
        },
        [](void*) { ProcessWatch::heard(); }};

    Life& life_;
    jf_connectivity_session session_{};
};

class Call final : public Joint {
public:
    Call(Bench& bench, std::uint32_t wanted, std::uint32_t components = 1)
        : bench_(bench),
          a(bench.make(JF_CONNECTIVITY_INTERFACE, 0), JF_CONTROLLING, wanted, components),
          b(bench.make(JF_CONNECTIVITY_INTERFACE, 1), JF_CONTROLLED, wanted, components)
    {
        kind = wanted;
        a.peer = &b;
        b.peer = &a;
    }
    ~Call() override { release(); }
    void release() override
    {
        at_far.hold(false);
        a.release();
        b.release();
    }
    void end_far() override { b.release(); }
    void gather()
    {
        a.gather();
        b.gather();
    }
    void connected(std::size_t components)
    {
        bench_.until(
            [&] { return (a.ready.size() == components && b.ready.size() == components) || a.failed + b.failed > 0; });
        require(a.failed + b.failed == 0, "the session failed: " + a.text + b.text);
        require(a.ready.size() == components && b.ready.size() == components,
                std::to_string(components) + " components, " + std::to_string(a.ready.size()) + " and " +
                    std::to_string(b.ready.size()) + " are ready");
    }
    void connect(std::size_t components)
    {
        gather();
        connect_gathered(components);
    }
    void connect_gathered(std::size_t components)
    {
        require_status(b.set_remote(a.description()), JF_OK, "set_remote with the peer's description");
        require_status(a.set_remote(b.description()), JF_OK, "set_remote with the peer's description");
        connected(components);
        near = a.paths.begin()->second;
        far = b.paths.begin()->second;
    }

private:
    Bench& bench_;

public:
    Session a;
    Session b;
};

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

void describes_itself(Bench& bench, std::uint32_t kind)
{
    Life& life = bench.make(JF_CONNECTIVITY_INTERFACE);
    std::vector<std::string> credentials;
    for (int i = 0; i < 3; ++i) {
        Session session(life, JF_CONTROLLING, kind, 1);
        session.gather();
        require(bench.until([&] { return session.gathered > 0; }), "gathered does not come");
        bench.run_pending();
        require(session.gathered == 1, "gathered came twice for one gather");
        const auto lines = lines_of(session.description());
        require(lines.size() >= 3, "the description has no candidate: " + session.description());
        require(lines[0].size() >= 4 && lines[1].size() >= 22, "ufrag or pwd is too short (RFC 8839 section 5.4)");
        require(std::ranges::find(credentials, lines[1]) == credentials.end(), "two sessions have the same pwd");
        credentials.push_back(lines[1]);
        for (std::size_t at = 2; at < lines.size(); ++at)
            require(lines[at].find(" typ ") != std::string::npos && !lines[at].starts_with("candidate:"),
                    "no candidate-attribute without \"candidate:\": " + lines[at]);
    }
}

void connects_every_component(Bench& bench, std::uint32_t kind)
{
    Call call(bench, kind, 2);
    call.connect(2);
    bench.run_pending();
    for (const std::uint32_t component : {1U, 2U}) {
        require(call.a.ready[component] == 1, "component " + std::to_string(component) + " was ready " +
                                                  std::to_string(call.a.ready[component]) + " times");
        Ear near;
        Ear far;
        call.a.paths[component].open(near);
        call.b.paths[component].open(far);
        require(call.a.paths[component].send(pattern(100, component)) == JF_OK &&
                    call.b.paths[component].send(pattern(100, component)) == JF_OK,
                "a ready path takes no bytes");
        require(bench.until([&] { return near.bytes() == 100 && far.bytes() == 100; }),
                "a ready path carries no bytes");
        require(far.heard().stream() == pattern(100, component), "the components are mixed up");
        call.a.paths[component].close();
        call.b.paths[component].close();
    }
}

void refuses_garbage(Bench& bench, std::uint32_t kind)
{
    Call call(bench, kind);
    call.gather();
    for (const std::string& garbage :
         {std::string(), std::string("\n"), std::string("ufrg\nshort\n"), std::string("\x00\x01\xff\n\x00", 5),
          std::string(70'000, 'x'), std::string("u f r g\n") + std::string(22, 'p')})
        require_status(call.a.set_remote(garbage), JF_BAD_INPUT, "set_remote without good credentials");
    require_status(call.a.set_remote(call.b.description()), JF_OK, "set_remote after one that was refused");
    require_status(call.b.set_remote(call.a.description()), JF_OK, "set_remote");
    call.connected(1);
}

void skips_what_it_cannot_use(Bench& bench, std::uint32_t kind)
{
    Call call(bench, kind);
    call.gather();
    const auto lines = lines_of(call.a.description());
    std::string noisy = lines.at(0) + "\n" + lines.at(1) +
                        "\nnonsense\n\n1 1 UDP 5 224.0.0.1 5 typ host\n1 7 UDP 5 127.0.0.1 5 typ host\n"
                        "1 1 UDP 5 127.0.0.1 0 typ host\n1 1 UDP 5 name.local 5 typ host\n";
    for (std::size_t at = 2; at < lines.size(); ++at)
        noisy += lines[at] + "\n";
    require_status(call.b.set_remote(noisy), JF_OK, "set_remote with candidates that cannot be used among good ones");
    require_status(call.a.set_remote(call.b.description()), JF_OK, "set_remote");
    call.connected(1);
}

void gives_up_in_time(Bench& bench, std::uint32_t kind)
{
    bench.use_clock(testing::Clock::manual);
    const std::string config = bench.config(0, "hasty");
    Session session(bench.make_with(JF_CONNECTIVITY_INTERFACE, config), JF_CONTROLLING, kind, 1);
    session.gather();
    require_status(session.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n"
                                      "2 1 TCP 5 127.0.0.1 9 typ host tcptype passive\n"),
                   JF_OK, "set_remote");
    bench.until([&] {
        bench.pass(1s);
        return session.failed > 0;
    });
    require(session.failed == 1, "nobody answers, and it does not fail");
    require(!session.text.empty(), "the failure has no words");
    bench.pass(60s);
    require(session.failed == 1, "failed came twice");
}

void check_pairs(const nlohmann::json& pairs)
{
    static constexpr const char* kResults[] = {"selected", "works",    "answered",  "heard",      "connected",
                                               "refused",  "no route", "no answer", "not chosen", "not formed"};
    require(pairs.size() <= 200, "tried tells of " + std::to_string(pairs.size()) + " pairs");
    for (const auto& pair : pairs) {
        const auto has = [&](const char* key) { return pair.contains(key) && pair[key].is_string(); };
        require(pair.is_object() && has("transport") && has("result") && (has("local") || has("remote")),
                "a pair without its parts: " + pair.dump());
        require(std::ranges::find(kResults, pair["result"].get<std::string>()) != std::end(kResults),
                "nobody knows such a result: " + pair.dump());
    }
}

void says_what_it_has_tried(Bench& bench, std::uint32_t kind)
{
    Call call(bench, kind);
    require(call.a.tried().empty(), "pairs were tried before there were any");
    call.gather();
    check_pairs(call.a.tried());
    call.connect_gathered(1);
    check_pairs(call.a.tried());
    check_pairs(call.b.tried());
    bench.use_clock(testing::Clock::manual);
    const std::string config = bench.config(0, "hasty");
    Session alone(bench.make_with(JF_CONNECTIVITY_INTERFACE, config), JF_CONTROLLING, kind, 1);
    alone.gather();
    require_status(alone.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n"), JF_OK,
                   "set_remote");
    bench.until([&] {
        bench.pass(1s);
        return alone.failed > 0;
    });
    check_pairs(alone.tried());
}

void sends_early_within_bounds(Bench& bench, std::uint32_t kind)
{
    Call call(bench, kind);
    call.gather();
    require_status(call.b.set_remote(call.a.description()), JF_OK, "set_remote with the peer's description");
    require_status(call.a.set_remote(call.b.description()), JF_OK, "set_remote with the peer's description");
    jf_path_info path{};
    require_status(call.a.send_early({}, path), JF_OK, "send_early of nothing");
    require(path.kind == JF_DATAGRAM && path.max_datagram_bytes > 0, "send_early does not say how the path will be");
    require_status(call.a.send_early({Bytes(path.max_datagram_bytes + std::size_t{1})}, path), JF_BAD_INPUT,
                   "send_early of too large a datagram");
    const std::vector<Bytes> most(JF_EARLY_DATAGRAMS, Bytes(100));
    require_status(call.a.send_early(most, path), JF_OK, "send_early of as many as there may be");
    require_status(call.a.send_early({Bytes(100)}, path), JF_EXHAUSTED, "send_early of one more");
    call.connected(1);
    const auto there = call.a.paths.begin()->second.describe();
    require(there.max_datagram_bytes == path.max_datagram_bytes, "the path is not as send_early has said");
}

void release_is_silent(Bench& bench, std::uint32_t kind)
{
    for (int moment = 0; moment < 3; ++moment) {
        Call call(bench, kind);
        if (moment >= 1)
            call.gather();
        if (moment >= 2)
            call.a.set_remote(call.b.description());
        call.a.release();
        const int before = call.a.events();
        if (moment >= 2)
            call.b.release();
        bench.until([] { return false; }, 20ms);
        require(call.a.events() == before, "an event came after release");
        call.b.release();
        call.a.life().destroy();
        require(call.a.events() == before, "an event came in destroy");
    }
}

/// Two sessions that tell each other candidates, good ones and others.
class MeetingScene final : public Scene {
public:
    MeetingScene(Bench& bench, Chance& chance, std::uint32_t kind) : call_(bench, kind)
    {
        for (const auto& [one, other] : {std::pair(&call_.a, &call_.b), std::pair(&call_.b, &call_.a)}) {
            moves.push_back({"gather", [one] { one->gather(); }});
            moves.push_back({"local_description", [one] { one->description(); }});
            moves.push_back({"set_remote", [one, other] { one->set_remote(other->description()); }});
            moves.push_back({"set_remote of nonsense", [one] { one->set_remote("no\ndescription\n"); }});
            moves.push_back({"add_remote_candidate", [one, &chance] {
                                 one->add(upto(chance, 1) == 0 ? "H1 1 UDP 2130706431 127.0.0.1 9 typ host" : "none");
                             }});
            moves.push_back({"send_early", [one, &chance] {
                                 jf_path_info path{};
                                 one->try_to_send_early(std::vector<Bytes>(upto(chance, 5), Bytes(50)), path);
                             }});
            moves.push_back({"release", [one, &chance] {
                                 if (upto(chance, 15) == 0)
                                     one->peer->peer = nullptr, one->release();
                             }});
        }
        for (auto& move : moves) {
            Session* const one = &move - moves.data() < 7 ? &call_.a : &call_.b;
            Session* const other = one == &call_.a ? &call_.b : &call_.a;
            move.make = [one, other, make = std::move(move.make)] {
                if (one->is_open() && other->is_open())
                    make();
            };
        }
    }

private:
    Call call_;
};

} // namespace
} // namespace connectivity

void add_connectivity_tests(TestList& list)
{
    using namespace connectivity;
    struct Line {
        const char* rule;
        const char* name;
        void (*run)(Bench&, std::uint32_t);
    };
    const Line lines[] = {
        {"JF-CONN-01", "A session gathers and describes itself", describes_itself},
        {"JF-CONN-02", "Every component connects", connects_every_component},
        {"JF-CONN-03", "A description without credentials is refused", refuses_garbage},
        {"JF-CONN-04", "Candidates that cannot be used are skipped", skips_what_it_cannot_use},
        {"JF-CONN-05", "A session that nobody answers fails", gives_up_in_time},
        {"JF-CONN-06", "A session says what it has tried", says_what_it_has_tried},
        {"JF-CONN-07", "Datagrams go along with the checks within bounds", sends_early_within_bounds},
        {"JF-GEN-09", "A released session is silent", release_is_silent},
    };
    const std::string id = JF_CONNECTIVITY_INTERFACE;
    for (const Line& line : lines) {
        for (const std::uint32_t kind : {JF_DATAGRAM, JF_STREAM})
            list.push_back({line.rule, id, std::string(line.name) + (kind == JF_STREAM ? " (stream)" : " (datagrams)"),
                            [run = line.run, kind](Bench& bench) { run(bench, kind); }});
    }
    for (const std::uint32_t kind : {JF_DATAGRAM, JF_STREAM}) {
        const auto set = [kind](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
            return std::make_unique<MeetingScene>(bench, chance, kind);
        };
        add_random_tests(list, id, set, kind == JF_STREAM ? " (stream)" : " (datagrams)");
    }
    add_path_tests(list, id, {JF_DATAGRAM, JF_STREAM}, [](Bench& bench, std::uint32_t kind) -> std::unique_ptr<Joint> {
        auto call = std::make_unique<Call>(bench, kind);
        call->connect(1);
        return call;
    });
}

} // namespace jackfield::conformance
