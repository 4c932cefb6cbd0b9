// jackfield contacts request, requests, accept, decline, show.
//
// Threads: the main thread.
#pragma once

#include "kernel/contacts/contacts_file.hpp"
#include "tools/jackfield/session.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace jackfield::program {

/// Changes the lists of the configuration. Throws UsageError if a person asked for what cannot be, or Stop.
void change_lists(const kernel::Config& config, const std::function<kernel::Error(kernel::Acquaintances&)>& how);

/// Whether the words of "contacts" are about requests or cards.
bool is_about_requests(const std::vector<std::string>& words);

/// Does it, with a configuration that has contacts. Throws UsageError and Stop.
int run_contact_requests(const Arguments& arguments, const kernel::Config& config);

/// "contact request from 0f3c..: says it is "Alice": we met in Ghent": one line, whatever it says.
std::string line_of(const kernel::ContactRequest& request);

/// Whether the answer is for scripts: a JSON object, also where people are told nothing.
bool for_scripts(const Arguments& arguments);

/// {"account":..,"name":..,"banned":false,"asked":false}
nlohmann::json object_of(const kernel::Contact& contact);

/// {"account":..,"name":..,"note":..,"at":..}
nlohmann::json object_of(const kernel::ContactRequest& request);

/// {"account":..,"name":..,"family":..,"given":..,"telephones":[..],"mails":[..],"note":..}
nlohmann::json object_of(const std::string& account, const kernel::Vcard& card);

} // namespace jackfield::program
