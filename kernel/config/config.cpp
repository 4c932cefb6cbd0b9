// The shape of the configuration file. See config.hpp.

#include "kernel/config/config.hpp"

#include "kernel/config/object_reader.hpp"
#include "kernel/isolate/isolate.hpp"
#include "kernel/registry/json_text.hpp"

#include <jackfield/abi/host.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.size_bytes = 1024 * 1024, .depth = 32};
constexpr std::size_t kMaxPluginFolders = 16;
constexpr std::size_t kMaxPluginsPerSlot = 16;
constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxAllowed = 1000;
constexpr std::size_t kSha256Digits = 64;

constexpr std::string_view kTopKeys[] = {"jackfield", "plugin_path", "plugins", "slots", "call", "link",
                                         "files",     "contacts",    "profile", "texts", "log"};
constexpr std::string_view kPluginsKeys[] = {"allow", "probe"};
constexpr std::string_view kChoiceKeys[] = {"use", "config", "optional", "isolate"};
constexpr std::string_view kDecoratorKeys[] = {"use", "at", "config", "optional", "isolate"};
constexpr std::string_view kTransportKeys[] = {"use", "over", "kinds", "config", "optional", "isolate"};
constexpr std::string_view kCallKeys[] = {"control_policy",
                                          "tcp_grace_ms",
                                          "ring_timeout_s",
                                          "connect_timeout_s",
                                          "bundle",
                                          "allow_unproven_peer",
                                          "display_name",
                                          "calls_from",
                                          "contact_requests",
                                          "send",
                                          "play"};
constexpr std::string_view kLinkKeys[] = {"idle_timeout_s", "ping_interval_s"};
constexpr std::string_view kFileKeys[] = {"folder", "from", "quota_mib", "file_mib"};
constexpr std::string_view kProfileKeys[] = {"name", "card"};
constexpr std::string_view kTextKeys[] = {"file", "max_mib", "per_second", "burst"};
constexpr std::string_view kLogKeys[] = {"level"};

// In the order of the enums and of JF_LOG_DEBUG and the others.
constexpr std::string_view kPolicies[] = {"tcp-preferred", "race", "tcp-only", "udp-only"};
constexpr std::string_view kBundles[] = {"auto", "never"};
constexpr std::string_view kCallers[] = {"anyone", "contacts"};
constexpr std::string_view kAskers[] = {"anyone", "nobody"};
constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
static_assert(JF_LOG_DEBUG == 0 && JF_LOG_ERROR == 3);

void read_version(const ObjectReader& top)
{
    const auto* const version = top.member("jackfield");
    if (version == nullptr)
        Report(top.file(), top.place("jackfield"), "missing; a configuration says \"jackfield\": 1").raise();
    if (*version != 1)
        top.refuse("jackfield", "1, the only version there is", *version);
}

/// Relative folders belong to the file, wherever the program was started.
std::filesystem::path beside_file(const Config& config, const std::string& path)
{
    if (config.folder.empty())
        return path;
    return (config.folder / path).lexically_normal();
}

/// ~/.. is in the home of whoever runs the program.
std::filesystem::path home_or_beside_file(const Config& config, const std::string& pointer, const std::string& path)
{
    if (!path.starts_with("~/"))
        return beside_file(config, path);
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
        Report(config.name, pointer, "~ stands for the HOME of the environment, which is not set").raise();
    return std::filesystem::path(home) / path.substr(2);
}

void read_plugin_path(Config& config, const ObjectReader& top)
{
    const auto* const list = top.member("plugin_path");
    if (list == nullptr) {
        config.plugin_path = default_plugin_path();
        return;
    }
    if (!list->is_array() || list->size() > kMaxPluginFolders)
        top.refuse("plugin_path", fmt::format("a list of at most {} folders", kMaxPluginFolders), *list);
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto& folder = (*list)[i];
        if (!folder.is_string() || folder == "" || folder.get_ref<const std::string&>().size() > kMaxPathBytes)
            Report(config.name, at("/plugin_path", i), fmt::format("expected a folder, found {}", shown(folder)))
                .raise();
        config.plugin_path.push_back(beside_file(config, folder.get<std::string>()));
    }
}

bool is_sha256(const json& text)
{
    return text.is_string() && text.get_ref<const std::string&>().size() == kSha256Digits &&
           text.get_ref<const std::string&>().find_first_not_of("0123456789abcdef") == std::string::npos;
}

