// Texts that come in: taken, kept, acknowledged, in this order; and receipts and words about typing.
//
// A text has been taken for good when it is on the disk; only then its receipt goes out. What was refused, or could not
// be kept, holds back whatever the same link brings after it, until it comes again: so order holds, too.
//
// Threads:  [control]; the keeper's thread does what waits for the disk.
// Lifetime: the node's.

#pragma once

#include "kernel/flow/link.hpp"
#include "kernel/texts/cpim.hpp"
#include "kernel/texts/keeper.hpp"
#include "kernel/texts/rate_limit.hpp"
#include "kernel/timeline/timeline.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// What a program hears of texts. [control]
struct TextEars {
    std::function<void(const Text& text)> received;
    std::function<void(const std::string& account, const std::string& id)> delivered;
    std::function<void(const std::string& account, bool active)> typing;
};

class TextInbox {
public:
    static constexpr std::size_t kMostArrived = 512; // that wait for the disk; then JF_BUSY
    static constexpr std::size_t kMostTyping = 64;   // accounts

    using Receipts = std::function<void(const Link& link, const std::string& id)>;

    /// `receipts` hears of those that come in for what we wrote.
    TextInbox(ControlThread& control, Keeper& keeper, Timeline& timeline, const TextSettings& settings, TextEars ears,
              Receipts receipts);
    TextInbox(const TextInbox&) = delete;
    TextInbox& operator=(const TextInbox&) = delete;

    /// A message of any type; `wanted`: the account may write to us, while receipts may come from anybody. Nothing if
    /// it is not about texts.
    std::optional<jf_status> take(const std::shared_ptr<Link>& link, bool wanted, const std::string& content_type,
                                  const std::string& body);

    /// Who we are in our receipts.
    void speak_as(const std::string& account) { own_account_ = account; }

    void tell(std::string_view what, const std::string& account, const std::string& id);
    void tell_problem(const Error& error);

private:
    struct Arrived {
        Text text;
        bool wants_receipt;
        std::weak_ptr<Link> link;
    };

    jf_status take_cpim(const std::shared_ptr<Link>& link, bool wanted, const std::string& body);
    jf_status take_text(const std::shared_ptr<Link>& link, Cpim message);
    jf_status take_receipt(const Link& link, const std::string& body);
    jf_status take_composing(const std::string& account, const std::string& body);
    void keep_arrived();
    void kept(const std::vector<Arrived>& batch, const std::vector<bool>& fresh);
    void not_kept(const std::vector<Arrived>& batch, const Error& error);
    void acknowledge(const Arrived& arrived);
    void set_typing(const std::string& account, bool active, std::chrono::seconds refresh);

    ControlThread& control_;
    Keeper& keeper_;
    Timeline& timeline_;
    RateLimit rate_;
    std::string own_account_;
    TextEars ears_;
    Receipts receipts_;
    std::vector<Arrived> arrived_; // while a batch is being kept
    bool keeping_ = false;
    std::map<std::string, StepTimer> typing_; // accounts that are, until when
};

} // namespace jackfield::kernel
