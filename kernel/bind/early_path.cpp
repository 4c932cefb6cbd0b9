// A path that is not there yet. See early_path.hpp.

#include "kernel/bind/early_path.hpp"

#include "kernel/bind/text.hpp"

#include <jackfield/abi/connectivity.h>

#include <algorithm>
#include <cstring>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMostAnswers = 64; // to what the path below brings when it is opened

EarlyPath& path_of(void* self)
{
    return *static_cast<EarlyPath*>(self);
}

void send_all(const jf_path& path, const std::vector<std::string>& datagrams)
{
    for (const auto& datagram : datagrams) {
        const jf_bytes part{reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size()};
        path.methods->send(path.self, &part, 1); // one that is not taken is lost
    }
}

} // namespace

const jf_path_methods EarlyPath::kMethods{
    sizeof(jf_path_methods),
    0,
    [](void* self, jf_path_info* info) {
        if (const auto* lower = path_of(self).current_.load())
            return lower->methods->describe(lower->self, info);
        const std::uint32_t size = info->struct_size;
        std::memcpy(info, &path_of(self).expected_, std::min<std::size_t>(size, sizeof(jf_path_info)));
        info->struct_size = size;
    },
    [](void* self, jf_path_receiver receiver, jf_error* error) { return path_of(self).open(receiver, error); },
    [](void* self, const jf_bytes* parts, std::size_t part_count) { return path_of(self).send(parts, part_count); },
    [](void* self) { path_of(self).close(); }};

const jf_path_receiver_methods EarlyPath::kReceiver{sizeof(jf_path_receiver_methods), 0,
                                                    [](void* self, const jf_packet* packet) {
                                                        auto& path = path_of(self);
                                                        if (!path.heard_.load(std::memory_order_relaxed))
                                                            path.heard_ = true;
                                                        path.receiver_->methods->received(path.receiver_->self, packet);
                                                    },
                                                    [](void* self) {
                                                        const auto& above = *path_of(self).receiver_;
                                                        above.methods->writable(above.self);
                                                    },
                                                    [](void* self, jf_status status, const jf_error* error) {
                                                        const auto& above = *path_of(self).receiver_;
                                                        above.methods->closed(above.self, status, error);
                                                    }};

EarlyPath::EarlyPath(const jf_path_info& expected, std::function<void()> unsent)
    : expected_(expected), unsent_(std::move(unsent))
{}

jf_status EarlyPath::open(jf_path_receiver receiver, jf_error* error)
{
    if (receiver_ || closed_from_above_)
        return JF_BUSY;
    receiver_ = receiver;
    if (!lower_)
        return JF_OK;
    const jf_status status = lower_->methods->open(lower_->self, {&kReceiver, this}, error);
    if (status != JF_OK)
        receiver_.reset();
    return status;
}

jf_status EarlyPath::send(const jf_bytes* parts, std::size_t part_count)
{
    if (const auto* lower = current_.load())
        return lower->methods->send(lower->self, parts, part_count);
    return keep(parts, part_count);
}

jf_status EarlyPath::keep(const jf_bytes* parts, std::size_t part_count)
{
    std::string datagram;
    for (std::size_t i = 0; i < part_count; ++i) {
        if (datagram.size() + parts[i].size > expected_.max_datagram_bytes)
            return JF_BAD_INPUT;
        datagram.append(reinterpret_cast<const char*>(parts[i].data), parts[i].size);
    }
    if (datagram.empty())
        return JF_BAD_INPUT;
    {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return JF_CLOSED;
        if (const auto* lower = current_.load()) // since send looked
            return lower->methods->send(lower->self, parts, part_count);
        if (opening_) {
            if (answers_.size() < kMostAnswers)
                answers_.push_back(std::move(datagram));
            return JF_OK;
        }
        if (first_.size() == JF_EARLY_DATAGRAMS)
            return JF_OK; // lost
        first_.push_back(std::move(datagram));
        if (first_.size() - taken_ > 1)
            return JF_OK; // somebody comes already
    }
    unsent_();
    return JF_OK;
}

std::vector<std::string> EarlyPath::take_unsent()
{
    const std::lock_guard lock(mutex_);
    if (opening_)
        return {};
    std::vector<std::string> unsent(first_.begin() + static_cast<std::ptrdiff_t>(taken_), first_.end());
    taken_ = first_.size();
    return unsent;
}

void EarlyPath::stand_on(jf_path lower)
{
    if (closed_from_above_)
        return;
    lower_ = lower;
    {
        const std::lock_guard lock(mutex_);
        opening_ = true; // from here on there are no more first ones
    }
    if (receiver_) {
        ErrorSlot error;
        const jf_status status = lower_->methods->open(lower_->self, {&kReceiver, this}, &error);
        if (status != JF_OK) {
            lower_.reset();
            throw Failure(error.error(status));
        }
    }
    const std::lock_guard lock(mutex_);
    if (!heard_)
        send_all(lower, first_);
    send_all(lower, std::exchange(answers_, {}));
    current_ = &*lower_;
}

bool EarlyPath::repeat()
{
    if (heard_ || !stands() || closed_from_above_)
        return false;
    send_all(*lower_, first_);
    return true;
}

void EarlyPath::close()
{
    if (std::exchange(closed_from_above_, true))
        return;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        first_.clear();
    }
    if (lower_)
        lower_->methods->close(lower_->self); // and what is sent from now on is told that
}

} // namespace jackfield::kernel
