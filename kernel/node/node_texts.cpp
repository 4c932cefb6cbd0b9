// What a program writes and reads, and whose texts these are. See node.hpp and node_impl.hpp.

#include "kernel/config/report.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

namespace jackfield::kernel {

namespace {

Error keeps_no_texts()
{
    return Report("texts", "", "the configuration of this node says nothing of them")
        .line("searched", "\"texts\" at the top of the configuration")
        .line("would work", "\"texts\": {}, which keeps them in a database beside it")
        .error(JF_UNSUPPORTED);
}

} // namespace

/// Throws Failure. On the program's own thread, before there is a control thread that must not wait.
void Node::Impl::open_texts(const Config& config)
{
    if (config.texts.file.empty())
        return;
    TextEars ears;
    ears.received = [this](const Text& text) { listener_->text_received(text); };
    ears.delivered = [this](const std::string& peer, const std::string& id) { listener_->text_delivered(peer, id); };
    ears.typing = [this](const std::string& peer, bool active) { listener_->typing(peer, active); };
    texts_ = std::make_unique<Texts>(control_, timeline_, config.texts, std::move(ears));
}

Error Node::Impl::texts_belong_to(const std::string& account)
{
    if (texts_ == nullptr)
        return {JF_OK, ""};
    return wait_for<Error>(control_, [this, &account](const std::function<void(Error)>& hand_over) {
        texts_->belong_to(account, hand_over);
    });
}

/// A store that is open stays the one, for as long as the node runs.
Error Node::Impl::same_texts(const Config& config) const
{
    const auto now = texts_ == nullptr ? std::filesystem::path() : texts_->settings().file;
    if (config.texts.file == now)
        return {JF_OK, ""};
    return Report(config.name, "/texts/file", "where texts are kept cannot change while the node runs")
        .line("searched", now.empty() ? "no texts are kept now" : "they are kept in " + now.string())
        .line("would work", "ending the program and starting it again")
        .error();
}

void Node::Impl::texts_work_in(Environment* environment)
{
    if (texts_ != nullptr)
        texts_->work_in(environment);
}

std::expected<std::string, Error> Node::Impl::send_text(const std::string& peer, std::string text)
{
    if (texts_ == nullptr)
        return std::unexpected(keeps_no_texts());
    using Result = std::expected<std::string, Error>;
    return wait_for_what<Result>(control_, [&](const std::function<void(Result)>& hand_over) {
        texts_->write(peer, std::move(text), hand_over);
    });
}

std::expected<std::vector<Text>, Error> Node::Impl::history(const std::string& peer, int limit)
{
    if (texts_ == nullptr)
        return std::unexpected(keeps_no_texts());
    using Result = std::expected<std::vector<Text>, Error>;
    return wait_for<Result>(
        control_, [&](const std::function<void(Result)>& hand_over) { texts_->history(peer, limit, hand_over); });
}

void Node::Impl::typing(const std::string& peer, bool active)
{
    if (texts_ != nullptr)
        post([this, peer, active] { texts_->say_typing(peer, active); });
}

std::expected<std::string, Error> Node::send_text(const std::string& peer_account, std::string text)
{
    return impl_->send_text(peer_account, std::move(text));
}

std::expected<std::vector<Text>, Error> Node::history(const std::string& peer_account, int limit)
{
    return impl_->history(peer_account, limit);
}

void Node::typing(const std::string& peer_account, bool active)
{
    impl_->typing(peer_account, active);
}

} // namespace jackfield::kernel
