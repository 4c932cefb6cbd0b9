// The file of a recording: opened before the call, touched only when there is something to write.
//
// Threads:  one thread at a time. Opening, writing and closing may hang in a slow disk.
// Lifetime: the recording's. If nothing was written, whatever was there before is there again afterwards.
#pragma once

#include "av.hpp"
#include "options.hpp"

namespace media_ffmpeg {

class Output {
public:
    /// Throws Failure with place, problem and what would work.
    Output(const std::string& name, Existing existing);
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output();

    /// Where it is written to: the name, or another with a number.
    const std::string& name() const { return name_; }

    /// Empties the file; from now on it is ours.
    AVIOContext* begin();
    bool begun() const { return io_ != nullptr; }

    /// Everything is with the operating system. Throws Failure.
    void close();

    /// The failure that the disk gave, in four parts.
    [[noreturn]] void fail(int error) const;

private:
    void open(Existing existing);
    bool create(const std::string& name);
    void open_existing();
    void lock() const;

    std::string name_;
    int fd_ = -1;
    bool created_ = false;
    std::int64_t written_ = 0;
    IoContext io_;
};

} // namespace media_ffmpeg
