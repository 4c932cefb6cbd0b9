// A stream over datagrams, as the script says.

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/reliable_stream.hpp>

namespace jackfield::doubles {

class ReliableStreamDouble : public ReliableStream {
public:
    class Session : public ReliableSession, public Actor {
    public:
        Session(Host host, Path below, bool initiator, ReliableListener listener)
            : Actor("reliable"), initiator_(initiator), path_(JF_STREAM, *this), listener_(listener), scope_(host)
        {
            PathDouble::use(below, *this);
            const auto& script = Stage::current().script;
            if (script.reliable == Play::happens)
                scope_.post([this] { established(); });
            else if (script.reliable == Play::fails)
                scope_.post([this] { fail(Stage::current().script.status); });
        }

        bool initiator() const { return initiator_; }

        // --- by hand ---

        void established() { listener_.established(path_); }
        void fail(Status status, std::string_view text = kScripted) { listener_.failed(status, text); }

    private:
        bool initiator_;
        PathDouble path_;
        ReliableListener listener_;
        Scope scope_;
    };

    ReliableStreamDouble(Host host, std::string_view) : ReliableStream(host) {}

    std::unique_ptr<ReliableSession> open(Path below, bool initiator, ReliableListener listener) override
    {
        return std::make_unique<Session>(host_, below, initiator, listener);
    }
};

} // namespace jackfield::doubles
