// Ears for tests of a discovery: what it tells, what a find brings, how an operation ends.
//
// Threads: written on the control thread. Lifetime: outlives the discovery; do not move one that was handed out.
#pragma once

#include <jackfield/discovery.hpp>

#include <vector>

namespace jackfield::testing {

/// Called when an end or an event comes, on the thread on which it comes; for those who look at that.
inline void (*on_record)() = [] {};

/// Keeps what a discovery tells; call its functions over the C table, as the kernel does.
class DiscoveryRecord {
public:
    jf_discovery_listener listener()
    {
        static const jf_discovery_listener_methods methods{
            sizeof(jf_discovery_listener_methods),
            0,
            [](void* self, const jf_device* sender, const jf_call_message* message) {
                of(self).messages.emplace_back(Device(*sender), CallMessage(*message));
            },
            [](void* self, std::uint32_t state, jf_text detail) {
                of(self).states.push_back(state);
                of(self).details.emplace_back(view(detail));
            },
            [](void* self, const jf_device* device, std::int32_t present) {
                of(self).presence.emplace_back(Device(*device), present != 0);
            },
            [](void* self, const jf_device* sender, jf_carrier carrier) {
                of(self).carried.emplace_back(Device(*sender), carrier);
            }};
        return {&methods, this};
    }

    std::vector<std::pair<Device, CallMessage>> messages;
    std::vector<std::uint32_t> states;
    std::vector<std::string> details;
    std::vector<std::pair<Device, bool>> presence;
    std::vector<std::pair<Device, jf_carrier>> carried; ///< the test's: it releases them

private:
    static DiscoveryRecord& of(void* self)
    {
        on_record();
        return *static_cast<DiscoveryRecord*>(self);
    }
};

/// The end of one announce, send or stop.
struct DoneRecord {
    jf_done done()
    {
        return {this, [](void* self, jf_status end, const jf_error* error) {
                    on_record();
                    auto& record = *static_cast<DoneRecord*>(self);
                    ++record.calls;
                    record.status = end;
                    record.text = error_text(error, "");
                }};
    }

    int calls = 0;
    Status status = JF_OK;
    std::string text;
};

/// What a find brings.
struct FindRecord : DoneRecord {
    jf_find_sink sink()
    {
        return {
            this,
            [](void* self, const jf_device* device) { static_cast<FindRecord*>(self)->devices.emplace_back(*device); },
            [](void* self, jf_status end, const jf_error* error) {
                DoneRecord& record = *static_cast<FindRecord*>(self);
                record.done().call(&record, end, error);
            }};
    }

    std::vector<Device> devices;
};

} // namespace jackfield::testing
