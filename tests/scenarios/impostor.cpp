// A node that shows another certificate. See impostor.hpp.

#include "impostor.hpp"

#include <future>

namespace scenarios {

using namespace jackfield;
using secure_test::Holder;

namespace {

/// secure-openssl, but whoever asks its host for an identity gets another one. One at a time: a factory has no state.
struct Impostor {
    static const jf_factory& original()
    {
        return jackfield::testing::find_factory(
            jackfield::testing::load_entry(JACKFIELD_TEST_PLUGIN_DIR, "secure-openssl"), JF_SECURE_CHANNEL_INTERFACE);
    }

    static Status create(const jf_host* host, jf_text config, void** self, jf_error* error)
    {
        host_ = *host; // everything but one function goes to the real one, which its `self` names
        host_.get_service = [](void*, jf_text) -> const void* { return shown; };
        return original().create(&host_, config, self, error);
    }

    static const jf_entry& entry()
    {
        static const jf_factory factory{
            sizeof(jf_factory), 0,       to_text("secure-impostor"), original().interface_id, to_text("1.0.0"),
            original().methods, &create, original().destroy};
        static const jf_factory* const factories[] = {&factory};
        static const jf_entry entry{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, factories};
        return entry;
    }

    static kernel::Manifest manifest()
    {
        kernel::Manifest manifest;
        manifest.id = "secure-impostor";
        manifest.version = "1.0.0";
        manifest.abi = {JF_ABI_MAJOR, JF_ABI_MINOR};
        manifest.interfaces = {JF_SECURE_CHANNEL_INTERFACE};
        return manifest;
    }

    inline static const jf_identity* shown = nullptr;

private:
    inline static jf_host host_{};
};

/// Hands over how a call ended.
struct EndListener : kernel::CallListener {
    void ended(kernel::Call&, const kernel::CallEnd& how) override { end.set_value(how); }
    std::promise<kernel::CallEnd> end;
};

} // namespace

ForgedIdentity::ForgedIdentity(const std::string& store, Forgery forgery)
    : account_(secure_test::load_holder(store + "/account.pem"))
{
    constexpr long kDay_s = 24 * 3600;
    signer_ = secure_test::load_holder(store + "/account.pem");
    if (forgery == Forgery::signed_by_another)
        signer_.key = secure_test::make_account().key;
    if (forgery == Forgery::another_device)
        device_ = secure_test::make_device(signer_);
    else
        device_ = secure_test::certify(secure_test::load_holder(store + "/device.pem").key, signer_,
                                       forgery == Forgery::expired ? secure_test::Validity{-2 * kDay_s, -kDay_s}
                                                                   : secure_test::Validity{});
    identity_ = std::make_unique<secure_test::CertIdentity>(host_, device_, std::vector<const Holder*>{&account_});
}

ImpostorNode::ImpostorNode(const std::filesystem::path& file, const jf_identity* shown)
{
    Impostor::shown = shown;
    auto config = kernel::load_config(file);
    if (!config)
        throw Failure(config.error().status, config.error().text);
    for (auto& choice : config->choices) {
        if (choice.slot->name == "secure_channel")
            choice.use = "secure-impostor";
    }
    auto registry = kernel::Registry::scan(config->plugin_path);
    registry.add(Impostor::manifest(), &Impostor::entry());
    auto node = kernel::Node::create(*config, std::move(registry), nullptr);
    if (!node)
        throw Failure(node.error().status, node.error().text);
    node_ = std::move(*node);
    if (const auto online = node_->start(); !online)
        throw Failure(online.error().status, online.error().text);
}

kernel::CallEnd ImpostorNode::call(const std::string& account)
{
    const auto listener = std::make_shared<EndListener>();
    node_->call(account, {"", "", true, false}, listener);
    return listener->end.get_future().get();
}

} // namespace scenarios