void read_plugins(PluginSettings& plugins, const Config& config, const json& text)
{
    const ObjectReader reader(text, "/plugins", config.name, kPluginsKeys);
    plugins.probe = reader.flag("probe", true);
    const auto* const allow = reader.member("allow");
    if (allow == nullptr)
        return;
    if (!allow->is_array() || allow->empty() || allow->size() > kMaxAllowed)
        reader.refuse("allow", fmt::format("a list of 1 to {} SHA-256 sums", kMaxAllowed), *allow);
    for (std::size_t i = 0; i < allow->size(); ++i) {
        if (!is_sha256((*allow)[i]))
            Report(config.name, at("/plugins/allow", i),
                   fmt::format("expected the 64 lower-case hexadecimal digits that sha256sum prints, found {}",
                               shown((*allow)[i])))
                .raise();
        plugins.allowed.push_back((*allow)[i]);
    }
}

/// One of the words, or a list of them, each once: their places among the words.
std::vector<std::size_t> read_words(const ObjectReader& reader, const char* key, const json& value,
                                    std::span<const std::string_view> words)
{
    const auto expected = fmt::format("one of {}, or a list of them, each once", fmt::join(words, ", "));
    const json list = value.is_array() ? value : json::array({value});
    std::vector<std::size_t> places;
    for (const auto& name : list) {
        const auto found = std::ranges::find_if(words, [&](std::string_view word) { return name == word; });
        const auto place = static_cast<std::size_t>(found - words.begin());
        if (found == words.end() || std::ranges::find(places, place) != places.end())
            reader.refuse(key, expected, value);
        places.push_back(place);
    }
    if (places.empty())
        reader.refuse(key, expected, value);
    return places;
}

/// "at" of a path decorator.
std::vector<Seam> read_seams(const ObjectReader& reader)
{
    const auto* const at = reader.member("at");
    if (at == nullptr)
        Report(reader.file(), reader.place("at"),
               fmt::format("missing; expected one of {}, or a list of them, each once", fmt::join(kSeams, ", ")))
            .raise();
    std::vector<Seam> seams;
    for (const std::size_t place : read_words(reader, "at", *at, kSeams))
        seams.push_back(static_cast<Seam>(place));
    return seams;
}

/// "over" and "kinds" of a media transport.
Carriage read_carriage(const ObjectReader& reader)
{
    Carriage carriage;
    carriage.over = static_cast<Over>(reader.choice("over", 0, kOvers));
    if (const auto* const kinds = reader.member("kinds")) {
        const auto places = read_words(reader, "kinds", *kinds, kKinds);
        carriage.audio = std::ranges::find(places, std::size_t{0}) != places.end();
        carriage.video = std::ranges::find(places, std::size_t{1}) != places.end();
    }
    return carriage;
}

/// What may stand beside the name of a plugin of that slot.
std::span<const std::string_view> keys_of(const Slot& slot)
{
    if (slot.name == kDecoratorSlot)
        return kDecoratorKeys;
    return slot.name == kTransportSlot ? std::span<const std::string_view>(kTransportKeys) : kChoiceKeys;
}

