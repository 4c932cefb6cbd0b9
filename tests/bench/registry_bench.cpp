// How long it takes to know which plugins there are: 200 manifests, as they stand in a folder of plugins.
//
// They are those of this build over and over, each time under another id. Registry::scan runs in this process;
// `jackfield plugins` in one of its own from its start to its end, with everything in the page cache, and with its
// program and the manifests put out of it first (posix_fadvise; libraries that others use stay). Processor time is that
// of the thread, or of the process. Usage: registry_bench [samples]

// links: jackfield_kernel nlohmann_json::nlohmann_json

// plugins: jackfield audio-webrtc cc-gcc codec-opus discovery-opendht ice-libnice identity-x509 media-srtp mux-yamux
// plugins: secure-openssl signaling-sip

#include "kernel/registry/registry.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

using namespace jackfield::kernel;
namespace fs = std::filesystem;

constexpr int kManifests = 200;

/// A folder of its own with the manifests, and a configuration that names it.
class Folder {
public:
    Folder()
    {
        std::string pattern = (fs::temp_directory_path() / "registry_bench-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("no temporary folder");
        path = pattern;
        std::vector<nlohmann::json> texts;
        for (const auto& file : fs::directory_iterator(JACKFIELD_TEST_PLUGIN_DIR)) {
            if (file.path().string().ends_with(".plugin.json"))
                texts.push_back(nlohmann::json::parse(std::ifstream(file.path())));
        }
        if (texts.empty())
            throw std::runtime_error("this build has no plugins");
        fs::create_directory(path / "plugins");
        for (int i = 0; i < kManifests; ++i) {
            nlohmann::json& text = texts[static_cast<std::size_t>(i) % texts.size()];
            text["id"] = "plugin-" + std::to_string(i);
            files.push_back(path / "plugins" / ("plugin-" + std::to_string(i) + ".plugin.json"));
            std::ofstream(files.back()) << text.dump(2) << "\n";
        }
        config = (path / "c.json").string();
        std::ofstream(config) << R"({"jackfield": 1, "plugin_path": ["plugins"], "slots": {}})";
        ::sync(); // what is not written yet cannot be put out of the page cache
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }

    fs::path path;
    std::vector<fs::path> files;
    std::string config;
};

void put_out_of_cache(const fs::path& file)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
}

struct Took {
    double wall_ms;
    double cpu_ms;
};

double thread_cpu_ms()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double wall_ms_since(std::chrono::steady_clock::time_point began)
{
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

Took scan(const Folder& folder)
{
    const std::vector<fs::path> folders{folder.path / "plugins"};
    const auto began = std::chrono::steady_clock::now();
    const double cpu_began = thread_cpu_ms();
    const auto registry = Registry::scan(folders);
    const Took took{wall_ms_since(began), thread_cpu_ms() - cpu_began};
    if (registry.all().size() != kManifests)
        throw std::runtime_error("not all manifests were read: " + registry.skipped().at(0).reason);
    return took;
}

Took list_in_a_process(const Folder& folder, const std::string& program)
{
    std::string words[] = {program, "plugins", "--config", folder.config};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const auto began = std::chrono::steady_clock::now();
    pid_t child = 0;
    if (posix_spawn(&child, argv[0], &actions, nullptr, argv, environ) != 0)
        throw std::runtime_error(program + " cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    rusage used{};
    wait4(child, &status, 0, &used);
    if (status != 0)
        throw std::runtime_error(program + " plugins did not end well");
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return {wall_ms_since(began), ms(used.ru_utime) + ms(used.ru_stime)};
}

void print(const char* what, std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    std::printf("| %s | ms | %.2f | %.2f | %.2f |\n", what, values.front(), values[values.size() / 2], values.back());
    std::fflush(stdout);
}

template <class Measure>
void measure(int samples, const char* what, Measure&& once)
{
    std::vector<double> wall;
    std::vector<double> cpu;
    for (int i = 0; i < samples; ++i) {
        const Took took = once();
        wall.push_back(took.wall_ms);
        cpu.push_back(took.cpu_ms);
    }
    print(what, std::move(wall));
    print("of it processor time", std::move(cpu));
}

} // namespace

int main(int argc, char** argv)
{
    const int samples = argc > 1 ? std::max(1, std::atoi(argv[1])) : 31;
    const std::string program = fs::path(JACKFIELD_TEST_PLUGIN_DIR).parent_path() / "bin/jackfield";
    const Folder folder;
    std::printf("| %d manifests, %d samples | unit | min | median | max |\n| --- | --- | --- | --- | --- |\n",
                kManifests, samples);
    measure(samples, "`Registry::scan`", [&] { return scan(folder); });
    measure(samples, "`jackfield plugins`, a process", [&] { return list_in_a_process(folder, program); });
    measure(samples, "the same, program and manifests not in the page cache", [&] {
        for (const auto& file : folder.files)
            put_out_of_cache(file);
        put_out_of_cache(program);
        return list_in_a_process(folder, program);
    });
}
