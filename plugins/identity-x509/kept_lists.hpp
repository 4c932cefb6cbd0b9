// The lists of revoked devices on disk: <store>/revoked/<account id>.pem, the account's certificate and its list.
//
// Threads:  any; `keep` does not wait for the disk, which a thread of this object does.
// Lifetime: the destructor writes what waits and joins that thread.
#pragma once

#include "files.hpp"

#include <shared/x509/revocation_book.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace identity_x509 {

struct KeptList {
    std::string account_pem;
    shared_x509::RevocationList list;
};

class KeptLists {
public:
    /// `complain` takes a line for the log, on any thread.
    KeptLists(std::string folder, std::function<void(const std::string&)> complain);
    KeptLists(const KeptLists&) = delete;
    KeptLists& operator=(const KeptLists&) = delete;
    ~KeptLists();

    /// All that can be read; of one that cannot, a line is said.
    std::vector<KeptList> load() const;

    /// That account's, if it is another than last time.
    std::optional<KeptList> changed(const std::string& account_id) const;

    /// Soon; the last of an account counts.
    void keep(const std::string& account_pem, const shared_x509::RevocationList& list);
    void forget(const std::string& account_id);

    /// Now. The caller has the store's turn.
    void write(const std::string& account_pem, const shared_x509::RevocationList& list) const;

private:
    std::optional<KeptList> read(const PrivateFolder& folder, const std::string& name) const;
    void later(const std::string& account_id, std::string text);
    void work();

    std::string folder_;
    std::function<void(const std::string&)> complain_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::string> stamps_; // by account, of what was read last; guarded by mutex_
    std::condition_variable changed_;
    std::map<std::string, std::string> waiting_; // by account; an empty text deletes; guarded by mutex_
    bool stop_ = false;
    std::thread writer_; // begun at the first need
};

} // namespace identity_x509
