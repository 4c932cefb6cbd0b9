// A real SIP proxy and registrar, Kamailio, for the length of a test: on loopback, on free ports, with its files in a
// folder of its own. Its domain is example.net; every user has the password "secret", and is asked for it at REGISTER
// and at each request.
//
// Threads: the test's. Lifetime: the processes end with this object, and with the test program in any case.
#pragma once

#include "test_certificate.hpp"

#include <jackfield/testing/free_port.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace discovery_sip::testing {

class Kamailio {
public:
    static bool installed() { return access("/usr/sbin/kamailio", X_OK) == 0; }

    /// algorithm: of the digests it asks for, "MD5" or "SHA-256".
    explicit Kamailio(const std::string& algorithm = "MD5") : algorithm_(algorithm)
    {
        std::string name = std::filesystem::temp_directory_path() / "jackfield-kamailio-XXXXXX";
        folder_ = mkdtemp(name.data()) != nullptr ? name : "";
        port_ = jackfield::testing::free_port(SOCK_STREAM);
        do
            tls_port_ = jackfield::testing::free_port(SOCK_STREAM);
        while (tls_port_ == port_);
        const TestCertificate certificate("localhost", "DNS:localhost,IP:127.0.0.1");
        write("cert.pem", certificate.certificate_pem());
        write("key.pem", certificate.key_pem());
        write("kamailio.cfg", configuration());
        start();
    }
    Kamailio(const Kamailio&) = delete;
    Kamailio& operator=(const Kamailio&) = delete;
    ~Kamailio()
    {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// After stop, too: the same ports, and nothing remembered.
    void start()
    {
        pid_ = fork();
        if (pid_ == 0) {
            setpgid(0, 0);
            prctl(PR_SET_PDEATHSIG, SIGTERM); // it ends its own processes then
            run();
        }
        started_ = pid_ > 0 && wait_until_it_listens();
    }
    void stop()
    {
        if (pid_ <= 0)
            return;
        kill(-pid_, SIGKILL); // all its processes
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

    bool started() const { return started_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); } ///< UDP and TCP
    std::string tls_address() const { return "127.0.0.1:" + std::to_string(tls_port_); }
    std::string ca_file() const { return folder_ + "/cert.pem"; }

    std::string log() const
    {
        std::ifstream file(folder_ + "/log");
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    void write(const std::string& name, const std::string& text) const
    {
        std::ofstream file(folder_ + "/" + name);
        file << text;
    }

    [[noreturn]] void run() const
    {
        const int out = open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        const std::string config = folder_ + "/kamailio.cfg";
        execl("/usr/sbin/kamailio", "kamailio", "-f", config.c_str(), "-DD", "-E", "-m", "32", "-M", "4", "-w",
              folder_.c_str(), "-Y", folder_.c_str(), nullptr);
        _exit(127);
    }

    std::string configuration() const
    {
        const std::string port = std::to_string(port_);
        return R"(#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
socket_workers=1
auto_aliases=no
alias="example.net"
dns=no
rev_dns=no
enable_tls=yes
listen=udp:127.0.0.1:)" +
               port + "\nlisten=tcp:127.0.0.1:" + port + "\nlisten=tls:127.0.0.1:" + std::to_string(tls_port_) + R"(
loadmodule "tls.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", ")" +
               folder_ + R"(/key.pem")
modparam("tls", "certificate", ")" +
               folder_ + R"(/cert.pem")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 30)
modparam("registrar", "max_expires", 900)
modparam("auth", "algorithm", ")" +
               algorithm_ +
               R"(")
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
    if (has_totag()) {
        if (loose_route()) { if (uri == myself) { lookup("location"); } t_relay(); exit; }
        if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
        sl_send_reply("404", "Not here");
        exit;
    }
    t_check_trans();
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("example.net", "secret", "0")) { www_challenge("example.net", "1"); exit; }
        save("location");
        exit;
    }
    if (!pv_proxy_authenticate("example.net", "secret", "0")) { proxy_challenge("example.net", "1"); exit; }
    consume_credentials();
    if (is_method("INVITE")) { record_route(); }
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
)";
    }

    bool wait_until_it_listens() const
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            if (listens(port_) && listens(tls_port_))
                return true;
            if (waitpid(pid_, nullptr, WNOHANG) == pid_)
                return false;
            poll(nullptr, 0, 5); // another process tells nobody when it is ready
        }
        return false;
    }

    static bool listens(std::uint16_t port)
    {
        const int probe = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
        close(probe);
        return connected;
    }

    const std::string algorithm_;
    std::string folder_;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    pid_t pid_ = -1;
    bool started_ = false;
};

} // namespace discovery_sip::testing
