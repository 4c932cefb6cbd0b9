// The texts of a node. See texts.hpp.

#include "kernel/flow/texts.hpp"

#include "kernel/flow/deliver_texts.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/random_id.hpp"
#include "kernel/registry/json_text.hpp"
#include "kernel/texts/composing.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jackfield::kernel {

namespace {

constexpr int kMostReceipts = 256; // that wait for the store; more are of nobody who means well

/// A text on its way into the store.
struct Writing {
    Text text;
    Texts::Done<std::string> done;
    bool kept = false; // by the keeper's thread, before it reports
};

} // namespace

Texts::Texts(ControlThread& control, Timeline& timeline, const TextSettings& settings, TextEars ears, bool at_once)
    : timeline_(timeline),
      settings_(settings),
      ears_(std::move(ears)),
      keeper_(control, settings_, at_once),
      inbox_(control, keeper_, timeline_, settings_, ears_,
             [this](const Link& link, const std::string& id) { receipt(link, id); })
{}

void Texts::belong_to(const std::string& account, std::function<void(Error)> done)
{
    keeper_.run<bool>(
        [account](TextStore& store) {
            store.belongs_to(account);
            return true;
        },
        [this, account, done = std::move(done)](const std::expected<bool, Error>& result) {
            if (result) {
                own_account_ = account;
                inbox_.speak_as(account);
            }
            done(result ? Error{JF_OK, ""} : result.error());
        });
}

void Texts::work_in(Environment* node)
{
    wake(); // what goes on where we have worked so far ends
    outboxes_.clear();
    node_ = node;
    if (node_ == nullptr)
        return;
    keeper_.run<std::vector<std::string>>([](TextStore& store) { return store.peers_waited_for(); },
                                          [this, node](const std::expected<std::vector<std::string>, Error>& peers) {
                                              if (!peers)
                                                  return inbox_.tell_problem(peers.error());
                                              for (const auto& peer : *peers) {
                                                  if (node_ == node)
                                                      deliver(peer);
                                              }
                                          });
}

void Texts::wake()
{
    if (node_ != nullptr)
        node_->bell.ring();
}

// --- the program ----------------------------------------------------------------------------------------------------

void Texts::write(const std::string& peer, std::string body, Done<std::string> done)
{
    if (body.empty() || body.size() > text_limits::kBodyBytes)
        return done(std::unexpected(Error{JF_BAD_INPUT, fmt::format("a text has 1 to {} bytes, and this one has {}",
                                                                    text_limits::kBodyBytes, body.size())}));
    if (first_bad_utf8(body))
        return done(std::unexpected(Error{JF_BAD_INPUT, "a text is UTF-8, and this one is not"}));
    // 128 random bits: no two texts of any account have one id (RFC 5438 section 6.3).
    const auto writing = std::make_shared<Writing>();
    writing->text = {random_id() + random_id(), peer, true, std::move(body), wall_ms()};
    writing->done = std::move(done);
    keeper_.run<std::vector<Text>>(
        [writing](TextStore& store) {
            store.keep_ours(writing->text);
            writing->kept = true;
            const auto& account = writing->text.peer;
            return store.ours_after(account, store.first_waiting(account) - 1, text_limits::kWindow);
        },
        [this, writing](std::expected<std::vector<Text>, Error> waiting) {
            if (writing->kept)
                deliver(writing->text.peer, std::move(waiting).value_or(std::vector<Text>()));
            else
                writing->done(std::unexpected(waiting.error()));
        });
    keeper_.run<bool>(
        [writing](TextStore& store) {
            if (writing->kept)
                store.sync();
            return true;
        },
        [this, writing](const std::expected<bool, Error>& safe) {
            if (!writing->kept)
                return; // it was said
            if (!safe)
                return writing->done(std::unexpected(safe.error()));
            inbox_.tell("kept", writing->text.peer, writing->text.id);
            writing->done(writing->text.id);
        });
}

void Texts::history(const std::string& peer, int limit, Done<std::vector<Text>> done)
{
    keeper_.run<std::vector<Text>>([peer, limit](TextStore& store) { return store.last(peer, limit); },
                                   std::move(done));
}

void Texts::say_typing(const std::string& peer, bool active)
{
    if (node_ == nullptr)
        return;
    const auto body = write_composing({active});
    for (const auto& device : node_->links.devices_of(peer)) {
        if (const auto link = node_->links.find(device.device_id))
            link->signaling->message(kComposingType, body, [](const Error&) {});
    }
}

// --- deliveries -----------------------------------------------------------------------------------------------------

/// The account's flow, or a new one, looks at what is there. `waiting`: what the store has just said of that.
void Texts::deliver(const std::string& account, std::vector<Text> waiting)
{
    if (node_ == nullptr || node_->stopping)
        return;
    auto& box = outboxes_[account];
    if (box == nullptr) {
        box = std::make_shared<Outbox>(Outbox{account});
        spawn(*node_, deliver_texts(*node_, box));
    }
    ++box->writes;
    // A receipt that the store hears of now may have come after it was asked.
    box->fresh = receipts_running_ == 0 ? std::move(waiting) : std::vector<Text>();
    wake();
}

void Texts::delivery_ended(const std::shared_ptr<Outbox>& box)
{
    const auto found = outboxes_.find(box->account);
    if (found != outboxes_.end() && found->second == box)
        outboxes_.erase(found);
}

bool Texts::time_to_look_for(const std::string& account)
{
    constexpr std::size_t kMost = 1024; // forgetting one costs a look-up
    const auto [looked, first] = looked_for_.try_emplace(account, now());
    if (!first && now() < looked->second + limits::kTextDevices)
        return false;
    looked->second = now();
    if (looked_for_.size() > kMost)
        looked_for_.erase(looked_for_.begin());
    return true;
}

void Texts::link_opened(const std::string& account, bool ours)
{
    const auto found = outboxes_.find(account);
    if (found != outboxes_.end() && !(ours && found->second->in_round)) // that one is the round's own
        peer_is_back(account);
}

void Texts::peer_is_back(const std::string& account)
{
    const auto found = outboxes_.find(account);
    if (found == outboxes_.end())
        return;
    found->second->peer_is_back = true;
    wake();
}

std::string Texts::on_the_wire(const Text& text) const
{
    return write_cpim(
        {own_account_, text.peer, text.sent_ms, text.id, true, false, "text/plain; charset=utf-8", text.body});
}

void Texts::receipt(const Link& link, const std::string& id)
{
    const auto& account = link.peer.account_id;
    if (const auto box = outboxes_.find(account); box != outboxes_.end()) {
        std::erase_if(box->second->fresh, [&](const Text& text) { return text.id == id; });
        for (const auto& courier : box->second->couriers) {
            if (courier->device.device_id == link.peer.device_id && courier->under_way.erase(id) != 0) {
                courier->heard = now();
                box->second->progress = true;
            }
        }
        wake();
    }
    if (receipts_running_ >= kMostReceipts)
        return;
    ++receipts_running_;
    keeper_.run<bool>([account, id](TextStore& store) { return store.has_arrived(account, id); },
                      [this, account, id](const std::expected<bool, Error>& first) {
                          --receipts_running_;
                          if (!first)
                              return inbox_.tell_problem(first.error()); // it will be sent again, and acknowledged
                          if (!*first)
                              return;
                          inbox_.tell("delivered", account, id);
                          ears_.delivered(account, id);
                      });
}

} // namespace jackfield::kernel
