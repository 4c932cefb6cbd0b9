// Both ends of a link with their listeners.
//
// Threads: listeners on the test's thread; Sink on the link's.
#include "pair.hpp"

namespace secure_test {

void Sink::received(const jf_packet& packet) noexcept
{
    if (on_packet)
        on_packet(packet);
    const std::lock_guard lock(mutex_);
    if (keep)
        packets_.emplace_back(packet.bytes.data, packet.bytes.data + packet.bytes.size);
    size_ += packet.bytes.size;
    changed_.notify_all();
}

void Sink::writable() noexcept
{
    const std::lock_guard lock(mutex_);
    ++writable_;
    changed_.notify_all();
}

void Sink::closed(Status status, std::string_view words) noexcept
{
    const std::lock_guard lock(mutex_);
    status_ = status;
    text_ = words;
    closed_ = true;
    changed_.notify_all();
}

void Sink::wait_writable(std::size_t seen) const
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return writable_ > seen || closed_; });
}

bool Sink::wait_size(std::size_t size) const
{
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return size_ >= size; });
}

std::vector<Bytes> Sink::packets() const
{
    const std::lock_guard lock(mutex_);
    return packets_;
}

Bytes Sink::bytes() const
{
    Bytes all;
    for (const auto& packet : packets())
        all.insert(all.end(), packet.begin(), packet.end());
    return all;
}

Status Sink::closed_status() const
{
    const std::lock_guard lock(mutex_);
    return status_;
}

std::string Sink::closed_text() const
{
    const std::lock_guard lock(mutex_);
    return text_;
}

const jf_secure_listener_methods End::kListener{
    sizeof(jf_secure_listener_methods), 0,
    [](void* self, jf_path path, const jf_secure_info* info) {
        auto& end = *static_cast<End*>(self);
        end.secured_path_ = Path(path);
        end.protocol = jackfield::view(info->protocol);
        end.cipher = jackfield::view(info->cipher);
        end.group = jackfield::view(info->group);
        end.peer = Device(info->peer);
    },
    [](void* self, Status, const jf_error* error) { static_cast<End*>(self)->failure_ = *error; }};

End::End(FakeHost& host, const std::string& plugin, const jf_identity* identity, const std::string& config)
    : host_(host), instance_([&]() -> ChannelInstance {
          host.provide(JF_IDENTITY_INTERFACE, identity);
          return {host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_SECURE_CHANNEL_INTERFACE, config};
      }())
{}

void End::open(Path below, bool client, const Device& expected)
{
    const jf_device device = expected.raw();
    const std::uint32_t role = client ? JF_TLS_CLIENT : JF_TLS_SERVER;
    const jf_secure_options options{sizeof(options), role, &device};
    jf_error error = jackfield::no_error();
    jackfield::check(instance_->open(instance_.self(), below.raw(), &options, {&kListener, this}, &session_, &error),
                     error);
}

void End::release()
{
    if (session_.methods != nullptr)
        session_.methods->release(session_.self);
    session_ = {nullptr, nullptr};
}

bool End::refused() const
{
    if (failed())
        return failure_->status == JF_REFUSED;
    return sink.is_closed() && sink.closed_status() == JF_REFUSED;
}

Bytes End::export_key(std::string_view label, std::string_view context, std::size_t size)
{
    Bytes out;
    jf_error error = jackfield::no_error();
    jackfield::check(session_.methods->export_key_material(session_.self, jackfield::to_text(label),
                                                           jackfield::to_bytes(jackfield::as_bytes(context)), size,
                                                           jackfield::append_to(out), &error),
                     error);
    return out;
}

bool speaks_tls(const std::string& plugin)
{
    return plugin != "secure-noise" && plugin != "secure-none" && !speaks_quic(plugin);
}

bool speaks_quic(const std::string& plugin)
{
    return plugin == "quic-ngtcp2";
}

bool speaks_tls13(const std::string& plugin)
{
    return speaks_tls(plugin) && plugin != "secure-mbedtls";
}

std::string name_of(const Case& which)
{
    const auto brief = [](const std::string& plugin) { return plugin.substr(plugin.find('-') + 1); };
    return brief(which.client) + "_to_" + brief(which.server) + (which.kind == JF_STREAM ? "_stream" : "_datagram");
}

void PrintTo(const Case& which, std::ostream* out)
{
    *out << name_of(which);
}

std::string config_for(const std::string& plugin, const Case& which, const std::string& more)
{
    // If one speaks TLS 1.2 only, the other must be told to accept that.
    const bool old = speaks_tls13(plugin) && which.stream() && !which.tls13();
    std::string config = old ? R"("min_version": "1.2")" : plugin == "secure-none" ? R"("insecure": true)" : "";
    if (!more.empty())
        config += (config.empty() ? "" : ", ") + more;
    return "{" + config + "}";
}

Pair::Pair(const Case& which_case, const std::string& more_config, jackfield::testing::Clock clock)
    : Pair(which_case, more_config, make_identity, make_identity, clock)
{}

Pair::Pair(const Case& which_case, const std::string& more_config, const Maker& make_client, const Maker& make_server,
           jackfield::testing::Clock clock)
    : which(which_case),
      host(clock),
      client_identity(make_client(host)),
      server_identity(make_server(host)),
      link(which.kind, 1200, which.stream() ? 64 : 4096),
      client(host, which.client, client_identity->raw(), config_for(which.client, which, more_config)),
      server(host, which.server, server_identity->raw(), config_for(which.server, which, more_config))
{}

void Pair::open()
{
    server.open(link.path(1), false, client_identity->device());
    client.open(link.path(0), true, server_identity->device());
}

::testing::AssertionResult Pair::connect()
{
    open();
    return finish_handshake();
}

::testing::AssertionResult Pair::finish_handshake()
{
    const bool decided = run_until([&] { return client.decided() && server.decided(); });
    if (client.secured() && server.secured()) {
        client.open_secured_path();
        server.open_secured_path();
        return ::testing::AssertionSuccess();
    }
    const auto state = [](const End& end) {
        return end.secured() ? "secured" : end.failed() ? std::string(end.failure_->text) : "undecided";
    };
    return ::testing::AssertionFailure() << (decided ? "" : "out of time; ") << "client: " << state(client)
                                         << "; server: " << state(server);
}

std::unique_ptr<CertIdentity> make_identity(const FakeHost& host)
{
    const Holder account = make_account();
    const Holder device = make_device(account);
    return std::make_unique<CertIdentity>(host, device, std::vector<const Holder*>{&account});
}

Bytes pattern(std::size_t size, std::uint32_t seed)
{
    Bytes bytes(size);
    std::uint32_t state = seed * 2654435761U + 1;
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(state >> 24U);
    }
    return bytes;
}

ByteView text(std::string_view words)
{
    return jackfield::as_bytes(words);
}

} // namespace secure_test
