// Calls with telephones of others, through a real proxy: baresip, SIPp, linphonec and Kamailio, in both directions.
//
// Threads: the test's; every program is a process of its own.
#include "telephones.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using discovery_sip::testing::Kamailio;

/// How the account of ours is configured, and what baresip is told to want.
struct Line {
    const char* name;
    const char* transport = "udp";
    const char* connectivity = "ice-direct";
    Json media_transport = {{"use", "media-plain"}, {"config", {{"insecure", true}}}};
    bool ice = false;
    const char* baresip = "";
    const char* algorithm = "MD5";
};

void PrintTo(const Line& line, std::ostream* out)
{
    *out << line.name;
}

class TelephoneLine {
public:
    explicit TelephoneLine(const Line& line, Kamailio& proxy) : world_(false)
    {
        const bool tls = std::string_view(line.transport) == "tls";
        Json account{{"aor", "sip:alice@example.net"},
                     {"registrar", tls ? proxy.tls_address() : proxy.address()},
                     {"transport", line.transport},
                     {"password_file", (world_.folder() / "password").string()}};
        if (tls) {
            account["ca_file"] = proxy.ca_file();
            account["server_name"] = "localhost";
        }
        write_file(world_.folder() / "password", "secret\n");
        const Json slots{{"identity", {{"use", "identity-memory"}}},
                         {"discovery", {{{"use", "discovery-sip"}, {"config", account}}}},
                         {"connectivity", {{"use", line.connectivity}, {"config", {{"addresses", {"127.0.0.1"}}}}}},
                         {"signaling", {{"use", "signaling-sip"}, {"config", {{"ice", line.ice}}}}},
                         {"media_transport", line.media_transport},
                         {"codec", {{{"use", "codec-g711"}}, {{"use", "codec-opus"}}}},
                         {"media_source", {{{"use", "media-test"}}}},
                         {"media_sink", {{{"use", "media-null"}}}}};
        world_.configure("alice", {.call = {{"bundle", "never"}}, .slots = slots});
    }

    std::unique_ptr<Process> listen() { return world_.listen("alice", {"--answer", "--once", "--send", "test"}); }
    std::unique_ptr<Process> call(const std::string& uri)
    {
        return world_.call("alice", uri, {"--send", "test", "--audio-only", "--for", "2"});
    }
    const std::filesystem::path& folder() const { return world_.folder(); }

    /// Texts are kept from now on, of an account that stays.
    void keep_texts()
    {
        world_.change("alice", [&](Json& config) {
            config["texts"] = Json::object();
            config["slots"]["identity"] = {{"use", "identity-x509"},
                                           {"config", {{"store", (world_.folder() / "id").string()}}}};
        });
    }
    std::unique_ptr<Process> text(const std::string& uri, const std::string& words)
    {
        return std::make_unique<Process>(std::vector<std::string>{"text", "--config", world_.folder() / "alice.json",
                                                                  "--events", "json", uri, words},
                                         world_.folder() / "text.log");
    }

private:
    World world_;
};

/// What is counted of the sound of a call that was answered and ended in order; else nothing.
Json sound_of_a_call(Process& alice)
{
    const Json end = alice.call_end();
    const bool in_order = end.is_object() && end.value("answered", false) && !end.contains("status");
    EXPECT_TRUE(in_order) << end;
    return in_order ? end["statistics"]["streams"][0] : Json::object();
}

/// There was sound both ways.
void expect_a_call(Process& alice)
{
    const Json sound = sound_of_a_call(alice);
    EXPECT_GT(sound.value("packets_sent", 0), 50) << sound;
    EXPECT_GT(sound.value("packets_received", 0), 50) << sound;
    EXPECT_EQ(sound.value("packets_lost", -1), 0) << sound;
    EXPECT_EQ(alice.exit_code(), 0);
}

class BaresipCalls : public ::testing::TestWithParam<Line> {
protected:
    void SetUp() override
    {
        if (!Kamailio::installed() || !Baresip::installed())
            GTEST_SKIP() << "no kamailio or no baresip here: tools/install-deps installs them";
        ASSERT_TRUE(proxy_.started()) << proxy_.log();
    }

    Kamailio proxy_{GetParam().algorithm};
    TelephoneLine line_{GetParam(), proxy_};
};

