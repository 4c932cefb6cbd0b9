// What stands upon one control path: decorators, encryption, over datagrams a stream again, channels.
//
// Threads:  [control].
// Lifetime: belongs to an attempt, then to the link that came of it; destroyed before the path it stands on. Members
// are
//           the layers from the bottom up, so that they are destroyed from the top down.

#pragma once

#include "kernel/bind/decorators.hpp"
#include "kernel/bind/early_path.hpp"
#include "kernel/bind/layers.hpp"
#include "kernel/bind/multiplexer.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace jackfield::kernel {

class LinkLayers {
public:
    /// `initiator` opened the link: it is TLS client, and first in everything else. `changed` is called when a layer
    /// got on.
    LinkLayers(const Board& board, Device peer, bool initiator, Unproven unproven, std::function<void()> changed);
    LinkLayers(const LinkLayers&) = delete;
    LinkLayers& operator=(const LinkLayers&) = delete;

    /// The handshake begins, or goes on if it has begun early. Throws Failure.
    void secure(jf_path path);

    /// The handshake begins before there is a path. See EarlyPath. Throws Failure.
    void secure_early(const jf_path_info& expected, std::function<void()> unsent);
    std::vector<std::string> take_early() { return early_->take_unsent(); }

    /// What was said before there was a path is said once more, if nothing has come of it.
    void repeat_early()
    {
        if (early_)
            early_->repeat();
    }

    /// Instead of all below but stream(): the path is a service's.
    void stand_on(jf_path carried) { carried_ = carried; }

    /// Once that is done, and if the path was one of datagrams. Throws Failure.
    void make_reliable();

    /// Whether a stream of that secured path must be made first; whether there will be channels.
    bool wants_reliable(bool path_is_stream) const { return !path_is_stream && !secure_->multiplexes(); }
    bool wants_channels() const { return !carried_ && (secure_->multiplexes() || board_.multiplexer); }

    /// Once there is a stream, or the secure channel is a multiplexer itself. Throws Failure.
    void multiplex();

    /// What signaling goes over, once the layers below stand. Throws Failure.
    jf_path stream();

    const SecureLayer* secured() const { return secure_.get(); }
    const ReliableLayer* reliable() const { return reliable_.get(); }
    const MultiplexerLayer* multiplexed() const { return multiplexer_.get(); }

    /// For more channels than that of signaling. Throws Failure if the link has none.
    MultiplexerLayer& channels();

    /// Nobody listens for changes any more. For layers that outlive the flow that made them.
    void forget_events();

private:
    DecoratorStack::Place at(Seam seam) const { return {seam, peer_, initiator_}; }
    void begin_to_secure(jf_path path);
    jf_path decorated_secured_path();
    jf_path below_channels();

    const Board& board_;
    Device peer_;
    bool initiator_;
    Unproven unproven_;
    std::function<void()> changed_;

    std::optional<jf_path> carried_;
    std::unique_ptr<EarlyPath> early_; // null: the path was there first
    std::optional<DecoratorStack> control_decorators_;
    std::unique_ptr<SecureLayer> secure_;
    std::optional<DecoratorStack> secured_decorators_;
    std::unique_ptr<ReliableLayer> reliable_;
    std::unique_ptr<MultiplexerLayer> multiplexer_;
    std::optional<DecoratorStack> signaling_decorators_;
};

} // namespace jackfield::kernel
