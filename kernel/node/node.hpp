// The kernel as a program uses it: a node that can call and be called.
//
// Threads:  every method on any thread; everything a program hears comes on the node's control thread and must not
//           block: the methods that say "Blocks the caller" throw Failure there.
// Lifetime: the destructor hangs up, withdraws the announcement, waits for all of that and takes the plugins down. It
//           must not run on the control thread.

#pragma once

#include "kernel/config/config.hpp"
#include "kernel/contacts/contact_requests.hpp"
#include "kernel/contacts/vcard.hpp"
#include "kernel/diagnosis/finding.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/flow/call.hpp"
#include "kernel/flow/file_transfer.hpp"
#include "kernel/node/media_device.hpp"
#include "kernel/registry/registry.hpp"
#include "kernel/texts/text.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// Who we are, as peers know us.
struct OwnIds {
    std::string account_id;
    std::string device_id;
};

/// A device that was made one of our account: its chain is for it, and no secret.
struct AddedDevice {
    std::string account_id;
    std::string device_id;
    std::string chain_pem;
};

/// A device of an account that is watched has come, or gone.
struct PresenceChange {
    std::string account_id;
    std::string device_id;
    std::string contact; // what we call that account; empty if it is none that we know
    bool online = false;
};

/// A call that has just come in, before it rings.
struct IncomingCall {
    std::string id;
    std::string peer_account;
    std::string peer_device;
    std::string display_name; // as the caller says; may be empty, proves nothing
    std::string contact;      // what we call that account; empty if it is none that we know
    std::string referred_by;  // an account that is said to have handed it on; may be empty, proves nothing (RFC 3892)
    std::string replaces; // the id of a running call whose place it takes, and which ends when this one is answered:
                          // at once, without ringing (RFC 3891); empty if it takes none
};

/// How to treat an incoming call: what to send and record should it be answered, and who hears of it.
struct IncomingPlan {
    MediaPlan media;
    std::shared_ptr<CallListener> listener;
    std::optional<std::uint32_t> refuse; // JF_REASON_BUSY, ..: it does not even ring
};

/// What a program wants to hear of a node. [control]
class NodeListener {
public:
    virtual ~NodeListener() = default;
    virtual void timeline(const TimelineEvent&) {}
    virtual void discovery(const std::string& /*plugin_id*/, bool /*online*/, const std::string& /*detail*/) {}

    /// Of our contacts and our own account, once the node has started, and of whom the program watches. A device that
    /// goes in order is gone within two seconds, one that dies when its announcement ends (three minutes).
    virtual void presence(const PresenceChange&) {}

    /// The default refuses: nobody is here to answer.
    virtual IncomingPlan incoming(const IncomingCall&) { return {{}, nullptr, JF_REASON_BUSY}; }

    /// A file comes in, from somebody whose files are taken. Whoever is returned hears how it goes; the default,
    /// nobody, refuses it. FileTransfer::ask keeps the sender waiting for Node::accept or cancel.
    virtual std::shared_ptr<FileListener> incoming_file(const std::shared_ptr<FileTransfer>&) { return nullptr; }

    /// Somebody asks to be a contact; a person decides (change_acquaintances, or the program's verbs). Each account
    /// once, and again if it says something else.
    virtual void contact_request(const ContactRequest&) {}

    /// Whom we had asked is a contact, and has us for one.
    virtual void contact_accepted(const Contact&) {}

    /// A request of ours was handed to discovery for that device.
    virtual void contact_asked(const std::string& /*account_id*/, const std::string& /*device_id*/) {}

    /// The list of contacts is another than before: changed by us, or in its file by somebody else.
    virtual void contacts_changed(const Contacts&) {}

    /// A profile card of an account has come, which is on the disk; another than the one before.
    virtual void profile(const std::string& /*account_id*/, const Vcard& /*card*/) {}

    /// A text of a peer, which is on the disk: each once, and each account's in the order in which it wrote them.
    virtual void text_received(const Text&) {}

    /// A device of the peer has kept the text of ours with that id. Of several devices the first counts.
    virtual void text_delivered(const std::string& /*peer_account*/, const std::string& /*id*/) {}

    /// The peer is writing a text, or has stopped (RFC 3994).
    virtual void typing(const std::string& /*peer_account*/, bool /*active*/) {}

