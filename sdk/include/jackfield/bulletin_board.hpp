// A discovery over any mechanism that stores bytes under a key: derive from BulletinBoardDiscovery and write put, get
// and listen. Announcing, sealing, signing, expiry and replay protection are done here, once for all mechanisms, so
// that no mechanism can read or forge a call request.
//
// On the board:  <account id>          the cards of the account's devices   (device_card.hpp)
//                "callto:<device id>"  sealed messages for that device      (sealed_messages.hpp)
//
// Threads: control, except where [any] is written. Lifetime: a derived class stops its threads in its destructor.
// Without an identity the board runs and serves others; announce, find and send answer JF_UNSUPPORTED.
#pragma once

#include <jackfield/account_cards.hpp>
#include <jackfield/board_inbox.hpp>
#include <jackfield/card_announcer.hpp>
#include <jackfield/incoming_messages.hpp>

namespace jackfield {

using BoardValues = std::function<void(ByteView value)>;                   ///< [any] one value of a key
using BoardEnd = std::function<void(Status status, std::string_view why)>; ///< [any] the end of a put or get, once

class BulletinBoardDiscovery : public Discovery {
public:
    static constexpr std::size_t kMostOperations = 256; ///< finds and sends running at once
    static constexpr std::size_t kMostWatched = 256;    ///< accounts watched at once
    static constexpr std::size_t kMostKnown = 512;      ///< devices whose chain we keep for send

    static constexpr std::chrono::seconds kOfflinePatience{5}; ///< a find or send waits that long for the board
    static constexpr std::chrono::seconds kGetLimit{6};
    static constexpr int kGets = 3;                            ///< of one find, if the board is busy
    static constexpr std::chrono::milliseconds kGetAgain{300}; ///< between them
    static constexpr std::chrono::seconds kPutLimit{10};
    static constexpr std::chrono::seconds kWithdrawLimit{1};
    static constexpr std::chrono::seconds kCardLifetime = detail::CardAnnouncer::kLifetime;
    static constexpr std::chrono::seconds kCardRetry = detail::CardAnnouncer::kRetry;

    using Discovery::Discovery;

    void start(DiscoveryListener listener) final
    {
        if (stage_ != Stage::idle)
            throw Failure(JF_BUSY, "discovery was started before");
        if (const void* service = host_.service(JF_IDENTITY_INTERFACE))
            identity_.emplace(static_cast<const jf_identity*>(service));
        listener_ = listener;
        open_board();
        stage_ = Stage::started;
        listen_for_messages();
    }

    void announce(Completion done) final
    {
        must_run();
        identity().self_device(); // not loaded yet: says so
        listen_for_messages();
        announcer_.want(identity(), std::move(done));
    }

    void find(std::string_view account_id, FindSink sink) final
    {
        must_run();
        identity();
        listen_for_messages();
        if (account_id.empty() || account_id.size() > kLargestId_bytes)
            throw Failure(JF_BAD_INPUT, "not an account id");
        make_room();
        incoming_.trust(account_id);
        const std::uint64_t id = ++last_id_;
        finds_.emplace(id, std::make_unique<Find>(host_, std::string(account_id), checked_, std::move(sink)));
        finds_[id]->limit.start(kOfflinePatience, [this, id] { end_find(id, JF_UNREACHABLE, offline_text()); });
        online_ ? ask(id) : ask_early(id);
    }

    void send(const Device& recipient, const CallMessage& message, SendEnd done) final
    {
        must_run();
        listen_for_messages();
        make_room();
        const Device to = with_chain(recipient);
        Bytes value = seal_message(host_, identity(), to, message);
        if (message.kind == JF_CALL_REQUEST)
            incoming_.expect(to.chain_pem); // its answer
        const std::uint64_t id = ++last_id_;
        auto send = std::make_unique<Send>(host_, message_key(recipient.device_id), std::move(value), std::move(done));
        send->limit.start(kOfflinePatience, [this, id] { end_send(id, JF_UNREACHABLE, offline_text()); });
        sends_.emplace(id, std::move(send));
        if (online_)
            deliver(id);
    }

    void watch(std::string_view account_id) final
    {
        must_run();
        identity();
        if (watches_.contains(account_id))
            return;
        if (watches_.size() >= kMostWatched)
            return host_.warning("too many accounts are watched; presence of " + std::string(account_id) + " is not");
        incoming_.trust(account_id);
        const std::string account(account_id);
        auto& watched = watches_[account] = std::make_unique<Watch>(host_, account, checked_);
        watched->inbox =
            inbox(detail::kCardHead, kLargestCard_bytes, [this, account](const std::vector<Bytes>& values) {
                const auto found = watches_.find(account);
                if (found != watches_.end())
                    tell_presence(*found->second, found->second->cards.take(identity(), values));
            });
        listen(account, values_into(watched->inbox));
    }

