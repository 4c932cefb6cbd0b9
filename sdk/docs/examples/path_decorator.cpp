// A decorator that counts what is sent; see sdk/docs/interfaces/path_decorator.md.
#include <jackfield/path_decorator.hpp>

#include <atomic>

namespace {

// [example]
class CountedPath final : public jackfield::DecoratedPath {
public:
    CountedPath(jackfield::Host host, jackfield::Path below) : DecoratedPath(below), host_(host) {}
    ~CountedPath() override { host_.info("sent " + std::to_string(bytes_.load()) + " bytes"); }

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override // [any], several at once
    {
        const jackfield::Status status = DecoratedPath::send(parts);
        if (status == JF_OK) // JF_WOULD_BLOCK took nothing
            bytes_.fetch_add(jackfield::total_size(parts), std::memory_order_relaxed);
        return status;
    }

private:
    jackfield::Host host_;
    std::atomic<std::uint64_t> bytes_{0};
};

class Counter final : public jackfield::PathDecorator {
public:
    using PathDecorator::PathDecorator;
    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below, const jackfield::DecoratorPlace&) override
    {
        return std::make_unique<CountedPath>(host_, below);
    }
};
// [end]

} // namespace