    /// A message outside a call, of a type that the kernel does not know, or any where no texts are kept.
    /// JF_UNSUPPORTED tells the sender that it was not taken.
    virtual jf_status message(const std::string& /*account_id*/, const std::string& /*content_type*/,
                              const std::string& /*body*/)
    {
        return JF_UNSUPPORTED;
    }
};

class Node {
public:
    /// Loads and creates the plugins; opens no socket. The text of an error has four parts.
    static std::expected<std::unique_ptr<Node>, Error> create(const Config& config,
                                                              std::shared_ptr<NodeListener> listener, LogSink log = {});

    /// The same with a registry that knows plugins which are part of the program.
    static std::expected<std::unique_ptr<Node>, Error> create(const Config& config, Registry registry,
                                                              std::shared_ptr<NodeListener> listener, LogSink log = {});
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Loads the account and device, creating them if there are none. Blocks the caller.
    std::expected<OwnIds, Error> load_identity();

    /// Goes online: identity, discovery, announcement, listening. Being offline is no error. Blocks the caller until
    /// identity is loaded and discovery has begun; `announced` is on the timeline when others can find us.
    std::expected<OwnIds, Error> start();

    /// The same, but others do not find us by it: for a program that only looks.
    std::expected<OwnIds, Error> start_unannounced();

    // The devices of our account, for programs that keep them in order. Each blocks the caller. JF_UNSUPPORTED by an
    // identity that has one device and no other.

    /// On a new device, before it has an account: a request (PKCS#10, PEM), whose key stays here.
    std::expected<std::string, Error> request_device();

    /// Where the account's key is: a device of our account for whoever made the request.
    std::expected<AddedDevice, Error> add_device(const std::string& request_pem);

    /// On the new device: takes the chain that was made for its request. Nothing that is there is written over.
    std::expected<OwnIds, Error> join_account(const std::string& chain_pem);

    /// Where the account's key is: that device is none of our account any more. A node with the same store that runs
    /// tells everybody within two seconds.
    std::expected<void, Error> revoke_device(const std::string& device_id);

    /// Our account and its devices, as kernel/abi/schemas/account.schema.json has it.
    std::expected<std::string, Error> describe_account();

    /// The devices of an account that can be found now; none if that is so.
    std::expected<std::vector<std::string>, Error> find_devices(const std::string& account);

    /// NodeListener::presence hears of that account until unwatch, first of the devices that are there. Beside our
    /// contacts, and at most 128 accounts in all; of more nothing is heard. [any]
    void watch(const std::string& account);
    void unwatch(const std::string& account);

    /// Takes another configuration while the node runs: calls that begin from now on use it, calls that have begun end
    /// as they are. Plugins with the same options go on; a discovery or identity that has changed goes online anew. If
    /// anything is wrong, nothing has changed, and the error says what: what cannot be loaded, or a port that the
    /// discovery of before still has. Log level and sink stay. JF_BUSY before start and after stop. Blocks the caller,
    /// until discovery has begun if it is a new one.
    std::expected<OwnIds, Error> reconfigure(const Config& config);
    std::expected<OwnIds, Error> reconfigure(const Config& config, Registry registry);

    /// Places a call; `listener` hears how it goes.
    std::shared_ptr<Call> call(std::string peer_account, MediaPlan plan, std::shared_ptr<CallListener> listener);

    /// What a person decided about a call.
    void answer(const std::shared_ptr<Call>& call);
    void refuse(const std::shared_ptr<Call>& call, std::uint32_t reason = JF_REASON_DECLINED);
    void hang_up(const std::shared_ptr<Call>& call, std::uint32_t reason = JF_REASON_NORMAL);

    /// What a person wants otherwise in a running call; CallListener hears what came of it.
    void change(const std::shared_ptr<Call>& call, MediaChange change);

    /// Silence goes out instead of our sound. The peer is not told.
    void mute(const std::shared_ptr<Call>& call, bool muted);

    /// Keys 0-9, *, #, A-D, one after the other, at most 64 at once.
    void send_digits(const std::shared_ptr<Call>& call, std::string keys);

