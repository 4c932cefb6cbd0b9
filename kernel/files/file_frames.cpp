// Frames of a file. See file_frames.hpp.

#include "kernel/files/file_frames.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/registry/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

using nlohmann::json;

namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMaxNameBytes = 4096; // as it is said; what becomes of it is shorter
constexpr std::size_t kMaxTextBytes = 500;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 50;

/// An object; of anything else, an empty one, which has no member that is asked for.
json object_of(std::string_view text)
{
    auto parsed = parse_json(text, JsonLimits{.size_bytes = kFileWordsBytes, .depth = 4});
    return parsed && parsed->is_object() ? std::move(*parsed) : json::object();
}

std::optional<std::uint64_t> number_of(const json& object, const char* key)
{
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned() || *found > kMaxFileBytes)
        return std::nullopt;
    return found->get<std::uint64_t>();
}

std::string text_of(const json& object, const char* key, std::size_t most)
{
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().size() > most)
        return {};
    return found->get<std::string>();
}

bool is_hex(std::string_view text, std::size_t digits)
{
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string as_text(const json& words)
{
    return words.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::array<std::uint8_t, kFileFrameHeaderBytes> file_frame_header(FileFrame kind, std::size_t length)
{
    return {static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(length >> 16),
            static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
}

bool FileFrameReader::begin()
{
    header_size_ = 0;
    kind_ = static_cast<FileFrame>(header_[0]);
    missing_ = static_cast<std::size_t>(header_[1]) << 16 | static_cast<std::size_t>(header_[2]) << 8 | header_[3];
    const bool known = kind_ >= FileFrame::offer && kind_ <= FileFrame::refusal;
    if (!known || missing_ > (kind_ == FileFrame::data ? kFileDataBytes : kFileWordsBytes))
        return false;
    words_.clear();
    if (missing_ == 0 && kind_ != FileFrame::data)
        sink_.words(kind_, {});
    return true;
}

bool FileFrameReader::feed(std::span<const std::uint8_t> bytes)
{
    while (!broken_ && !bytes.empty()) {
        if (missing_ == 0) {
            const std::size_t taken = std::min(bytes.size(), header_.size() - header_size_);
            std::ranges::copy(bytes.first(taken), header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
            header_size_ += taken;
            bytes = bytes.subspan(taken);
            broken_ = header_size_ == header_.size() && !begin();
            continue;
        }
        const auto piece = bytes.first(std::min(bytes.size(), missing_));
        bytes = bytes.subspan(piece.size());
        missing_ -= piece.size();
        if (kind_ == FileFrame::data) {
            sink_.data(piece);
            continue;
        }
        words_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        if (missing_ == 0)
            sink_.words(kind_, words_);
    }
    return !broken_;
}

std::string to_json(const FileOffer& offer)
{
    return as_text({{"version", 1}, {"id", offer.id}, {"name", offer.name}, {"size", offer.size}});
}

std::optional<FileOffer> read_file_offer(std::string_view text)
{
    const json words = object_of(text);
    FileOffer offer{text_of(words, "id", kIdDigits), text_of(words, "name", kMaxNameBytes), 0};
    const auto size = number_of(words, "size");
    if (number_of(words, "version") != 1 || !size || !is_hex(offer.id, kIdDigits))
        return std::nullopt;
    offer.size = *size;
    return offer;
}

std::string file_answer(std::uint64_t offset, bool complete)
{
    return as_text({{"offset", offset}, {"complete", complete}});
}

std::optional<FileAnswer> read_file_answer(std::string_view text)
{
    const json words = object_of(text);
    const auto offset = number_of(words, "offset");
    if (!offset)
        return std::nullopt;
    const auto complete = words.find("complete");
    return FileAnswer{*offset, complete != words.end() && *complete == true};
}

std::string file_end(const std::string& sha256)
{
    return as_text({{"sha256", sha256}});
}

std::optional<std::string> read_file_end(std::string_view text)
{
    auto hash = text_of(object_of(text), "sha256", kHashDigits);
    if (!is_hex(hash, kHashDigits))
        return std::nullopt;
    return hash;
}

std::string file_refusal(const Error& error)
{
    return as_text({{"status", status_word(error.status)}, {"text", error.text.substr(0, kMaxTextBytes)}});
}

Error read_file_refusal(std::string_view text)
{
    const json words = object_of(text);
    const auto word = text_of(words, "status", 32);
    jf_status status = JF_REFUSED;
    for (const jf_status one :
         {JF_CANCELLED, JF_TIMEOUT, JF_BAD_INPUT, JF_BUSY, JF_EXHAUSTED, JF_INTERNAL, JF_UNSUPPORTED}) {
        if (status_word(one) == word)
            status = one;
    }
    const auto said = text_of(words, "text", kMaxTextBytes + 100);
    return {status, said.empty() ? "the peer refused the file" : "the peer says: " + said};
}

} // namespace jackfield::kernel
