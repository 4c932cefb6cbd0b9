// A diagnosis that finds two things, and every way in which a plugin can be wrong: which one this is says the name of
// the file it was loaded from, so all kinds are one library with many names. "good", "greets-the-terminal" and
// "create-asks-for-what-it-does-itself" have no bug.
//
// Threads: control, but for the kinds about threads. Lifetime: the SDK's; what a bug leaks is meant to be leaked.
#include <jackfield/abi/control.h>
#include <jackfield/diagnosis.hpp>
#include <jackfield/plugin.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace jackfield;

const char here = 0;

/// "/somewhere/create-exits.so" -> "create-exits"
std::string name_of_this_file()
{
    Dl_info info{};
    if (::dladdr(&here, &info) == 0)
        return "";
    std::string name = info.dli_fname;
    name.erase(0, name.rfind('/') + 1);
    return name.substr(0, name.rfind('.'));
}

bool is(std::string_view kind)
{
    static const std::string ours = name_of_this_file();
    return ours == kind;
}

// --- what several of them do ----------------------------------------------------------------------------------------

[[noreturn]] void never_return()
{
    std::mutex mutex;
    std::unique_lock lock(mutex);
    for (std::condition_variable never;;)
        never.wait(lock);
}

void crash()
{
    ::raise(SIGSEGV);
}

int deeper(volatile char* above);
int (*volatile even_deeper)(volatile char*) = deeper;

int deeper(volatile char* above)
{
    volatile char room[4096];
    room[0] = above == nullptr ? '\0' : above[0];
    return even_deeper(room) + room[0];
}

/// What nobody has allocated; the compiler is not to see that.
void free_inside(const void* memory)
{
    const volatile auto address = reinterpret_cast<std::uintptr_t>(memory) + 8;
    std::free(reinterpret_cast<void*>(address));
}

void close_all()
{
    for (int descriptor = 0; descriptor < 100; ++descriptor)
        ::close(descriptor);
}

void eat_memory()
{
    for (std::vector<char*> eaten;;)
        eaten.push_back(new char[std::size_t{1} << 30]);
}

void unload_ourselves()
{
    Dl_info info{};
    ::dladdr(&here, &info);
    void* const library = ::dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    while (library != nullptr && ::dlclose(library) == 0) {
    }
}

void leave_a_process()
{
    if (::fork() == 0) {
        ::close(STDOUT_FILENO);
        ::pause();
        ::_exit(0);
    }
}

void run_a_thread_for_ever()
{
    std::thread([] { never_return(); }).detach();
}

