// The kernel has checked the configuration against the schema; what a schema cannot say is checked here, and the types
// once more, because tests and other hosts may not validate.
//
// Threads: pure functions.
#include "address_options.hpp"

#include <jackfield/basic.hpp>

namespace jackfield::ice {

using Json = nlohmann::json;

namespace {

PortRange read_ports(const Json& value, const std::string& place)
{
    if (!value.is_array() || value.size() != 2)
        throw ConfigError(place + ": expected two port numbers, [first, last]");
    PortRange ports;
    ports.first = static_cast<std::uint16_t>(read_integer(value[0], at(place, 0), 1024, 65535));
    ports.last = static_cast<std::uint16_t>(read_integer(value[1], at(place, 1), 1024, 65535));
    if (ports.last < ports.first)
        throw ConfigError(place + ": the last port is below the first");
    return ports;
}

} // namespace

std::string at(const std::string& place, std::size_t index)
{
    return place + '/' + std::to_string(index);
}

bool read_bool(const Json& value, const std::string& place)
{
    if (!value.is_boolean())
        throw ConfigError(place + ": expected true or false");
    return value.get<bool>();
}

int read_integer(const Json& value, const std::string& place, int lowest, int highest)
{
    if (!value.is_number_integer() || value.get<std::int64_t>() < lowest || value.get<std::int64_t>() > highest)
        throw ConfigError(place + ": expected a whole number from " + std::to_string(lowest) + " to " +
                          std::to_string(highest));
    return value.get<int>();
}

std::string read_text(const Json& value, const std::string& place)
{
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
        throw ConfigError(place + ": expected a text that is not empty");
    return value.get<std::string>();
}

const Json& read_list(const Json& value, const std::string& place, std::size_t longest)
{
    if (!value.is_array() || value.size() > longest)
        throw ConfigError(place + ": expected a list of at most " + std::to_string(longest));
    return value;
}

std::vector<IpAddress> read_addresses(const Json& value, const std::string& place)
{
    std::vector<IpAddress> addresses;
    for (const auto& entry : read_list(value, place, 16)) {
        const std::string here = at(place, addresses.size());
        const auto address = IpAddress::parse(read_text(entry, here));
        if (!address || address->is_unspecified() || address->is_group())
            throw ConfigError(here + ": \"" + entry.get<std::string>() + "\" is not the IP address of a host");
        if (address->is_link_local())
            throw ConfigError(here + ": link-local addresses cannot be used: a candidate line has no place for their "
                                     "interface");
        addresses.push_back(*address);
    }
    return addresses;
}

bool read_address_option(AddressOptions& options, const std::string& key, const Json& value)
{
    const std::string place = '/' + key;
    if (key == "ports") {
        options.ports = read_ports(value, place);
    } else if (key == "interfaces") {
        for (const auto& entry : read_list(value, place, 16))
            options.interfaces.push_back(read_text(entry, at(place, options.interfaces.size())));
    } else if (key == "addresses") {
        options.addresses = read_addresses(value, place);
    } else if (key == "loopback") {
        options.loopback = read_bool(value, place);
    } else if (key == "ipv6") {
        options.ipv6 = read_bool(value, place);
    } else {
        return false;
    }
    return true;
}

void check_address_options(const AddressOptions& options)
{
    if (!options.interfaces.empty() && !options.addresses.empty())
        throw ConfigError("/addresses: cannot be combined with /interfaces; one of the two decides");
}

} // namespace jackfield::ice
