// Lists of devices. See device_list.hpp.

#include "device_list.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace jackfield::devices {

namespace {

bool contains(std::string_view text, std::string_view part)
{
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    return std::ranges::search(text, part, same).begin() != text.end();
}

} // namespace

std::string to_json(const std::vector<Device>& devices)
{
    using Json = nlohmann::ordered_json;
    Json all = Json::array();
    for (const auto& device : devices)
        all.push_back({{"name", device.kind + ":" + device.id},
                       {"kind", device.kind},
                       {"description", device.description},
                       {"default", device.is_default},
                       {"state", device.state}});
    return Json{{"devices", all}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Device& find_device(const std::vector<Device>& devices, std::string_view kind, std::string_view wanted)
{
    const Device* only = nullptr;
    int similar = 0;
    std::string there;
    for (const auto& device : devices) {
        if (device.kind != kind)
            continue;
        if (device.id == wanted)
            return device;
        there += (there.empty() ? "" : ", ") + device.id;
        if (!contains(device.id, wanted) && !contains(device.description, wanted))
            continue;
        only = &device;
        ++similar;
    }
    if (similar == 1)
        return *only;
    throw Failure(JF_NOT_FOUND, (similar == 0 ? "no " : "more than one ") + std::string(kind) + " is called \"" +
                                    std::string(wanted) + "\"; " +
                                    (there.empty() ? "there is none at all" : "there are " + there));
}

} // namespace jackfield::devices
