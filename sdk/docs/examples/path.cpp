// Using a path that somebody else made; see sdk/docs/interfaces/path.md.
#include <jackfield/path.hpp>

namespace {

// [example]
/// Sends everything back that comes. Opened with `path.open(echo)`, and it must outlive the path or its close.
class Echo final : public jackfield::PathReceiver {
public:
    explicit Echo(jackfield::Path path) : path_(path) {}

    void received(const jf_packet& packet) noexcept override // calls never overlap; bytes are borrowed
    {
        if (path_.send(jackfield::view(packet.bytes)) == JF_WOULD_BLOCK)
            blocked_ = true; // nothing was taken; writable follows
    }
    void writable() noexcept override { blocked_ = false; }
    void closed(jackfield::Status, std::string_view) noexcept override {} // once, last

private:
    jackfield::Path path_;
    bool blocked_ = false;
};
// [end]

} // namespace