/// "path_decorator, codec, audio_stage"
std::string isolable_slots()
{
    std::vector<std::string_view> names;
    for (const auto& slot : all_slots()) {
        if (isolate::can_isolate(slot.interface_id))
            names.push_back(slot.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

Choice read_choice(const Config& config, const Slot& slot, const json& text, std::string pointer)
{
    const ObjectReader reader(text, pointer, config.name, keys_of(slot));
    Choice choice;
    choice.slot = &slot;
    choice.pointer = std::move(pointer);
    if (reader.member("use") == nullptr)
        Report(config.name, reader.place("use"), "missing; it names the plugin").raise();
    choice.use = reader.text("use", "", 64);
    if (slot.name == kDecoratorSlot)
        choice.seams = read_seams(reader);
    if (slot.name == kTransportSlot)
        choice.carriage = read_carriage(reader);
    choice.optional = reader.flag("optional", false);
    choice.isolate = reader.flag("isolate", false);
    if (choice.isolate && !isolate::can_isolate(slot.interface_id))
        Report(config.name, reader.place("isolate"),
               fmt::format("plugins of the slot {} run in Jackfield's own process only; those of {} can be isolated",
                           slot.name, isolable_slots()))
            .raise();
    if (const auto* const options = reader.member("config")) {
        if (!options->is_object())
            reader.refuse("config", "an object", *options);
        choice.config_json = options->dump();
    }
    return choice;
}

void read_slot(Config& config, const Slot& slot, const json& text)
{
    const auto pointer = at("/slots", slot.name);
    if (!text.is_array()) {
        config.choices.push_back(read_choice(config, slot, text, pointer));
        return;
    }
    if (!slot.list)
        Report(config.name, pointer, "expected one object, found a list; only one plugin can fill this slot").raise();
    if (text.empty() || text.size() > kMaxPluginsPerSlot)
        Report(config.name, pointer, fmt::format("expected 1 to {} plugins, found {}", kMaxPluginsPerSlot, text.size()))
            .raise();
    for (std::size_t i = 0; i < text.size(); ++i)
        config.choices.push_back(read_choice(config, slot, text[i], at(pointer, i)));
}

void read_slots(Config& config, const ObjectReader& top)
{
    const auto* const text = top.member("slots");
    if (text == nullptr)
        Report(config.name, top.place("slots"), "missing; it says which plugin does which step").raise();
    std::vector<std::string_view> names;
    for (const auto& slot : all_slots())
        names.push_back(slot.name);
    const ObjectReader slots(*text, top.place("slots"), config.name, names, "slot");
    for (const auto& slot : all_slots()) {
        if (const auto* const filled = slots.member(slot.name))
            read_slot(config, slot, *filled);
    }
}

void read_call(CallSettings& call, const Config& config, const json& text)
{
    const ObjectReader reader(text, "/call", config.name, kCallKeys);
    call.control_policy = static_cast<ControlPolicy>(reader.choice("control_policy", 0, kPolicies));
    call.tcp_grace = std::chrono::milliseconds(reader.integer("tcp_grace_ms", call.tcp_grace.count(), 0, 10'000));
    call.ring_timeout = std::chrono::seconds(reader.integer("ring_timeout_s", call.ring_timeout.count(), 1, 600));
    call.connect_timeout =
        std::chrono::seconds(reader.integer("connect_timeout_s", call.connect_timeout.count(), 1, 300));
    call.bundle = static_cast<Bundle>(reader.choice("bundle", 0, kBundles));
    call.allow_unproven_peer = reader.flag("allow_unproven_peer", false);
    call.display_name = reader.text("display_name", "", 128);
    call.send = reader.text("send", "", kMaxPathBytes);
    call.play = reader.text("play", "", kMaxPathBytes);
    call.calls_from = static_cast<CallsFrom>(reader.choice("calls_from", 0, kCallers));
    call.contact_requests = static_cast<ContactRequestsFrom>(reader.choice("contact_requests", 0, kAskers));
    if (call.calls_from == CallsFrom::kContacts && config.contacts.empty())
        Report(config.name, reader.place("calls_from"),
               "\"contacts\", and there is no list of them; \"contacts\": \"contacts.json\" at the top names one")
            .raise();
}

void read_link(LinkSettings& link, const Config& config, const json& text)
{
    const ObjectReader reader(text, "/link", config.name, kLinkKeys);
    link.idle_timeout = std::chrono::seconds(reader.integer("idle_timeout_s", link.idle_timeout.count(), 1, 86'400));
    link.ping_interval = std::chrono::seconds(reader.integer("ping_interval_s", link.ping_interval.count(), 1, 3600));
}

/// Needs to know whether there are contacts.
void read_files(FileSettings& files, const Config& config, const json& text)
{
    const ObjectReader reader(text, "/files", config.name, kFileKeys);
    const auto folder = reader.text("folder", "", kMaxPathBytes);
    if (folder.empty())
        Report(config.name, reader.place("folder"), "missing; it names the folder that files of peers are put into")
            .raise();
    const auto mib = [&](const char* key, std::uint64_t otherwise) {
        return static_cast<std::uint64_t>(reader.integer(key, static_cast<std::int64_t>(otherwise >> 20), 1, 1 << 30))
               << 20;
    };
    files.download.folder = home_or_beside_file(config, reader.place("folder"), folder);
    files.download.quota_bytes = mib("quota_mib", files.download.quota_bytes);
    files.download.file_bytes = mib("file_mib", files.download.file_bytes);
    files.from = static_cast<CallsFrom>(reader.choice("from", static_cast<std::size_t>(files.from), kCallers));
    if (files.from == CallsFrom::kContacts && config.contacts.empty())
        Report(config.name, reader.place("from"),
               "\"contacts\" (the default), and there is no list of them; \"contacts\": \"contacts.json\" at the top "
               "names "
               "one, \"from\": \"anyone\" takes files of everybody")
            .raise();
}

void read_contacts(Config& config, const ObjectReader& top)
{
    if (top.member("contacts") == nullptr)
        return;
    const auto file = top.text("contacts", "", kMaxPathBytes);
    if (file.empty())
        Report(config.name, top.place("contacts"), "expected the name of a file, found \"\"").raise();
    config.contacts = beside_file(config, file);
}

/// Needs to know whether there are contacts, whose cards are taken, and what callers are told to call us.
void read_profile(Config& config, const ObjectReader& top)
{
    const auto* const text = top.member("profile");
    if (text != nullptr || !config.contacts.empty())
        config.profile.folder = beside_file(config, std::filesystem::path(config.name).stem().string() + ".cards");
    if (text == nullptr)
        return;
    const ObjectReader reader(*text, "/profile", config.name, kProfileKeys);
    config.profile.name = reader.text("name", "", Contacts::kMaxNameBytes);
    const auto card = reader.text("card", "", kMaxPathBytes);
    if (config.profile.name.empty() == card.empty())
        Report(config.name, "/profile", "expected \"name\" or \"card\", one of the two and not empty").raise();
    if (!card.empty())
        config.profile.card = home_or_beside_file(config, reader.place("card"), card);
    if (config.call.display_name.empty())
        config.call.display_name = config.profile.name;
}

/// Without a name the database stands beside the configuration: alice.json has alice.texts.sqlite.
void read_texts(Config& config, const json& text)
{
    const ObjectReader reader(text, "/texts", config.name, kTextKeys);
    const auto stem = std::filesystem::path(config.name).stem().string();
    const auto file = reader.text("file", stem + ".texts.sqlite", kMaxPathBytes);
    if (file.empty())
        Report(config.name, reader.place("file"), "expected the name of a file, found \"\"").raise();
    config.texts.file = beside_file(config, file);
    config.texts.max_mib = reader.integer("max_mib", config.texts.max_mib, 1, 1024 * 1024);
    config.texts.per_second = static_cast<int>(reader.integer("per_second", config.texts.per_second, 1, 100'000));
    config.texts.burst = static_cast<int>(reader.integer("burst", config.texts.burst, 1, 100'000));
}

Config read(const json& text, const std::string& name, const std::filesystem::path& folder)
{
    Config config;
    config.name = name;
    config.folder = folder;
    const ObjectReader top(text, "", config.name, kTopKeys);
    read_version(top);
    read_plugin_path(config, top);
    if (const auto* const plugins = top.member("plugins"))
        read_plugins(config.plugins, config, *plugins);
    read_slots(config, top);
    read_contacts(config, top);
    if (const auto* const call = top.member("call"))
        read_call(config.call, config, *call);
    read_profile(config, top);
    if (const auto* const link = top.member("link"))
        read_link(config.link, config, *link);
    if (const auto* const files = top.member("files"))
        read_files(config.files, config, *files);
    if (const auto* const texts = top.member("texts"))
        read_texts(config, *texts);
    if (const auto* const log = top.member("log")) {
        const ObjectReader reader(*log, "/log", config.name, kLogKeys);
        config.log_level = static_cast<std::int32_t>(reader.choice("level", JF_LOG_INFO, kLevels));
    }
    return config;
}

} // namespace

std::expected<Config, Error> load_config(const std::filesystem::path& path)
{
    const auto text = read_text_file(path, kLimits.size_bytes);
    if (!text) {
        std::error_code ignored;
        return std::unexpected(Report(path.string(), "", text.error().text)
                                   .line("searched", std::filesystem::absolute(path, ignored).string())
                                   .error(text.error().status));
    }
    return parse_config(*text, path.string(), path.parent_path());
}

std::expected<Config, Error> parse_config(std::string_view text, const std::string& name,
                                          const std::filesystem::path& folder)
{
    const auto parsed = parse_json(text, kLimits);
    if (!parsed)
        return std::unexpected(Report(name, "", parsed.error().text).error());
    try {
        return read(*parsed, name, folder);
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::vector<std::filesystem::path> default_plugin_path()
{
    std::error_code failed;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (failed)
        return {JACKFIELD_INSTALLED_PLUGINS};
    const auto above = program.parent_path().parent_path();
    const auto installed = (above / JACKFIELD_PLUGINS_FROM_PREFIX).lexically_normal();
    if (std::filesystem::is_directory(installed, failed))
        return {installed}; // nothing else is ours under a prefix
    return {above / "plugins", installed};
}

std::string_view word(ControlPolicy policy)
{
    return kPolicies[static_cast<std::size_t>(policy)];
}

std::string_view word(Bundle bundle)
{
    return kBundles[static_cast<std::size_t>(bundle)];
}

std::string_view word(CallsFrom calls_from)
{
    return kCallers[static_cast<std::size_t>(calls_from)];
}

std::string_view word(ContactRequestsFrom contact_requests)
{
    return kAskers[static_cast<std::size_t>(contact_requests)];
}

} // namespace jackfield::kernel
