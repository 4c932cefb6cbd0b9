// The configuration file, read and checked for its shape: everything that can be said without looking at a plugin.
//
// Threads:  plain values and functions, any thread.
// Lifetime: a Config owns all it says; only Choice::slot points at the constant table of slots.hpp.

#pragma once

#include "kernel/config/slots.hpp"
#include "kernel/contacts/contacts.hpp"
#include "kernel/error.hpp"
#include "kernel/files/file_settings.hpp"
#include "kernel/texts/text.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

/// Which of the two control paths of a call is taken.
enum class ControlPolicy {
    kTcpPreferred, // TCP, if it is up within tcp_grace after UDP
    kRace,         // the first that is up
    kTcpOnly,
    kUdpOnly,
};

/// Whether media may share one path (BUNDLE and rtcp-mux) when the peer can.
enum class Bundle { kAuto, kNever };

struct CallSettings {
    ControlPolicy control_policy = ControlPolicy::kTcpPreferred;
    std::chrono::milliseconds tcp_grace{100};
    std::chrono::seconds ring_timeout{30};
    std::chrono::seconds connect_timeout{15};
    Bundle bundle = Bundle::kAuto;
    bool allow_unproven_peer = false; // a secure channel may come up without having proven who is there
    std::string display_name;
    std::string send; // what a program sends and plays unless it is told otherwise, as MediaPlan has it
    std::string play;
    CallsFrom calls_from = CallsFrom::kAnyone;
    ContactRequestsFrom contact_requests = ContactRequestsFrom::kAnyone;
};

/// How links are kept between calls.
struct LinkSettings {
    std::chrono::seconds idle_timeout{600}; // one that nobody uses for so long is closed
    std::chrono::seconds ping_interval{30}; // between two questions for a sign of life
};

/// Who we are for those who may have our card: a name, or a file with a vCard.
struct ProfileSettings {
    std::string name;
    std::filesystem::path card;
    std::filesystem::path folder; // for cards that arrive, and what was sent to whom; empty: none are taken
};

/// What must be true of a library before it is loaded.
struct PluginSettings {
    std::vector<std::string> allowed; // SHA-256 sums in lower-case hex; empty: any
    bool probe = true;                // it is opened in another process first
};

/// One plugin that the file asks for.
struct Choice {
    const Slot* slot = nullptr;
    std::string use;                // plugin id
    std::string config_json = "{}"; // an object, as it stands in the file
    bool optional = false;          // no error if there is no such plugin
    bool isolate = false;           // runs in a process of its own
    std::string pointer;            // "/slots/codec/0"
    std::vector<Seam> seams;        // of a path decorator: where it stands, each once
    Carriage carriage;              // of a media transport
};

struct Config {
    std::string name;                               // of the file, as errors show it
    std::filesystem::path folder;                   // relative paths of the file start here; may be empty
    std::vector<std::filesystem::path> plugin_path; // where to look for plugins, in this order
    PluginSettings plugins;
    std::vector<Choice> choices; // in the order of all_slots, within a slot as in the file
    CallSettings call;
    LinkSettings link;
    FileSettings files;
    std::filesystem::path contacts; // where whom we know is written down; empty: nowhere
    ProfileSettings profile;
    TextSettings texts;         // without a file: none are kept
    std::int32_t log_level = 1; // JF_LOG_INFO
};

/// JF_NOT_FOUND if the file cannot be read, else JF_BAD_CONFIG with place, problem and what would work.
std::expected<Config, Error> load_config(const std::filesystem::path& path);

/// The same for text that is at hand; `name` stands for the file in errors, relative paths start at `folder`.
std::expected<Config, Error> parse_config(std::string_view text, const std::string& name,
                                          const std::filesystem::path& folder = {});

/// Where plugins are looked for when the file does not say, from where the program lies: the folder in which
/// `cmake --install` puts them under its prefix; if that is not there, the folder `plugins` beside the program's own (a
/// build tree), too.
std::vector<std::filesystem::path> default_plugin_path();

/// "tcp-preferred", "auto": the words of the file.
std::string_view word(ControlPolicy policy);
std::string_view word(Bundle bundle);
std::string_view word(CallsFrom calls_from);
std::string_view word(ContactRequestsFrom contact_requests);

} // namespace jackfield::kernel
