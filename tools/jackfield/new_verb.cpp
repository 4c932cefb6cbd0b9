// jackfield new: a folder with a plugin that builds, passes its tests and takes part in a call before a line is
// changed.
//
// Threads: the main thread.

#include "kernel/config/nearest.hpp"
#include "kernel/config/slots.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/templates.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>

namespace jackfield::program {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kMostNameBytes = 64; // as manifests have it

/// Empty if there is none of that path.
std::string_view template_text(const std::string& path)
{
    for (const auto& file : template_files()) {
        if (file.path == path)
            return file.text;
    }
    return {};
}

/// The slots that have a template, in the order of the life of a call.
std::vector<std::string_view> slots_with_template()
{
    std::vector<std::string_view> slots;
    for (const auto& slot : kernel::all_slots()) {
        if (!template_text(fmt::format("{}/template.json", slot.name)).empty())
            slots.push_back(slot.name);
    }
    return slots;
}

const kernel::Slot& slot_of(const std::string& name)
{
    const auto there = slots_with_template();
    const auto* const slot = kernel::find_slot(name);
    if (slot != nullptr && std::ranges::find(there, name) != there.end())
        return *slot;
    const auto known = fmt::format("there are templates for {}", fmt::join(there, ", "));
    if (slot != nullptr)
        throw UsageError(
            fmt::format("there is no template for the slot {} yet; {}; the header <jackfield/{}.hpp> says what "
                        "such a plugin is made of",
                        name, known, name));
    throw UsageError(fmt::format("there is no slot \"{}\"{}; {}", name, kernel::did_you_mean(name, there), known));
}

void check_name(const std::string& name)
{
    const bool fits = !name.empty() && name.size() <= kMostNameBytes && name.front() >= 'a' && name.front() <= 'z' &&
                      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!fits)
        throw UsageError(
            fmt::format("\"{}\" cannot be the name of a plugin: a small letter, then small letters, digits and "
                        "-, at most {}; \"path-mine\" would work",
                        name, kMostNameBytes));
}

/// Each @WORD@ that is known; others are left to CMake.
std::string filled(std::string_view text, const std::map<std::string, std::string>& words)
{
    std::string result(text);
    for (const auto& [word, value] : words) {
        const std::string mark = "@" + word + "@";
        for (auto at = result.find(mark); at != std::string::npos; at = result.find(mark, at + value.size()))
            result.replace(at, mark.size(), value);
    }
    return result;
}

/// A configuration for both ends of a call, with the new plugin in its slot.
Json call_config(const kernel::Slot& slot, const std::string& id, const Json& about)
{
    Json config = Json::parse(template_text("common/call.json"));
    Json use{{"use", id}};
    use.update(about.value("use", Json::object()));
    use["config"] = about.value("config", Json::object());
    Json& there = config["slots"][std::string(slot.name)];
    there = slot.list ? Json::array({use}) : use;
    for (const auto& other : about.value("beside", Json::array()))
        there.push_back(other);
    config["call"].update(about.value("call", Json::object()));
    return config;
}

std::map<std::string, std::string> files_of(const kernel::Slot& slot, const std::string& id)
{
    const auto text = [&](const char* file) { return template_text(fmt::format("{}/{}", slot.name, file)); };
    const std::map<std::string, std::string> name{{"ID", id}};
    const Json about = Json::parse(filled(text("template.json"), name));
    std::string traits;
    for (const auto& trait : about.value("traits", Json::array()))
        traits += "\n    " + trait.get<std::string>();
    std::string packages;
    for (const auto& package : about.value("packages", Json::array()))
        packages += "\nfind_package(" + package.get<std::string>() + " REQUIRED)";
    std::string libraries;
    for (const auto& library : about.value("libraries", Json::array()))
        libraries += " " + library.get<std::string>();
    const std::string version = JACKFIELD_VERSION;
    const std::map<std::string, std::string> words{{"ID", id},
                                                   {"SLOT", std::string(slot.name)},
                                                   {"INTERFACE", std::string(slot.interface_id)},
                                                   {"SUMMARY", about.at("summary").get<std::string>()},
                                                   {"TEACHES", about.at("teaches").get<std::string>()},
                                                   {"TRAITS", traits},
                                                   {"PACKAGES", packages},
                                                   {"LIBRARIES", libraries},
                                                   {"RELEASE", version.substr(0, version.rfind('.'))}};
    return {{"CMakeLists.txt", filled(template_text("common/CMakeLists.txt.in"), words)},
            {"README.md", filled(template_text("common/README.md.in"), words)},
            {"call.sh", std::string(template_text("common/call.sh"))},
            {"call.json.in", call_config(slot, id, about).dump(2) + "\n"},
            {"environment.json", about.at("environment").dump(2) + "\n"},
            {id + ".cpp", filled(text("plugin.cpp"), words)},
            {id + ".schema.json", std::string(text("schema.json"))}};
}

void write_folder(const fs::path& folder, const std::map<std::string, std::string>& files)
{
    std::error_code failed;
    if (fs::exists(folder, failed) && !(fs::is_directory(folder, failed) && fs::is_empty(folder, failed)))
        throw Stop(kMedia, fmt::format("{}: is there already, and something is in it; --folder names another place",
                                       folder.string()));
    fs::create_directories(folder, failed);
    if (failed)
        throw Stop(kMedia, fmt::format("{}: cannot be made: {}", folder.string(), failed.message()));
    for (const auto& [name, text] : files) {
        std::ofstream file(folder / name);
        file << text << std::flush;
        if (!file)
            throw Stop(kMedia, fmt::format("{}: cannot be written", (folder / name).string()));
    }
    fs::permissions(folder / "call.sh", fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add, failed);
}

int run_new(const Arguments& arguments)
{
    const auto& slot = slot_of(arguments.rest().at(0));
    const auto& name = arguments.rest().at(1);
    check_name(name);
    const fs::path folder = arguments.get("folder", name);
    write_folder(folder, files_of(slot, name));
    put(stdout, fmt::format("{}: a plugin for the slot {}; its README.md says what lies there. Next:\n\n"
                            "  cd {}\n"
                            "  cmake -B build && cmake --build build && ctest --test-dir build\n",
                            printable(folder.string()), slot.name, printable(folder.string())));
    return kOk;
}

} // namespace

std::string template_slots(std::string_view between)
{
    return fmt::format("{}", fmt::join(slots_with_template(), between));
}

Verb new_verb()
{
    return {{"new",
             "SLOT NAME",
             "Makes a folder with a plugin for a slot, which builds, passes its tests and takes part in a call before "
             "a line "
             "is changed: " +
                 template_slots(", ") + ".",
             {{"folder", "DIR", "where it goes (default: NAME, here); it must be empty or not there"}},
             2,
             2},
            &run_new};
}

} // namespace jackfield::program
