// A folder for a test's files, which goes with the object.
//
// Threads: any. Lifetime: the object's.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace laboratory {

class Folder {
public:
    Folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-laboratory-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace laboratory
