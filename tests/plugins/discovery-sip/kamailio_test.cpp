// Two accounts at a real proxy, Kamailio: registered, and a call's first messages between them.
//
// Threads: the test's thread is control of both accounts. Lifetime: the proxy is the test's.
#include "account_under_test.hpp"
#include "kamailio.hpp"

#include <shared/sip/header_value.hpp>

namespace discovery_sip::testing {
namespace {

struct Way {
    std::string transport;
    std::string algorithm;
};

/// How a failure names its parameter.
void PrintTo(const Way& way, std::ostream* out)
{
    *out << way.transport << " " << way.algorithm;
}

class AtKamailio : public ::testing::TestWithParam<Way> {
protected:
    void SetUp() override
    {
        if (!Kamailio::installed())
            GTEST_SKIP() << "there is no kamailio here; tools/install-deps brings it";
        proxy_ = std::make_unique<Kamailio>(GetParam().algorithm);
        ASSERT_TRUE(proxy_->started()) << proxy_->log();
    }

    Json account(const std::string& user, const std::string& password = "secret") const
    {
        const bool tls = GetParam().transport == "tls";
        Json config{{"aor", "sip:" + user + "@example.net"},
                    {"registrar", tls ? proxy_->tls_address() : proxy_->address()},
                    {"transport", GetParam().transport},
                    {"password", password},
                    {"keepalive_s", 1}};
        if (tls)
            config["ca_file"] = proxy_->ca_file();
        return config;
    }

    /// What signaling would write first, with what the link says about us.
    static std::string request(const HeldCarrier& link, const std::string& method, std::uint32_t cseq,
                               const std::string& more = {})
    {
        const Json about = link.describe();
        const auto text = [&](const char* key) { return about[key].get<std::string>(); };
        return method + " " + text("remote") + " SIP/2.0\r\nVia: SIP/2.0/" + text("transport") + " " + text("sent_by") +
               ";branch=z9hG4bK" + method + std::to_string(cseq) + ";rport\r\nMax-Forwards: 70\r\nFrom: <" +
               text("local") + ">;tag=at\r\nTo: <" + text("remote") +
               ">\r\nCall-ID: call-of-a-test\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\nContact: <" +
               text("contact") + ">\r\n" + more + "Content-Length: 0\r\n\r\n";
    }

    static bool until(AccountUnderTest& a, AccountUnderTest& b, const std::function<bool()>& done)
    {
        return FakeHost::run_together({&a.host, &b.host}, done, 20s);
    }
    static Message last(HeldCarrier& link)
    {
        return Message::read(std::string(as_text(link.ear.heard().packets.back())));
    }
    static bool answered(HeldCarrier& link, int code)
    {
        for (const Bytes& packet : link.ear.heard().packets) {
            if (as_text(packet).starts_with("SIP/2.0 " + std::to_string(code)))
                return true;
        }
        return false;
    }