/// What is done to the process in create, each by its kind.
void disturb_the_process()
{
    if (is("create-exits"))
        std::exit(0);
    if (is("create-exits-at-once"))
        ::_exit(3);
    if (is("create-aborts"))
        std::abort();
    if (is("create-crashes"))
        crash();
    if (is("create-overflows-its-stack"))
        deeper(nullptr);
    if (is("create-never-returns"))
        never_return();
    if (is("create-eats-memory"))
        eat_memory();
    if (is("create-unloads-itself"))
        unload_ourselves();
    if (is("create-closes-descriptors"))
        close_all();
    if (is("create-closes-standard-error"))
        ::close(STDERR_FILENO);
    if (is("create-takes-a-signal"))
        ::signal(SIGUSR1, [](int) {});
    if (is("create-ignores-ctrl-c"))
        ::signal(SIGINT, SIG_IGN);
    if (is("create-changes-the-folder"))
        static_cast<void>(::chdir("/"));
    if (is("create-changes-the-umask"))
        ::umask(0);
    if (is("create-leaves-a-process"))
        leave_a_process();
    if (is("create-kills-who-watches"))
        ::kill(::getppid(), SIGKILL);
    if (is("create-kills-its-group"))
        ::kill(0, SIGKILL);
    if (is("create-forges-a-result")) {
        std::puts(R"({"rule":"JF-GEN-01","result":"passed","seen":"","ms":0})");
        std::fflush(stdout);
        crash();
    }
    if (is("greets-the-terminal")) {
        for (int line = 0; line < 20'000; ++line)
            std::puts(R"({"result":"failed"} \033[2J hello, hello, hello, hello)");
    }
}

// --- the diagnosis --------------------------------------------------------------------------------------------------

class Session final : public DiagnosisSession {
public:
    Session(Host host, jf_diagnosis_listener listener) : report_(host, listener), listener_(listener)
    {
        if (is("begin-says-the-end-at-once"))
            listener.methods->finished(listener.self, JF_OK, nullptr);
        if (is("begin-never-returns"))
            never_return();
        if (is("begin-asks-for-what-it-does-not-name"))
            host.post([host] { host.service(JF_CONTROL_INTERFACE); });
        if (is("begin-crashes"))
            crash();
        if (is("begin-frees-what-is-not-its-own"))
            free_inside(listener.self);
        report_.add({is("finding-has-a-bad-name") ? "The Weather!" : "weather", Verdict::ok,
                     is("finding-has-no-sentence") ? "" : "The sun shines", "",
                     is("finding-has-bad-details") ? "[21" : R"({"degrees": 21})"});
        report_.add({is("finding-comes-twice") ? "weather" : "bread",
                     is("finding-has-no-verdict") ? static_cast<Verdict>(17) : Verdict::problem, "There is none",
                     is("problem-has-no-advice") ? "" : "buy some"});
        if (is("ends-never"))
            return;
        if (is("ends-on-its-own-thread")) {
            thread_ = std::thread([listener] { listener.methods->finished(listener.self, JF_OK, nullptr); });
            return;
        }
        report_.finish(is("ends-with-no-status") ? 7 : JF_OK);
        if (is("ends-twice"))
            host.post([listener] { listener.methods->finished(listener.self, JF_OK, nullptr); });
        if (is("speaks-after-its-end"))
            report_.add({"butter", Verdict::ok, "There is some"});
        if (is("speaks-after-release"))
            host.post([listener] { listener.methods->finished(listener.self, JF_OK, nullptr); });
        if (is("session-leaks-a-thread"))
            run_a_thread_for_ever();
        if (is("session-leaks-a-timer"))
            host.raw()->start_timer(host.raw()->self, std::int64_t{3600} * 1'000'000'000,
                                    {nullptr, [](void*) {}, [](void*) {}});
        if (is("session-leaks-a-descriptor"))
            ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    ~Session() override
    {
        if (thread_.joinable())
            thread_.join();
        if (is("release-crashes"))
            crash();
        if (is("release-never-returns"))
            never_return();
        if (is("release-says-the-end"))
            listener_.methods->finished(listener_.self, JF_CANCELLED, nullptr);
    }

private:
    DiagnosisReport report_;
    jf_diagnosis_listener listener_;
    std::thread thread_;
};

class Looker final : public Diagnosis {
public:
    using Interface = Diagnosis;

    Looker(Host host, std::string_view config_json) : Diagnosis(host)
    {
        disturb_the_process();
        if (config_json.find("no-such-value") != std::string_view::npos || config_json.substr(0, 1) != "{" ||
            config_json.back() != '}' || config_json.find(": }") != std::string_view::npos ||
            config_json.find("} {") != std::string_view::npos) {
            if (is("refuses-without-a-place"))
                throw Failure(JF_BAD_CONFIG, "bad configuration");
            if (!is("takes-any-configuration"))
                throw ConfigError(": is no configuration; {} would work");
        }
        if (is("refuses-what-its-schema-takes") && config_json.find("loud") != std::string_view::npos)
            throw ConfigError("/mood: expected quiet");
        if (is("create-asks-for-what-it-does-not-name"))
            host.service(JF_CONTROL_INTERFACE);
        if (is("create-asks-for-what-it-does-itself"))
            host.service(kInterfaceId);
        if (is("create-waits-for-its-own-task"))
            wait_for_a_task(host);
        if (is("leaks-a-thread"))
            run_a_thread_for_ever();
        if (is("leaks-a-descriptor"))
            ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    ~Looker() override
    {
        if (is("destroy-crashes"))
            crash();
        if (is("destroy-never-returns"))
            never_return();
        if (is("destroy-exits"))
            std::exit(0);
        if (is("destroy-frees-the-host"))
            free_inside(host_.raw());
    }

    std::unique_ptr<DiagnosisSession> begin(Nanoseconds, jf_diagnosis_listener listener) override
    {
        ++begun_;
        if (is("second-begin-crashes") && begun_ > 1)
            crash();
        if (is("begin-throws-a-number"))
            throw 7;
        return std::make_unique<Session>(host_, listener);
    }

private:
    static void wait_for_a_task(Host host)
    {
        std::mutex mutex;
        std::condition_variable changed;
        bool done = false;
        host.post([&] {
            const std::lock_guard lock(mutex);
            done = true;
            changed.notify_all();
        });
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return done; });
    }

    int begun_ = 0;
};

// --- the boundary, which the SDK would not let us get wrong
// ------------------------------------------------------------

using Made = detail::FactoryOf<Looker>;

jf_diagnosis_methods methods{};
jf_factory factory = Made::factory;
const jf_factory* factories[] = {&factory};

constexpr jf_text text(const char* words)
{
    return {words, std::char_traits<char>::length(words)};
}

Status create(const jf_host* host, jf_text config, void** self, jf_error* error)
{
    if (is("create-throws"))
        throw std::runtime_error("thrown on purpose");
    if (is("create-throws-a-number"))
        throw 7;
    if (is("create-says-nothing"))
        return JF_EXHAUSTED;
    if (is("create-makes-nothing"))
        return JF_OK;
    if (is("create-answers-no-status"))
        return 7;
    static const jf_host* earlier = nullptr;
    if (is("uses-the-host-of-an-instance-that-is-gone") && earlier != nullptr)
        earlier->log(earlier->self, JF_LOG_INFO, text("still here"));
    earlier = host;
    const Status status = Made::create(host, config, self, error);
    if (is("create-fails-with-an-instance") && status != JF_OK)
        *self = &factory;
    if (is("create-fills-its-error-to-the-brim") && status != JF_OK)
        std::memset(error->text, 'x', sizeof(error->text));
    if (is("create-frees-its-configuration"))
        free_inside(config.data);
    return status;
}

void destroy(void* self)
{
    if (is("destroy-throws"))
        throw std::runtime_error("thrown on purpose");
    Made::destroy(self);
    if (is("destroy-destroys-twice"))
        Made::destroy(self);
}

} // namespace

