// The texts of one account in a database: what we wrote, in its order, until it has arrived; what came in, each once.
//
// What a method has accepted is on the disk when it returns (synchronous=FULL), but for keep_ours, whose text may go
// out while sync waits for the disk. Whatever is killed, nothing is lost; that a text has arrived, or was read, may be
// forgotten when the machine loses power: then it is sent again, and its receiver knows it.
//
// Threads:  one at a time; waits for the disk, so never the control thread. Several programs may have one open.
// Lifetime: the keeper's, or that of a verb which looks into it.

#pragma once

#include "kernel/texts/database.hpp"
#include "kernel/texts/text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

class TextStore {
public:
    /// Throws Failure, as all of it: see Database. JF_BAD_CONFIG if another version has written it.
    explicit TextStore(const TextSettings& settings);

    /// Whose texts these are: the first account that says so. JF_BAD_CONFIG for any other.
    void belongs_to(const std::string& account);

    // --- ours ---

    /// Not to be called accepted before sync has returned. JF_EXHAUSTED if kQueuedPerPeer of them wait for that peer.
    void keep_ours(const Text& text);

    /// What was kept before is on the disk when it returns.
    void sync();

    /// The place of the first that has not arrived; 0 if all have.
    std::int64_t first_waiting(const std::string& peer);

    /// Those that come after a place, whether they have arrived or not.
    std::vector<Text> ours_after(const std::string& peer, std::int64_t number, int limit);

    /// False if there is no such text of ours, or it had arrived already.
    bool has_arrived(const std::string& peer, const std::string& id);

    /// Everybody whom something waits for.
    std::vector<std::string> peers_waited_for();

    // --- theirs ---

    /// All or, if it throws, none. For each, whether it is new.
    std::vector<bool> keep_theirs(const std::vector<Text>& texts);

    // --- both ---

    /// The last so many with a peer, or with everybody if it is empty, the oldest first; unread ones of theirs alone,
    /// if that is wanted.
    std::vector<Text> last(const std::string& peer, int limit, bool unread_only = false);

    /// The last place there is.
    std::int64_t last_number();

    /// Those of theirs up to a place, of one peer, or of everybody if it is empty.
    void mark_read(const std::string& peer, std::int64_t up_to_number);

private:
    class Lax;

    void migrate();
    std::vector<Text> rows(Statement& statement);

    Database database_;
};

} // namespace jackfield::kernel