TEST_P(BaresipCalls, AreMadeAndHeard)
{
    Baresip bare(line_.folder() / "bare", proxy_.address(), std::string(";answermode=auto") + GetParam().baresip);
    ASSERT_TRUE(bare.listen()) << bare.phone().all();
    const auto alice = line_.call("sip:bare@example.net");
    expect_a_call(*alice);
    EXPECT_TRUE(bare.phone().says("terminated (duration")) << bare.phone().all();
    EXPECT_NEAR(bare.heard_hz(), 440, 10);
}

TEST_P(BaresipCalls, AreTakenAndHeard)
{
    const auto alice = line_.listen();
    Baresip bare(line_.folder() / "bare", proxy_.address(), GetParam().baresip);
    bare.call("sip:alice@example.net");
    ASSERT_TRUE(bare.phone().says("Call established")) << bare.phone().all();
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    ASSERT_FALSE(alice->event("media", "progress", "statistics").is_null());
    alice->interrupt(); // hangs up
    const Json end = alice->call_end();
    EXPECT_TRUE(end.is_object() && end.value("answered", false)) << end;
    EXPECT_TRUE(bare.phone().says("terminated (duration")) << bare.phone().all();
    EXPECT_NEAR(bare.heard_hz(), 440, 10);
}

const Json kSrtp{{"use", "media-srtp"}};
const Json kOldSrtp{{"use", "media-srtp"}, {"config", {{"suites", {"AES_CM_128_HMAC_SHA1_80"}}}}};
const Json kDtls{{"use", "media-dtls"}};

INSTANTIATE_TEST_SUITE_P(
    Lines, BaresipCalls,
    ::testing::Values(
        Line{.name = "InClear"},
        Line{.name = "WithSrtpOverTcp", .transport = "tcp", .media_transport = kSrtp, .baresip = ";mediaenc=srtp-mand"},
        Line{.name = "WithSrtpOverTls",
             .transport = "tls",
             .connectivity = "ice-libnice",
             .media_transport = kSrtp,
             .baresip = ";mediaenc=srtp-mand",
             .algorithm = "MD5"},
        Line{.name = "WithDtls", .media_transport = kDtls, .baresip = ";mediaenc=dtls_srtp"},
        // With several suites to choose from, baresip 1.0 takes one and names another when it does ICE.
        Line{.name = "WithIce",
             .connectivity = "ice-libnice",
             .media_transport = kOldSrtp,
             .ice = true,
             .baresip = ";mediaenc=srtp-mand;medianat=ice"}),
    [](const auto& one) { return std::string(one.param.name); });

class TelephoneCalls : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!Kamailio::installed())
            GTEST_SKIP() << "no kamailio here: tools/install-deps installs it";
        ASSERT_TRUE(proxy_.started()) << proxy_.log();
    }

    /// SIPp with a scenario; it sends back the sound that it gets.
    std::unique_ptr<Telephone> sipp(const std::string& name, const std::string& scenario, int port)
    {
        const auto file = line_.folder() / (name + ".xml");
        write_file(file, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"" + name + "\">\n" +
                             scenario + "</scenario>\n");
        return std::make_unique<Telephone>(
            std::vector<std::string>{"sipp", "-sf", file.string(), "-m", "1", "-i", "127.0.0.1", "-mi", "127.0.0.1",
                                     "-p", std::to_string(port), "-rtp_echo", "-nostdin", "-timeout", "30",
                                     "-timeout_error", proxy_.address()},
            line_.folder() / (name + ".log"));
    }

    /// What SIPp sends back is our own sound: it must not be taken for another's (RFC 3550 section 8.2), but it was
    /// there.
    static void expect_an_echo(Process& alice)
    {
        const Json sound = sound_of_a_call(alice);
        EXPECT_GT(sound.value("packets_sent", 0), 50) << sound;
        EXPECT_GT(sound.value("packets_refused", 0), 50) << sound;
    }

    Kamailio proxy_;
    TelephoneLine line_{Line{.name = "InClear"}, proxy_};
};

const std::string kVia = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n";
const std::string kFromSipp = "From: <sip:sipp@example.net>;tag=[call_number]\n";
const std::string kContact = "Contact: <sip:sipp@[local_ip]:[local_port]>\n";
const std::string kSdp =
    "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\n"
    "c=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";