    /// How the peer is to turn our pictures: 0, 90, 180 or 270 degrees clockwise.
    void rotate(const std::shared_ptr<Call>& call, std::uint32_t degrees);

    /// The peer of a running call is to call that account instead. CallListener::transfer_progressed hears how that
    /// goes. When they talk, the call is hung up; until then the peer is on hold. If nothing comes of it, the call goes
    /// on.
    void transfer(const std::shared_ptr<Call>& call, std::string account);

    /// The same to the peer of another running call, which that call then ends with: the two talk to each other in our
    /// place, and nothing rings (attended transfer, RFC 3891). If nothing comes of it, both go on.
    void transfer(const std::shared_ptr<Call>& call, const std::shared_ptr<Call>& other);

    /// Places the call that the peer of another wants, and tells it how that goes (CallListener::referred). When it is
    /// answered the other call ends; if nothing comes of it, that one goes on. If the referral is decided already, the
    /// call ends at once.
    std::shared_ptr<Call> follow(const std::shared_ptr<Referral>& referral, MediaPlan plan,
                                 std::shared_ptr<CallListener> listener);
    void refuse_referral(const std::shared_ptr<Referral>& referral);

    /// Sends a file to one device of the peer, the first that can be reached. It goes on where it was if the connection
    /// breaks, and where an earlier one of the same file had come to. `listener` may be null.
    std::shared_ptr<FileTransfer> send_file(std::string peer_account, std::filesystem::path file,
                                            std::shared_ptr<FileListener> listener);
    void cancel(const std::shared_ptr<FileTransfer>& transfer);
    void accept(const std::shared_ptr<FileTransfer>& transfer);

    /// Writes a text of 1 to 32768 bytes of UTF-8 to an account. It is sent as soon as the peer can be reached, after
    /// those written before, now or by a later node with the same store; `text_delivered` says when it has arrived.
    /// Returns its id when it is on the disk: from then on nothing but the disk can lose it. JF_BAD_INPUT; JF_EXHAUSTED
    /// when too many wait for that peer or the store is full; JF_UNSUPPORTED without "texts" in the configuration.
    /// Blocks the caller.
    std::expected<std::string, Error> send_text(const std::string& peer_account, std::string text);

    /// The last texts with that account, the oldest first; with everybody if it is empty. Blocks the caller.
    std::expected<std::vector<Text>, Error> history(const std::string& peer_account, int limit);

    /// Tells the peer that somebody is writing, or has stopped: over links that are open, and only there. Whoever goes
    /// on writing says so again before two minutes have passed. Neither kept nor sent again.
    void typing(const std::string& peer_account, bool active);

    /// Asks an account to be a contact, under a name of ours for it and with a note for it, each of which may be empty:
    /// its devices that are there, and others when they come, until it answers; by this node, or a later one with the
    /// same contacts. Returns when that is on the disk. JF_UNSUPPORTED, in four parts, without "contacts" in the
    /// configuration or for an account of a service; JF_BAD_INPUT, JF_EXHAUSTED as Contacts::put has it. Blocks the
    /// caller.
    std::expected<void, Error> request_contact(const std::string& peer_account, const std::string& name,
                                               const std::string& note);

    /// What the discovery mechanisms say of themselves: {"discovery-opendht": {..}}. Blocks the caller.
    std::string describe_discovery();

    /// Microphones, speakers, cameras, screens and windows that plugins of the configuration could open. Before start,
    /// too: no socket of the network is opened for that. Blocks the caller.
    MediaDevices media_devices();

    /// Looks for reasons why calls fail, in place of start: of the configuration as a whole, and of the way to one peer
    /// if the plan names one, whose devices are asked for a link and not rung. Everything at once, within the plan's
    /// limit. Discovery begins for it, and nobody is announced. Once in the life of a node, and stop ends it early.
    void diagnose(DiagnosisPlan plan, std::shared_ptr<DiagnosisListener> listener);

    /// Where the first mechanism listens, "127.0.0.1:4222"; empty if it does not say. Blocks the caller.
    std::string discovery_address();

    /// Hangs up, withdraws the announcement, closes everything. Blocks the caller; the destructor does it too.
    /// Afterwards there is nobody to ask: only the destructor may be called.
    void stop();

    class Impl;

private:
    explicit Node(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace jackfield::kernel
