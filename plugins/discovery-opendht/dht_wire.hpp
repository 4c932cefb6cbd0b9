// What we read in OpenDHT's packets: who sends, what is asked, which nodes are named, the token that lets us put; and
// those that we write.
//
// Threads: functions without state. A packet is a stranger's: every length is checked, nothing is allocated for what it
// claims to hold.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <optional>
#include <vector>

namespace discovery_opendht {

using NodeId = std::array<std::uint8_t, 20>;

/// A node that a packet names, and where to find it.
struct NamedNode {
    NodeId id{};
    jackfield::ByteView ip; ///< 4 or 16 bytes of the packet, in network order
    std::uint16_t port = 0;
};

/// What a packet asks. A look-up is "get" or "find": its answer says what the node knows.
enum class Question { none, ping, look_up, listen, other };

struct Glance {
    std::optional<NodeId> sender;
    std::vector<NamedNode> named; ///< at most kMostNamed
    Question question = Question::none;
    std::optional<std::uint32_t> transaction;
    jackfield::ByteView token; ///< of the packet; good for a put of any key at that node. Empty: it gives none
    bool farewell = false;     ///< the sender leaves; a word of ours, which OpenDHT would not understand
};

inline constexpr std::size_t kMostNamed = 16;      ///< OpenDHT names eight of each family
inline constexpr std::size_t kLargestToken = 64;   ///< OpenDHT's has 32 bytes
inline constexpr std::size_t kPieceOfValue = 1280; ///< OpenDHT's MTU
inline constexpr std::size_t kLeastInPieces = 600;

/// Nothing if that is no packet of OpenDHT's.
std::optional<Glance> glance_at(jackfield::ByteView packet);

jackfield::Bytes make_ping(const NodeId& self, std::uint32_t network, std::uint32_t transaction);

jackfield::Bytes make_farewell();

/// An answer of a node that knows nothing and gives no token.
jackfield::Bytes make_empty_answer(const NodeId& node, std::uint32_t network, std::uint32_t transaction);

/// OpenDHT asks for the ids that lie under a key, and then for each value by its id. If that is such a question for
/// ids, the key, and the question for the values themselves.
struct WholeQuestion {
    NodeId key{};
    jackfield::Bytes packet;
};
std::optional<WholeQuestion> ask_for_values(jackfield::ByteView packet);

/// Asks for the values that lie under a key, and for the nodes near to it.
jackfield::Bytes make_get(const NodeId& self, std::uint32_t network, std::uint32_t transaction, const NodeId& key);

/// Asks for the values of a key, now and from now on; each answer comes under the same transaction.
jackfield::Bytes make_listen(const NodeId& self, std::uint32_t network, std::uint32_t transaction, const NodeId& key,
                             jackfield::ByteView token);

/// A put as OpenDHT packs it: the question, then the value in pieces. value: packed by OpenDHT, 600 bytes at least (one
/// that is shorter would stand in the question).
std::vector<jackfield::Bytes> make_put(const NodeId& self, std::uint32_t network, std::uint32_t transaction,
                                       const NodeId& key, jackfield::ByteView value, jackfield::ByteView token);

} // namespace discovery_opendht
