// Who listens to which key. See hub.hpp.
#include "tools/rendezvous/hub.hpp"

#include <shared/rendezvous/wire.hpp>

namespace jackfield::rendezvous {

void Hub::join(Ear& ear)
{
    const std::lock_guard lock(mutex_);
    ears_.insert(&ear);
    if (closed_)
        ear.cut();
}

void Hub::leave(Ear& ear, const std::set<std::string>& keys)
{
    for (const std::string& key : keys)
        unlisten(key, ear);
    const std::lock_guard lock(mutex_);
    ears_.erase(&ear);
}

void Hub::listen(const std::string& key, Ear& ear)
{
    const std::lock_guard lock(mutex_);
    by_key_[key].insert(&ear);
}

void Hub::unlisten(const std::string& key, Ear& ear)
{
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end())
        return;
    found->second.erase(&ear);
    if (found->second.empty())
        by_key_.erase(found);
}

void Hub::tell(const std::string& key, const std::string& value)
{
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end())
        return;
    const auto message =
        std::make_shared<const std::string>(write(Value{std::nullopt, key, {value.begin(), value.end()}}));
    for (Ear* ear : found->second)
        ear->hear(message);
}

void Hub::cut_all()
{
    const std::lock_guard lock(mutex_);
    for (Ear* ear : ears_)
        ear->cut();
}

void Hub::close()
{
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    cut_all();
}

} // namespace jackfield::rendezvous
