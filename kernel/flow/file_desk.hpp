// What a node knows of files in general: whose it takes, where they go, how many are under way.
//
// Threads: [control].

#pragma once

#include "kernel/files/file_settings.hpp"
#include "kernel/flow/file_transfer.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace jackfield::kernel {

struct FileDesk {
    FileSettings settings;
    int sending = 0;
    int receiving = 0;
    std::map<std::string, int> receiving_of = {};           // by account
    std::uint64_t promised = 0;                             // bytes of what is being received
    std::set<std::shared_ptr<FileTransfer>> transfers = {}; // second owner: each one's flow
};

} // namespace jackfield::kernel
