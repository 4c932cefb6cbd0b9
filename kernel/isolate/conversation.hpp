// Questions and answers between two processes over a socket, either of which may ask while it waits for an answer: a
// call into a plugin may call back into what it was given, and everything of that is on the control threads, as it is
// when both are one process.
//
//   call    waits; what the other side asks meanwhile is done inside, if this is the control thread
//   tell    no answer is wanted
//   read    on a thread of its own until the other side has gone; hands over what comes, in its order
//
// A message has at most kMostBytes and may carry one descriptor. The other side may be hostile: what is malformed ends
// the conversation.
//
// Threads:  as said at each.
// Lifetime: longer than the thread that reads.

#pragma once

#include "kernel/descriptor.hpp"
#include "kernel/error.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace jackfield::kernel::isolate {

enum class Word : std::uint32_t {
    kStart,     // to the plugin's process: load, create
    kOpen,      // a session of the interface
    kOpenAbove, // of a decorator: the path that it yields
    kCloseAbove,
    kRelease,   // the session
    kOpenBelow, // from it: the path that the decorator stands on
    kCloseBelow,
    kLog,
    kAnswer,
};

struct Message {
    Word word = Word::kAnswer;
    std::uint32_t session = 0;
    std::uint32_t call = 0; // 0: no answer is wanted
    jf_status status = JF_OK;
    std::vector<std::byte> body;
    Descriptor memory;
};

/// The bytes of a text, and back.
std::span<const std::byte> bytes_of(std::string_view text);
std::string text_of(std::span<const std::byte> bytes);

class Conversation {
public:
    static constexpr std::size_t kMostBytes = 65536;

    /// What a thread that waits has to know of the control thread.
    struct Control {
        std::function<bool()> is_current;
        std::function<void(std::function<void()>)> post; // may drop it, when nothing of us is to run any more
    };

    /// `heard` gets each message that is no answer, on control. `at_once` sees it before, on the thread that reads, and
    /// may keep it: then it says true.
    Conversation(Descriptor socket, Control control, std::function<void(Message)> heard,
                 std::function<bool(Message&)> at_once);
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    /// The answer; an Error if there is none: JF_TIMEOUT after `limit`, JF_CLOSED if the other side has gone,
    /// JF_EXHAUSTED if the question is too long. An answer with a failure is an Error as well. [any]
    std::expected<Message, Error> call(Word word, std::uint32_t session, std::span<const std::byte> body,
                                       std::chrono::milliseconds limit, int memory = -1);
    /// The same without waiting: `answered` is called on control with the answer, of whichever status, unless the other
    /// side goes away before. [any]
    void ask(Word word, std::uint32_t session, std::span<const std::byte> body, int memory,
             std::function<void(const Message&)> answered);
    void tell(Word word, std::uint32_t session, std::span<const std::byte> body, jf_status status = JF_OK); ///< [any]
    void answer(const Message& question, jf_status status, std::span<const std::byte> body);                ///< [any]

    /// Returns when the other side has gone, or after close.
    void read();
    /// [any] Nobody is answered any more.
    void close();

private:
    struct Waiting {
        std::optional<Message> answer;
        std::function<void(const Message&)> answered; // of ask
    };

    bool send(const Message& message, std::span<const std::byte> body, int memory);
    std::optional<Message> receive();
    void take(Message message);
    void take_answer(Message message);
    void work_off();

    Descriptor socket_;
    Control control_;
    std::function<void(Message)> heard_;
    std::function<bool(Message&)> at_once_;

    std::mutex mutex_; // of all below
    std::condition_variable changed_;
    std::deque<Message> heard_messages_; // wait for control
    std::map<std::uint32_t, Waiting> waiting_;
    std::uint32_t last_call_ = 0;
    bool closed_ = false;
};

} // namespace jackfield::kernel::isolate