    void unwatch(std::string_view account_id) final
    {
        const auto found = watches_.find(account_id);
        if (found == watches_.end())
            return;
        found->second->inbox->close();
        watches_.erase(found);
        unlisten(account_id);
    }

    void stop(Completion done) final
    {
        if (stage_ != Stage::started)
            return done.succeed();
        stage_ = Stage::stopping;
        stopped_.emplace(std::move(done));
        end_everything();
        if (!announcer_.may_be_announced() || !online_)
            return close();
        stop_limit_.start(kWithdrawLimit, [this] { close(); });
        const Status status = guarded(nullptr, [&] {
            announcer_.withdraw([this](Status, std::string_view) { host_.post([this] { close(); }); });
        });
        if (status != JF_OK)
            close();
    }

protected:
    struct BoardPut {
        std::string key;
        Bytes value;
        std::chrono::milliseconds lifetime; ///< how long a reader should still find it
        bool keep; ///< renew it until the next kept put of that key replaces it, or the board is closed
    };

    /// Begins to run, without waiting for anybody. Throws Failure only for what will not heal by itself. The board then
    /// says by board_state when it can be used; before that it is not asked to put or get.
    virtual void open_board() = 0;

    /// Stops running. May be called in every state after open_board.
    virtual void close_board(Completion done) = 0;

    virtual void put(BoardPut put, BoardEnd end) = 0;

    /// Every value that lies under the key now, then the end: JF_OK even if there was none; JF_BUSY if there was none
    /// where it could be asked, and somebody who may have it did not answer: it is asked again a little later.
    virtual void get(std::string_view key, BoardValues values, BoardEnd end) = 0;

    /// Somebody waits for the values of that key while the board cannot be used yet: what can be had of them meanwhile
    /// may be given, without an end. A get follows.
    virtual void get_early(std::string_view /*key*/, BoardValues /*values*/) {}

    /// Every value that lies under the key and every one that comes, until unlisten, also across times offline. At most
    /// one per key. A value given twice does no harm.
    virtual void listen(std::string_view key, BoardValues values) = 0;
    virtual void unlisten(std::string_view key) = 0;

    /// Whether a get that found nothing may have missed a value all the same: a find asks such a board once more.
    virtual bool may_miss() const { return false; }

    /// A put to this key is likely soon: whatever makes it faster may be done now.
    virtual void expect_put(std::string_view /*key*/) {}

    /// [any] What the derived class calls when the board can be used, or no longer; with words for people.
    void board_state(bool online, std::string detail)
    {
        host_.post([this, online, detail = std::move(detail)] { on_board_state(online, detail); });
    }

private:
    enum class Stage { idle, started, stopping, stopped };

    struct Find {
        Find(Host host, std::string account_id, detail::CheckedCards& checked, FindSink to)
            : cards(host, std::move(account_id), checked), sink(std::move(to)), limit(host), again(host)
        {}
        detail::AccountCards cards;
        FindSink sink;
        Timer limit;
        Timer again;
        std::shared_ptr<detail::BoardInbox> inbox; // second owner: the board's callback; null until asked
        std::shared_ptr<detail::BoardInbox> early; // the same; null if the board was there from the beginning
        void close_inboxes() const
        {
            for (const auto& each : {inbox, early}) {
                if (each)
                    each->close();
            }
        }
        int gets = 0;
        bool found = false;
    };

    struct Send {
        Send(Host host, std::string to, Bytes what, SendEnd end)
            : key(std::move(to)), value(std::move(what)), done(std::move(end)), limit(host)
        {}
        std::string key;
        Bytes value;
        SendEnd done;
        Timer limit;
        bool given = false; // to the board
    };

    struct Watch {
        Watch(Host host, std::string account_id, detail::CheckedCards& checked)
            : cards(host, std::move(account_id), checked), expiry(host)
        {}
        detail::AccountCards cards;
        Timer expiry;
        std::shared_ptr<detail::BoardInbox> inbox; // second owner: the board's callback
    };

    static std::string message_key(std::string_view device_id) { return "callto:" + std::string(device_id); }

    std::string offline_text() const { return "discovery is offline: " + state_detail_; }

    void must_run() const
    {
        if (stage_ != Stage::started)
            throw Failure(JF_CLOSED, stage_ == Stage::idle ? "discovery is not started" : "discovery was stopped");
    }

    const IdentityService& identity() const
    {
        if (!identity_)
            throw Failure(JF_UNSUPPORTED, "this needs an identity; fill the slot \"identity\"");
        return *identity_;
    }

