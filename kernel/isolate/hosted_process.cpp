// One process with one plugin. See hosted_process.hpp.

#include "kernel/isolate/hosted_process.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/registry/probe.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace jackfield::kernel::isolate {

namespace {

constexpr std::string_view kProgram = "jackfield-isolated";
constexpr int kSocketOfChild = 3;
constexpr int kLeaveMs = 1000; // for destroying the instance, once we have hung up

std::array<Descriptor, 2> socket_pair()
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw Failure(JF_EXHAUSTED, fmt::format("socketpair: {}", std::strerror(errno)));
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The control thread of whoever has that host, for as long as the process is.
Conversation::Control control_of(const jf_host& host, const std::shared_ptr<std::weak_ptr<HostedProcess>>& process)
{
    return {[&host] { return host.on_control_thread(host.self) != 0; },
            [&host, process](std::function<void()> work) {
                struct Posted {
                    std::weak_ptr<HostedProcess> process;
                    std::function<void()> work;
                };
                host.post(host.self, {new Posted{*process, std::move(work)},
                                      [](void* self) {
                                          const std::unique_ptr<Posted> posted(static_cast<Posted*>(self));
                                          if (const auto alive = posted->process.lock())
                                              posted->work();
                                      },
                                      [](void* self) { delete static_cast<Posted*>(self); }});
            }};
}

} // namespace

std::shared_ptr<HostedProcess> HostedProcess::spawn(const Hosting& hosting, const jf_host& host, Attendant attendant)
{
    auto ends = socket_pair();
    std::shared_ptr<HostedProcess> process(new HostedProcess(hosting, host, std::move(attendant), std::move(ends[0])));
    *process->self_ = process;
    process->launch(std::move(ends[1]));
    return process;
}

HostedProcess::HostedProcess(Hosting hosting, const jf_host& host, Attendant attendant, Descriptor socket)
    : hosting_(std::move(hosting)),
      host_(host),
      attendant_(std::move(attendant)),
      self_(std::make_shared<std::weak_ptr<HostedProcess>>()),
      talk_(std::move(socket), control_of(host, self_), attendant_.asked,
            [this](Message& message) { return at_once(message); }),
      memory_(kRingsBytes),
      down_(memory_.bytes().subspan(0, PacketRing::kRingBytes)),
      up_(memory_.bytes().subspan(PacketRing::kRingBytes))
{}

HostedProcess::~HostedProcess()
{
    end();
}

void HostedProcess::launch(Descriptor theirs)
{
    const auto program = find_helper(std::string(kProgram));
    if (program.empty())
        throw Failure(JF_NOT_FOUND, fmt::format("{}, the program in which isolated plugins run, is neither beside this "
                                                "program nor in ../libexec/jackfield; it comes with Jackfield",
                                                kProgram));
    const Descriptor copy(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kSocketOfChild + 1)); // dup2 onto itself keeps CLOEXEC
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, copy.get(), kSocketOfChild);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    std::string name(kProgram);
    std::array<char*, 3> words{name.data(), hosting_.plugin_id.data(), nullptr};
    const int problem = ::posix_spawn(&pid_, program.c_str(), &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) {
        pid_ = -1;
        throw Failure(JF_EXHAUSTED, fmt::format("{}: {}", program.string(), std::strerror(problem)));
    }
    reader_ = std::thread([this] { read(); });
    if (attendant_.packet)
        pump_ = std::thread([this] { pump(); });
}

std::vector<std::byte> HostedProcess::start_words() const
{
    std::vector<std::byte> words(Conversation::kMostBytes);
    std::int32_t level = JF_LOG_ERROR;
    while (level > JF_LOG_DEBUG && host_.log_enabled(host_.self, level - 1) != 0)
        --level;
    Packer packer(words);
    packer.put_text(std::filesystem::absolute(hosting_.manifest).string());
    packer.put_text(hosting_.interface_id).put_text(hosting_.config_json).put(level);
    words.resize(packer.fits() ? packer.size() : Conversation::kMostBytes + 1); // which is refused
    return words;
}

