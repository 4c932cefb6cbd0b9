// Knows which plugins there are, without opening any; opens the ones that are asked for, and checks them.
//
// Threads:  the control thread (or the main thread before there is one). Manifests may be read anywhere meanwhile.
// Lifetime: manifests and loaded plugins stay where they are as long as the registry; libraries as long as the process.

#pragma once

#include "kernel/error.hpp"
#include "kernel/registry/load_guard.hpp"
#include "kernel/registry/manifest.hpp"

#include <jackfield/abi/entry.h>

#include <cstddef>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

/// A library that passed every check of entry_check.hpp.
class LoadedPlugin {
public:
    LoadedPlugin(const Manifest& manifest, const jf_entry& entry) : manifest_(&manifest), entry_(&entry) {}

    const Manifest& manifest() const { return *manifest_; }

    /// nullptr if the plugin does not implement the interface.
    const jf_factory* factory(std::string_view interface_id) const;

private:
    const Manifest* manifest_; // the registry's
    const jf_entry* entry_;    // the library's
};

/// A manifest that was found and cannot be used.
struct Skipped {
    std::filesystem::path file;
    std::string reason;
};

/// A folder of the plugin path, as it was given.
struct SearchedFolder {
    std::filesystem::path path;
    std::size_t manifests = 0; // found there, skipped ones included
    std::string problem;       // "no such folder", or empty
};

class Registry {
public:
    Registry();

    /// Reads every *.plugin.json of the folders, in their order; of two with the same id the first counts.
    /// What the guard remembers as unfit is skipped; whatever is loaded is looked at by it first.
    static Registry scan(std::span<const std::filesystem::path> folders, std::shared_ptr<LoadGuard> guard = nullptr);

    /// A plugin that is part of the program, or of a test. Checked like any other when it is loaded; entry outlives us.
    void add(Manifest manifest, const jf_entry* entry);

    /// Says what replaced a plugin that is no more, in the words that follow "use".
    void retire(std::string id, std::string replacement);

    const Manifest* find(std::string_view id) const;
    std::vector<const Manifest*> all() const;                                    // by id
    std::vector<const Manifest*> available(std::string_view interface_id) const; // by id
    const std::vector<Skipped>& skipped() const { return skipped_; }
    const std::vector<SearchedFolder>& searched() const { return searched_; }

    /// Empty if no such plugin was ever retired.
    std::string_view replacement(std::string_view retired_id) const;

    /// Why the guard does not let the library be opened, here or in another process; the text starts with its path.
    std::optional<Error> refusal(const Manifest& manifest);

    /// Opens the library the first time; afterwards the same object again. The text starts with the library's path.
    std::expected<const LoadedPlugin*, Error> load(std::string_view id);

private:
    struct Known {
        Manifest manifest;
        const jf_entry* entry = nullptr; // handed in, or found in the library
        std::optional<LoadedPlugin> loaded;
    };

    void scan_folder(const std::filesystem::path& folder);
    void scan_manifest(const std::filesystem::path& file);

    std::map<std::string, Known, std::less<>> known_; // its nodes never move
    std::map<std::string, std::string, std::less<>> retired_;
    std::vector<Skipped> skipped_;
    std::vector<SearchedFolder> searched_;
    std::shared_ptr<LoadGuard> guard_; // may be null
};

} // namespace jackfield::kernel
