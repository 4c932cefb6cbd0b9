// What each step costs with each plugin that has no bench of its own, in the order in which a call happens.
//
// Real time on loopback or in memory. Usage: plugins_bench [samples]
// links: jackfield_sdk_testing nlohmann_json::nlohmann_json jackfield_rendezvous_server GTest::gtest dl
// plugins: identity-x509 identity-memory identity-pkcs11 discovery-opendht discovery-lan discovery-rendezvous
// plugins: discovery-static ice-libnice ice-direct reliable-usrsctp signaling-sip signaling-json media-srtp media-plain
// plugins: media-dtls
// plugins: media-ffmpeg media-test media-null
#include "table.hpp"

#include <algorithm>
#include <cstdlib>

namespace jackfield::bench {

void Table::print(const std::string& plugin, const std::string& what, const char* unit, std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    std::printf("| `%s` | %s | %s | %.4g | %.4g | %.4g |\n", plugin.c_str(), what.c_str(), unit, values.front(),
                values[values.size() / 2], values.back());
    std::fflush(stdout);
}

} // namespace jackfield::bench

int main(int argc, char** argv)
{
    using namespace jackfield::bench;
    const Table table(argc > 1 ? std::max(1, std::atoi(argv[1])) : 15);
    for (const auto part :
         {identity_figures::all, discovery_figures::all, connectivity_figures::all, reliable_stream_figures::all,
          signaling_figures::all, media_transport_figures::all, media_figures::all})
        part(table);
}