    template <class... Handlers>
    std::shared_ptr<detail::BoardInbox> inbox(ByteView head, std::size_t largest, Handlers... handlers)
    {
        return std::make_shared<detail::BoardInbox>(host_, head, largest, std::move(handlers)...);
    }

    static BoardValues values_into(const std::shared_ptr<detail::BoardInbox>& inbox)
    {
        return [inbox](ByteView value) { inbox->put(value); };
    }

    // Receiving

    void listen_for_messages()
    {
        if (messages_ || !identity_)
            return;
        std::string device_id;
        if (guarded(nullptr, [&] { device_id = identity_->self_device().device_id; }) != JF_OK)
            return; // not loaded yet; tried again by what needs it
        messages_ = inbox(detail::kMessageHead, kLargestSealedMessage_bytes,
                          [this](const std::vector<Bytes>& values) { incoming_.take(*identity_, values); });
        listen(message_key(device_id), values_into(messages_));
    }

    void on_message(const OpenedMessage& opened)
    {
        if (watches_.contains(opened.sender.account_id))
            incoming_.expect(opened.sender.chain_pem); // the next one
        listener_.message(opened.sender, opened.message);
    }

    // Finding and sending

    /// Those that were cancelled need no more of us.
    void make_room()
    {
        std::erase_if(sends_, [](const auto& send) { return send.second->done.cancelled(); });
        std::erase_if(finds_, [](const auto& find) {
            const bool over = find.second->sink.cancelled();
            if (over)
                find.second->close_inboxes();
            return over;
        });
        if (finds_.size() + sends_.size() >= kMostOperations)
            throw Failure(JF_EXHAUSTED, "too many finds and sends are running");
    }

    void ask_early(std::uint64_t id)
    {
        Find& find = *finds_.at(id);
        find.early = inbox(detail::kCardHead, kLargestCard_bytes,
                           [this, id](const std::vector<Bytes>& values) { on_found(*finds_.at(id), values); });
        guarded(nullptr, [&] { get_early(find.cards.account_id(), values_into(find.early)); });
    }

    void ask(std::uint64_t id)
    {
        Find& find = *finds_.at(id);
        if (find.gets++ == 0)
            find.limit.start(kGetLimit, [this, id] { end_find(id, JF_TIMEOUT, "the board did not answer in time"); });
        find.inbox = inbox(
            detail::kCardHead, kLargestCard_bytes,
            [this, id](const std::vector<Bytes>& values) { on_found(*finds_.at(id), values); },
            [this, id](Status status, const std::string& text) { on_get_end(id, status, text); });
        jf_error error = no_error();
        const Status status = guarded(&error, [&] {
            get(find.cards.account_id(), values_into(find.inbox),
                [to = find.inbox](Status end, std::string_view why) { to->end(end, why); });
        });
        if (status != JF_OK)
            find.inbox->end(status, error.text);
    }

    void on_found(Find& find, const std::vector<Bytes>& values)
    {
        if (find.sink.cancelled())
            return;
        for (const auto& change : find.cards.take(identity(), values)) {
            if (!change.present)
                continue;
            find.found = true;
            know(change.device);
            expect_put(message_key(change.device.device_id));
            find.sink.device(change.device);
        }
    }

    void on_get_end(std::uint64_t id, Status status, const std::string& text)
    {
        const auto found = finds_.find(id);
        if (found == finds_.end())
            return;
        Find& find = *found->second;
        const bool missed = status == JF_OK && find.gets == 1 && may_miss();
        if ((status != JF_BUSY && !missed) || find.found || find.gets >= kGets)
            return end_find(id, status == JF_BUSY ? JF_OK : status, text);
        find.inbox->close();
        find.again.start(missed ? Nanoseconds(0) : Nanoseconds(kGetAgain), [this, id] { ask(id); });
    }

    void end_find(std::uint64_t id, Status status, const std::string& text)
    {
        const auto found = finds_.find(id);
        if (found == finds_.end())
            return;
        const std::unique_ptr<Find> find = std::move(found->second);
        finds_.erase(found);
        find->close_inboxes();
        if (find->found)
            find->sink.succeed();
        else if (status == JF_OK)
            find->sink.fail(JF_NOT_FOUND, "no device of account " + find->cards.account_id() + " is announced");
        else
            find->sink.fail(status, text);
    }

    void deliver(std::uint64_t id)
    {
        Send& send = *sends_.at(id);
        send.given = true;
        send.limit.start(kPutLimit, [this, id] { end_send(id, JF_TIMEOUT, "the board did not take the message"); });
        jf_error error = no_error();
        const Status status = guarded(&error, [&] {
            put({send.key, std::move(send.value), kMessageLifetime, false},
                [this, id](Status end, std::string_view why) {
                    host_.post([this, id, end, text = std::string(why)] { end_send(id, end, text); });
                });
        });
        if (status != JF_OK)
            end_send(id, status, error.text);
    }

