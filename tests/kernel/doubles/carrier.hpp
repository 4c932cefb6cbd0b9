// A link that a service carries. Its actor is named "carrier bob-1".

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/carrier.hpp>

namespace jackfield::doubles {

class CarrierDouble final : public CarrierBase, public Actor {
public:
    explicit CarrierDouble(const std::string& device) : Actor("carrier " + device), path_(JF_DATAGRAM, *this) {}

    std::string describe() override { return R"({"local":"sip:Alice@example.net"})"; }
    std::string answer_challenge(std::string_view, std::string_view, std::string_view, ByteView) override { return {}; }
    PathBase& path() override { return path_; }

private:
    PathDouble path_;
};

} // namespace jackfield::doubles
