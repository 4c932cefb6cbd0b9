// A stream to or from a device, for as long as a call lasts. A device that goes away is replaced by the default one,
// and taken again when it is back; without any device, or without a server, the stream waits for one.
//
// Threads:  begin and end on control; everything else on the loop's thread.
// Lifetime: a part of a session, which calls end before anything of it goes.
#pragma once

#include "pulse_loop.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace media_pulse {

enum class Direction { record, play };

class DeviceStream : private PulseLoop::User {
public:
    struct Form {
        std::uint32_t rate_hz;
        std::uint32_t channels;
    };

    /// `wanted` is the id of a device; empty: the default one.
    DeviceStream(jackfield::Host host, PulseLoop& loop, Direction direction, std::string wanted, Form form);
    DeviceStream(const DeviceStream&) = delete;
    DeviceStream& operator=(const DeviceStream&) = delete;

protected:
    ~DeviceStream() = default;

    void begin();
    void end();

    /// So many bytes may be read or are to be written. With the stream's lock held.
    virtual void data(pa_stream* stream, std::size_t bytes) = 0;

    /// The device is another or none; what was on its way to it is lost.
    virtual void interrupted() = 0;

    /// How far behind now the stream's next sample is at the device (record), or ahead of now (play). False if that is
    /// not known yet.
    static bool latency_ns(pa_stream* stream, std::int64_t& ns);

    std::size_t bytes_per_sample() const { return sizeof(float) * form_.channels; }

    jackfield::Host host_;

private:
    struct Unref {
        void operator()(pa_stream* stream) const
        {
            pa_stream_set_state_callback(stream, nullptr, nullptr);
            pa_stream_set_read_callback(stream, nullptr, nullptr);
            pa_stream_set_write_callback(stream, nullptr, nullptr);
            pa_stream_set_moved_callback(stream, nullptr, nullptr);
            pa_stream_disconnect(stream);
            pa_stream_unref(stream);
        }
    };
    static DeviceStream& of(void* self) { return *static_cast<DeviceStream*>(self); }

    void connected() override;
    void disconnected() override;
    void devices_changed() override;
    void connect(const std::string& device);
    void state_changed();
    void failed();
    void moved();
    void move_back();
    bool there(const std::string& device) const;
    const char* what() const { return direction_ == Direction::record ? "microphone" : "speaker"; }
    std::string device_now() const;

    PulseLoop& loop_;
    Direction direction_;
    std::string wanted_;
    Form form_;
    std::unique_ptr<pa_stream, Unref> stream_;
    std::string asked_for_;   // of the stream that there is
    bool on_default_ = false; // though another is wanted
    bool moved_ = false;      // by the server, because the device is gone or because a person said so
    bool said_none_ = false;
};

} // namespace media_pulse