std::expected<std::string, Error> HostedProcess::start()
{
    auto answer = talk_.call(Word::kStart, 0, start_words(), kStartLimit, memory_.descriptor());
    if (answer)
        return text_of(answer->body);
    if (answer.error().status == JF_TIMEOUT)
        return std::unexpected(Error{JF_TIMEOUT, fmt::format("was not created within {} s", kStartLimit.count())});
    if (answer.error().status != JF_CLOSED)
        return std::unexpected(answer.error());
    reader_.join(); // it has gone: this says how
    return std::unexpected(why());
}

void HostedProcess::start(std::function<void(const Message& outcome)> started)
{
    talk_.ask(Word::kStart, 0, start_words(), memory_.descriptor(), std::move(started));
}

std::expected<Message, Error> HostedProcess::call(Word word, std::uint32_t session, std::span<const std::byte> body,
                                                  std::chrono::milliseconds limit, int memory)
{
    auto answer = talk_.call(word, session, body, limit, memory);
    if (!answer && answer.error().status == JF_TIMEOUT)
        condemn(fmt::format("did not answer within {} ms", limit.count()));
    return answer;
}

jf_status HostedProcess::push(const Record& record, const jf_bytes* parts, std::size_t part_count)
{
    const std::lock_guard lock(down_mutex_);
    return gone_ ? JF_CLOSED : down_.push(record, parts, part_count);
}

void HostedProcess::attend(SharedCall& call)
{
    const std::lock_guard lock(mutex_);
    calls_.insert(&call);
    if (gone_)
        call.abandon();
}

void HostedProcess::leave(SharedCall& call)
{
    const std::lock_guard lock(mutex_);
    calls_.erase(&call);
    call.abandon(); // the thread that serves it is no longer needed
}

Error HostedProcess::why() const
{
    const std::lock_guard lock(mutex_);
    return why_;
}

void HostedProcess::condemn(const std::string& reason)
{
    {
        const std::lock_guard lock(mutex_);
        if (condemned_.empty())
            condemned_ = reason;
    }
    talk_.close();
}

/// What it says that needs no control thread: its log, bounded in length by the message. Runs on the reader.
bool HostedProcess::at_once(Message& message)
{
    if (message.word != Word::kLog)
        return false;
    const auto text = text_of(message.body);
    host_.log(host_.self, std::min<std::int32_t>(static_cast<std::int32_t>(message.session), JF_LOG_ERROR),
              abi_text(text));
    return true;
}

void HostedProcess::read()
{
    pthread_setname_np(pthread_self(), "jf-isolated");
    talk_.read();
    collect();
    {
        const std::lock_guard lock(mutex_);
        gone_ = true;
        for (auto* const call : calls_)
            call->abandon();
    }
    up_.wake();
    if (ending_)
        return;
    const Error reason = why();
    control_of(host_, self_).post([gone = attendant_.gone, reason] { gone(reason); });
}

/// Waits for the end of the process, and helps if it does not come. No zombie stays behind.
void HostedProcess::collect()
{
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    std::unique_lock lock(mutex_);
    const bool may_leave = condemned_.empty();
    lock.unlock();
    if (!process || !may_leave || ::poll(&ended, 1, kLeaveMs) <= 0)
        ::kill(pid_, SIGKILL);
    int status = 0;
    pid_t collected = -1;
    do {
        collected = ::waitpid(pid_, &status, 0);
    } while (collected < 0 && errno == EINTR);
    lock.lock();
    if (!condemned_.empty())
        why_ = {JF_INTERNAL, "its process " + condemned_};
    else
        why_ = {JF_INTERNAL, "its process " + (collected == pid_ ? how_it_ended(status) : std::string("has gone"))};
}

void HostedProcess::pump()
{
    pthread_setname_np(pthread_self(), "jf-iso-media");
    while (!gone_) {
        while (const auto record = up_.pop())
            attendant_.packet(*record);
        if (up_.broken() && !gone_)
            condemn("wrote nonsense into the memory that we share with it");
        up_.made_room();
        if (!gone_)
            up_.wait_for_more();
    }
    if (!ending_)
        attendant_.packets_end(*this, why());
}

void HostedProcess::end()
{
    ending_ = true;
    talk_.close();
    if (reader_.joinable())
        reader_.join();
    gone_ = true; // also if it never ran
    up_.wake();
    if (pump_.joinable())
        pump_.join();
}

} // namespace jackfield::kernel::isolate
