// For a fuzzer built with libFuzzer: JACKFIELD_FUZZ_SEEDS=<folder> makes it write its seeds there, one file each, and
// end. tools/fuzz does that before it lets the fuzzer go.
//
// Threads: one. Lifetime: values.
#include "fuzz.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

extern "C" int LLVMFuzzerInitialize(int*, char***)
{
    const char* const folder = std::getenv("JACKFIELD_FUZZ_SEEDS");
    if (folder == nullptr)
        return 0;
    std::size_t number = 0;
    bool written = true;
    for (const auto& seed : jackfield::fuzz::seeds()) {
        std::ofstream file(std::filesystem::path(folder) / ("seed-" + std::to_string(++number)), std::ios::binary);
        file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
        file.close();
        written = written && !file.fail();
    }
    std::exit(written ? 0 : 1);
}
