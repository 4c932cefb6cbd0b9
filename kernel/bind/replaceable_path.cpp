// A path whose lower end can be replaced. See replaceable_path.hpp.

#include "kernel/bind/replaceable_path.hpp"

#include "kernel/bind/text.hpp"

#include <algorithm>
#include <cstring>

namespace jackfield::kernel {

namespace {

ReplaceablePath& path_of(void* self)
{
    return *static_cast<ReplaceablePath*>(self);
}

} // namespace

/// The lower end that there is, for as long as it is used; null if none is open. Counted in before the look at
/// current_, while stop_senders looks the other way round: one of the two sees the other.
class ReplaceablePath::Use {
public:
    explicit Use(ReplaceablePath& path) : path_(path)
    {
        path_.users_.fetch_add(1);
        lower_ = path_.current_.load();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use()
    {
        if (path_.users_.fetch_sub(1) == 1)
            path_.users_.notify_all(); // costs a look if nobody waits, which is nearly always
    }

    const jf_path* lower() const { return lower_; }

private:
    ReplaceablePath& path_;
    const jf_path* lower_;
};

const jf_path_methods ReplaceablePath::kMethods{
    sizeof(jf_path_methods),
    0,
    [](void* self, jf_path_info* info) { path_of(self).describe(*info); },
    [](void* self, jf_path_receiver receiver, jf_error* error) { return path_of(self).open(receiver, error); },
    [](void* self, const jf_bytes* parts, std::size_t part_count) { return path_of(self).send(parts, part_count); },
    [](void* self) { path_of(self).close(); }};

const jf_path_receiver_methods ReplaceablePath::kReceiver{
    sizeof(jf_path_receiver_methods), 0,
    [](void* self, const jf_packet* packet) {
        const auto& above = *path_of(self).receiver_;
        above.methods->received(above.self, packet);
    },
    [](void* self) {
        auto& path = path_of(self);
        if (path.blocked_.exchange(false))
            path.receiver_->methods->writable(path.receiver_->self);
    },
    [](void* self, jf_status, const jf_error*) { path_of(self).over_ = true; }};

ReplaceablePath::ReplaceablePath(jf_path lower) : lower_(lower)
{
    first_.struct_size = sizeof(first_);
    lower.methods->describe(lower.self, &first_);
}

void ReplaceablePath::describe(jf_path_info& info)
{
    const Use use(*this);
    if (use.lower() != nullptr)
        return use.lower()->methods->describe(use.lower()->self, &info);
    const std::uint32_t size = info.struct_size;
    std::memcpy(&info, &first_, std::min<std::size_t>(size, sizeof(first_)));
    info.struct_size = size;
}

jf_status ReplaceablePath::open(jf_path_receiver receiver, jf_error* error)
{
    if (receiver_ || closed_)
        return JF_BUSY;
    receiver_ = receiver;
    const jf_status status = lower_ ? open_lower(error) : JF_OK;
    if (status != JF_OK)
        receiver_.reset();
    return status;
}

jf_status ReplaceablePath::open_lower(jf_error* error)
{
    const jf_status status = lower_->methods->open(lower_->self, {&kReceiver, this}, error);
    if (status == JF_OK)
        current_ = &*lower_;
    return status;
}

jf_status ReplaceablePath::send(const jf_bytes* parts, std::size_t part_count)
{
    const Use use(*this);
    if (use.lower() == nullptr)
        return JF_OK;
    const jf_status status = use.lower()->methods->send(use.lower()->self, parts, part_count);
    if (status == JF_WOULD_BLOCK)
        blocked_ = true;
    return status == JF_CLOSED ? JF_OK : status;
}

void ReplaceablePath::leave()
{
    if (!lower_)
        return;
    stop_senders();
    lower_->methods->close(lower_->self); // no call of it is under way after this
    lower_.reset();
    over_ = false;
    if (blocked_.exchange(false) && receiver_ && !closed_)
        receiver_->methods->writable(receiver_->self); // it would not come any more
}

void ReplaceablePath::stand_on(jf_path lower)
{
    jf_path_info info{};
    info.struct_size = sizeof(info);
    lower.methods->describe(lower.self, &info);
    if (first_.secured > info.secured)
        throw Failure(JF_UNAUTHENTICATED, "media was encrypted by its link, and would not be by this one");
    if (closed_)
        return;
    lower_ = lower;
    if (!receiver_)
        return; // opened with path()
    ErrorSlot error;
    const jf_status status = open_lower(&error);
    if (status == JF_OK)
        return;
    lower_.reset();
    throw Failure(error.error(status));
}

void ReplaceablePath::close()
{
    closed_ = true;
    leave();
    receiver_.reset();
}

void ReplaceablePath::stop_senders()
{
    current_ = nullptr;
    for (auto users = users_.load(); users != 0; users = users_.load())
        users_.wait(users);
}

} // namespace jackfield::kernel
