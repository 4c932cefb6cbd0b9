// An open libvpx encoder or decoder, closed with its owner.
//
// Threads: whoever holds it. Lifetime: the library's; it stays where it was made, as libvpx keeps its address.
#pragma once

#include <vpx/vpx_codec.h>

#include <string>

namespace jackfield::codec {

class VpxContext {
public:
    VpxContext() = default;
    VpxContext(const VpxContext&) = delete;
    VpxContext& operator=(const VpxContext&) = delete;
    ~VpxContext() { close(); }

    vpx_codec_ctx_t* get() { return &raw_; }

    /// The result of an init of get(); from now on it is ours to close, if it succeeded.
    vpx_codec_err_t opened(vpx_codec_err_t result)
    {
        open_ = result == VPX_CODEC_OK;
        return result;
    }

    void close()
    {
        if (open_)
            vpx_codec_destroy(&raw_);
        open_ = false;
        raw_ = {};
    }

private:
    vpx_codec_ctx_t raw_{};
    bool open_ = false;
};

} // namespace jackfield::codec
