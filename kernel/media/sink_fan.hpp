// Several sinks as one: each frame goes to all of them.
//
// Threads:  made on control; written to by the streams.
// Lifetime: longer than whoever writes to it; the sinks longer still.

#pragma once

#include <jackfield/abi/media_sink.h>

#include <utility>
#include <vector>

namespace jackfield::kernel {

class SinkFan {
public:
    explicit SinkFan(std::vector<jf_sink_session> sinks) : sinks_(std::move(sinks)) {}

    /// To write to, and for nothing else; empty without sinks.
    jf_sink_session session()
    {
        return sinks_.empty()       ? jf_sink_session{}
               : sinks_.size() == 1 ? sinks_.front()
                                    : jf_sink_session{&kMethods, this};
    }

private:
    /// Not JF_OK if one of them did not take it.
    static jf_status write(void* self, const jf_frame* frame)
    {
        jf_status all = JF_OK;
        for (const auto& sink : static_cast<SinkFan*>(self)->sinks_) {
            const jf_status status = sink.methods->write(sink.self, frame);
            all = all == JF_OK ? status : all;
        }
        return all;
    }

    static constexpr jf_sink_session_methods kMethods{
        sizeof(jf_sink_session_methods), 0, &write, [](void*, jf_done) {}, [](void*) {}, nullptr};

    std::vector<jf_sink_session> sinks_;
};

} // namespace jackfield::kernel
