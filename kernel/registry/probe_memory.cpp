// One JSON object. See probe_memory.hpp.

#include "kernel/registry/probe_memory.hpp"

#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace jackfield::kernel {

namespace {

constexpr int kMemoryVersion = 1;

/// Whatever is written to a file, or another file put in its place, changes one of these.
std::string look_of(const std::filesystem::path& file)
{
    struct stat now{};
    if (stat(file.c_str(), &now) != 0)
        return {};
    return fmt::format("{}:{} {} {}.{:09} {}.{:09}", now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec,
                       now.st_mtim.tv_nsec, now.st_ctim.tv_sec, now.st_ctim.tv_nsec);
}

std::int64_t wall_clock_ms()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

ProbeMemory::ProbeMemory(std::filesystem::path file) : file_(std::move(file))
{
    if (!file_.empty())
        read();
}

std::optional<std::string> ProbeMemory::hash_of(const std::filesystem::path& library) const
{
    const auto known = libraries_.find(library.string());
    if (known == libraries_.end() || known->second.look != look_of(library))
        return std::nullopt;
    return known->second.sha256;
}

std::optional<std::string> ProbeMemory::found(const std::string& sha256) const
{
    const auto known = std::ranges::find_if(libraries_, [&](const auto& one) { return one.second.sha256 == sha256; });
    return known == libraries_.end() ? std::nullopt : std::optional(known->second.problem);
}

void ProbeMemory::remember(const std::filesystem::path& library, const std::string& sha256, const std::string& problem)
{
    if (file_.empty())
        return;
    libraries_[library.string()] = {sha256, look_of(library), problem, wall_clock_ms()};
    if (libraries_.size() > kMostLibraries)
        libraries_.erase(std::ranges::min_element(libraries_, {}, [](const auto& one) { return one.second.tried_ms; }));
    write();
}

void ProbeMemory::read()
{
    const auto text = read_text_file(file_, kMostBytes);
    if (!text)
        return;
    const auto json = parse_json(*text, {.size_bytes = kMostBytes, .depth = 4});
    if (!json)
        return;
    try {
        if (json->at("jackfield_probed") != kMemoryVersion)
            return;
        for (const auto& [path, one] : json->at("libraries").items()) {
            if (libraries_.size() < kMostLibraries)
                libraries_[path] = {one.at("sha256"), one.at("look"), one.at("problem"), one.at("tried_ms")};
        }
    } catch (const nlohmann::json::exception&) {
        libraries_.clear(); // somebody else's file; it is written anew
    }
}

void ProbeMemory::write() const
{
    nlohmann::json libraries = nlohmann::json::object();
    for (const auto& [path, one] : libraries_)
        libraries[path] = {
            {"sha256", one.sha256}, {"look", one.look}, {"problem", one.problem}, {"tried_ms", one.tried_ms}};
    const nlohmann::json all{{"jackfield_probed", kMemoryVersion}, {"libraries", libraries}};
    std::error_code failed;
    std::filesystem::create_directories(file_.parent_path(), failed);
    const auto beside = file_.string() + fmt::format(".{}", getpid());
    {
        std::ofstream out(beside);
        out << all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
        if (!out.flush())
            failed = std::make_error_code(std::errc::io_error);
    }
    if (!failed)
        std::filesystem::rename(beside, file_, failed);
    if (failed)
        std::filesystem::remove(beside, failed);
}

} // namespace jackfield::kernel
