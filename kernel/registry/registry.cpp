// Scanning, look-up, loading. See registry.hpp.

#include "kernel/registry/registry.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/registry/entry_check.hpp"
#include "kernel/registry/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMaxManifestsPerFolder = 1000;
constexpr std::string_view kManifestSuffix = ".plugin.json";

struct Retired {
    const char* id;
    const char* replacement;
};

/// Plugins that once were part of Jackfield, for whoever still names them. None so far.
constexpr std::array<Retired, 0> kRetired{};

} // namespace

const jf_factory* LoadedPlugin::factory(std::string_view interface_id) const
{
    for (const jf_factory* factory : std::span(entry_->factories, entry_->factory_count)) {
        if (view_of(factory->interface_id) == interface_id)
            return factory;
    }
    return nullptr;
}

Registry::Registry()
{
    for (const auto& [id, replacement] : kRetired)
        retire(id, replacement);
}

Registry Registry::scan(std::span<const std::filesystem::path> folders, std::shared_ptr<LoadGuard> guard)
{
    Registry registry;
    registry.guard_ = std::move(guard);
    for (const auto& folder : folders)
        registry.scan_folder(folder);
    return registry;
}

void Registry::scan_folder(const std::filesystem::path& folder)
{
    searched_.push_back({folder.has_filename() ? folder : folder.parent_path(), 0, {}}); // "plugins/" is "plugins"
    auto& searched = searched_.back();
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator at(searched.path, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().filename().string().ends_with(kManifestSuffix))
            files.push_back(at->path());
    }
    if (failed)
        searched.problem = failed == std::errc::no_such_file_or_directory ? "no such folder" : failed.message();
    searched.manifests = files.size();
    std::sort(files.begin(), files.end()); // so that the same folder always gives the same answer
    if (files.size() > kMaxManifestsPerFolder) {
        searched.problem = fmt::format("only the first {} are read", kMaxManifestsPerFolder);
        files.resize(kMaxManifestsPerFolder);
    }
    for (const auto& file : files)
        scan_manifest(file);
}

void Registry::scan_manifest(const std::filesystem::path& file)
{
    auto manifest = read_manifest(file);
    if (!manifest) {
        skipped_.push_back({file, manifest.error().text});
        return;
    }
    if (const auto* const earlier = find(manifest->id)) {
        skipped_.push_back({file, fmt::format("{} was already found as {}", manifest->id, earlier->path.string())});
        return;
    }
    if (const auto problem = guard_ ? guard_->remembered_problem(manifest->library_path()) : std::nullopt) {
        skipped_.push_back({file, *problem});
        return;
    }
    auto id = manifest->id;
    known_.emplace(std::move(id), Known{std::move(*manifest), nullptr, std::nullopt});
}

void Registry::add(Manifest manifest, const jf_entry* entry)
{
    auto id = manifest.id;
    known_.insert_or_assign(std::move(id), Known{std::move(manifest), entry, std::nullopt});
}

void Registry::retire(std::string id, std::string replacement)
{
    retired_.insert_or_assign(std::move(id), std::move(replacement));
}

const Manifest* Registry::find(std::string_view id) const
{
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : &found->second.manifest;
}

std::vector<const Manifest*> Registry::all() const
{
    std::vector<const Manifest*> manifests;
    for (const auto& [id, known] : known_)
        manifests.push_back(&known.manifest);
    return manifests;
}

std::vector<const Manifest*> Registry::available(std::string_view interface_id) const
{
    auto manifests = all();
    std::erase_if(manifests, [&](const Manifest* manifest) { return !manifest->implements(interface_id); });
    return manifests;
}

std::string_view Registry::replacement(std::string_view retired_id) const
{
    const auto found = retired_.find(retired_id);
    return found == retired_.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<Error> Registry::refusal(const Manifest& manifest)
{
    auto refused = guard_ ? guard_->refusal(manifest.library_path()) : std::nullopt;
    if (refused)
        refused->text = fmt::format("{}: {}", manifest.library_path().string(), refused->text);
    return refused;
}

std::expected<const LoadedPlugin*, Error> Registry::load(std::string_view id)
{
    const auto found = known_.find(id);
    if (found == known_.end())
        return std::unexpected(Error{JF_NOT_FOUND, fmt::format("no plugin \"{}\"", id)});
    auto& known = found->second;
    if (known.loaded)
        return &*known.loaded;

    const auto place = known.manifest.path.empty() ? known.manifest.id : known.manifest.library_path().string();
    if (known.entry == nullptr) {
        if (auto refused = refusal(known.manifest))
            return std::unexpected(std::move(*refused));
        const auto opened = open_library(known.manifest.library_path());
        if (!opened)
            return std::unexpected(Error{opened.error().status, fmt::format("{}: {}", place, opened.error().text)});
        known.entry = *opened;
    }
    if (const auto problem = entry_problem(*known.entry, known.manifest); !problem.empty())
        return std::unexpected(Error{JF_REFUSED, fmt::format("{}: {}", place, problem)});
    return &known.loaded.emplace(known.manifest, *known.entry);
}

} // namespace jackfield::kernel