    void end_send(std::uint64_t id, Status status, const std::string& text)
    {
        const auto found = sends_.find(id);
        if (found == sends_.end())
            return;
        const std::unique_ptr<Send> send = std::move(found->second);
        sends_.erase(found);
        status == JF_OK ? send->done.succeed() : send->done.fail(status, text);
    }

    void know(const Device& device)
    {
        if (known_.size() >= kMostKnown && !known_.contains(device.device_id))
            known_.erase(known_.begin());
        known_[device.device_id] = device;
    }

    /// The recipient with a chain that is surely its own, so that nobody else can open what is sealed for it.
    Device with_chain(const Device& recipient)
    {
        const auto found = known_.find(recipient.device_id);
        if (found != known_.end() && (recipient.chain_pem.empty() || recipient.chain_pem == found->second.chain_pem))
            return found->second;
        if (recipient.chain_pem.empty())
            throw Failure(JF_NOT_FOUND, "device " + recipient.device_id + " is not known here; find its account first");
        const Device verified = identity().verify_chain(recipient.chain_pem, recipient);
        know(verified); // an answer is followed by more to the same device
        return verified;
    }

    // Presence

    void tell_presence(Watch& watched, const std::vector<detail::AccountCards::Change>& changes)
    {
        for (const auto& change : changes) {
            if (change.present) {
                know(change.device);
                incoming_.expect(change.device.chain_pem);
            } else if (change.device == identity().self_device())
                announcer_.put_again(change.issued_ms);
            listener_.presence(change.device, change.present);
        }
        if (const auto left = watched.cards.until_next_expiry())
            watched.expiry.start(*left, [this, &watched] { tell_presence(watched, watched.cards.expire(identity())); });
    }

    // The board comes, goes and is closed

    void on_board_state(bool online, const std::string& detail)
    {
        if (stage_ != Stage::started)
            return;
        state_detail_ = detail;
        if (std::exchange(state_told_, true) && online == online_)
            return;
        online_ = online;
        listener_.state(online ? JF_ONLINE : JF_OFFLINE, detail);
        if (online_) {
            for (const std::uint64_t id : waiting_finds())
                ask(id);
            for (const std::uint64_t id : waiting_sends())
                deliver(id);
        }
        announcer_.set_online(online_);
    }

    std::vector<std::uint64_t> waiting_finds() const
    {
        std::vector<std::uint64_t> ids;
        for (const auto& [id, find] : finds_) {
            if (!find->inbox)
                ids.push_back(id);
        }
        return ids;
    }

    std::vector<std::uint64_t> waiting_sends() const
    {
        std::vector<std::uint64_t> ids;
        for (const auto& [id, send] : sends_) {
            if (!send->given)
                ids.push_back(id);
        }
        return ids;
    }

    void end_everything()
    {
        for (const auto& [account, watched] : watches_)
            watched->inbox->close();
        watches_.clear();
        if (messages_)
            messages_->close();
        incoming_.clear();
        while (!finds_.empty())
            end_find(finds_.begin()->first, JF_CLOSED, "discovery was stopped");
        while (!sends_.empty())
            end_send(sends_.begin()->first, JF_CLOSED, "discovery was stopped");
        announcer_.stop();
    }

    void close()
    {
        if (stage_ != Stage::stopping)
            return;
        stage_ = Stage::stopped;
        stop_limit_.cancel();
        Completion done = std::move(*stopped_);
        stopped_.reset();
        close_board(std::move(done));
    }

    Stage stage_ = Stage::idle;
    DiscoveryListener listener_;
    std::optional<IdentityService> identity_;
    bool online_ = false;
    bool state_told_ = false;
    std::string state_detail_ = "not connected yet";

    std::shared_ptr<detail::BoardInbox> messages_; // second owner: the board's callback
    detail::IncomingMessages incoming_{host_, [this](const OpenedMessage& opened) { on_message(opened); }};
    std::uint64_t last_id_ = 0;
    detail::CheckedCards checked_{host_};
    std::map<std::uint64_t, std::unique_ptr<Find>> finds_;
    std::map<std::uint64_t, std::unique_ptr<Send>> sends_;
    std::map<std::string, std::unique_ptr<Watch>, std::less<>> watches_;
    std::map<std::string, Device> known_;

    detail::CardAnnouncer announcer_{host_, [this](const std::string& account_id, Bytes card, BoardEnd end) {
                                         put({account_id, std::move(card), kCardLifetime, true}, std::move(end));
                                     }};

    std::optional<Completion> stopped_;
    Timer stop_limit_{host_};
};

} // namespace jackfield
