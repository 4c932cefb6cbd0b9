// How long each step of a call may take. A step that takes longer fails with JF_TIMEOUT and says so on the timeline.
//
// Threads: constant data. What a deployment may change stands in its configuration (CallSettings), not here.

#pragma once

#include <chrono>

namespace jackfield::kernel::limits {

using namespace std::chrono_literals;

inline constexpr auto kFind = 10s;           // 1  for the first device of an account
inline constexpr auto kLinkedAlone = 50ms;   // 1  for devices with an open link to ring, before others are looked for
inline constexpr auto kAskAgain = 1500ms;    // 3  without an answer: the request, or the answer, may have been lost
inline constexpr int kAnswersAgain = 2;      // 3  to a request that comes again
inline constexpr auto kAnswerIsLate = 3s;    // 3  then we may have had no network when we asked
inline constexpr auto kEarlyAgain = 1s;      // 5  without a sign of the peer: what went with the checks goes once more
inline constexpr auto kHandshake = 5s;       // 5  on one path, while there is another to try
inline constexpr auto kKeptReacts = 3s;      // 6  from INVITE over a kept link to any sign that it is alive
inline constexpr auto kGatherWait = 150ms;   // 7  for local media candidates before we offer or answer without the rest
inline constexpr auto kRingingStarts = 10s;  // 6  from INVITE to the first sign of the callee
inline constexpr auto kMediaPaths = 15s;     // 7  from accept to media paths
inline constexpr auto kOpenCodecs = 10s;     // 8  from accept to codecs that are open
inline constexpr auto kStatisticsEvery = 1s; // 8  while media flows, for the timeline
inline constexpr auto kUpdateAnswered = 15s; // 8  from an offer in a running call to its answer
inline constexpr auto kCallerBegins = 300ms; // 8  for the caller, if the callee knows of the loss, too
inline constexpr auto kOtherBegins = 1s;     // 8  for a peer that may not have noticed yet
inline constexpr auto kRestartAgain = 3s;    // 8  from one ICE restart to the next, if nothing came of it
inline constexpr std::chrono::milliseconds kDirectFirstLook = 1s;      // 8  for a relayed call to look for a direct way
inline constexpr std::chrono::milliseconds kDirectFirstPause = 3s;     //    from there to the next look;
inline constexpr std::chrono::milliseconds kDirectLongestPause = 300s; // it doubles, up to
inline constexpr auto kNetworkSettles = 1s;                            // 8  from other addresses of ours to such a look
inline constexpr auto kRecovery = 30s;                                 // 8  for a call to find its peer again
inline constexpr auto kRecoveryOfBroken = 5s;                     // 8  the same, if the peer has ended the connection
inline constexpr std::chrono::milliseconds kSilenceToAsk = 500ms; // 8  without a packet, until the link is asked
inline constexpr std::chrono::milliseconds kSilenceToRestart = 1500ms; // 8  until another way is looked for
inline constexpr std::chrono::milliseconds kFirstSilenceToAsk = 1s;    // 8  the same, of a peer never heard yet
inline constexpr std::chrono::milliseconds kFirstSilenceToRestart = 4s;
inline constexpr std::chrono::milliseconds kPingInCall = 1s;      // 8  for a sign of life of a silent call's link, if
inline constexpr std::chrono::milliseconds kShortestPing = 500ms; //    nothing is known of its round trip; the least
inline constexpr std::chrono::milliseconds kLongestPing = 2s;     //    and the most that is waited for where it is
inline constexpr std::chrono::milliseconds kPingSpare = 250ms;    //    and what TCP needs to say a thing again
inline constexpr auto kUpdateAgain = 100ms; // 8  from an offer that signaling has no room for to the next try
inline constexpr auto kTransferTaken =
    40s; // 8  for the peer to say whether it considers a transfer; signaling is faster
inline constexpr auto kTransferEnds =
    180s; // 8  from there to the last word: a person is asked, and another phone rings
inline constexpr auto kReferralDecided = 60s; // 8  for a person here to decide about a wish of the peer
inline constexpr auto kReferrerGoes = 5s;     // 8  for a peer whose wish has come true to hang up, before we do
inline constexpr std::chrono::seconds kSurplusIdle =
    10s;                                     // a second link to a device, for what may be on its way over it
inline constexpr auto kPingAnswer = 10s;     //    for the peer of a kept link to give a sign of life
inline constexpr auto kPingAfterChange = 2s; //    the same, when our addresses have changed
inline constexpr auto kReopenTries = 120s;   //    for a link that such a change has broken
inline constexpr std::chrono::milliseconds kReopenFirstPause = 500ms; // before the next try; it doubles, up to
inline constexpr std::chrono::milliseconds kReopenLongestPause = 10s;
inline constexpr auto kFileAnswer = 60s;   //    for the peer to take a file: a person may be asked
inline constexpr auto kFileDecision = 50s; //  for a person to take one: whoever sends it still waits then
inline constexpr auto kFileOffer = 10s;    //    from a channel for a file to the offer
inline constexpr auto kFileDone = 60s;     //    from the last byte to the word that all is on the disk
inline constexpr auto kFileTries = 30s;    //    since a file got on: no connection for so long, and it has failed
inline constexpr std::chrono::milliseconds kFileFirstPause = 100ms; // before the next try; it doubles, up to
inline constexpr std::chrono::milliseconds kFileLongestPause = 5s;
inline constexpr auto kFileProgressEvery = 100ms; // for whoever watches
inline constexpr auto kGoodbye = 2s;              //    for the peer to hear that it is over
inline constexpr auto kFinishRecording = 30s;     // 8  to complete a file on a slow disk
inline constexpr auto kLastWords = 100ms;         //    for a goodbye to be read, where the link cannot be asked
inline constexpr auto kWithdraw = 3s;             //    for discovery to take our announcement back when the node stops

inline constexpr auto kLookUpCaller = 2s; //    from a link of a peer's device to its account's word about it
inline constexpr auto kVouchedFor = 30s;  //    that an account's word is good for
inline constexpr auto kWatchLinked = 1s;  //    from a link to watching its account: later than a call's first steps

inline constexpr auto kTextReceipt = 10s;    //    from a text over a link to any receipt
inline constexpr auto kTextPause = 1s;       //    after an attempt of which something arrived; then twice that, ..
inline constexpr auto kTextLongPause = 300s; //    .. up to this
inline constexpr auto kTextDevices = 60s;    //    between two look-ups for more devices than have a link
inline constexpr auto kTextComesAgain = 60s; //    what comes after a refused text is held back for it

inline constexpr std::chrono::seconds kContactAskPause = 60s; //    until whom we asked is asked again; it doubles ..
inline constexpr std::chrono::seconds kContactAskLongPause = 3600s; //    .. up to this
inline constexpr std::chrono::seconds kCardAfterLink = 1s; //    from a link to our card: a call's first steps go before
inline constexpr auto kContactAskLeast = 10s;              //    between two requests to one device that comes and goes

inline constexpr int kUpdateTries = 50;             // 8  while signaling is busy with an offer of the peer
inline constexpr int kIncomingLinks = 64;           // handshakes with strangers at once
inline constexpr int kIncomingLinksOfContacts = 16; // beside those
inline constexpr int kIncomingLinksPerAccount = 4;
inline constexpr auto kIncomingLinkStays = 1s; // then the oldest makes room for a newer one of its account
inline constexpr int kDevicesAsked = 16;       // 2  of one account, by one call
inline constexpr int kLookUpsPerSecond = 10;   //    because of strangers who call
inline constexpr int kLookUpsAtOnce = 64;
inline constexpr int kCardsPerSecond = 1; //    of one account
inline constexpr int kCardsAtOnce = 5;
inline constexpr int kContactMessagesPerSecond = 1; //    of one account
inline constexpr int kContactMessagesAtOnce = 4;
inline constexpr int kContactStrangersPerSecond = 5; //    of all who are no contacts
inline constexpr int kContactStrangersAtOnce = 32;
inline constexpr int kFilesSentAtOnce = 4;
inline constexpr int kFilesReceivedAtOnce = 32;
inline constexpr int kFilesReceivedAtOncePerAccount = 8;

} // namespace jackfield::kernel::limits
