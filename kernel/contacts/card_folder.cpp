// Profile cards that arrived, and what was sent to whom. See card_folder.hpp.

#include "kernel/contacts/card_folder.hpp"

#include "kernel/contacts/guarded_file.hpp"
#include "kernel/contacts/vcard.hpp"
#include "kernel/registry/json_text.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

constexpr JsonLimits kSentLimits{.size_bytes = 2 * 1024 * 1024, .depth = 4};
constexpr std::size_t kIdBytes = 128;

/// Hexadecimal accounts alone become names of files.
std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& account)
{
    if (account.empty() || account.size() > kIdBytes ||
        account.find_first_not_of("0123456789abcdef") != std::string::npos)
        return {};
    return folder / (account + ".vcf");
}

/// Makes room for one more.
void forget_oldest(const std::filesystem::path& folder)
{
    std::error_code ignored;
    std::size_t cards = 0;
    std::filesystem::path oldest;
    std::filesystem::file_time_type when;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().extension() != ".vcf")
            continue;
        ++cards;
        const auto written = entry.last_write_time(ignored);
        if (oldest.empty() || written < when) {
            oldest = entry.path();
            when = written;
        }
    }
    if (cards >= card_limits::kCards)
        std::filesystem::remove(oldest, ignored);
}

std::filesystem::path sent_file(const std::filesystem::path& folder)
{
    return folder / "sent.json";
}

std::string text_of(const SentCards& sent)
{
    auto list = json::array();
    for (const auto& [device, card] : sent)
        list.push_back({{"device", device}, {"version", card.version}, {"refused", card.refused}});
    return json{{"sent", list}}.dump(1) + "\n";
}

bool is_sent_card(const json& one)
{
    return one.is_object() && one.contains("device") && one["device"].is_string() && one.contains("version") &&
           one["version"].is_string() && one.contains("refused") && one["refused"].is_number_integer();
}

} // namespace

std::optional<std::string> kept_card(const std::filesystem::path& folder, const std::string& account)
{
    const auto file = file_of(folder, account);
    const auto text = file.empty() ? std::unexpected(Error{}) : read_text_file(file, vcard_limits::kBytes);
    return text ? std::optional(*text) : std::nullopt;
}

bool keep_card(const std::filesystem::path& folder, const std::string& account, const std::string& card)
{
    const auto file = file_of(folder, account);
    if (file.empty())
        return false;
    const GuardedFolder guarded(file);
    const auto there = kept_card(folder, account);
    if (there == card)
        return false;
    if (!there)
        forget_oldest(folder);
    guarded.replace(file, card);
    return true;
}

SentCards sent_cards(const std::filesystem::path& folder)
{
    SentCards sent;
    const auto text = read_text_file(sent_file(folder), kSentLimits.size_bytes);
    const auto parsed = text ? parse_json(*text, kSentLimits) : std::unexpected(text.error());
    if (!parsed || !parsed->is_object() || !parsed->contains("sent"))
        return sent;
    for (const auto& one : (*parsed)["sent"]) {
        if (is_sent_card(one) && sent.size() < card_limits::kSentTo)
            sent[one["device"]] = {one["version"], one["refused"]};
    }
    return sent;
}

void note_sent_card(const std::filesystem::path& folder, const std::string& device, const SentCard& card)
{
    const GuardedFolder guarded(sent_file(folder));
    auto sent = sent_cards(folder);
    if (sent.size() >= card_limits::kSentTo && !sent.contains(device))
        sent.erase(sent.begin());
    sent[device] = card;
    guarded.replace(sent_file(folder), text_of(sent));
}

} // namespace jackfield::kernel
