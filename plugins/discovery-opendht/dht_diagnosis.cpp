// Why does the DHT find nobody? See dht_diagnosis.hpp.
#include "dht_diagnosis.hpp"

#include "dht_node.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace discovery_opendht {

namespace {

using namespace std::chrono_literals;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Host;
using jackfield::Nanoseconds;
using jackfield::Verdict;
using Json = nlohmann::json;

constexpr Nanoseconds kForWords = 100ms; // of the limit
constexpr Nanoseconds kAnswers = 8s;     // the first node; what comes later comes too late for a call
constexpr Nanoseconds kAgain = 500ms;    // from a get that found nothing to the next
constexpr Nanoseconds kGets = 5s;        // nodes behind NATs, which cannot be asked, may have taken it, too

class Session final : public jackfield::DiagnosisSession {
public:
    Session(Host host, const Options& options, Nanoseconds limit, jf_diagnosis_listener listener)
        : host_(host), options_(options), report_(host, listener), scope_(host), limit_(host), again_(host)
    {
        began_ns_ = host.now_ns();
        host.random(value_);
        key_ = "doctor " + std::to_string(host.random_number());
        limit_.start(std::max(limit - kForWords, kForWords), [this] { conclude(); });
        again_.start(kAnswers, [this] {
            if (!told_online_)
                conclude();
        });
        if (options_.bootstrap.empty() && !options_.peer_discovery) {
            alone();
            return;
        }
        Options own = options_;
        own.listen.port = 0; // the slot's instance has the other
        writer_ = make(own, writer_online_);
        reader_ = make(own, reader_online_);
    }

private:
    std::unique_ptr<DhtNode> make(const Options& options, bool& online)
    {
        auto node = DhtNode::make(options, [this, &online](bool now_online, const std::string&) {
            scope_.post([this, &online, now_online] {
                online = now_online;
                go_on();
            });
        });
        node->open();
        return node;
    }

    double ms() const { return static_cast<double>(host_.now_ns() - began_ns_) / 1e6; }

    void alone()
    {
        report_.add({"dht", Verdict::note,
                     "No bootstrap node is configured: this node is the beginning of a network of its own",
                     "name a node of the network in \"bootstrap\", unless others bootstrap from this one"});
        finish();
    }

    void go_on()
    {
        if (over_ || !writer_online_ || !reader_online_)
            return;
        if (!told_online_) {
            told_online_ = true;
            online_ms_ = ms();
            report_.add({"dht", Verdict::ok,
                         "The DHT answers after " + std::to_string(static_cast<long>(online_ms_)) + " ms; " +
                             std::to_string(writer_->nodes()) + " nodes are known so far",
                         "", Json{{"online_ms", online_ms_}, {"nodes", writer_->nodes()}}.dump()});
            writer_->put(key_, value_, host_.random_number() | 1U, false,
                         [this](jackfield::Status status, std::string_view why) {
                             scope_.post([this, status, text = std::string(why)] { has_put(status, text); });
                         });
        }
    }

    void has_put(jackfield::Status status, const std::string& why)
    {
        if (over_)
            return;
        put_ms_ = ms() - online_ms_;
        if (status == JF_OK)
            return get();
        report_.add({"dht/put-get", Verdict::problem, "The DHT takes no value of ours: " + why,
                     "its nodes may refuse an address that writes too much, or a network id that is another: compare "
                     "\"network\"; without it nobody finds us"});
        finish();
    }

    void get()
    {
        const auto found = std::make_shared<bool>(false); // by OpenDHT's thread, before it ends
        reader_->get(
            key_,
            [found, value = Bytes(value_.begin(), value_.end())](ByteView seen) {
                *found = *found || std::ranges::equal(seen, value);
            },
            [this, found](jackfield::Status status, std::string_view why) {
                scope_.post([this, here = *found, status, text = std::string(why)] { has_got(here, status, text); });
            });
    }

    void has_got(bool found, jackfield::Status status, const std::string& why)
    {
        if (over_)
            return;
        const double get_ms = ms() - online_ms_ - put_ms_;
        if (!found && get_ms < std::chrono::duration<double, std::milli>(kGets).count())
            return again_.start(kAgain, [this] { get(); });
        if (found)
            report_.add({"dht/put-get", Verdict::ok,
                         "A value that one node puts another finds: " + std::to_string(static_cast<long>(put_ms_)) +
                             " ms to put, " + std::to_string(static_cast<long>(get_ms)) + " ms to get",
                         "", Json{{"put_ms", put_ms_}, {"get_ms", get_ms}}.dump()});
        else
            report_.add({"dht/put-get", Verdict::problem,
                         "The DHT takes a value of ours and does not give it back" +
                             (status == JF_OK ? std::string() : ": " + why),
                         "its nodes lose packets, or some of them do not work; try another bootstrap node"});
        finish();
    }

    /// The time is over.
    void conclude()
    {
        if (over_)
            return;
        if (!told_online_) {
            std::string names;
            for (const Address& node : options_.bootstrap)
                names += (names.empty() ? "" : ", ") + node.text();
            report_.add(
                {"dht", Verdict::problem,
                 "No node of the DHT answers" + (names.empty() ? std::string() : "; asked were " + names),
                 "check names and ports in \"bootstrap\"; the DHT needs UDP in and out, so where that is blocked "
                 "take discovery-rendezvous beside it"});
        } else {
            report_.add({"dht/put-get", Verdict::problem,
                         "The DHT answers, but a value could not be put and got in time",
                         "the network is very slow, or loses packets; try another bootstrap node"});
        }
        finish();
    }

    void finish()
    {
        over_ = true;
        limit_.cancel();
        report_.finish();
    }

    const Host host_;
    const Options& options_;
    jackfield::DiagnosisReport report_;
    jackfield::Scope scope_;
    jackfield::Timer limit_;
    jackfield::Timer again_;
    std::int64_t began_ns_ = 0;
    std::string key_;
    std::array<std::uint8_t, 16> value_{};
    bool writer_online_ = false;
    bool reader_online_ = false;
    bool told_online_ = false;
    bool over_ = false;
    double online_ms_ = 0;
    double put_ms_ = 0;
    std::unique_ptr<DhtNode> writer_; // last: they post through the scope
    std::unique_ptr<DhtNode> reader_;
};

} // namespace

DhtDiagnosis::DhtDiagnosis(Host host, std::string_view config_json)
    : Diagnosis(host), options_(parse_options(config_json))
{}

std::unique_ptr<jackfield::DiagnosisSession> DhtDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    return std::make_unique<Session>(host_, options_, limit, listener);
}

} // namespace discovery_opendht
