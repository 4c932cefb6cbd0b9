// One direction of a cable. See link.hpp.

#include "link.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace laboratory {

void Link::change(std::string_view json, Time now)
{
    auto config = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected an object");
    const int mtu = config.value("mtu", 0);
    if (mtu != 0 && (mtu < 68 || mtu > 65'535)) // RFC 791: every link carries 68
        throw jackfield::ConfigError("/mtu: must be from 68 to 65535, or 0");
    options_ = shared_impairment::read_options(json);
    seed_ = config.contains("seed") ? options_.seed : seed_ + 1;
    teller_.emplace(options_, seed_, false);
    changed_ = now;
    mtu_ = static_cast<std::size_t>(mtu);
}

Fate Link::carry(std::size_t bytes, Time now)
{
    ++counts_.packets;
    if (mtu_ != 0 && bytes > mtu_) {
        ++counts_.too_long;
        return {};
    }
    Fate fate = teller_->next(bytes, now - changed_);
    if (cut_)
        fate.copies = 0;
    counts_.lost += fate.copies == 0 ? 1 : 0;
    for (auto& at : fate.at)
        at += changed_;
    return fate;
}

} // namespace laboratory
