// Tells when one of some files of a folder has changed, was put there or taken away, by inotify: whoever waits for a
// change asks nobody again and again.
//
// Threads:  [control].
// Lifetime: its owner's, who may destroy it inside of `changed`. After that nothing is heard.

#pragma once

#include <asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

class FileWatch {
public:
    /// `changed` is called once for any number of changes that came together. `lost`: the folder has gone, and nothing
    /// more will be heard. Throws Failure JF_UNREACHABLE if the folder cannot be watched.
    FileWatch(asio::io_context& control, const std::filesystem::path& folder, std::vector<std::string> names,
              std::function<void()> changed, std::function<void()> lost);
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;
    ~FileWatch();

private:
    struct Reader;
    std::shared_ptr<Reader> reader_; // second owner: the wait that it has in the event loop
};

} // namespace jackfield::kernel
