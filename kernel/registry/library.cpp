// Boost.DLL, and nothing else of it than loading and one symbol. See library.hpp.

#include "kernel/registry/library.hpp"

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::kernel {

namespace {

using boost::dll::shared_library;

/// Boost.DLL closes a library when its object dies, so the objects are kept, on purpose, beyond every destructor.
void keep_for_ever(shared_library library)
{
    static auto& kept = *new std::vector<shared_library>;
    kept.push_back(std::move(library));
}

/// What dlerror said: without Boost's frame, the errno text behind it (noise) and the path in front of it.
std::string loader_problem(std::string_view what, const std::string& path)
{
    constexpr std::string_view kFrame = "dlerror system message: ";
    if (const auto start = what.find(kFrame); start != std::string_view::npos) {
        what.remove_prefix(start + kFrame.size());
        if (const auto end = what.rfind("): "); end != std::string_view::npos)
            what = what.substr(0, end);
    }
    if (what.starts_with(path + ": "))
        what.remove_prefix(path.size() + 2);
    return std::string(what);
}

/// A function of that name would be read as if it were a table. Empty if the symbol is data of a fitting size and
/// place.
std::string symbol_problem(const void* address)
{
    Dl_info info{};
    void* extra = nullptr;
    if (dladdr1(address, &info, &extra, RTLD_DL_SYMENT) == 0 || extra == nullptr)
        return {}; // the loader keeps no record; entry_check still compares sizes and versions
    const auto* const symbol = static_cast<const ElfW(Sym)*>(extra);
    if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
        return "its symbol " JF_ENTRY_SYMBOL " is not data of type jf_entry";
    if (reinterpret_cast<std::uintptr_t>(address) % alignof(jf_entry) != 0)
        return "its symbol " JF_ENTRY_SYMBOL " does not stand where a jf_entry can";
    if (symbol->st_size < sizeof(jf_entry))
        return fmt::format("its symbol " JF_ENTRY_SYMBOL " has {} bytes, a jf_entry has {}", symbol->st_size,
                           sizeof(jf_entry));
    return {};
}

} // namespace

std::expected<const jf_entry*, Error> open_library(const std::filesystem::path& path)
{
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;

    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return std::unexpected(Error{JF_NOT_FOUND, "no such file"});
    // An absolute path, so that the loader never looks into the folders of the system.
    const auto file = std::filesystem::absolute(path);
    shared_library library;
    try {
        library.load(file, rtld_now | rtld_local);
    } catch (const std::exception& problem) {
        return std::unexpected(
            Error{JF_REFUSED, fmt::format("cannot be loaded: {}", loader_problem(problem.what(), file.string()))});
    }
    // From here on code of the library has run (its static constructors), so it stays.
    const void* const symbol = library.has(JF_ENTRY_SYMBOL) ? &library.get<const std::byte>(JF_ENTRY_SYMBOL) : nullptr;
    keep_for_ever(std::move(library));
    if (symbol == nullptr)
        return std::unexpected(Error{JF_NOT_FOUND, "has no symbol " JF_ENTRY_SYMBOL});
    if (auto problem = symbol_problem(symbol); !problem.empty())
        return std::unexpected(Error{JF_REFUSED, std::move(problem)});
    return static_cast<const jf_entry*>(symbol);
}

} // namespace jackfield::kernel