std::string sends(const std::string& message, bool repeats = true)
{
    return std::string("<send") + (repeats ? " retrans=\"500\"" : "") + "><![CDATA[\n" + message + "\n]]></send>\n";
}

std::string sipp_request(const std::string& start, int cseq, const std::string& method, const std::string& to,
                         const std::string& more)
{
    return start + " SIP/2.0\n" + kVia + kFromSipp + "To: " + to +
           "\nCall-ID: [call_id]\nCSeq: " + std::to_string(cseq) + " " + method + "\n" + kContact +
           "Max-Forwards: 70\n" + more;
}

TEST_F(TelephoneCalls, OfSippAreTaken)
{
    const auto alice = line_.listen();
    const std::string to = "<sip:alice@example.net>";
    const std::string nothing = "Content-Length: 0\n";
    const auto caller = sipp(
        "caller",
        sends(sipp_request("INVITE sip:alice@example.net", 1, "INVITE", to, nothing)) +
            "<recv response=\"407\" auth=\"true\"/>\n" +
            sends("ACK sip:alice@example.net SIP/2.0\n[last_Via:]\n" + kFromSipp + "To: " + to +
                      "[peer_tag_param]\nCall-ID: [call_id]\nCSeq: 1 ACK\nMax-Forwards: 70\n" + nothing,
                  false) +
            sends(sipp_request("INVITE sip:alice@example.net", 2, "INVITE", to,
                               "[authentication username=sipp password=secret]\n" + kSdp)) +
            "<recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n"
            "<recv response=\"200\" rrs=\"true\"/>\n" +
            sends(sipp_request("ACK [next_url]", 2, "ACK", to + "[peer_tag_param]", "[routes]\n" + nothing), false) +
            "<pause milliseconds=\"2000\"/>\n" +
            sends(sipp_request("BYE [next_url]", 3, "BYE", to + "[peer_tag_param]", "[routes]\n" + nothing)) +
            "<recv response=\"200\"/>\n",
        jackfield::testing::free_port(SOCK_DGRAM));
    expect_an_echo(*alice);
    EXPECT_EQ(caller->exit_code(), 0) << caller->all();
    EXPECT_EQ(alice->exit_code(), 0);
}

TEST_F(TelephoneCalls, ToSippAreMade)
{
    const int port = jackfield::testing::free_port(SOCK_DGRAM);
    const std::string to = "<sip:sipp@example.net>";
    const std::string expires = "Expires: 120\n";
    const auto registers =
        sipp("registers",
             sends(sipp_request("REGISTER sip:example.net", 1, "REGISTER", to, expires + "Content-Length: 0\n")) +
                 "<recv response=\"401\" auth=\"true\"/>\n" +
                 sends(sipp_request("REGISTER sip:example.net", 2, "REGISTER", to,
                                    expires + "[authentication username=sipp password=secret]\nContent-Length: 0\n")) +
                 "<recv response=\"200\"/>\n",
             port);
    ASSERT_EQ(registers->exit_code(), 0) << registers->all();
    const std::string head = "[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
                             "[last_Record-Route:]\n" +
                             kContact;
    const auto callee =
        sipp("callee",
             "<recv request=\"INVITE\" crlf=\"true\"/>\n" +
                 sends("SIP/2.0 180 Ringing\n" + head + "Content-Length: 0\n", false) +
                 sends("SIP/2.0 200 OK\n" + head + kSdp) + "<recv request=\"ACK\"/>\n<recv request=\"BYE\"/>\n" +
                 sends("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n"
                       "[last_CSeq:]\nContent-Length: 0\n",
                       false),
             port);
    const auto alice = line_.call("sip:sipp@example.net");
    expect_an_echo(*alice);
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(callee->exit_code(), 0) << callee->all();
}

TEST_F(TelephoneCalls, OfLinphoneAreTaken)
{
    if (!Linphone::installed())
        GTEST_SKIP() << "no linphonec here: tools/install-deps installs it";
    const auto alice = line_.listen();
    Linphone phone(line_.folder() / "lin", proxy_.address());
    ASSERT_TRUE(phone.registered()) << phone.phone().all();
    phone.say("call sip:alice@example.net");
    ASSERT_TRUE(phone.phone().says("Media streams established")) << phone.phone().all();
    phone.play();
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << phone.phone().all();
    phone.say("terminate");
    const Json end = alice->call_end();
    EXPECT_TRUE(end.value("answered", false) && end.value("by_peer", false)) << end;
    EXPECT_EQ(alice->exit_code(), 0);
}

