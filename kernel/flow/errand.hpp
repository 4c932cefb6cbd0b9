// On whose behalf a link is opened: a leg of a call, a text, a file. It says whether the link is still wanted, and
// hears how it goes.
//
// Threads:  [control].
// Lifetime: shared by the flow that wants the link and whoever is waited for on its behalf.

#pragma once

#include "kernel/bind/bell.hpp"
#include "kernel/flow/step_failure.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

class Errand {
public:
    virtual ~Errand() = default;
    virtual Bell& bell() = 0;
    virtual bool unwanted() const = 0;

    /// Throws StepFailure JF_CANCELLED if it is unwanted.
    virtual void check_wanted(Step step) const = 0;

    /// Tells the timeline. detail is one JSON object or empty.
    virtual void tell(Step step, Moment moment, std::string detail_json = {}) = 0;

    /// Wants to hear which pairs of candidates were tried even where one of them leads to the peer.
    virtual bool wants_all_pairs() const { return false; }
};

/// For what is no call: wanted until it is dropped.
class LinkErrand final : public Errand {
public:
    /// `id` stands in its events of the timeline.
    LinkErrand(Timeline& timeline, std::string id) : timeline_(timeline), id_(std::move(id)) {}

    Bell& bell() override { return bell_; }
    bool unwanted() const override { return dropped_; }
    void check_wanted(Step step) const override
    {
        if (dropped_)
            throw StepFailure(step, JF_CANCELLED, "nobody wants this link any more");
    }
    void tell(Step step, Moment moment, std::string detail_json = {}) override
    {
        timeline_.tell({0, id_, Side::caller, step, moment, std::move(detail_json)});
    }

    void drop()
    {
        dropped_ = true;
        bell_.ring();
    }

private:
    Timeline& timeline_;
    std::string id_;
    Bell bell_;
    bool dropped_ = false;
};

/// The devices to which a link is being opened by us, and who waits for that: one link to a device is opened at a time.
class Dialling {
public:
    bool goes_on(const std::string& device_id) const { return waiting_.contains(device_id); }

    /// Rung when it has ended, however that was.
    void await_end(const std::string& device_id, std::shared_ptr<Errand> errand)
    {
        waiting_.at(device_id).push_back(std::move(errand));
    }

    /// One turn, for as long as it lives.
    class Turn {
    public:
        Turn(Dialling& all, std::string device_id) : all_(all), device_id_(std::move(device_id))
        {
            all_.waiting_[device_id_];
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn()
        {
            const auto ended = all_.waiting_.extract(device_id_);
            for (const auto& errand : ended.mapped())
                errand->bell().ring();
        }

    private:
        Dialling& all_;
        std::string device_id_;
    };

private:
    std::map<std::string, std::vector<std::shared_ptr<Errand>>> waiting_; // second owner: the flow of each
};

} // namespace jackfield::kernel
