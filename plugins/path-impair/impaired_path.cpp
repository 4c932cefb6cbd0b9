// A path that is worse than the one below. See impaired_path.hpp.

#include "impaired_path.hpp"

namespace path_impair {

namespace {

/// The same place has the same fates in every run; both ends, both directions and all components have their own.
std::uint64_t seed_of(const Options& options, const jackfield::DecoratorPlace& place, std::string_view direction)
{
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    const auto mix = [&hash](std::string_view text) {
        for (const char c : text)
            hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    };
    mix(place.seam + "/" + std::to_string(place.component) + (place.initiator ? "/caller/" : "/callee/"));
    mix(direction);
    return hash ^ options.seed * 0x9e3779b97f4a7c15;
}

} // namespace

ImpairedPath::ImpairedPath(jackfield::Host host, Carrier& carrier, const Options& options, jackfield::Path below,
                           const jackfield::DecoratorPlace& place)
    : DecoratedPath(below),
      host_(host),
      carrier_(carrier),
      options_(options),
      place_(place),
      made_at_(steady_now()),
      stream_(below.is_stream()),
      out_(*this, options, seed_of(options, place, "send"), stream_),
      in_(*this, options, seed_of(options, place, "receive"), stream_)
{
    carrier_.add(out_);
    carrier_.add(in_);
}

ImpairedPath::~ImpairedPath()
{
    close();
}

void ImpairedPath::open(jf_path_receiver receiver)
{
    gate_.open(receiver);
    below().open(*this);
}

// --- from above -----------------------------------------------------------------------------------------------------

jackfield::Status ImpairedPath::send(std::span<const jf_bytes> parts) noexcept
{
    if (!options_.on_send)
        return below().send(parts);
    if (gate_.over())
        return JF_CLOSED;
    if (jackfield::total_size(parts) > describe().max_datagram_bytes)
        return JF_BAD_INPUT;
    jackfield::Status status = post(out_, parts, JF_ECN_UNKNOWN);
    while (status == JF_WOULD_BLOCK && !carrier_.want(out_)) // the last one has gone since
        status = post(out_, parts, JF_ECN_UNKNOWN);
    return status;
}

/// What a router does that has no room: a datagram is lost, a stream waits.
jackfield::Status ImpairedPath::post(Direction& direction, std::span<const jf_bytes> parts, std::uint32_t ecn)
{
    const Time now = steady_now();
    Fate fate;
    {
        const std::lock_guard lock(direction.mutex);
        fate = direction.fates.next(jackfield::total_size(parts), now - made_at_);
        ++direction.packets;
        direction.lost += fate.copies == 0 ? 1U : 0U;
    }
    if (fate.queue_full)
        return stream_ ? JF_WOULD_BLOCK : JF_OK;
    for (std::size_t copy = 0; copy < fate.copies; ++copy) {
        const jackfield::Status status = carrier_.put(direction, parts, ecn, made_at_ + fate.at[copy]);
        if (status == JF_CLOSED)
            return status;
        if (status == JF_EXHAUSTED && stream_)
            return JF_WOULD_BLOCK;
    }
    return JF_OK;
}

jackfield::Status ImpairedPath::Out::deliver(const Parcel& parcel) noexcept
{
    const jackfield::Status status = path.below().send(jackfield::ByteView(parcel.bytes));
    if (status == JF_WOULD_BLOCK && path.stream_)
        return status;
    return status == JF_WOULD_BLOCK ? JF_OK : status; // a datagram that finds no room is lost
}

// --- from below -----------------------------------------------------------------------------------------------------

void ImpairedPath::received(const jf_packet& packet) noexcept
{
    if (!options_.on_receive)
        gate_.deliver(packet);
    else if (post(in_, {&packet.bytes, 1}, packet.ecn) == JF_WOULD_BLOCK)
        gate_.ended(JF_EXHAUSTED,
                    "path-impair: the peer sent more than queue_bytes at that rate_bps; a receiving stream "
                    "cannot hold it back");
}

jackfield::Status ImpairedPath::In::deliver(const Parcel& parcel) noexcept
{
    if (parcel.end != JF_OK) {
        path.gate_.ended(parcel.end, {reinterpret_cast<const char*>(parcel.bytes.data()), parcel.bytes.size()});
        return JF_OK;
    }
    // It came out of the network that we play now, not when it came out of the one below.
    path.gate_.deliver(jackfield::make_packet(jackfield::ByteView(parcel.bytes), path.host_.now_ns(), parcel.ecn));
    return JF_OK;
}

void ImpairedPath::writable() noexcept
{
    if (options_.on_send)
        carrier_.unblock(out_);
    else
        gate_.writable();
}

void ImpairedPath::closed(jackfield::Status status, std::string_view text) noexcept
{
    if (options_.on_receive)
        carrier_.put_end(in_, status, text, steady_now());
    else
        gate_.ended(status, text);
}

void ImpairedPath::close() noexcept
{
    if (std::exchange(is_closed_, true))
        return;
    gate_.shut();
    carrier_.close(out_, true);
    carrier_.close(in_, false);
    below().close();
    if (out_.packets + in_.packets > 0)
        host_.info("path-impair: " + place_.seam + ", component " + std::to_string(place_.component) + ": lost " +
                   std::to_string(out_.lost) + " of " + std::to_string(out_.packets) + " packets sent and " +
                   std::to_string(in_.lost) + " of " + std::to_string(in_.packets) + " received");
}

} // namespace path_impair
