// The first flight of encryption goes along with the first checks. See early_flight.hpp.

#include "kernel/flow/early_flight.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

std::shared_ptr<EarlyFlight> EarlyFlight::begin(Environment& node, const ConnectivitySession& session,
                                                const Device& callee, std::shared_ptr<Errand> errand,
                                                const std::function<void()>& changed)
{
    const auto expected = session.early(1);
    if (!expected)
        return nullptr;
    auto flight = std::make_shared<EarlyFlight>(node, session, std::move(errand));
    flight->layers_ = std::make_unique<LinkLayers>(node.board, callee, true, unproven(node), changed);
    try {
        flight->layers_->secure_early(*expected, flight->send_soon());
    } catch (const Failure&) {
        return nullptr; // it is told when its turn comes
    }
    return flight;
}

EarlyFlight::EarlyFlight(Environment& node, const ConnectivitySession& session, std::shared_ptr<Errand> errand)
    : node_(node), session_(session), errand_(std::move(errand))
{}

std::unique_ptr<LinkLayers> EarlyFlight::take(const ConnectivitySession* session)
{
    if (session != &session_ || layers_ == nullptr)
        return nullptr;
    auto layers = std::move(layers_);
    if (layers->secured()->failure())
        layers.reset();
    return layers;
}

/// Datagrams that are said in one turn go out together. [any]
std::function<void()> EarlyFlight::send_soon()
{
    return [&control = node_.control, weak = weak_from_this()] {
        control.post([weak] {
            if (const auto still = weak.lock())
                still->send();
        });
    };
}

void EarlyFlight::send()
{
    if (layers_ == nullptr)
        return; // the path is there, and got them
    const auto datagrams = layers_->take_early();
    if (datagrams.empty() || session_.ready(1))
        return;
    session_.send_early(1, datagrams);
    errand_->tell(Step::secure_channel, Moment::progress,
                  nlohmann::json{{"what", "sent early"}, {"datagrams", datagrams.size()}}.dump());
}

} // namespace jackfield::kernel
