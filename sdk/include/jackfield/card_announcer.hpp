// Keeps the card of our device on a board: put, renewed before it expires, tried again when it was not taken, put anew
// when the account has revoked a device, withdrawn.
//
// Threads: control. Lifetime: a member of the discovery, whose posted tasks the host drops before it goes away.
#pragma once

#include <jackfield/device_card.hpp>

#include <optional>

namespace jackfield::detail {

class CardAnnouncer {
public:
    static constexpr std::chrono::seconds kLifetime{180}; ///< how long others take us for there if we die
    static constexpr std::chrono::seconds kRefresh{60};
    static constexpr std::chrono::seconds kLook{1}; ///< between two looks at the list of revoked devices
    static constexpr std::chrono::seconds kRetry{5};
    static constexpr std::chrono::seconds kPutLimit{10};
    static constexpr std::size_t kMostWaiting = 256;

    using End = std::function<void(Status status, std::string_view why)>; ///< [any]
    /// Puts a card under the account id, in place of the one before. May throw Failure.
    using Put = std::function<void(const std::string& account_id, Bytes card, End end)>;

    CardAnnouncer(Host host, Put put) : host_(host), put_(std::move(put)), timer_(host), look_(host) {}

    /// From now on our device shall be findable. Done when the first card was taken, or refused; tried again in any
    /// case.
    void want(const IdentityService& identity, Completion done)
    {
        if (announced_)
            return done.succeed();
        if (waiting_.size() >= kMostWaiting)
            throw Failure(JF_EXHAUSTED, "too many announce calls wait for the board");
        waiting_.push_back(std::move(done));
        if (!identity_) {
            identity_ = identity;
            if (online_)
                put_card();
            look_again();
        }
    }

    /// The board came or went. When it comes back it may have forgotten our card.
    void set_online(bool online)
    {
        online_ = online;
        if (online_ && identity_)
            put_card();
    }

    /// Somebody else has taken our card away with one that was issued then: another program of this device, which has
    /// ended.
    void put_again(std::int64_t issued_ms)
    {
        issued_ms_ = std::max(issued_ms_, issued_ms);
        if (online_ && identity_)
            put_card();
    }

    /// Nothing is put any more; those who wait hear it.
    void stop()
    {
        ++attempt_;
        timer_.cancel();
        look_.cancel();
        finish_waiting(JF_CLOSED, "discovery was stopped");
    }

    /// True if a card of ours may lie on the board.
    bool may_be_announced() const { return identity_ && issued_ms_ != 0; }

    /// Says that our device is gone. May throw Failure.
    void withdraw(End end) { put_(account_id(), next_card(/*withdrawn=*/true), std::move(end)); }

private:
    std::string account_id() const { return identity_->self_device().account_id; }

    Bytes next_card(bool withdrawn)
    {
        DeviceCard card{identity_->self_device(), std::max(host_.wall_ms(), issued_ms_ + 1), 0, withdrawn};
        card.expiry_ms = card.issued_ms + std::chrono::milliseconds(kLifetime).count();
        issued_ms_ = card.issued_ms;
        revocations_ = identity_->revocations();
        card.revocations = revocations_;
        return encode_card(*identity_, card);
    }

    void look_again()
    {
        look_.start(kLook, [this] {
            Bytes list;
            if (online_ && guarded(nullptr, [&] { list = identity_->revocations(); }) == JF_OK && list != revocations_)
                put_card();
            look_again();
        });
    }

    void put_card()
    {
        const std::uint64_t attempt = ++attempt_;
        timer_.start(kPutLimit,
                     [this, attempt] { on_put(attempt, JF_TIMEOUT, "the board did not take the announcement"); });
        jf_error error = no_error();
        const Status status = guarded(&error, [&] {
            put_(account_id(), next_card(/*withdrawn=*/false), [this, attempt](Status end, std::string_view why) {
                host_.post([this, attempt, end, text = std::string(why)] { on_put(attempt, end, text); });
            });
        });
        if (status != JF_OK)
            on_put(attempt, status, error.text);
    }

    void on_put(std::uint64_t attempt, Status status, const std::string& text)
    {
        if (attempt != attempt_)
            return; // another one was begun meanwhile, or we were stopped
        ++attempt_;
        announced_ = announced_ || status == JF_OK;
        finish_waiting(status, text);
        timer_.start(status == JF_OK ? kRefresh : kRetry, [this] {
            if (online_) // else the return of the board brings the next one
                put_card();
        });
    }

    void finish_waiting(Status status, const std::string& text)
    {
        for (Completion& waiting : std::exchange(waiting_, {}))
            status == JF_OK ? waiting.succeed() : waiting.fail(status, text);
    }

    Host host_;
    Put put_;
    Timer timer_;
    Timer look_;
    std::optional<IdentityService> identity_; // set when we want to be announced
    bool online_ = false;
    bool announced_ = false;
    std::vector<Completion> waiting_;
    std::uint64_t attempt_ = 0;
    Bytes revocations_;          // in the last card
    std::int64_t issued_ms_ = 0; // of the last card; 0 if there was none
};

} // namespace jackfield::detail
