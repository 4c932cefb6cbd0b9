// jackfield contacts request, requests, accept, decline.
//
// Threads: the main thread.
#pragma once

#include "tools/jackfield/session.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace jackfield::program {

/// Whether the words of "contacts" are about requests.
bool is_about_requests(const std::vector<std::string>& words);

/// Does it, with a configuration that has contacts. Throws UsageError and Stop.
int run_contact_requests(const Arguments& arguments, const kernel::Config& config);

/// "contact request from 0f3c..: says it is "Alice": we met in Ghent": one line, whatever it says.
std::string line_of(const kernel::ContactRequest& request);

/// {"account":..,"name":..,"note":..,"at":..}
nlohmann::json object_of(const kernel::ContactRequest& request);

} // namespace jackfield::program
