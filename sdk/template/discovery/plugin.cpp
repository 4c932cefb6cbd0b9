// @ID@: a discovery. Peers find each other in a folder that they share.
//
// A board stores values under keys and hands them to whoever asks for a key or listens to it. A value is one file:
// <key>.<random number>, of which the time of modification says until when it counts.
//
// Threads:  everything comes on the control thread but the watch of the folder, which has a thread of its own. To write
// a
//           small file is short enough for control; a board that has to wait for a network does that on its own thread.
// Lifetime: the destructor joins the thread; what is called after that is gone.
#include <jackfield/bulletin_board.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kLargestValueBytes = 64 * 1024;
constexpr std::size_t kLargestNameBytes = 200;

/// A key as part of a file's name: what could mean something else there is written as %XX.
std::string name_of(std::string_view key)
{
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string name;
    for (const char letter : key) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z');
        if (plain)
            name += letter;
        else
            name += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
    if (name.size() > kLargestNameBytes)
        throw jackfield::Failure(JF_BAD_INPUT, "no file can have such a long key as its name");
    return name;
}

/// What somebody else wrote: bounded, and empty if there is nothing to read.
jackfield::Bytes value_in(const fs::path& file)
{
    std::error_code failed;
    if (fs::last_write_time(file, failed) < fs::file_time_type::clock::now() || failed)
        return {};
    std::ifstream stream(file, std::ios::binary);
    jackfield::Bytes value(kLargestValueBytes + 1);
    stream.read(reinterpret_cast<char*>(value.data()), static_cast<std::streamsize>(value.size()));
    value.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return value.size() > kLargestValueBytes ? jackfield::Bytes() : value;
}

class Board final : public jackfield::BulletinBoardDiscovery {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Board(jackfield::Host host, std::string_view config_json) : BulletinBoardDiscovery(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {\"folder\": \"/tmp/board\"} would work");
        const json folder = config.value("folder", json());
        if (!folder.is_string() || folder.get_ref<const std::string&>().empty())
            throw jackfield::ConfigError("/folder: expected a folder; \"/tmp/board\" would work");
        folder_ = folder.get<std::string>();
    }
    ~Board() override { stop_watching(); }

    /// Begins. A Failure is for what will not heal by itself; anything else is told by board_state, whenever it
    /// changes.
    void open_board() override
    {
        std::error_code failed;
        fs::create_directories(folder_, failed);
        if (failed)
            throw jackfield::Failure(JF_UNREACHABLE, folder_.string() + ": cannot be made: " + failed.message());
        changes_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        wake_ = eventfd(0, EFD_CLOEXEC);
        if (changes_ < 0 || wake_ < 0 || inotify_add_watch(changes_, folder_.c_str(), IN_MOVED_TO) < 0)
            throw jackfield::Failure(JF_UNREACHABLE, folder_.string() + ": nobody tells us of changes in it");
        thread_ = std::thread([this] { watch_folder(); });
        board_state(true, json{{"folder", folder_.string()}}.dump());
    }

    void close_board(jackfield::Completion done) override
    {
        stop_watching();
        std::error_code ignored;
        for (const auto& [key, file] : kept_)
            fs::remove(file, ignored);
        for (const auto& file : sent_)
            fs::remove(file, ignored);
        fs::remove(folder_, ignored); // if nobody has anything in it any more
        done.succeed();
    }

    /// `end` is called once, here or later, on any thread. A kept value stays until the next kept one of its key.
    void put(BoardPut put, jackfield::BoardEnd end) override
    {
        const std::string number = std::to_string(host_.random_number());
        const fs::path file = folder_ / (name_of(put.key) + "." + number);
        const fs::path hidden = folder_ / ("." + number); // nobody shall read half of it
        std::error_code failed;
        std::ofstream(hidden, std::ios::binary)
            .write(reinterpret_cast<const char*>(put.value.data()), static_cast<std::streamsize>(put.value.size()));
        const auto lifetime =
            put.keep ? std::chrono::hours(24 * 365)
                     : std::chrono::duration_cast<std::chrono::hours>(put.lifetime) + std::chrono::hours(1);
        fs::last_write_time(hidden, fs::file_time_type::clock::now() + lifetime, failed);
        if (!failed)
            fs::rename(hidden, file, failed);
        if (failed)
            return end(JF_UNREACHABLE, folder_.string() + ": cannot be written to: " + failed.message());
        std::error_code ignored;
        if (!put.keep)
            sent_.push_back(file);
        else if (const fs::path before = std::exchange(kept_[put.key], file); !before.empty())
            fs::remove(before, ignored);
        end(JF_OK, "");
    }

    void get(std::string_view key, jackfield::BoardValues values, jackfield::BoardEnd end) override
    {
        hand_on(name_of(key) + ".", values);
        end(JF_OK, "");
    }

    /// What is there and what comes, until unlisten. Values that come twice do no harm.
    void listen(std::string_view key, jackfield::BoardValues values) override
    {
        const std::string begins = name_of(key) + ".";
        {
            const std::lock_guard lock(mutex_);
            listeners_[begins] = values;
        }
        hand_on(begins, values);
    }
    void unlisten(std::string_view key) override
    {
        const std::lock_guard lock(mutex_);
        listeners_.erase(name_of(key) + ".");
    }

private:
    void hand_on(const std::string& begins, const jackfield::BoardValues& values) const
    {
        std::error_code failed;
        for (fs::directory_iterator file(folder_, failed), last; !failed && file != last; file.increment(failed)) {
            if (!file->path().filename().string().starts_with(begins))
                continue;
            if (const jackfield::Bytes value = value_in(file->path()); !value.empty())
                values(value);
        }
    }

    /// Asleep until a file comes into the folder, or we are to end.
    void watch_folder()
    {
        pollfd ears[]{{changes_, POLLIN, 0}, {wake_, POLLIN, 0}};
        alignas(inotify_event) char buffer[16 * 1024];
        while (poll(ears, 2, -1) >= 0 || errno == EINTR) {
            if ((ears[1].revents & POLLIN) != 0)
                return;
            for (ssize_t size = 0; (size = read(changes_, buffer, sizeof(buffer))) > 0;) {
                for (ssize_t at = 0; at < size;) {
                    const auto* const event = reinterpret_cast<const inotify_event*>(buffer + at);
                    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
                    if (event->len > 0)
                        appeared(event->name);
                }
            }
        }
    }
    void appeared(const std::string& name)
    {
        jackfield::BoardValues values;
        {
            const std::lock_guard lock(mutex_);
            const auto found = listeners_.find(name.substr(0, name.find('.') + 1));
            if (found == listeners_.end())
                return;
            values = found->second; // called without the lock: it is somebody else's code
        }
        if (const jackfield::Bytes value = value_in(folder_ / name); !value.empty())
            values(value);
    }

    void stop_watching()
    {
        if (thread_.joinable()) {
            const std::uint64_t one = 1;
            static_cast<void>(!write(wake_, &one, sizeof(one)));
            thread_.join();
        }
        for (int* const descriptor : {&changes_, &wake_}) {
            if (const int open = std::exchange(*descriptor, -1); open >= 0)
                ::close(open);
        }
    }

    fs::path folder_;
    int changes_ = -1;
    int wake_ = -1;
    std::map<std::string, fs::path> kept_; // by key: what is there until it is replaced
    std::vector<fs::path> sent_;
    std::mutex mutex_;
    std::map<std::string, jackfield::BoardValues> listeners_; // by the beginning of the file's name
    std::thread thread_;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Board)
