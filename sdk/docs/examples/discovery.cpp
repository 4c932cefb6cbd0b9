// The shape of a discovery that knows a fixed place; see sdk/docs/interfaces/discovery.md.
#include <jackfield/discovery.hpp>

#include <map>

namespace {

// [example]
/// Knows one device for each account and cannot carry messages yet: what stands here is find, watch and stop.
class AddressBook : public jackfield::Discovery {
public:
    using Discovery::Discovery;

    void start(jackfield::DiscoveryListener listener) override
    {
        listener_ = listener;
        scope_.emplace(host_);
        scope_->post([this] { listener_.state(JF_ONLINE, "the book is open"); }); // never inside start
    }

    void find(std::string_view account_id, jackfield::FindSink sink) override
    {
        if (!listener_ || stopped_)
            return sink.fail(JF_CLOSED, "the address book is closed");
        const auto known = devices_.find(std::string(account_id));
        if (known == devices_.end())
            return sink.fail(JF_NOT_FOUND, "the account is not in the address book");
        sink.device(known->second);
        sink.succeed(); // the SDK posts both, in this order
    }

    void stop(jackfield::Completion done) override
    {
        stopped_ = true;
        scope_.reset(); // nothing that was posted for the listener comes any more
        done.succeed();
    }

private:
    std::map<std::string, jackfield::Device> devices_;
    jackfield::DiscoveryListener listener_;
    std::optional<jackfield::Scope> scope_;
    bool stopped_ = false;
};
// [end]

} // namespace
