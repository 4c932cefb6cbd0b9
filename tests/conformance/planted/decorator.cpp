// A decorator that hands everything through, or has one bug.
//
// Threads: as the path below. Lifetime: the SDK's.
#include "planted.hpp"

#include <jackfield/path_decorator.hpp>
#include <jackfield/plugin.hpp>

#include <fcntl.h>

namespace {

using namespace jackfield;
using planted::has;

class Wire final : public DecoratedPath {
public:
    explicit Wire(Path below) : DecoratedPath(below)
    {
        if (has("JF-DEC-01"))
            DecoratedPath::open(deaf());
    }
    ~Wire() override
    {
        if (has("JF-GEN-09") && opened_)
            DecoratedPath::closed(JF_CANCELLED, "gone");
    }

    jf_path_info describe() const noexcept override
    {
        jf_path_info info = DecoratedPath::describe();
        if (has("JF-PATH-01"))
            info.kind = JF_STREAM + JF_DATAGRAM - info.kind;
        return info;
    }

    void open(jf_path_receiver receiver) override
    {
        if (has("JF-PATH-02") && std::exchange(opened_, true))
            return;
        if (has("JF-DEC-01"))
            return;
        opened_ = true;
        DecoratedPath::open(receiver);
        early_ = false;
    }

    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::size_t most = describe().max_datagram_bytes;
        if (has("JF-PATH-04"))
            parts = parts.first(1);
        if (has("JF-PATH-05") && total_size(parts) > most)
            return JF_OK;
        const Status status = DecoratedPath::send(parts);
        return has("JF-PATH-06") && status == JF_CLOSED ? JF_OK : status;
    }

    void close() noexcept override
    {
        if (!has("JF-DEC-02"))
            DecoratedPath::close();
    }

protected:
    void received(const jf_packet& packet) noexcept override
    {
        if (has("JF-PATH-03") && early_)
            return;
        jf_packet copy = packet;
        if (has("JF-PATH-09"))
            copy.arrival_ns = 0;
        DecoratedPath::received(copy);
    }
    void writable() noexcept override
    {
        if (!has("JF-PATH-08"))
            DecoratedPath::writable();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        DecoratedPath::closed(status, text);
        if (has("JF-PATH-07"))
            DecoratedPath::closed(status, text);
    }

private:
    static jf_path_receiver deaf()
    {
        static constexpr jf_path_receiver_methods methods{sizeof(methods), 0, [](void*, const jf_packet*) {},
                                                          [](void*) {}, [](void*, Status, const jf_error*) {}};
        return {&methods, nullptr};
    }

    bool opened_ = false;
    bool early_ = true;
};

class Decorator final : public PathDecorator {
public:
    Decorator(Host host, std::string_view config_json) : PathDecorator(host)
    {
        planted::look_at(config_json);
        if (has("JF-GEN-05"))
            ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }

    std::unique_ptr<DecoratedPath> open(Path below, const DecoratorPlace&) override
    {
        return std::make_unique<Wire>(below);
    }
};

} // namespace

JF_PLUGIN(Decorator)
