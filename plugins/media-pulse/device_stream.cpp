// A stream that outlives its devices. See device_stream.hpp.

#include "device_stream.hpp"

#include <algorithm>

namespace media_pulse {

DeviceStream::DeviceStream(jackfield::Host host, PulseLoop& loop, Direction direction, std::string wanted, Form form)
    : host_(host), loop_(loop), direction_(direction), wanted_(std::move(wanted)), form_(form)
{}

void DeviceStream::begin()
{
    const PulseLoop::Lock lock(loop_);
    loop_.add(*this);
    connected();
}

void DeviceStream::end()
{
    const PulseLoop::Lock lock(loop_);
    loop_.remove(*this);
    stream_.reset();
}

bool DeviceStream::latency_ns(pa_stream* stream, std::int64_t& ns)
{
    pa_usec_t latency = 0;
    int negative = 0;
    if (pa_stream_get_latency(stream, &latency, &negative) < 0)
        return false;
    ns = static_cast<std::int64_t>(latency) * (negative != 0 ? -1000 : 1000);
    return true;
}

// --- the server and its devices -------------------------------------------------------------------------------------

void DeviceStream::connected()
{
    if (loop_.context() != nullptr)
        connect(wanted_);
}

void DeviceStream::disconnected()
{
    stream_.reset();
    interrupted();
}

void DeviceStream::devices_changed()
{
    if (stream_ == nullptr)
        return connect(there(wanted_) ? wanted_ : "");
    if (std::exchange(moved_, false)) {
        on_default_ = !wanted_.empty() && !there(wanted_);
        if (!on_default_ && !wanted_.empty())
            wanted_ = device_now(); // that one is there: a person wants it so
    } else if (on_default_ && there(wanted_)) {
        move_back();
    }
}

bool DeviceStream::there(const std::string& device) const
{
    return std::ranges::any_of(loop_.devices(),
                               [&](const Device& one) { return one.kind == what() && one.id == device; });
}

std::string DeviceStream::device_now() const
{
    const char* const name = pa_stream_get_device_name(stream_.get());
    return name != nullptr ? name : "";
}

// --- the stream -----------------------------------------------------------------------------------------------------

void DeviceStream::connect(const std::string& device)
{
    const pa_sample_spec form{PA_SAMPLE_FLOAT32LE, form_.rate_hz, static_cast<std::uint8_t>(form_.channels)};
    std::unique_ptr<pa_proplist, decltype(&pa_proplist_free)> words(pa_proplist_new(), pa_proplist_free);
    pa_proplist_sets(words.get(), PA_PROP_MEDIA_ROLE, "phone");
    stream_.reset(pa_stream_new_with_proplist(loop_.context(), "call", &form, nullptr, words.get()));
    if (stream_ == nullptr)
        return host_.error(std::string(what()) + ": " + pa_strerror(pa_context_errno(loop_.context())));
    asked_for_ = device;
    pa_stream_set_state_callback(stream_.get(), [](pa_stream*, void* self) { of(self).state_changed(); }, this);
    pa_stream_set_moved_callback(stream_.get(), [](pa_stream*, void* self) { of(self).moved(); }, this);
    const auto on_data = [](pa_stream* stream, std::size_t bytes, void* self) { of(self).data(stream, bytes); };
    constexpr auto kAny = static_cast<std::uint32_t>(-1);
    const auto latency =
        static_cast<std::uint32_t>(std::size_t{form_.rate_hz} * loop_.options().latency_ms / 1000 * bytes_per_sample());
    constexpr auto kFlags = static_cast<pa_stream_flags_t>(PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE |
                                                           PA_STREAM_INTERPOLATE_TIMING);
    const char* const name = device.empty() ? nullptr : device.c_str();
    int begun = 0;
    if (direction_ == Direction::record) {
        const pa_buffer_attr buffer{kAny, kAny, kAny, kAny, latency / 2};
        pa_stream_set_read_callback(stream_.get(), on_data, this);
        begun = pa_stream_connect_record(stream_.get(), name, &buffer, kFlags);
    } else {
        const pa_buffer_attr buffer{kAny, latency, kAny, kAny, kAny};
        pa_stream_set_write_callback(stream_.get(), on_data, this);
        begun = pa_stream_connect_playback(stream_.get(), name, &buffer, kFlags, nullptr, nullptr);
    }
    if (begun < 0)
        failed();
}

void DeviceStream::state_changed()
{
    const auto state = pa_stream_get_state(stream_.get());
    if (state == PA_STREAM_READY) {
        on_default_ = !wanted_.empty() && device_now() != wanted_;
        said_none_ = false;
        host_.info(std::string(what()) + ": \"" + device_now() + "\"" +
                   (on_default_ ? " takes the place of \"" + wanted_ + "\"" : ""));
    } else if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED) {
        failed();
    }
}

/// A device that is gone ends its streams, unless the server moves them. The default one may be another by now.
void DeviceStream::failed()
{
    const bool was_default = asked_for_.empty();
    const std::string why = pa_strerror(pa_context_errno(loop_.context()));
    const bool ran = device_now() != "";
    stream_.reset();
    interrupted();
    if (!was_default || ran) {
        host_.warning(std::string(what()) + ": the device is gone; the default one takes its place");
        return connect("");
    }
    if (!std::exchange(said_none_, true))
        host_.warning(std::string(what()) + ": there is no device (" + why + "); the call waits for one");
}

void DeviceStream::moved()
{
    interrupted();
    moved_ = device_now() != wanted_; // whether the wanted one is there still, the next list will say
    host_.log(moved_ ? JF_LOG_WARNING : JF_LOG_INFO,
              std::string(what()) + ": the server moved us to \"" + device_now() + "\"");
}

void DeviceStream::move_back()
{
    host_.info(std::string(what()) + ": \"" + wanted_ + "\" is back");
    on_default_ = false;
    const auto index = pa_stream_get_index(stream_.get());
    auto* const asked =
        direction_ == Direction::record
            ? pa_context_move_source_output_by_name(loop_.context(), index, wanted_.c_str(), nullptr, nullptr)
            : pa_context_move_sink_input_by_name(loop_.context(), index, wanted_.c_str(), nullptr, nullptr);
    if (asked != nullptr)
        pa_operation_unref(asked);
}

} // namespace media_pulse
