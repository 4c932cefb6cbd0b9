// The sessions of one instance, so that a call can move from one to another.
//
// Threads: control. Lifetime: shared by the plugin and its sessions; who is in it takes itself out.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

namespace jackfield::signaling {

template <typename Session>
class Siblings {
public:
    /// A place in the list, for as long as it lives.
    class Place {
    public:
        Place(std::shared_ptr<Siblings> all, Session& session) : all_(std::move(all)), session_(session)
        {
            all_->sessions_.push_back(&session_);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { std::erase(all_->sessions_, &session_); }

        /// The others, the newest first.
        std::vector<Session*> others() const
        {
            std::vector<Session*> others(all_->sessions_.rbegin(), all_->sessions_.rend());
            std::erase(others, &session_);
            return others;
        }

    private:
        std::shared_ptr<Siblings> all_;
        Session& session_;
    };

private:
    std::vector<Session*> sessions_;
};

} // namespace jackfield::signaling
