// jackfield.reliable_stream/1: derive from ReliableStream and ReliableSession to make a stream of datagrams.
//
// Threads: open and the destructor run on the control thread, and so must every call of the listener.
#pragma once

#include <jackfield/abi/reliable_stream.h>
#include <jackfield/completion.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// The kernel's ear. [control]
class ReliableListener {
public:
    explicit ReliableListener(jf_reliable_listener raw) : raw_(raw) {}

    void established(PathBase& stream) const { raw_.methods->established(raw_.self, stream.handle()); }
    void failed(Status status, std::string_view text) const
    {
        const jf_error error = make_error(status, text);
        raw_.methods->failed(raw_.self, status, &error);
    }

private:
    jf_reliable_listener raw_;
};

/// Destroying it closes both paths.
class ReliableSession {
public:
    virtual ~ReliableSession() = default;

    static const jf_reliable_session_methods kMethods;
};

inline constexpr jf_reliable_session_methods ReliableSession::kMethods{
    sizeof(jf_reliable_session_methods), 0, [](void* self) { delete static_cast<ReliableSession*>(self); }};

class ReliableStream : public Instance {
public:
    using Interface = ReliableStream;
    static constexpr std::string_view kInterfaceId = JF_RELIABLE_STREAM_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<ReliableSession> open(Path below, bool initiator, ReliableListener listener) = 0;

    static const jf_reliable_stream_methods kMethods;
};

inline constexpr jf_reliable_stream_methods ReliableStream::kMethods{
    sizeof(jf_reliable_stream_methods), 0,
    [](void* self, jf_path below, const jf_reliable_options* options, jf_reliable_listener listener,
       jf_reliable_session* session, jf_error* error) {
        return guarded(error, [&] {
            auto made = static_cast<ReliableStream*>(self)->open(Path(below), options->initiator != 0,
                                                                 ReliableListener(listener));
            *session = {&ReliableSession::kMethods, made.release()};
        });
    }};

} // namespace jackfield
