// Lists of devices, and which of them a person means.
//
// Threads: the test's.

#include <jackfield/basic.hpp>
#include <jackfield/device_name.hpp>
#include <shared/devices/device_list.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace jackfield::devices {
namespace {

const std::vector<Device> kDevices{{"microphone", "usb.1", "Headset Mono", true, "idle"},
                                   {"microphone", "usb.10", "Webcam", false, "in use"},
                                   {"speaker", "usb.1", "Headset \xff", false, "unplugged"}};

TEST(Devices, AreFoundByIdOrByAPartOfWhatTheyAreCalled)
{
    EXPECT_EQ(&find_device(kDevices, "microphone", "usb.1"), &kDevices[0]); // though usb.10 has that in it
    EXPECT_EQ(&find_device(kDevices, "microphone", "WEBCAM"), &kDevices[1]);
    EXPECT_EQ(&find_device(kDevices, "speaker", "headset"), &kDevices[2]);
}

TEST(Devices, ThatAreNotThereOrNotCertainAreRefusedWithThoseThatAre)
{
    const auto words = [](std::string_view kind, std::string_view wanted) {
        try {
            find_device(kDevices, kind, wanted);
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_NOT_FOUND);
            return std::string(failure.what());
        }
        return std::string("found");
    };
    EXPECT_EQ(words("microphone", "usb"), R"(more than one microphone is called "usb"; there are usb.1, usb.10)");
    EXPECT_EQ(words("microphone", "x"), R"(no microphone is called "x"; there are usb.1, usb.10)");
    EXPECT_EQ(words("camera", "x"), R"(no camera is called "x"; there is none at all)");
}

TEST(Devices, AreJsonWithTheNamesThatOpenTakes)
{
    const auto all = nlohmann::json::parse(to_json(kDevices))["devices"];
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0], (nlohmann::json{{"name", "microphone:usb.1"},
                                      {"kind", "microphone"},
                                      {"description", "Headset Mono"},
                                      {"default", true},
                                      {"state", "idle"}}));
    EXPECT_EQ(all[2]["description"], "Headset \xef\xbf\xbd"); // not UTF-8
}

TEST(DeviceNames, BeginWithAKindAndAColon)
{
    static_assert(device_name("microphone:")->device.empty());
    static_assert(device_name("camera:/dev/video0")->device == "/dev/video0");
    static_assert(device_name("camera:a:b")->kind == "camera");
    static_assert(!device_name("microphone") && !device_name("film.mkv") && !device_name("") && !device_name("cam:x"));
}

} // namespace
} // namespace jackfield::devices