    std::unique_ptr<Kamailio> proxy_;
};

TEST_P(AtKamailio, RegistersAndTakesItsLeave)
{
    AccountUnderTest alice(account("alice"));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text << proxy_->log();
    EXPECT_EQ(alice.describe()["expires_s"], 600);
    alice.stop();
    EXPECT_TRUE(alice.until([&] { return alice.stopped.calls == 1; }, 1500ms)) << "the proxy takes it at once";
}

TEST_P(AtKamailio, SaysThatThePasswordIsWrong)
{
    AccountUnderTest alice(account("alice", "wrong"));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_UNAUTHENTICATED) << alice.announced.text;
}

TEST_P(AtKamailio, CarriesACallBetweenTwoAccounts)
{
    AccountUnderTest alice(account("alice"));
    AccountUnderTest bob(account("bob"));
    ASSERT_TRUE(alice.begin());
    ASSERT_TRUE(bob.begin());
    const auto out = alice.carry("sip:bob@example.net");
    out->path.open(out->ear);
    EXPECT_EQ(out->path.describe().reliable, GetParam().transport == "udp" ? 0U : 1U);
    EXPECT_EQ(out->path.describe().secured, GetParam().transport == "tls" ? 1U : 0U);
    const std::string invite = request(*out, "INVITE", 1);
    ASSERT_EQ(out->send(invite), JF_OK);
    ASSERT_TRUE(until(alice, bob, [&] { return answered(*out, 407); })) << proxy_->log();
    const std::string credentials =
        out->view.answer_challenge(last(*out).value("Proxy-Authenticate"), "INVITE", "sip:bob@example.net", {});
    ASSERT_EQ(out->send(request(*out, "INVITE", 2, "Proxy-Authorization: " + credentials + "\r\n")), JF_OK);
    ASSERT_TRUE(until(alice, bob, [&] { return !bob.heard.carried.empty(); })) << proxy_->log();
    EXPECT_EQ(bob.heard.carried[0].first.account_id, "sip:alice@example.net");
    const auto in = bob.take_carried();
    in->path.open(in->ear);
    const Message heard = last(*in);
    EXPECT_EQ(heard.method(), "INVITE");
    const std::string contact = "Contact: <" + in->describe()["contact"].get<std::string>() + ">\r\n";
    std::string routes;
    for (const auto route : heard.values("Record-Route"))
        routes += "Record-Route: " + std::string(route) + "\r\n";
    ASSERT_EQ(in->send(respond(heard, 200, "OK", contact + routes)), JF_OK);
    ASSERT_TRUE(until(alice, bob, [&] { return answered(*out, 200); })) << proxy_->log();

    // Bob hangs up: a request inside the dialog finds the link that began it.
    std::string bye = "BYE " + std::string(shared_sip::address_of(heard.value("Contact"))) +
                      " SIP/2.0\r\nVia: SIP/2.0/" + in->describe()["transport"].get<std::string>() + " " +
                      in->describe()["sent_by"].get<std::string>() + ";branch=z9hG4bKbye;rport\r\nMax-Forwards: 70\r\n";
    for (const auto route : heard.values("Record-Route"))
        bye += "Route: " + std::string(route) + "\r\n";
    bye += "From: " + std::string(heard.value("To")) + ";tag=server\r\nTo: " + std::string(heard.value("From")) +
           "\r\nCall-ID: call-of-a-test\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n";
    ASSERT_EQ(in->send(bye), JF_OK);
    ASSERT_TRUE(until(alice, bob, [&] { return last(*out).is_request() && last(*out).method() == "BYE"; }))
        << proxy_->log();
    EXPECT_TRUE(alice.heard.carried.empty());
}

TEST_P(AtKamailio, ComesBackWhenTheProxyDoes)
{
    AccountUnderTest alice(account("alice"));
    ASSERT_TRUE(alice.begin());
    proxy_->stop();
    if (GetParam().transport == "udp") // nobody tells us: the renewal would find out
        alice.network_changed();
    else
        ASSERT_TRUE(alice.until([&] { return alice.offline(); }));
    proxy_->start();
    ASSERT_TRUE(proxy_->started()) << proxy_->log();
    alice.network_changed();
    // Over UDP it was never told that it was offline. What is left running is the timer of the next renewal.
    ASSERT_TRUE(alice.until([&] { return alice.online() && alice.host.timer_count() == 1; }));
    AccountUnderTest bob(account("bob"));
    ASSERT_TRUE(bob.begin());
    const auto out = bob.carry("sip:alice@example.net");
    out->path.open(out->ear);
    ASSERT_EQ(out->send(request(*out, "MESSAGE", 1)), JF_OK);
    ASSERT_TRUE(until(alice, bob, [&] { return answered(*out, 407); }));
    const std::string credentials =
        out->view.answer_challenge(last(*out).value("Proxy-Authenticate"), "MESSAGE", "sip:alice@example.net", {});
    ASSERT_EQ(out->send(request(*out, "MESSAGE", 2, "Proxy-Authorization: " + credentials + "\r\n")), JF_OK);
    EXPECT_TRUE(until(alice, bob, [&] { return !alice.heard.carried.empty(); })) << "it is reached where it registered";
}

INSTANTIATE_TEST_SUITE_P(OverEveryTransport, AtKamailio,
                         ::testing::Values(Way{"udp", "MD5"}, Way{"tcp", "SHA-256"}, Way{"tls", "SHA-256"}),
                         [](const auto& way) { return way.param.transport; });

} // namespace
} // namespace discovery_sip::testing
