// What an environment file describes: configurations, a program beside the test, identities.
//
// Threads: the test's. Lifetime: the program beside a test ends with it, or with this process.
#include "bench_parts.hpp"
#include "service_watch.hpp"

#include <jackfield/testing/free_port.hpp>

#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <regex>

namespace jackfield::conformance {

namespace {

std::string read_whole(const std::string& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string folder_of(const std::string& file)
{
    const auto folder = std::filesystem::path(file).parent_path();
    return folder.empty() ? "." : folder.string();
}

/// FILE.so -> FILE.plugin.json
std::string manifest_of(const std::string& library)
{
    auto file = std::filesystem::path(library);
    return file.replace_extension(".plugin.json").string();
}

} // namespace

const jf_entry& load(const std::string& file)
{
    const std::string path = file.find('/') == std::string::npos ? "./" + file : file;
    doing("the loading of the library");
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    doing("");
    if (library == nullptr)
        throw Broken(dlerror());
    const auto* entry = static_cast<const jf_entry*>(dlsym(library, JF_ENTRY_SYMBOL));
    if (entry == nullptr)
        throw Broken(file + " exports no " JF_ENTRY_SYMBOL);
    return *entry;
}

const jf_factory& find_in(const jf_entry& entry, std::string_view interface_id)
{
    for (std::uint32_t i = 0; i < entry.factory_count; ++i) {
        if (view(entry.factories[i]->interface_id) == interface_id)
            return *entry.factories[i];
    }
    throw Broken("the library has no factory for " + std::string(interface_id));
}

// --- a program beside the test --------------------------------------------------------------------------------------

Beside::Beside(const std::vector<std::string>& command, const std::string& ready)
{
    int pipe[2];
    if (::pipe(pipe) != 0)
        throw Failure(JF_INTERNAL, "no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::close(pipe[0]);
        ::close(pipe[1]);
        std::vector<char*> words;
        for (const auto& word : command)
            words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        ::execv(words[0], words.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    std::string line;
    std::smatch found;
    for (char c = 0; ::read(pipe[0], &c, 1) == 1;) {
        if (c != '\n') {
            line += c;
        } else if (std::regex_search(line, found, std::regex(ready))) {
            told_ = found.size() > 1 ? found[1].str() : "";
            return; // the pipe stays open for what it says later
        } else {
            line.clear();
        }
    }
    throw Failure(JF_INTERNAL, command[0] + " ended before it was ready");
}

Beside::~Beside()
{
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

// --- the environment ------------------------------------------------------------------------------------------------

Bench::Parts::Parts(const Request& request)
{
    std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-conformance-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        throw Failure(JF_INTERNAL, "no temporary folder " + pattern);
    folder = pattern;
    if (!request.environment.empty())
        environment = Json::parse(read_whole(request.environment), nullptr, true, true);
    const Json found = Json::parse(read_whole(manifest_of(request.plugin)), nullptr, false);
    if (found.is_object())
        manifest = found;
    values["folder"] = folder;
    values["port"] = std::to_string(testing::free_port(SOCK_STREAM));
    values["plugins"] = folder_of(request.plugin);
    values["environment"] = folder_of(request.environment);
    values["programs"] = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

Bench::Parts::~Parts()
{
    lives.clear();
    real.clear();
    beside.reset();
    std::error_code error;
    std::filesystem::remove_all(folder, error);
}

const jf_entry& Bench::entry() const
{
    if (parts_->library == nullptr)
        parts_->library = &load(request_.plugin);
    return *parts_->library;
}

const Json& Bench::manifest() const
{
    if (!parts_->manifest)
        throw Broken(manifest_of(request_.plugin) + " is missing or no JSON object");
    return *parts_->manifest;
}

Json Bench::schema() const
{
    const std::string name = parts_->manifest ? parts_->manifest->value("config_schema", "") : "";
    if (name.empty())
        return Json::object();
    const Json found = Json::parse(read_whole(folder_of(request_.plugin) + "/" + name), nullptr, false);
    return found.is_object() ? found : Json::object();
}

bool Bench::declares(const char* key) const
{
    return parts_->manifest && parts_->manifest->value(key, false);
}

void Bench::require_named_services() const
{
    if (!parts_->manifest)
        return;
    for (const std::string& service : asked_services()) {
        const auto names = [&](const char* key) {
            const Json list = parts_->manifest->value(key, Json::array());
            return std::ranges::find(list, Json(service)) != list.end();
        };
        if (!names("needs") && !names("interfaces"))
            throw Broken("the plugin asked its host for " + service + ", which its manifest does not name under needs",
                         "JF-GEN-16");
    }
}

std::string Bench::filled(const std::string& text, int end) const
{
    if (text.find("${beside}") != std::string::npos && !parts_->beside) {
        const Json& described = parts_->environment.at("beside");
        std::vector<std::string> command;
        for (const std::string word : described.at("run"))
            command.push_back(filled(word, end));
        parts_->beside = std::make_unique<Beside>(command, described.at("ready").get<std::string>());
        parts_->values["beside"] = parts_->beside->told();
    }
    // "${name:number}" is a number where JSON wants one.
    std::string out = std::regex_replace(text, std::regex(R"re("(\$\{[a-z.]+):number\}")re"), "$1}");
    for (auto at = out.find("${"); at != std::string::npos; at = out.find("${", at)) {
        const auto close = out.find('}', at);
        const std::string name = out.substr(at + 2, close - at - 2);
        const auto known = parts_->values.find(name);
        if (known == parts_->values.end())
            throw Failure(JF_BAD_CONFIG, "the environment names ${" + name + "}, which nothing gives a value");
        const std::string value = known->second + (name == "folder" ? "/" + std::to_string(end) : "");
        if (name == "folder")
            std::filesystem::create_directories(value);
        out.replace(at, close + 1 - at, value);
        at += value.size();
    }
    return out;
}

void Bench::set_variables() const
{
    const Json variables = parts_->environment.value("variables", Json::object());
    for (const auto& [name, value] : variables.items())
        ::setenv(name.c_str(), filled(value.get<std::string>()).c_str(), 1);
}

std::string Bench::config(int end, const char* special) const
{
    if (!request_.config.empty())
        return filled(request_.config, end);
    const Json& environment = parts_->environment;
    const char* usual = end == 1 && environment.contains("second") ? "second" : "config";
    const char* key = environment.contains(special) && std::string_view(special) != "config" ? special : usual;
    return filled(environment.value(key, Json::object()).dump(), end);
}

std::string Bench::surroundings(const char* key, const std::string& otherwise) const
{
    return filled(parts_->environment.value(key, otherwise));
}

std::vector<std::string> Bench::refused_configs() const
{
    std::vector<std::string> configs;
    for (const Json& config : parts_->environment.value("refused", Json::array()))
        configs.push_back(filled(config.dump()));
    return configs;
}

void Bench::name_value(const std::string& name, const std::string& value)
{
    parts_->values[name] = value;
}

// --- identities -----------------------------------------------------------------------------------------------------

const void* Bench::identity(int end)
{
    jf_identity& raw = parts_->raw[end];
    if (raw.methods != nullptr)
        return &raw;
    if (request_.identity.empty()) {
        if (!parts_->paper_host)
            parts_->paper_host = std::make_unique<testing::FakeHost>();
        const std::string number = std::to_string(end);
        auto& paper = parts_->paper[end];
        paper = std::make_unique<testing::FakeIdentity>(parts_->paper_host->host(), "account-" + number,
                                                        "device-" + number);
        return &(raw = *paper->raw());
    }
    auto& life = parts_->real[end];
    life = std::make_unique<Life>(find_in(load(request_.identity), JF_IDENTITY_INTERFACE), testing::Clock::real,
                                  std::vector<std::pair<std::string, const void*>>{},
                                  filled(request_.identity_config, end), false);
    raw = {&life->methods<jf_identity_methods>(), life->self()};
    struct Loaded {
        std::optional<Status> status;
        std::string text;
    } loaded;
    raw.methods->load(raw.self, {&loaded, [](void* self, Status status, const jf_error* error) {
                                     *static_cast<Loaded*>(self) = {status, std::string(error_text(error, ""))};
                                 }});
    if (!life->host().run_until([&] { return loaded.status.has_value(); }) || *loaded.status != JF_OK)
        throw Failure(JF_INTERNAL, "the identity of the test did not load: " + loaded.text);
    return &raw;
}

std::string json_part(const std::string& text, const char* pointer)
{
    const Json whole = Json::parse(text, nullptr, false);
    const Json::json_pointer at(pointer);
    return whole.is_object() && whole.contains(at) ? whole[at].dump() : "";
}

} // namespace jackfield::conformance
