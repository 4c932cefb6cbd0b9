// Paths that come up, fail or keep one waiting, as the script says.

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/connectivity.hpp>

#include <map>

namespace jackfield::doubles {

class ConnectivityDouble : public Connectivity {
public:
    class Session : public ConnectivitySession, public Actor {
    public:
        Session(Host host, const jf_connectivity_options& options, ConnectivityListener listener)
            : Actor(std::string(view(options.label))),
              role(options.role),
              kind(options.kind),
              components(options.component_count),
              listener_(listener),
              scope_(host)
        {}

        const std::uint32_t role;
        const std::uint32_t kind;
        const std::uint32_t components;
        std::string remote; // description
        std::vector<std::string> remote_candidates;
        int restarts = 0;

        void gather() override
        {
            if (script().gather == Play::fails)
                throw Failure(script().status, kScripted);
            if (script().gather == Play::happens)
                scope_.post([this] { listener_.gathered(); });
        }
        std::string local_description() override
        {
            if (restarts != 0)
                return "aaa" + std::to_string(restarts) + "\npassword-of-alice-anew-0\n" + script().candidate + '\n';
            return kind == JF_STREAM ? "aaaa\npassword-of-alice-tcp-0\nH1 1 TCP 2130706431 192.0.2.1 9 typ host\n"
                                     : "aaaa\npassword-of-alice-udp-0\n" + script().candidate + '\n';
        }
        void set_remote(std::string_view description) override
        {
            remote = description;
            const Play how = name() == "media" ? script().media : kind == JF_STREAM ? script().tcp : script().udp;
            if (how == Play::happens)
                scope_.post([this] { up(); });
            else if (how == Play::fails)
                scope_.post([this] { fail(script().status); });
        }
        void add_remote_candidate(std::string_view line) override { remote_candidates.emplace_back(line); }
        void end_of_candidates() override {}
        void restart() override
        {
            if (script().restart == Play::fails)
                throw Failure(JF_UNSUPPORTED, kScripted);
            ++restarts;
            remote_candidates.clear();
            if (script().gather == Play::happens)
                scope_.post([this] { listener_.gathered(); });
        }

        std::string tried() override
        {
            if (script().tried.empty())
                throw Failure(JF_UNSUPPORTED, kScripted);
            return script().tried;
        }

        jf_path_info send_early(std::uint32_t component, std::span<const jf_bytes> datagrams) override
        {
            if (!script().early || kind == JF_STREAM)
                throw Failure(JF_UNSUPPORTED, kScripted);
            if (paths_.contains(component))
                Stage::current().problems.emplace_back("datagrams go early where there is a path");
            for (const auto& datagram : datagrams)
                early.emplace_back(datagram.data, datagram.data + datagram.size);
            return {sizeof(jf_path_info), JF_DATAGRAM, 1200, 0, 0, 0};
        }
        std::vector<std::string> early; // what went

        PathDouble& path(std::uint32_t component = 1) { return *paths_.at(component); }

        // --- by hand ---

        void enough() { listener_.enough(); }
        void gathered() { listener_.gathered(); }
        void candidate(std::string_view line) { listener_.local_candidate(line); }
        void fail(Status status, std::string_view text = kScripted) { listener_.failed(status, text); }

        /// Every component can carry data.
        void up()
        {
            for (std::uint32_t component = 1; component <= components; ++component) {
                const auto& path = paths_.try_emplace(component, std::make_unique<PathDouble>(kind, *this)).first;
                listener_.component_ready(component, *path->second);
            }
            jf_selected_pair pair{sizeof(jf_selected_pair),
                                  1,
                                  to_text(Stage::current().script.local),
                                  to_text("there"),
                                  Stage::current().script.relayed ? 1U : 0U,
                                  0,
                                  0};
            listener_.pair_selected(pair);
        }

    private:
        static const Script& script() { return Stage::current().script; }

        ConnectivityListener listener_;
        std::map<std::uint32_t, std::unique_ptr<PathDouble>> paths_;
        Scope scope_;
    };

    ConnectivityDouble(Host host, std::string_view) : Connectivity(host) {}

    std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& options,
                                              ConnectivityListener listener) override
    {
        return std::make_unique<Session>(host_, options, listener);
    }
};

} // namespace jackfield::doubles
