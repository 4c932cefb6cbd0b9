// Before a library is loaded. See load_guard.hpp.

#include "kernel/registry/load_guard.hpp"

#include "kernel/files/sha256.hpp"
#include "kernel/registry/probe.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

namespace jackfield::kernel {

namespace {

/// Empty if it cannot be read, which the loader will say.
std::string sha256_of(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    Sha256 hash;
    std::array<char, 65536> part;
    while (stream.read(part.data(), part.size()), stream.gcount() > 0)
        hash.update({reinterpret_cast<const std::uint8_t*>(part.data()), static_cast<std::size_t>(stream.gcount())});
    return stream.bad() || !stream.eof() ? std::string() : hash.hex();
}

/// Who can write to a library, or put another in its place, can do whatever we can.
std::string permission_problem(const std::filesystem::path& library)
{
    struct stat file{};
    if (stat(library.c_str(), &file) != 0)
        return {};
    if ((file.st_mode & S_IWOTH) != 0)
        return fmt::format("everybody may write to it (mode {:04o}); chmod o-w makes it fit to be loaded",
                           file.st_mode & 07777);
    struct stat folder{};
    const auto parent = std::filesystem::canonical(library).parent_path();
    if (stat(parent.c_str(), &folder) == 0 && (folder.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_ISVTX) == 0)
        return fmt::format("everybody may put another in its place (mode {:04o} of {}); chmod o-w of the folder makes "
                           "it fit to be loaded",
                           folder.st_mode & 07777, parent.string());
    return {};
}

} // namespace

LoadGuard::LoadGuard(GuardSettings settings) : settings_(std::move(settings)), memory_(settings_.memory)
{}

std::optional<Error> LoadGuard::refusal(const std::filesystem::path& library)
{
    if (auto problem = permission_problem(library); !problem.empty())
        return Error{JF_REFUSED, std::move(problem)};
    const bool listed = !settings_.allowed.empty();
    const bool tried = !settings_.probe.empty() && !settings_.memory.empty();
    if (!listed && !tried)
        return std::nullopt;
    const auto known = listed ? std::nullopt : memory_.hash_of(library); // a list is about the bytes themselves
    const auto sha256 = known ? *known : sha256_of(library);
    if (sha256.empty())
        return std::nullopt;
    if (listed && std::ranges::find(settings_.allowed, sha256) == settings_.allowed.end())
        return Error{JF_REFUSED, fmt::format("its SHA-256 is {}, which is none of the {} of /plugins/allow", sha256,
                                             settings_.allowed.size())};
    if (const auto problem = tried ? probed(library, sha256) : std::string(); !problem.empty())
        return Error{JF_REFUSED, in_words(problem)};
    return std::nullopt;
}

std::string LoadGuard::probed(const std::filesystem::path& library, const std::string& sha256)
{
    if (const auto found = memory_.found(sha256)) {
        if (!memory_.hash_of(library))
            memory_.remember(library, sha256, *found); // the same, elsewhere or with another date
        return *found;
    }
    auto problem = probe_library(settings_.probe, library, settings_.patience);
    memory_.remember(library, sha256, problem);
    return problem;
}

std::string LoadGuard::in_words(const std::string& problem) const
{
    return fmt::format("it {}, in a process that only tried it; it is skipped until it changes, or until {} is removed",
                       problem, settings_.memory.string());
}

std::optional<std::string> LoadGuard::remembered_problem(const std::filesystem::path& library) const
{
    const auto sha256 = memory_.hash_of(library);
    const auto problem = sha256 ? memory_.found(*sha256) : std::nullopt;
    if (!problem || problem->empty())
        return std::nullopt;
    return in_words(*problem);
}

std::filesystem::path LoadGuard::default_memory()
{
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    const char* const home = std::getenv("HOME");
    std::filesystem::path folder;
    if (cache != nullptr && *cache == '/')
        folder = cache;
    else if (home != nullptr && *home == '/')
        folder = std::filesystem::path(home) / ".cache";
    return folder.empty() ? folder : folder / "jackfield" / "probed.json";
}

} // namespace jackfield::kernel
