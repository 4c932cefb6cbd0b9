// The main program of a fuzzer built without libFuzzer: replays files, or mutates seeds in a reproducible way.
//
//   x_fuzz file...                  each file once: to see a finding again
//   x_fuzz [--runs=N] [--seed=S] [--corpus=folder]
//                                   N mutations; the same seed makes the same inputs
//
// Threads: one. Lifetime: the input that is being tried is kept in memory; a crash writes it to ./<program>.input.
#include "fuzz.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// There with a sanitizer: it ends the program without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

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
        switch (below(8)) {
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
        case 5: { // a byte that means something in text
            constexpr char marks[] = "\r\n\t :;,=\"<>()@%\\/-+09";
            bytes.insert(here, static_cast<std::uint8_t>(marks[below(sizeof(marks) - 1)]));
            break;
        }
        case 6: // an early end
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

Bytes read_file(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return Bytes{std::istreambuf_iterator<char>(file), {}};
}

/// The files of a folder, in the same order everywhere; none if there is no folder.
std::vector<Bytes> read_corpus(const std::string& folder)
{
    std::vector<std::filesystem::path> paths;
    if (!folder.empty()) {
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Bytes> inputs;
    for (const auto& path : paths)
        inputs.push_back(read_file(path));
    return inputs;
}

int replay(int count, char** files)
{
    for (int i = 0; i < count; ++i) {
        if (!std::filesystem::is_regular_file(files[i])) {
            std::fprintf(stderr, "%s: cannot be read\n", files[i]);
            return 1;
        }
        const Bytes bytes = read_file(files[i]);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    return 0;
}

/// The input that runs now, and where it goes if the program dies. Plain memory: a signal handler reads it.
const std::uint8_t* running_data = nullptr;
std::size_t running_size = 0;
char kept_name[256] = "";

void keep_input()
{
    const int file = ::open(kept_name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0)
        return;
    const ssize_t written = ::write(file, running_data, running_size);
    (void)written; // nothing is left to be done about it
    ::close(file);
}

void keep_input_on_death(const std::string& name)
{
    std::strncpy(kept_name, name.c_str(), sizeof(kept_name) - 1);
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) {
        std::signal(signal, [](int number) {
            keep_input();
            std::signal(number, SIG_DFL);
            std::raise(number);
        });
    }
    if (__sanitizer_set_death_callback != nullptr)
        __sanitizer_set_death_callback(&keep_input);
}

void run(const Bytes& bytes)
{
    running_data = bytes.data();
    running_size = bytes.size();
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void mutate(const std::string& kept, const std::string& corpus, std::uint64_t runs, std::uint64_t seed)
{
    std::vector<Bytes> seeds = jackfield::fuzz::seeds();
    for (auto& input : read_corpus(corpus))
        seeds.push_back(std::move(input));
    seeds.emplace_back();
    keep_input_on_death(kept);
    for (const auto& bytes : seeds)
        run(bytes);
    Mutator next(seed);
    for (std::uint64_t i = 0; i < runs; ++i)
        run(next(seeds));
}

} // namespace

int main(int argc, char** argv)
{
    std::uint64_t runs = 10'000;
    std::uint64_t seed = 1;
    std::string corpus;
    int first_file = 1;
    for (; first_file < argc && std::strncmp(argv[first_file], "--", 2) == 0; ++first_file) {
        const std::string option = argv[first_file];
        if (option.starts_with("--runs=")) {
            runs = std::strtoull(option.c_str() + 7, nullptr, 10);
        } else if (option.starts_with("--seed=")) {
            seed = std::strtoull(option.c_str() + 7, nullptr, 10);
        } else if (option.starts_with("--corpus=")) {
            corpus = option.substr(9);
        } else {
            std::fprintf(stderr, "%s: what would work: [--runs=N] [--seed=S] [--corpus=folder] or files\n",
                         option.c_str());
            return 2;
        }
    }
    if (first_file < argc)
        return replay(argc - first_file, argv + first_file);
    const std::string program = argv[0];
    mutate(program.substr(program.rfind('/') + 1) + ".input", corpus, runs, seed);
    return 0;
}
