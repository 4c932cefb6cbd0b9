// The sinks of one call. See call_sinks.hpp.

#include "kernel/media/call_sinks.hpp"

#include "kernel/media/media_names.hpp"

#include <iterator>
#include <utility>

namespace jackfield::kernel {

CallSinks::Players CallSinks::open_players(const std::string& name)
{
    Players players;
    for (const auto& part : parts_of(name)) {
        players.push_back(std::make_unique<CallSink>(board_, completions_, part));
        players.back()->open({.audio = true, .video = true, .own_audio = false, .own_video = false});
    }
    return players;
}

void CallSinks::play_by(Players players)
{
    std::swap(players_, players);
    join();
    for (auto& player : players) {
        player->finish([](const Error&) {});
        left_.push_back(std::move(player));
    }
}

bool CallSinks::widen(Recorded what)
{
    if (!record_.widen(what))
        return false;
    join();
    return true;
}

void CallSinks::join()
{
    std::vector<jf_sink_session> sessions;
    for (const auto& player : players_)
        sessions.push_back(player->session());
    if (record_.session().methods != nullptr)
        sessions.push_back(record_.session());
    earlier_fans_.push_back(std::exchange(fan_, std::make_unique<SinkFan>(std::move(sessions))));
}

void CallSinks::finish(std::function<void(Error)> done)
{
    struct All {
        std::size_t left;
        Error worst{JF_OK, ""};
        std::function<void(Error)> done;
    };
    const auto all = std::make_shared<All>(All{players_.size() + 1, {JF_OK, ""}, std::move(done)});
    const auto one = [all](const Error& error) {
        if (error.status != JF_OK)
            all->worst = error;
        if (--all->left == 0)
            all->done(all->worst);
    };
    for (const auto& player : players_)
        player->finish(one);
    record_.finish(one);
}

} // namespace jackfield::kernel