extern "C" {
extern JF_EXPORT jf_entry jackfield_plugin;
jf_entry jackfield_plugin{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, factories};
}

namespace {

void break_the_methods()
{
    methods = *static_cast<const jf_diagnosis_methods*>(Made::factory.methods);
    factory.methods = &methods;
    if (is("table-is-missing"))
        factory.methods = nullptr;
    if (is("table-is-short"))
        methods.struct_size = 8;
    if (is("method-is-missing"))
        methods.begin = nullptr;
    if (is("method-points-nowhere"))
        std::memset(&methods.begin, 0x11, sizeof(methods.begin));
    if (is("begin-takes-any-limit")) {
        methods.begin = [](void* self, const jf_diagnosis_options*, jf_diagnosis_listener listener,
                           jf_diagnosis_session* session, jf_error* error) {
            const jf_diagnosis_options hour{sizeof(hour), 0, std::int64_t{3600} * 1'000'000'000};
            const auto* const ours = static_cast<const jf_diagnosis_methods*>(Made::factory.methods);
            return ours->begin(self, &hour, listener, session, error);
        };
    }
    if (is("begin-throws")) {
        methods.begin = [](void*, const jf_diagnosis_options*, jf_diagnosis_listener, jf_diagnosis_session*,
                           jf_error*) -> Status { throw std::runtime_error("thrown on purpose"); };
    }
}

void break_the_factory()
{
    factory.create = is("create-is-missing") ? nullptr : create;
    factory.destroy = is("destroy-is-missing") ? nullptr : destroy;
    if (is("factory-is-short"))
        factory.struct_size = 72;
    if (is("factory-is-missing"))
        factories[0] = nullptr;
    if (is("id-is-missing"))
        factory.plugin_id = {nullptr, 0};
    if (is("id-is-another"))
        factory.plugin_id = text("somebody-else");
    if (is("id-points-nowhere"))
        factory.plugin_id = {reinterpret_cast<const char*>(std::uintptr_t{0x1111}), 5};
    if (is("version-is-another"))
        factory.version = text("9.9.9");
    if (is("interface-is-another"))
        factory.interface_id = text(JF_CONTROL_INTERFACE);
}

void break_the_entry()
{
    if (is("abi-is-of-tomorrow"))
        jackfield_plugin.abi_major = 2;
    if (is("abi-is-a-little-later"))
        jackfield_plugin.abi_minor = 7;
    if (is("entry-is-short"))
        jackfield_plugin.struct_size = 8;
    if (is("factories-are-none"))
        jackfield_plugin.factory_count = 0;
    if (is("factories-are-many"))
        jackfield_plugin.factory_count = 100'000;
    if (is("factories-are-null"))
        jackfield_plugin.factories = nullptr;
    if (is("factories-point-nowhere"))
        jackfield_plugin.factories = reinterpret_cast<const jf_factory* const*>(std::uintptr_t{0x1110});
}

/// Before main of whoever loads us, as the constructors of a library are.
__attribute__((constructor)) void be_what_the_name_says()
{
    if (is("load-crashes"))
        crash();
    if (is("load-exits"))
        std::exit(0);
    if (is("load-never-returns"))
        never_return();
    break_the_methods();
    break_the_factory();
    break_the_entry();
}

} // namespace
