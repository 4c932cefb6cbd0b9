// The shape of a door; see sdk/docs/interfaces/control.md.
#include <jackfield/control.hpp>

#include <functional>

// [example]
/// One request of one client: the answer comes once, with the text to write back. [control]
void ask(const jackfield::ControlDispatcher& kernel, std::uint64_t client, std::string_view request,
         std::function<void(std::string)> write)
{
    auto* waiting = new std::function<void(std::string)>(std::move(write));
    kernel.request(client, request, {waiting, [](void* self, jf_text response) {
                                         const std::unique_ptr<std::function<void(std::string)>> mine(
                                             static_cast<std::function<void(std::string)>*>(self));
                                         if (response.size != 0) // empty: it was a notification
                                             (*mine)(std::string(jackfield::view(response)));
                                     }});
}
// [end]
