// Writes down what a node, its calls and its files say: as events, and how far each is.
//
// Threads:  [control], but what is marked.
// Lifetime: shared by the node as its program has it (open_node.hpp), the kernel's, and its calls and files.

#pragma once

#include "kernel/capi/event_queue.hpp"
#include "kernel/capi/include/jackfield/jackfield.h"
#include "kernel/capi/running_table.hpp"
#include "kernel/node/node.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <map>
#include <mutex>
#include <string>

namespace jackfield::kernel::capi {

/// What becomes of files that come in.
enum class Files { refused = JACKFIELD_FILES_REFUSED, asked = JACKFIELD_FILES_ASKED, taken = JACKFIELD_FILES_TAKEN };

class Ear final : public NodeListener,
                  public CallListener,
                  public FileListener,
                  public std::enable_shared_from_this<Ear> {
public:
    explicit Ear(std::size_t most_events) : queue(most_events), origin_ns_(monotonic_ns()) {}

    void timeline(const TimelineEvent& event) override;

    IncomingPlan incoming(const IncomingCall& call) override;
    void ringing(Call& call) override;
    void answered(Call& call) override;
    void source_ended(Call& call, MediaKind kind) override;
    void referred(Call& call, const std::shared_ptr<Referral>& referral) override;
    void ended(Call& call, const CallEnd& end) override;

    void text_received(const Text& text) override;
    void typing(const std::string& account, bool active) override;
    void contact_request(const ContactRequest& request) override;
    void profile(const std::string& account, const Vcard& card) override;

    std::shared_ptr<FileListener> incoming_file(const std::shared_ptr<FileTransfer>& file) override;
    void progress(FileTransfer& file) override;
    void ended(FileTransfer& file, const FileEnd& end) override;

    // --- [any] ---

    /// What calls, or files, that come in are to have.
    void take_calls(std::uint32_t most, MediaPlan plan, bool overwrite);
    void take_files(Files how);

    /// What the peer of that call wants, which is not asked for again. Throws Failure JF_NOT_FOUND.
    std::shared_ptr<Referral> take_referral(const std::string& call);

    /// {"streams": [..]}: of a call that runs those of the last second, of one that has ended those of all of it.
    /// Throws Failure JF_NOT_FOUND.
    std::string statistics(const std::string& call);

    void all_ended();

    EventQueue queue;
    CallTable calls;
    FileTable files;

private:
    void keep_statistics(const TimelineEvent& event);
    void say(const Call& call, const nlohmann::json& detail);
    void say_of_node(Step step, const nlohmann::json& detail);

    const std::int64_t origin_ns_;
    std::array<bool, 16> done_{};                    // steps, once at least
    std::map<std::string, IncomingCall> coming_in_;  // until they ring
    std::map<std::string, std::string> recorded_to_; // by those that came in and run

    std::mutex mutex_; // of all that follows
    std::uint32_t most_calls_ = 0;
    MediaPlan plan_;
    bool overwrite_ = false;
    Files take_files_ = Files::refused;
    std::map<std::string, std::shared_ptr<Referral>> referrals_; // by the call; second owner: the call's flow
    std::map<std::string, std::map<std::int64_t, std::string>> statistics_; // by the call and the stream
};

} // namespace jackfield::kernel::capi
