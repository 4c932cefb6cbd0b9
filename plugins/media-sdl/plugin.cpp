// A window as a sink, named "window:".
//
// Threads:  methods on control; one thread of the process owns the screen.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "window.hpp"

#include <jackfield/device_name.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace media_sdl;
using jackfield::Failure;
using Json = nlohmann::json;

Window::Look read_look(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object; {} would work");
    const Json title = config.value("title", Json("Jackfield"));
    const Json full_screen = config.value("full_screen", Json(false));
    if (!title.is_string() || title.get_ref<const std::string&>().empty())
        throw jackfield::ConfigError("/title: expected a text");
    if (!full_screen.is_boolean())
        throw jackfield::ConfigError("/full_screen: expected true or false");
    return {title.get<std::string>(), full_screen.get<bool>()};
}

class WindowSink final : public jackfield::DeviceSink {
public:
    WindowSink(jackfield::Host host, std::string_view config_json) : DeviceSink(host), look_(read_look(config_json)) {}

    bool accepts(std::string_view name) const noexcept override
    {
        const auto device = jackfield::device_name(name);
        return device && device->kind == "window";
    }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        if (!accepts(name))
            throw Failure(JF_NOT_FOUND, "media-sdl has windows; \"window:\" would work");
        const Json what = Json::parse(options_json, nullptr, /*allow_exceptions=*/false);
        if (!what.is_object())
            throw Failure(JF_BAD_INPUT, "the options are no JSON object");
        if (what.value("own_audio", false) || what.value("own_video", false))
            throw Failure(JF_UNSUPPORTED, "a window shows what arrives; what we send is kept by a recording");
        Window::Look look = look_;
        if (const auto title = jackfield::device_name(name)->device; !title.empty())
            look.title = title;
        return std::make_unique<Window>(host_, thread_, std::move(look));
    }

    std::string devices() override
    {
        thread_->open_screen();
        return Json{{"devices",
                     {{{"name", "window:"},
                       {"kind", "window"},
                       {"description", "a window on " + thread_->screen()},
                       {"default", true},
                       {"state", "idle"}}}}}
            .dump();
    }

private:
    Window::Look look_;
    std::shared_ptr<WindowThread> thread_ = WindowThread::instance(); // others: windows, other instances
};

} // namespace

JF_PLUGIN(WindowSink)
