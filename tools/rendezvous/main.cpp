// jackfield-rendezvous: the command line, the server, and the wait for Ctrl-C.

#include "tools/jackfield/main_loop.hpp"
#include "tools/jackfield/options.hpp"
#include "tools/rendezvous/server.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace {

using namespace jackfield::program;
using namespace jackfield::rendezvous;

enum ExitCode { kOk = 0, kUsage = 2, kConfiguration = 3, kInternal = 70 };

VerbInfo command()
{
    return {"jackfield-rendezvous",
            "",
            "Carries announcements and sealed call messages between Jackfield nodes, until Ctrl-C.",
            {{"bind", "ADDRESS", "numeric address to listen at (default 0.0.0.0; :: for IPv6, too)"},
             {"port", "PORT", "TCP port to listen at (default 4380; 0: any, and it is printed)"},
             {"store", "FILE|URL",
              "a SQLite file of this server alone, or redis://[:password@]host[:port], which several servers share "
              "(default rendezvous.sqlite in $XDG_STATE_HOME/jackfield or ~/.local/state/jackfield)"},
             {"value-bytes", "N", "largest value (default 65536)"},
             {"values-per-key", "N", "values under one key (default 256)"},
             {"keys", "N", "keys that have values (default 100000)"},
             {"total-bytes", "N", "bytes of all values (default 268435456)"},
             {"ttl", "SECONDS", "longest time that a value stays (default 3600)"},
             {"connections", "N", "connections at once, each of which has a thread (default 1000)"},
             {"connections-per-address", "N", "of one address (default 64)"},
             {"requests-per-second", "N", "of one address (default 100; four seconds of them may come at once)"},
             {"events", "FORMAT", "what is printed: text (default) or json"}},
            0,
            0};
}

std::uint64_t number(const Arguments& arguments, const std::string& name, std::uint64_t otherwise, std::uint64_t least,
                     std::uint64_t most)
{
    if (!arguments.has(name))
        return otherwise;
    const std::string text = arguments.get(name);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        throw UsageError("--" + name + " takes a number from " + std::to_string(least) + " to " + std::to_string(most) +
                         ", not \"" + text + "\"");
    return value;
}

std::string default_store()
{
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    if ((state == nullptr || *state == '\0') && (home == nullptr || *home == '\0'))
        throw UsageError("neither XDG_STATE_HOME nor HOME says where the state goes; --store FILE would");
    const auto folder = (state != nullptr && *state != '\0' ? std::filesystem::path(state)
                                                            : std::filesystem::path(home) / ".local/state") /
                        "jackfield";
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        throw StoreRefused("cannot make the folder " + folder.string() + ": " + failed.message() +
                           "; --store FILE would work");
    return folder / "rendezvous.sqlite";
}

Server::Options options_of(const Arguments& arguments)
{
    constexpr std::uint64_t kMany = 1'000'000'000'000;
    Server::Options options;
    Limits& limits = options.limits;
    options.bind = arguments.get("bind", options.bind);
    options.port = static_cast<std::uint16_t>(number(arguments, "port", options.port, 0, 65535));
    limits.value_bytes = number(arguments, "value-bytes", limits.value_bytes, 1, kLargestValue_bytes);
    limits.values_per_key = number(arguments, "values-per-key", limits.values_per_key, 1, 10'000);
    limits.keys = number(arguments, "keys", limits.keys, 1, kMany);
    limits.total_bytes = number(arguments, "total-bytes", limits.total_bytes, 1, kMany);
    limits.ttl = std::chrono::seconds(
        number(arguments, "ttl", static_cast<std::uint64_t>(limits.ttl.count()), 1, std::uint64_t{7} * 24 * 3600));
    limits.connections = number(arguments, "connections", limits.connections, 1, 30'000);
    limits.connections_per_address =
        number(arguments, "connections-per-address", limits.connections_per_address, 1, 30'000);
    limits.requests_per_second = number(arguments, "requests-per-second", limits.requests_per_second, 1, 1'000'000);
    options.store = arguments.has("store") ? arguments.get("store") : default_store();
    return options;
}

bool wants_json(const Arguments& arguments)
{
    const std::string format = arguments.get("events", "text");
    if (format != "text" && format != "json")
        throw UsageError("--events takes text or json, not \"" + format + "\"");
    return format == "json";
}

int run(const Arguments& arguments)
{
    MainLoop loop; // first: every later thread leaves the signals to it
    const bool json = wants_json(arguments);
    ::umask(077); // the state is nobody else's
    const Server server(options_of(arguments));
    if (json)
        std::puts(nlohmann::json{{"listening", server.listening()}, {"store", server.store().name()}}.dump().c_str());
    else
        std::printf("listening at %s, state in %s; Ctrl-C ends it\n", server.listening().c_str(),
                    server.store().name().c_str());
    std::fflush(stdout);
    loop.run();
    return kOk;
}

int complain(const std::string& sentence, int code)
{
    std::fprintf(stderr, "jackfield-rendezvous: %s\n", sentence.c_str());
    return code;
}

} // namespace

int main(int count, char** words)
{
    try {
        const VerbInfo info = command();
        const Arguments arguments = parse(info, {words + 1, words + count});
        if (arguments.help()) {
            std::fputs(help_text(info, info.name,
                                 "Exit codes: 0 ended by Ctrl-C, 2 wrong arguments, 3 the store or the "
                                 "address cannot be used, 70 internal error.")
                           .c_str(),
                       stdout);
            return kOk;
        }
        return run(arguments);
    } catch (const UsageError& wrong) {
        return complain(std::string(wrong.what()) + "; --help shows what there is", kUsage);
    } catch (const StoreRefused& wrong) {
        return complain(wrong.what(), kConfiguration);
    } catch (const AddressRefused& wrong) {
        return complain(wrong.what(), kConfiguration);
    } catch (const std::exception& wrong) {
        return complain(wrong.what(), kInternal);
    }
}
