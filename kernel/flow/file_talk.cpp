// The talk about one file. See file_talk.hpp.

#include "kernel/flow/file_talk.hpp"

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMostWords = 4; // that wait for the flow; a peer has no reason for more

std::optional<std::uint64_t> written_offset(std::string_view bytes)
{
    if (bytes.size() != 8)
        return std::nullopt;
    std::uint64_t offset = 0;
    for (const char byte : bytes)
        offset = offset << 8 | static_cast<unsigned char>(byte);
    return offset;
}

} // namespace

FileTalk::FileTalk(ControlThread& control, jf_path path, std::shared_ptr<FileTransfer> transfer, Bytes past)
    : control_(control), transfer_(std::move(transfer)), bytes_(std::move(past)), heard_(std::make_shared<Heard>())
{
    const auto nobody_asked = [this](const char* what) {
        if (!std::exchange(nonsense_, true))
            post([what](Heard& heard) { heard.closed = Error{JF_BAD_INPUT, what}; });
    };
    FileChannel::Events events;
    events.data = [this, nobody_asked](std::span<const std::uint8_t> bytes) {
        if (!nonsense_ && !bytes_.data(bytes))
            nobody_asked("the peer sends what nobody has asked for");
    };
    events.words = [this, nobody_asked](FileFrame kind, std::string_view words) {
        if (kind != FileFrame::written)
            return post([kind, text = std::string(words)](Heard& heard) {
                if (heard.words.size() < kMostWords)
                    heard.words.emplace_back(kind, text);
            });
        const auto offset = written_offset(words);
        if (!offset)
            return nobody_asked("the peer says what makes no sense");
        bytes_.written(*offset);
        post([](Heard&) {});
    };
    events.writable = [this] { bytes_.writable(); };
    events.closed = [this](const Error& error) {
        post([error](Heard& heard) {
            if (!heard.closed)
                heard.closed = error;
        });
    };
    channel_ = std::make_unique<FileChannel>(path, std::move(events));
}

void FileTalk::post(std::function<void(Heard&)> note)
{
    control_.post([weak = std::weak_ptr(heard_), note = std::move(note), transfer = transfer_] {
        if (const auto heard = weak.lock()) {
            note(*heard);
            transfer->bell.ring();
        }
    });
}

std::optional<std::pair<FileFrame, std::string>> FileTalk::next_word()
{
    if (heard_->words.empty())
        return std::nullopt;
    auto word = std::move(heard_->words.front());
    heard_->words.pop_front();
    return word;
}

} // namespace jackfield::kernel
