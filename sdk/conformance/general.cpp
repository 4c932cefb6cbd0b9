// What every plugin keeps to, whatever its interface.
//
// Threads: the test's. Lifetime: plain values.
#include "lists.hpp"
#include "run.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>
#include <jackfield/abi/congestion_control.h>
#include <jackfield/abi/connectivity.h>
#include <jackfield/abi/control.h>
#include <jackfield/abi/diagnosis.h>
#include <jackfield/abi/discovery.h>
#include <jackfield/abi/media_sink.h>
#include <jackfield/abi/media_source.h>
#include <jackfield/abi/path_decorator.h>
#include <jackfield/abi/reliable_stream.h>
#include <jackfield/abi/secure_channel.h>
#include <jackfield/abi/signaling.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

namespace jackfield::conformance {

namespace every_plugin {
namespace {

/// How many bytes of an interface's table are required: up to the first optional method.
std::optional<std::size_t> required_bytes(std::string_view interface_id)
{
    const std::pair<std::string_view, std::size_t> known[] = {
        {JF_AUDIO_STAGE_INTERFACE, sizeof(jf_audio_stage_methods)},
        {JF_CODEC_INTERFACE, sizeof(jf_codec_methods)},
        {JF_CONGESTION_CONTROL_INTERFACE, sizeof(jf_congestion_control_methods)},
        {JF_CONNECTIVITY_INTERFACE, offsetof(jf_connectivity_methods, network_changed)},
        {JF_CONTROL_INTERFACE, sizeof(jf_control_methods)},
        {JF_DIAGNOSIS_INTERFACE, sizeof(jf_diagnosis_methods)},
        {JF_DISCOVERY_INTERFACE, offsetof(jf_discovery_methods, network_changed)},
        {JF_IDENTITY_INTERFACE, offsetof(jf_identity_methods, private_key_pem)},
        {JF_MEDIA_SINK_INTERFACE, offsetof(jf_media_sink_methods, devices)},
        {JF_MEDIA_SOURCE_INTERFACE, offsetof(jf_media_source_methods, devices)},
        {JF_MEDIA_TRANSPORT_INTERFACE, sizeof(jf_media_transport_methods)},
        {JF_MULTIPLEXER_INTERFACE, sizeof(jf_multiplexer_methods)},
        {JF_PATH_DECORATOR_INTERFACE, sizeof(jf_path_decorator_methods)},
        {JF_RELIABLE_STREAM_INTERFACE, sizeof(jf_reliable_stream_methods)},
        {JF_SECURE_CHANNEL_INTERFACE, sizeof(jf_secure_channel_methods)},
        {JF_SIGNALING_INTERFACE, sizeof(jf_signaling_methods)},
    };
    for (const auto& [id, bytes] : known) {
        if (id == interface_id)
            return bytes;
    }
    return std::nullopt; // of tomorrow
}

void check_table(const jf_factory& factory)
{
    const std::string interface_id(view(factory.interface_id));
    const auto required = required_bytes(interface_id);
    if (!required)
        return;
    std::uint32_t size = 0;
    std::memcpy(&size, factory.methods, sizeof(size));
    require(size >= *required, "the table of " + interface_id + " has " + std::to_string(size) + " bytes; " +
                                   std::to_string(*required) + " are required");
    for (std::size_t at = 8; at < *required; at += sizeof(void*)) {
        const void* method = nullptr;
        std::memcpy(&method, static_cast<const char*>(factory.methods) + at, sizeof(method));
        require(method != nullptr,
                "method " + std::to_string((at - 8) / sizeof(void*) + 1) + " of " + interface_id + " is missing");
    }
}

void entry_is_whole(Bench& bench)
{
    const jf_entry& entry = bench.entry();
    require(entry.struct_size >= sizeof(jf_entry), "the entry has " + std::to_string(entry.struct_size) + " bytes");
    require(entry.abi_major == JF_ABI_MAJOR && entry.abi_minor <= JF_ABI_MINOR,
            "the entry speaks ABI " + std::to_string(entry.abi_major) + "." + std::to_string(entry.abi_minor));
    require(entry.factory_count >= 1 && entry.factory_count <= 16,
            "the entry has " + std::to_string(entry.factory_count) + " factories; 1 to 16 would work");
    require(entry.factories != nullptr, "the entry has no table of its factories");
    for (std::uint32_t i = 0; i < entry.factory_count; ++i) {
        const jf_factory* factory = entry.factories[i];
        require(factory != nullptr, "a factory is missing");
        require(factory->struct_size >= sizeof(jf_factory), "a factory is too short");
        require(factory->plugin_id.size > 0 && factory->interface_id.size > 0 && factory->version.size > 0,
                "a factory lacks its id, its interface or its version");
        require(factory->create != nullptr, "a factory lacks create");
        require(factory->destroy != nullptr, "a factory lacks destroy");
        require(factory->methods != nullptr, "a factory lacks its methods");
        check_table(*factory);
    }
}

void manifest_agrees(Bench& bench)
{
    const nlohmann::json& manifest = bench.manifest();
    const jf_entry& entry = bench.entry();
    std::set<std::string> said;
    for (const std::string interface_id : manifest.value("interfaces", nlohmann::json::array()))
        said.insert(interface_id);
    std::set<std::string> real;
    for (std::uint32_t i = 0; i < entry.factory_count; ++i) {
        const jf_factory& factory = *entry.factories[i];
        real.insert(std::string(view(factory.interface_id)));
        for (const auto& [key, value] : {std::pair("id", factory.plugin_id), std::pair("version", factory.version)})
            require(manifest.value(key, "") == view(value), std::string("the manifest says ") + key + " " +
                                                                manifest.value(key, "") + ", the library " +
                                                                std::string(view(value)));
    }
    require(said == real, "manifest and library name different interfaces");
}

/// Runs for each factory of the library.
void for_each_factory(Bench& bench, const std::function<void(const std::string& interface_id)>& action)
{
    const jf_entry& entry = bench.entry();
    for (std::uint32_t i = 0; i < entry.factory_count; ++i)
        action(std::string(view(entry.factories[i]->interface_id)));
}

/// What create says to one configuration. The instance is destroyed again if there is one.
struct Answer {
    Status status = JF_OK;
    bool self_changed = false;
    jf_error error = no_error();
};

Answer answer_to(Bench& bench, const std::string& interface_id, const std::string& config)
{
    testing::FakeHost host;
    if (interface_id != JF_IDENTITY_INTERFACE)
        host.provide(JF_IDENTITY_INTERFACE, bench.identity(0));
    int untouched = 0;
    void* self = &untouched;
    Answer answer;
    const jf_factory& factory = bench.factory(interface_id);
    doing("create of " + interface_id);
    answer.status = factory.create(host.raw(), to_text(config), &self, &answer.error);
    doing("");
    answer.self_changed = self != &untouched;
    if (answer.status == JF_OK) {
        require(answer.self_changed && self != nullptr, "create answers JF_OK and makes no instance");
        host.close_gate();
        doing("destroy of " + interface_id);
        factory.destroy(self);
        doing("");
    }
    return answer;
}

/// What is no configuration of any plugin: not JSON, more than JSON, or JSON of which nothing has a name.
const std::string kNoConfigurations[] = {"", "{", "{\"a\": }", "{} {}", "null", "true", "7", "\"text\"", "[]", "[{}]"};

/// For each property of the schema beside the library, the usual configuration with a value of another type there.
std::vector<std::string> configs_of_wrong_types(Bench& bench)
{
    std::vector<std::string> configs;
    const nlohmann::json usual = nlohmann::json::parse(bench.config(0));
    const nlohmann::json properties = bench.schema().value("properties", nlohmann::json::object());
    for (const auto& [name, described] : properties.items()) {
        for (const nlohmann::json& value :
             {nlohmann::json(true), nlohmann::json("/no/such/folder/x"), nlohmann::json(-1.5),
              nlohmann::json::array({nullptr}), nlohmann::json{{"x", nullptr}}}) {
            nlohmann::json changed = usual;
            changed[name] = value;
            configs.push_back(changed.dump());
        }
    }
    return configs;
}

void require_refusal(const Answer& answer, const std::string& config)
{
    require_status(answer.status, JF_BAD_CONFIG, "create with '" + config + "'", &answer.error);
    require(!answer.self_changed, "create failed with '" + config + "' and changed *self");
    const std::string text(answer.error.text);
    require((text.starts_with("/") || text.starts_with(": ")) && text.find(':') != std::string::npos,
            "the error does not begin with the place of the value: \"" + text + "\"");
    require(text.size() > text.find(':') + 10, "the error does not say what would work: \"" + text + "\"");
}

void refuses_bad_configurations(Bench& bench)
{
    std::vector<std::string> configs(std::begin(kNoConfigurations), std::end(kNoConfigurations));
    std::ranges::copy(bench.refused_configs(), std::back_inserter(configs));
    for_each_factory(bench, [&](const std::string& interface_id) {
        for (const auto& config : configs)
            require_refusal(answer_to(bench, interface_id, config), config);
    });
}

void throws_nothing(Bench& bench)
{
    std::vector<std::string> configs = bench.refused_configs();
    configs.push_back(bench.config(0));
    std::ranges::copy(kNoConfigurations, std::back_inserter(configs));
    std::ranges::copy(configs_of_wrong_types(bench), std::back_inserter(configs));
    for_each_factory(bench, [&](const std::string& interface_id) {
        for (const auto& config : configs) {
            const Answer answer = answer_to(bench, interface_id, config);
            require(answer.status <= JF_OK && answer.status >= JF_INTERNAL,
                    "create answers " + std::to_string(answer.status) + ", which is no status");
            if (answer.status == JF_OK)
                continue;
            require(std::memchr(answer.error.text, 0, sizeof(answer.error.text)) != nullptr,
                    "the error is not terminated");
            require(answer.error.text[0] != '\0', "create fails without a word, given '" + config + "'");
        }
    });
}

std::size_t entries(const char* folder)
{
    std::error_code error;
    const std::filesystem::directory_iterator all(folder, error);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void gives_everything_back(Bench& bench)
{
    std::vector<Life*> gone;
    const auto come_and_go = [&] {
        for_each_factory(bench, [&](const std::string& interface_id) {
            gone.push_back(&bench.make(interface_id));
            gone.back()->host().run_pending();
            gone.back()->destroy();
        });
    };
    come_and_go(); // whatever libraries start once and keep
    const std::size_t threads = entries("/proc/self/task");
    const std::size_t descriptors = entries("/proc/self/fd");
    for (int i = 0; i < 3; ++i)
        come_and_go();
    const bool joined = bench.until([&] { return entries("/proc/self/task") <= threads; }, std::chrono::seconds(2));
    require(std::ranges::none_of(gone, &Life::host_used_late), "the host was used after destroy had returned");
    require(joined, "three more instances left " + std::to_string(entries("/proc/self/task") - threads) +
                        " more threads running");
    require(entries("/proc/self/fd") <= descriptors, "three more instances left descriptors open");
}

/// No task of the host runs meanwhile: whoever waits for one waits for ever.
void returns_soon(Bench& bench)
{
    for_each_factory(bench, [&](const std::string& interface_id) { bench.make(interface_id).destroy(); });
}

void leaves_the_process_alone(Bench& bench)
{
    for_each_factory(bench, [&](const std::string& interface_id) {
        Life& life = bench.make(interface_id);
        life.host().run_pending();
        life.destroy();
    });
    bench.until([] { return false; }, std::chrono::milliseconds(20)); // what its threads do yet
} // the rest looks at the process (process_watch.hpp)

/// What other tests make an instance do is looked at there, after each.
void names_its_services(Bench& bench)
{
    for_each_factory(bench, [&](const std::string& interface_id) { bench.make(interface_id).host().run_pending(); });
}

} // namespace
} // namespace every_plugin

nlohmann::json manifest_beside(const std::string& library)
{
    try {
        Request request;
        request.plugin = library;
        return Bench(request).manifest();
    } catch (const std::exception&) {
        return nlohmann::json::object(); // the test of the manifest says so
    }
}

void add_general_tests(TestList& list)
{
    using namespace every_plugin;
    list.push_back({"JF-GEN-01", "", "The entry of the library is whole", entry_is_whole});
    list.push_back({"JF-GEN-02", "", "The manifest agrees with the library", manifest_agrees});
    list.push_back({"JF-GEN-03", "", "A bad configuration is refused with its place", refuses_bad_configurations});
    list.push_back({"JF-GEN-04", "", "No exception comes out of create, and no failure without words", throws_nothing});
    list.push_back({"JF-GEN-05", "", "An instance gives back all that it took", gives_everything_back});
    list.push_back({"JF-GEN-13", "", "The process stays as it was", leaves_the_process_alone});
    list.push_back({"JF-GEN-16", "", "Services that are asked for stand in the manifest", names_its_services});
    list.push_back({"JF-GEN-14", "", "create and destroy return while nothing else runs", returns_soon});
}

} // namespace jackfield::conformance
