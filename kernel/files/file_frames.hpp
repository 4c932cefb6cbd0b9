// What goes over the channel of one file, in both directions: frames of a kind, a length and that many bytes.
//
//   sender                         receiver
//   offer {name, size, ..}   ->
//                            <-    answer {"offset": n}, or refusal {"status", "text"}
//   data ..                  ->
//                            <-    written (8 bytes: the offset) ..
//   end {"sha256": ".."}     ->
//                            <-    done, or refusal
//
// Either may say refusal at any time; nothing comes after it. The channel is closed by whoever heard the last word.
// Threads: plain values and functions, one thread at a time.

#pragma once

#include "kernel/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

enum class FileFrame : std::uint8_t { offer = 1, answer, data, written, end, done, refusal };

/// What the name of every such channel begins with; the file's id follows.
inline constexpr std::string_view kFileChannel = "file-";

inline constexpr std::size_t kFileFrameHeaderBytes = 4;  // kind, 24 bits of length, most significant byte first
inline constexpr std::size_t kFileDataBytes = 60 * 1024; // the most in one frame of data
inline constexpr std::size_t kFileWordsBytes = 8 * 1024; // the most in any other
inline constexpr std::uint64_t kFileWindowBytes = 8 * 1024 * 1024; // sent, and not said to be written yet

std::array<std::uint8_t, kFileFrameHeaderBytes> file_frame_header(FileFrame kind, std::size_t length);

/// Cuts a stream into frames. Data is handed up in pieces as it comes, anything else whole.
class FileFrameReader {
public:
    struct Sink {
        std::function<void(std::span<const std::uint8_t>)> data;
        std::function<void(FileFrame, std::string_view)> words;
    };

    explicit FileFrameReader(Sink sink) : sink_(std::move(sink)) {}

    /// False if that is no such stream; nothing is handed up afterwards.
    bool feed(std::span<const std::uint8_t> bytes);

private:
    bool begin();

    Sink sink_;
    std::array<std::uint8_t, kFileFrameHeaderBytes> header_{};
    std::size_t header_size_ = 0;
    FileFrame kind_ = FileFrame::data;
    std::size_t missing_ = 0; // of the frame that has begun
    std::string words_;
    bool broken_ = false;
};

/// The first word of a sender.
struct FileOffer {
    std::string id; // 32 hex digits: the same file of the same sender has the same again
    std::string name;
    std::uint64_t size = 0;
};

std::string to_json(const FileOffer& offer);
std::optional<FileOffer> read_file_offer(std::string_view json);

std::string file_answer(std::uint64_t offset, bool complete);
struct FileAnswer {
    std::uint64_t offset = 0;
    bool complete = false; // it is there already
};
std::optional<FileAnswer> read_file_answer(std::string_view json);

std::string file_end(const std::string& sha256);
std::optional<std::string> read_file_end(std::string_view json);

std::string file_refusal(const Error& error);
Error read_file_refusal(std::string_view json);

} // namespace jackfield::kernel
