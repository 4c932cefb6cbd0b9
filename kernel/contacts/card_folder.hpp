// Profile cards that arrived, a file for each account, and which version of ours each device of a peer has.
//
//   alice.cards/0f3c...vcf     the last card of that account, as it came
//   alice.cards/sent.json      {"sent": [{"device": "77ab..", "version": "<SHA-256>", "refused": 1}]}
//
// Threads:  plain functions, any thread; they wait for the disk. Programs that change it do so one after the other.
// Lifetime: nothing is kept.

#pragma once

#include "kernel/error.hpp"

#include <cstddef>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace jackfield::kernel {

namespace card_limits {

inline constexpr std::size_t kCards = 1024;  // of more, that goes which came before all others
inline constexpr std::size_t kSentTo = 4096; // devices; forgetting one costs a message
inline constexpr int kRefusals = 3;          // then a device is not bothered with that version any more

} // namespace card_limits

/// What became of our card at one device.
struct SentCard {
    std::string version; // SHA-256 of the card
    int refused = 0;     // so often; 0: it has it
};

using SentCards = std::map<std::string, SentCard>; // by device

/// The last card of the account, if one has come. Of accounts of services there is none.
std::optional<std::string> kept_card(const std::filesystem::path& folder, const std::string& account);

/// Keeps a card that can be read. False if it is the one that is there. Throws Failure.
bool keep_card(const std::filesystem::path& folder, const std::string& account, const std::string& card);

/// Nothing if there is no file, or none that makes sense: then each device gets the card once more.
SentCards sent_cards(const std::filesystem::path& folder);

/// Throws Failure.
void note_sent_card(const std::filesystem::path& folder, const std::string& device, const SentCard& sent);

} // namespace jackfield::kernel
