// SHA-256 (FIPS 180-4) of what goes by.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace jackfield::kernel {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::uint8_t> bytes);

    /// 64 hex digits; afterwards it begins anew.
    std::string hex();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace jackfield::kernel
