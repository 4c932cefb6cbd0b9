// Handshakes that succeed, fail or hang, as the script says. Sessions are named "tls bob-1" and "dtls bob-1".

#pragma once

#include "tests/kernel/doubles/multiplexer.hpp"

#include <jackfield/secure_channel.hpp>

namespace jackfield::doubles {

class SecureChannelDouble : public SecureChannel, public Actor {
public:
    class Session : public SecureSession, public Actor {
    public:
        Session(Host host, Path below, SecureOptions options, SecureListener listener)
            : Actor((below.is_stream() ? "tls " : "dtls ") + options.expected.device_id),
              client(options.client),
              expected(options.expected),
              path_(below.is_stream() ? JF_STREAM : JF_DATAGRAM, *this),
              listener_(listener),
              scope_(host)
        {
            PathDouble::use(below, *this);
            const auto& script = Stage::current().script;
            if (options.client && !below.is_stream() && !script.hello.empty())
                below.send(ByteView(reinterpret_cast<const std::uint8_t*>(script.hello.data()), script.hello.size()));
            const Play how = below.is_stream() ? script.tls : script.dtls;
            if (how == Play::happens)
                scope_.post([this] { secured(); });
            else if (how == Play::fails)
                scope_.post([this] { fail(Stage::current().script.status); });
        }

        const bool client;
        const Device expected;

        Bytes export_key_material(std::string_view, ByteView, std::size_t) override { return {}; }

        // --- by hand ---

        void secured() { listener_.secured(path_, {"TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519", expected}); }
        void come_up_unproven() { listener_.secured(path_, {"none", "none", "", Device()}); }
        void fail(Status status, std::string_view text = kScripted) { listener_.failed(status, text); }

    private:
        PathDouble path_;
        SecureListener listener_;
        Scope scope_;
    };

    /// Named "quic bob-1"; its multiplexer is on the stage as others are.
    class TwoInOne : public MultiplexingSecureSession, public Actor {
    public:
        TwoInOne(Host host, Path below, SecureOptions options, SecureListener listener)
            : Actor("quic " + options.expected.device_id),
              host_(host),
              client_(options.client),
              expected_(options.expected),
              path_(JF_DATAGRAM, *this),
              listener_(listener),
              scope_(host)
        {
            PathDouble::use(below, *this);
            scope_.post([this] { listener_.secured(path_, {"QUIC", "AES", "X25519", expected_}); });
        }

        Bytes export_key_material(std::string_view, ByteView, std::size_t) override { return {}; }

        MultiplexerSession& multiplexer(MultiplexerListener listener) override
        {
            channels_ = std::make_unique<MultiplexerDouble::Session>(host_, client_, listener);
            channels_->stand_on(*this);
            return *channels_;
        }

        bool path_was_opened() const { return path_.opened(); }

    private:
        Host host_;
        bool client_;
        Device expected_;
        PathDouble path_;
        SecureListener listener_;
        std::unique_ptr<MultiplexerDouble::Session> channels_;
        Scope scope_;
    };

    SecureChannelDouble(Host host, std::string_view) : SecureChannel(host), Actor("secure_channel") {}

    std::unique_ptr<SecureSession> open(Path below, SecureOptions options, SecureListener listener) override
    {
        if (Stage::current().script.two_in_one)
            return std::make_unique<TwoInOne>(host_, below, std::move(options), listener);
        return std::make_unique<Session>(host_, below, std::move(options), listener);
    }
};

} // namespace jackfield::doubles
