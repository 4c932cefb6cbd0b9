// A short list under a lock. See service_watch.hpp.
#include "service_watch.hpp"

#include <mutex>
#include <set>

namespace jackfield::conformance {

namespace {

constexpr std::size_t kMostServices = 16;
constexpr std::size_t kMostLetters = 100;

struct Asked {
    std::mutex mutex;
    std::set<std::string> services;
};
Asked& asked()
{
    static Asked one;
    return one;
}

} // namespace

void service_asked(std::string_view interface_id)
{
    const std::lock_guard lock(asked().mutex);
    if (asked().services.size() < kMostServices)
        asked().services.emplace(interface_id.substr(0, kMostLetters));
}

std::vector<std::string> asked_services()
{
    const std::lock_guard lock(asked().mutex);
    return {asked().services.begin(), asked().services.end()};
}

void forget_services()
{
    const std::lock_guard lock(asked().mutex);
    asked().services.clear();
}

} // namespace jackfield::conformance
