// Texts and presence as the verbs show them: a line for people, an object for scripts.
//
// Threads: any; plain functions.
#pragma once

#include "kernel/config/config.hpp"
#include "kernel/contacts/contacts.hpp"
#include "kernel/node/node.hpp"
#include "kernel/texts/text.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace jackfield::program {

/// Whom we know by name; nobody if the configuration has no list. Throws Stop if it cannot be read.
kernel::Contacts contacts_of(const kernel::Config& config);

/// The name of the peer, or its account, without what would steer a terminal.
std::string name_of_peer(const std::string& account, const kernel::Contacts& contacts);

/// "2026-11-27 04:50  bob: hello" or "2026-11-27 04:50  to bob: hello (waits)": one line, whatever is in the text.
std::string line_of(const kernel::Text& text, const kernel::Contacts& contacts);

/// {"account":..,"id":..,"ours":..,"text":..,"sent":..} and, of ours, "delivered", of theirs "read".
nlohmann::json object_of(const kernel::Text& text, const kernel::Contacts& contacts);

/// "bob is online (device 3f2a91c0)".
std::string presence_line(const kernel::PresenceChange& change, const kernel::Contacts& contacts);

/// The settings of "texts". Throws Stop if the configuration has none.
const kernel::TextSettings& text_settings(const kernel::Config& config);

} // namespace jackfield::program
