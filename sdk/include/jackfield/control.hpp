// jackfield.control/1: derive from Control to give other programs a door to the kernel.
//
// Threads: every method runs on the control thread, and so must every call of the dispatcher.
#pragma once

#include <jackfield/abi/control.h>
#include <jackfield/completion.hpp>

namespace jackfield {

/// The kernel's side of the door. [control]
class ControlDispatcher {
public:
    explicit ControlDispatcher(jf_control_dispatcher raw) : raw_(raw) {}

    void request(std::uint64_t client, std::string_view json, jf_control_reply reply) const
    {
        raw_.methods->request(raw_.self, client, to_text(json), reply);
    }
    void client_gone(std::uint64_t client) const { raw_.methods->client_gone(raw_.self, client); }

private:
    jf_control_dispatcher raw_;
};

class Control : public Instance {
public:
    using Interface = Control;
    static constexpr std::string_view kInterfaceId = JF_CONTROL_INTERFACE;

    using Instance::Instance;

    virtual void start(ControlDispatcher dispatcher) = 0;
    virtual void notify(std::uint64_t client, std::string_view notification_json) = 0;
    virtual void stop(Completion done) = 0;

    static const jf_control_methods kMethods;
};

inline constexpr jf_control_methods Control::kMethods{
    sizeof(jf_control_methods), 0,
    [](void* self, jf_control_dispatcher dispatcher, jf_error* error) {
        return guarded(error, [&] { static_cast<Control*>(self)->start(ControlDispatcher(dispatcher)); });
    },
    [](void* self, std::uint64_t client, jf_text json) {
        guarded(nullptr, [&] { static_cast<Control*>(self)->notify(client, view(json)); });
    },
    [](void* self, jf_done done) {
        auto& control = *static_cast<Control*>(self);
        start_guarded(control.host(), done, [&](Completion& end) { control.stop(std::move(end)); });
    }};

} // namespace jackfield
