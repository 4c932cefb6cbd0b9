// A path of datagrams whose lower end can be replaced while somebody stands upon it: media over a channel goes on over
// the channel of another link.
//
//   ReplaceablePath -> path() is opened -> leave -> stand_on(another) -> ... -> closed from above
//
// Between leave and stand_on what is sent is lost, as datagrams may be. That a lower end has ended is not told upwards.
//
// Threads:  [control], but path(), which is as path.h has it. Senders take no lock: they count themselves in while they
//           use the lower end. Control waits until they are out; they never wait for it.
// Lifetime: longer than whatever opens path(); each lower end lives until leave, or until path() is closed.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/path.h>

#include <atomic>
#include <cstdint>
#include <optional>

namespace jackfield::kernel {

class ReplaceablePath {
public:
    /// `lower` is opened when path() is.
    explicit ReplaceablePath(jf_path lower);
    ReplaceablePath(const ReplaceablePath&) = delete;
    ReplaceablePath& operator=(const ReplaceablePath&) = delete;
    ~ReplaceablePath() { close(); }

    jf_path path() { return {&kMethods, this}; }

    /// The lower end is closed, and may be released from here on. Nothing if there is none.
    void leave();

    /// After leave. Throws Failure, and there is none then; JF_UNAUTHENTICATED if the first one was secured, and this
    /// one is not.
    void stand_on(jf_path lower);

    /// There is a lower end; and it has ended by itself.
    bool stands() const { return lower_.has_value(); }
    bool over() const { return over_; }

private:
    static const jf_path_methods kMethods;
    static const jf_path_receiver_methods kReceiver;

    void describe(jf_path_info& info);
    jf_status open(jf_path_receiver receiver, jf_error* error);
    jf_status open_lower(jf_error* error);
    jf_status send(const jf_bytes* parts, std::size_t part_count);
    void close();
    void stop_senders();

    class Use;

    std::optional<jf_path> lower_;             // written while current_ is null and nobody is in
    std::atomic<const jf_path*> current_{};    // what senders use
    std::atomic<std::uint32_t> users_{0};      // who are in
    std::atomic<bool> blocked_{false};         // somebody waits for `writable`
    std::atomic<bool> over_{false};            // the lower end has ended
    std::optional<jf_path_receiver> receiver_; // once path() is opened
    bool closed_ = false;                      // from above: for good
    jf_path_info first_{};                     // of the first lower end, which is as the others
};

} // namespace jackfield::kernel
