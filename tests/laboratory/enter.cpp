// A laboratory to go into by hand: two peers behind NATs and the servers of the public network, and lines of standard
// input that run programs there and change the network while they run.
//
//     build/release/bench/laboratory symmetric open
//
// Exit code: 0 at the end of the input, 2 for a command line that is none, 77 if this kernel lets nobody make a
// network.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

namespace {

using namespace laboratory;
using jackfield::program::Child;

constexpr const char* kHelp =
    "run WHO COMMAND      runs it in the host of alice, bob or the relay, and waits for its end\n"
    "start WHO COMMAND    runs it and does not wait; quit ends it\n"
    "probe WHO            which NAT a STUN server sees (RFC 5780)\n"
    "link WHO JSON        both directions of the cable: options of path-impair, and mtu\n"
    "up WHO JSON          one direction; or down\n"
    "cut WHO, mend WHO    no cable, and one again\n"
    "reboot WHO           the routers in front forget what they have translated\n"
    "counts WHO           packets up and down, and lost\n"
    "quit\n";

class Prompt {
public:
    Prompt(const Side& alice, const Side& bob)
    {
        for (const auto& [name, side] : {std::pair<std::string, const Side&>("alice", alice), {"bob", bob}}) {
            laboratory_.configure(name, side);
            peers_.emplace(name, laboratory_.add_peer(side));
            std::cout << name << ": " << peers_.at(name).host.address().text() << ", " << side.name << ", "
                      << (laboratory_.world().folder() / (name + ".json")).string() << "\n";
        }
        peers_.emplace("relay", Peer{laboratory_.relay().host(), {}});
        std::cout << "relay: " << laboratory_.relay().place().text() << "\n" << std::flush;
    }

    /// False at the end.
    bool obey(const std::string& line)
    {
        std::istringstream words(line);
        std::string verb;
        std::string who;
        std::string rest;
        words >> verb >> who;
        std::getline(words >> std::ws, rest);
        if (verb.empty() || verb == "quit")
            return verb.empty();
        const auto peer = peers_.find(who);
        if (verb == "help")
            std::cout << kHelp;
        else if (peer == peers_.end())
            std::cout << "nobody is called \"" << who << "\"; there are alice, bob and relay\n";
        else if (!act(verb, peer->second, rest))
            std::cout << "\"" << verb << "\" is no command; help lists them\n";
        std::cout << std::flush;
        return true;
    }

private:
    bool act(const std::string& verb, const Peer& peer, const std::string& rest)
    {
        Network& network = laboratory_.network();
        if (verb == "run" || verb == "start")
            run(peer.host, rest, verb == "run");
        else if (verb == "probe")
            std::cout << text_of(probe(peer.host, laboratory_.relay().place())) << "\n";
        else if (verb == "link")
            network.change(peer.host, rest);
        else if (verb == "up")
            network.change_up(peer.host, rest);
        else if (verb == "down")
            network.change_down(peer.host, rest);
        else if (verb == "cut" || verb == "mend")
            network.cut(peer.host, verb == "cut");
        else if (verb == "reboot")
            std::ranges::for_each(peer.routers, [&](Router* router) { network.reboot(*router); });
        else if (verb == "counts")
            print(network.up(peer.host), network.down(peer.host));
        else
            return false;
        return true;
    }

    void run(const Host& host, const std::string& command, bool wait)
    {
        std::unique_ptr<Child> child;
        host.inside([&] {
            child = std::make_unique<Child>("/bin/sh", std::vector<std::string>{"-c", "exec 2>&1; " + command},
                                            "/dev/null");
        });
        if (!wait) {
            started_.push_back(std::move(child));
            return;
        }
        while (const auto line = child->line())
            std::cout << *line << "\n" << std::flush;
        std::cout << "ended with " << child->wait() << "\n";
    }

    static void print(const LinkCounts& up, const LinkCounts& down)
    {
        for (const auto& [name, counts] : {std::pair("up", up), {"down", down}})
            std::cout << name << ": " << counts.packets << " packets, " << counts.lost << " lost, " << counts.too_long
                      << " too long\n";
    }

    PairLaboratory laboratory_;
    std::map<std::string, Peer> peers_;
    std::vector<std::unique_ptr<Child>> started_;
};

} // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto known = [](const std::string& name) { return std::ranges::count(sides(), name, &Side::name) == 1; };
    if (words.size() != 2 || !std::ranges::all_of(words, known)) {
        std::cerr << "usage: laboratory ALICE BOB\nwhat is in front of them:\n";
        for (const auto& side : sides())
            std::cerr << "  " << side.name << "\n";
        return 2;
    }
    if (const auto reason = enter_private_world(); !reason.empty()) {
        std::cerr << "laboratory: " << reason << "\n";
        return 77;
    }
    Prompt prompt(side(words[0]), side(words[1]));
    for (std::string line; std::getline(std::cin, line);) {
        try {
            if (!prompt.obey(line))
                break;
        } catch (const std::exception& problem) {
            std::cout << problem.what() << "\n" << std::flush;
        }
    }
    return 0;
}
