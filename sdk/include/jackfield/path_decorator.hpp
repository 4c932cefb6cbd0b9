// jackfield.path_decorator/1: derive from PathDecorator to slide something between two layers, and from DecoratedPath
// for the path that comes out.
//
// Threads: open and the destructor run on the control thread. A DecoratedPath sends on any thread and receives on the
// thread of the path below, unless it says otherwise.
#pragma once

#include <jackfield/abi/path_decorator.h>
#include <jackfield/completion.hpp>
#include <jackfield/path.hpp>

#include <memory>
#include <string>

namespace jackfield {

/// Where a decorator stands.
struct DecoratorPlace {
    std::string seam; ///< "control", "secured", "signaling", "media"
    std::string peer; ///< device id of the other end
    std::uint32_t component = 1;
    bool initiator = false;
};

/// The path above, which hands everything through. Override what shall be different; call the base for the rest.
/// Destroying it closes both paths.
class DecoratedPath : public PathBase, protected PathReceiver {
public:
    explicit DecoratedPath(Path below) : below_(below) {}
    DecoratedPath(const DecoratedPath&) = delete;
    DecoratedPath& operator=(const DecoratedPath&) = delete;

    jf_path_info describe() const noexcept override { return below_.describe(); }
    void open(jf_path_receiver receiver) override
    {
        if (opened_)
            throw Failure(JF_BUSY, "the path is open already");
        above_ = receiver;
        below_.open(*this);
        opened_ = true;
    }
    Status send(std::span<const jf_bytes> parts) noexcept override { return below_.send(parts); }
    void close() noexcept override { below_.close(); }

    using PathBase::handle;
    static const jf_decorator_session_methods kMethods;

protected:
    void received(const jf_packet& packet) noexcept override { above_.methods->received(above_.self, &packet); }
    void writable() noexcept override { above_.methods->writable(above_.self); }
    void closed(Status status, std::string_view text) noexcept override
    {
        const jf_error error = make_error(status, text);
        above_.methods->closed(above_.self, status, &error);
    }

    const Path& below() const { return below_; }

private:
    Path below_;
    jf_path_receiver above_{}; // set once, before the path below can call
    bool opened_ = false;      // [control]
};

inline constexpr jf_decorator_session_methods DecoratedPath::kMethods{
    sizeof(jf_decorator_session_methods), 0, [](void* self) {
        auto* const path = static_cast<DecoratedPath*>(self);
        path->close();
        delete path;
    }};

class PathDecorator : public Instance {
public:
    using Interface = PathDecorator;
    static constexpr std::string_view kInterfaceId = JF_PATH_DECORATOR_INTERFACE;

    using Instance::Instance;

    /// Throws Failure.
    virtual std::unique_ptr<DecoratedPath> open(Path below, const DecoratorPlace& place) = 0;

    static const jf_path_decorator_methods kMethods;
};

inline constexpr jf_path_decorator_methods PathDecorator::kMethods{
    sizeof(jf_path_decorator_methods), 0,
    [](void* self, jf_path below, const jf_decorator_options* options, jf_path* above, jf_decorator_session* session,
       jf_error* error) {
        return guarded(error, [&] {
            const DecoratorPlace place{std::string(view(options->seam)), std::string(view(options->peer)),
                                       options->component, options->initiator != 0};
            auto made = static_cast<PathDecorator*>(self)->open(Path(below), place);
            *above = made->handle();
            *session = {&DecoratedPath::kMethods, made.release()};
        });
    }};

} // namespace jackfield