TEST_F(TelephoneCalls, ToLinphoneAreMade)
{
    if (!Linphone::installed())
        GTEST_SKIP() << "no linphonec here: tools/install-deps installs it";
    Linphone phone(line_.folder() / "lin", proxy_.address());
    ASSERT_TRUE(phone.registered()) << phone.phone().all();
    const auto alice = line_.call("sip:lin@example.net");
    ASSERT_TRUE(phone.phone().says("Media streams established")) << phone.phone().all();
    phone.play();
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << phone.phone().all();
    const Json end = alice->call_end();
    EXPECT_TRUE(end.value("answered", false)) << end;
    EXPECT_EQ(alice->exit_code(), 0);
}

TEST_F(TelephoneCalls, HaveTextsBesideThemBothWays)
{
    if (!Linphone::installed())
        GTEST_SKIP() << "no linphonec here: tools/install-deps installs it";
    line_.keep_texts();
    Linphone phone(line_.folder() / "lin", proxy_.address());
    ASSERT_TRUE(phone.registered()) << phone.phone().all();
    const auto text = line_.text("sip:lin@example.net", "good morning");
    EXPECT_EQ(text->exit_code(), 0) << "delivered when the telephone has it";
    EXPECT_TRUE(phone.phone().says("good morning")) << phone.phone().all();
    const auto alice = line_.listen();
    phone.say("chat sip:alice@example.net and to you");
    EXPECT_FALSE(alice
                     ->find([](const Json& event) {
                         return event.value("/detail/what"_json_pointer, "") == "text" &&
                                event.value("/detail/text"_json_pointer, "") == "and to you";
                     })
                     .is_null())
        << phone.phone().all();
}

TEST_F(TelephoneCalls, WithTheSampleOfAnAccountAreMade)
{
    if (!Baresip::installed())
        GTEST_SKIP() << "no baresip here: tools/install-deps installs it";
    World world(false);
    write_file(world.folder() / "password", "secret\n");
    world.configure_as_sample("alice", "sip-account.json");
    world.change("alice", [&](Json& config) {
        config["slots"]["discovery"][0]["config"] = {{"aor", "sip:alice@example.net"},
                                                     {"registrar", proxy_.tls_address()},
                                                     {"transport", "tls"},
                                                     {"ca_file", proxy_.ca_file()},
                                                     {"server_name", "localhost"},
                                                     {"password_file", (world.folder() / "password").string()}};
    });
    Baresip bare(world.folder() / "bare", proxy_.address(), ";answermode=auto;mediaenc=srtp-mand");
    ASSERT_TRUE(bare.listen()) << bare.phone().all();
    const auto alice = world.call("alice", "sip:bare@example.net", {"--send", "test", "--for", "2"});
    expect_a_call(*alice);
    EXPECT_TRUE(bare.phone().says("terminated (duration")) << bare.phone().all();
    EXPECT_GT(bare.heard_hz(), 0);
}

TEST_F(TelephoneCalls, WithAWrongPasswordEndWithTheReason)
{
    write_file(line_.folder() / "password", "wrong\n");
    const auto alice = line_.call("sip:bare@example.net");
    const Json end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_EQ(end.value("text", ""), "Proxy Authentication Required") << end;
    EXPECT_NE(alice->exit_code(), 0);
}

TEST_F(TelephoneCalls, WithoutAProxyEndWithTheReason)
{
    proxy_.stop();
    const auto alice = line_.call("sip:bare@example.net");
    const Json end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_EQ(end.value("failed_step", ""), "signaling") << end;
    EXPECT_EQ(end.value("status", ""), "timeout") << end;
    EXPECT_NE(alice->exit_code(), 0);
}

TEST_F(TelephoneCalls, ToNobodySayThatNobodyIsThere)
{
    const auto alice = line_.call("sip:nobody@example.net");
    const Json end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_EQ(end.value("text", ""), "Not Found") << end;
    EXPECT_NE(alice->exit_code(), 0);
}

} // namespace
} // namespace scenarios
