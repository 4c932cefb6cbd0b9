// The options of every connectivity plugin that say which local addresses and ports it may use, and the reading of
// numbers, texts and lists that such options are made of.
//
// Threads: pure functions.
#pragma once

#include "ip_address.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace jackfield::ice {

struct PortRange {
    std::uint16_t first = 0; // 0: any port
    std::uint16_t last = 0;
};

struct AddressOptions {
    PortRange ports;
    std::vector<std::string> interfaces; // empty: all that are up
    std::vector<IpAddress> addresses;    // if there are any, exactly these
    bool loopback = false;
    bool ipv6 = true;
};

// All of them throw ConfigError; place is the JSON pointer of the value.
std::string at(const std::string& place, std::size_t index);
bool read_bool(const nlohmann::json& value, const std::string& place);
int read_integer(const nlohmann::json& value, const std::string& place, int lowest, int highest);
std::string read_text(const nlohmann::json& value, const std::string& place);
const nlohmann::json& read_list(const nlohmann::json& value, const std::string& place, std::size_t longest);
std::vector<IpAddress> read_addresses(const nlohmann::json& value, const std::string& place);

/// False if the key is none of "ports", "interfaces", "addresses", "loopback", "ipv6".
bool read_address_option(AddressOptions& options, const std::string& key, const nlohmann::json& value);

/// After all options were read: what cannot go together.
void check_address_options(const AddressOptions& options);

} // namespace jackfield::ice
