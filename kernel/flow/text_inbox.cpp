// Texts that come in. See text_inbox.hpp.

#include "kernel/flow/text_inbox.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/random_id.hpp"
#include "kernel/registry/json_text.hpp"
#include "kernel/texts/composing.hpp"
#include "kernel/texts/imdn.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace jackfield::kernel {

namespace {

constexpr std::string_view kPlainType = "text/plain";

/// Whether the link waits for another text than this one to come again.
bool held_back(const Link& link, const std::string& id)
{
    return link.awaited_text && now() < link.awaited_text->until && link.awaited_text->id != id;
}

void hold_back(Link& link, const std::string& from_id)
{
    link.awaited_text = AwaitedText{from_id, now() + limits::kTextComesAgain};
}

} // namespace

TextInbox::TextInbox(ControlThread& control, Keeper& keeper, Timeline& timeline, const TextSettings& settings,
                     TextEars ears, Receipts receipts)
    : control_(control),
      keeper_(keeper),
      timeline_(timeline),
      rate_(settings.per_second, settings.burst),
      ears_(std::move(ears)),
      receipts_(std::move(receipts))
{}

std::optional<jf_status> TextInbox::take(const std::shared_ptr<Link>& link, bool wanted,
                                         const std::string& content_type, const std::string& body)
{
    const auto type = bare_type(content_type);
    if (type == kCpimType)
        return take_cpim(link, wanted, body);
    if (type == kImdnType)
        return take_receipt(*link, body);
    if (type != kPlainType && type != kComposingType)
        return std::nullopt;
    if (!wanted)
        return JF_REFUSED;
    if (type == kComposingType)
        return take_composing(link->peer.account_id, body);
    Cpim plain;
    plain.content = body;
    return take_text(link, std::move(plain));
}

jf_status TextInbox::take_cpim(const std::shared_ptr<Link>& link, bool wanted, const std::string& body)
{
    auto message = read_cpim(body);
    if (!message)
        return message.error().status;
    const auto type = bare_type(message->content_type);
    if (type == kImdnType)
        return take_receipt(*link, message->content);
    if (!wanted)
        return JF_REFUSED;
    if (type == kComposingType)
        return take_composing(link->peer.account_id, message->content);
    return type == kPlainType ? take_text(link, std::move(*message)) : JF_UNSUPPORTED;
}

jf_status TextInbox::take_text(const std::shared_ptr<Link>& link, Cpim message)
{
    if (message.content.size() > text_limits::kBodyBytes || first_bad_utf8(message.content))
        return JF_BAD_INPUT;
    const auto& account = link->peer.account_id;
    const bool comes_again = !message.message_id.empty();
    const bool refused = (comes_again && held_back(*link, message.message_id)) || arrived_.size() >= kMostArrived ||
                         !rate_.take(account);
    if (refused) {
        if (comes_again && !held_back(*link, message.message_id))
            hold_back(*link, message.message_id);
        return JF_BUSY;
    }
    if (comes_again)
        link->awaited_text.reset();
    const auto id = comes_again ? std::move(message.message_id) : "plain-" + random_id();
    arrived_.push_back({{id, account, false, std::move(message.content), message.sent_ms},
                        comes_again && message.wants_receipt,
                        link});
    if (arrived_.back().text.sent_ms == 0)
        arrived_.back().text.sent_ms = wall_ms();
    keep_arrived();
    return JF_OK;
}

/// All that has arrived at once, in one transaction: a storm costs no more than a few waits for the disk.
void TextInbox::keep_arrived()
{
    if (arrived_.empty() || std::exchange(keeping_, true))
        return;
    const auto batch = std::make_shared<std::vector<Arrived>>(std::exchange(arrived_, {}));
    std::vector<Text> texts;
    for (const auto& arrived : *batch)
        texts.push_back(arrived.text);
    keeper_.run<std::vector<bool>>([texts = std::move(texts)](TextStore& store) { return store.keep_theirs(texts); },
                                   [this, batch](const std::expected<std::vector<bool>, Error>& fresh) {
                                       keeping_ = false;
                                       if (fresh)
                                           kept(*batch, *fresh);
                                       else
                                           not_kept(*batch, fresh.error());
                                       keep_arrived();
                                   });
}

void TextInbox::kept(const std::vector<Arrived>& batch, const std::vector<bool>& fresh)
{
    for (std::size_t i = 0; i < batch.size(); ++i) {
        acknowledge(batch[i]); // what we have already, too: its sender did not hear it
        if (!fresh[i])
            continue;
        const auto& text = batch[i].text;
        tell("received", text.peer, text.id);
        set_typing(text.peer, false, {}); // RFC 3994 section 3.3
        ears_.received(text);
    }
}

/// Their senders hear nothing, and send them again. What came after them is not taken before that.
void TextInbox::not_kept(const std::vector<Arrived>& batch, const Error& error)
{
    tell_problem(error);
    arrived_.clear();
    for (auto arrived = batch.rbegin(); arrived != batch.rend(); ++arrived) { // the first of a link counts
        if (const auto link = arrived->link.lock())
            hold_back(*link, arrived->text.id);
    }
}

void TextInbox::acknowledge(const Arrived& arrived)
{
    const auto link = arrived.link.lock();
    if (!arrived.wants_receipt || !link || !link->usable())
        return;
    const auto moment = wall_ms();
    const auto body = write_cpim({own_account_, arrived.text.peer, moment, "", false, true, std::string(kImdnType),
                                  write_receipt(arrived.text.id, moment)});
    link->signaling->message(kCpimType, body, [](const Error&) {}); // lost with its link; then the text comes again
}

jf_status TextInbox::take_receipt(const Link& link, const std::string& body)
{
    const auto receipt = read_receipt(body);
    if (!receipt)
        return JF_BAD_INPUT;
    if (receipt->delivered)
        receipts_(link, receipt->message_id);
    return JF_OK;
}

jf_status TextInbox::take_composing(const std::string& account, const std::string& body)
{
    const auto composing = read_composing(body);
    if (!composing)
        return JF_BAD_INPUT;
    if (!rate_.take(account))
        return JF_BUSY;
    set_typing(account, composing->active, composing->refresh);
    return JF_OK;
}

void TextInbox::set_typing(const std::string& account, bool active, std::chrono::seconds refresh)
{
    const bool was_active = typing_.erase(account) != 0;
    if (active && typing_.size() < kMostTyping) {
        auto& timer = typing_.emplace(account, StepTimer(control_.context(), now() + refresh)).first->second;
        timer.async_wait([this, account](const asio::error_code& stopped) {
            if (!stopped)
                set_typing(account, false, {});
        });
    }
    if (active != was_active)
        ears_.typing(account, active);
}

void TextInbox::tell(std::string_view what, const std::string& account, const std::string& id)
{
    timeline_.tell({0, "", Side::node, Step::text, Moment::progress,
                    nlohmann::json{{"what", what}, {"account", account}, {"id", id}}.dump()});
}

void TextInbox::tell_problem(const Error& error)
{
    timeline_.tell({0, "", Side::node, Step::text, Moment::failed, failure_detail(error)});
}

} // namespace jackfield::kernel
