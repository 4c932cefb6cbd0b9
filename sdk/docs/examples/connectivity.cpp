// What a connectivity says first; see sdk/docs/interfaces/connectivity.md.
#include <jackfield/connectivity.hpp>

// [example]
/// The description before any candidate is known: credentials alone (RFC 8839 section 5.4), one a line.
std::string first_description(const std::string& ufrag, const std::string& pwd)
{
    return ufrag + "\n" + pwd + "\n";
}

/// A component works both ways: its path first, then which way it goes. [control]
void tell_ready(const jackfield::ConnectivityListener& listener, jackfield::PathBase& path, const std::string& local,
                const std::string& remote)
{
    listener.component_ready(1, path);
    jf_selected_pair pair{};
    pair.struct_size = sizeof(pair);
    pair.component = 1;
    pair.local_candidate = jackfield::to_text(local);
    pair.remote_candidate = jackfield::to_text(remote);
    listener.pair_selected(pair);
}
// [end]
