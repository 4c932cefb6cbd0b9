// The main program of a fuzzer built without libFuzzer: replays files, or mutates seeds in a reproducible way.
//
//   x_fuzz file...                  each file once: to see a finding again
//   x_fuzz [--runs=N] [--seed=S]    N mutations; the same seed makes the same inputs
//
// Threads: one. Lifetime: the input that is being tried lies in ./<program>.input until the run is over, so that a
// crash leaves it behind.
#include "fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMaxInputBytes = 64 * 1024;

class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    Bytes operator()(const std::vector<Bytes>& seeds)
    {
        Bytes bytes = seeds[below(seeds.size())];
        for (std::size_t i = below(8) + 1; i > 0; --i)
            change(bytes, seeds);
        bytes.resize(std::min(bytes.size(), kMaxInputBytes));
        return bytes;
    }

private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

    void change(Bytes& bytes, const std::vector<Bytes>& seeds)
    {
        const std::size_t at = below(bytes.size() + 1);
        const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t left = bytes.size() - at;
        switch (below(7)) {
        case 0: // one bit
            if (left > 0)
                bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1U << below(8)));
            break;
        case 1: // one byte, often an extreme
            if (left > 0)
                bytes[at] = below(2) == 0 ? byte() : static_cast<std::uint8_t>(below(2) == 0 ? 0xFF : 0);
            break;
        case 2: // a hole
            bytes.erase(here, here + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(left, 64) + 1)));
            break;
        case 3: { // noise
            Bytes noise(below(32) + 1);
            for (auto& value : noise)
                value = byte();
            bytes.insert(here, noise.begin(), noise.end());
            break;
        }
        case 4: { // said twice
            const Bytes copy(here, here + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(left, 256) + 1)));
            bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1)), copy.begin(),
                         copy.end());
            break;
        }
        case 5: // an early end
            bytes.resize(at);
            break;
        default: { // the head of one and the tail of another
            const Bytes& other = seeds[below(seeds.size())];
            const std::size_t from = below(other.size() + 1);
            bytes.resize(at);
            bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
            break;
        }
        }
    }

    std::mt19937_64 random_;
};

int replay(int count, char** files)
{
    for (int i = 0; i < count; ++i) {
        std::ifstream file(files[i], std::ios::binary);
        if (!file) {
            std::fprintf(stderr, "%s: cannot be read\n", files[i]);
            return 1;
        }
        const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    return 0;
}

void mutate(const std::string& kept, std::uint64_t runs, std::uint64_t seed)
{
    std::vector<Bytes> seeds = jackfield::fuzz::seeds();
    seeds.emplace_back();
    for (const auto& bytes : seeds)
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    Mutator next(seed);
    for (std::uint64_t i = 0; i < runs; ++i) {
        const Bytes bytes = next(seeds);
        std::ofstream(kept, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::remove(kept.c_str());
}

} // namespace

int main(int argc, char** argv)
{
    std::uint64_t runs = 10'000;
    std::uint64_t seed = 1;
    int first_file = 1;
    for (; first_file < argc && std::strncmp(argv[first_file], "--", 2) == 0; ++first_file) {
        const std::string option = argv[first_file];
        if (option.starts_with("--runs=")) {
            runs = std::strtoull(option.c_str() + 7, nullptr, 10);
        } else if (option.starts_with("--seed=")) {
            seed = std::strtoull(option.c_str() + 7, nullptr, 10);
        } else {
            std::fprintf(stderr, "%s: what would work: [--runs=N] [--seed=S] or files\n", option.c_str());
            return 2;
        }
    }
    if (first_file < argc)
        return replay(argc - first_file, argv + first_file);
    const std::string program = argv[0];
    mutate(program.substr(program.rfind('/') + 1) + ".input", runs, seed);
    return 0;
}
