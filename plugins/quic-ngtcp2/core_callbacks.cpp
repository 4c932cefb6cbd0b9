// What ngtcp2 calls inside our calls of it: each notes what came, or what changed, and leaves the rest for later.
//
// Threads: whoever called ngtcp2; the lock is held. See core.hpp.
#include "core.hpp"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>

namespace quic_ngtcp2 {

namespace {

constexpr std::ptrdiff_t kMostRequests = 16; // of the peer's, that nobody has answered

} // namespace

struct Core::Callbacks {
    /// No exception goes through C. What is thrown ends the connection.
    template <class Work>
    static int guard(Core& core, Work work)
    {
        jf_error error = jackfield::no_error();
        if (jackfield::guarded(&error, work) == JF_OK)
            return 0;
        core.refusal_ = error;
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }

    static int handshake_completed(ngtcp2_conn*, void* self)
    {
        return guard(of(self), [&] { of(self).handshake_done(); });
    }

    static void note(Core& core, std::shared_ptr<Stream> stream, ByteView bytes, bool datagram)
    {
        core.arrivals_.bytes.insert(core.arrivals_.bytes.end(), bytes.begin(), bytes.end());
        core.arrivals_.list.push_back({std::move(stream), bytes.size(), JF_OK, datagram});
    }

    static int stream_open(ngtcp2_conn*, std::int64_t id, void* self)
    {
        Core& core = of(self);
        return guard(core, [&] {
            const auto unanswered = std::ranges::count_if(core.streams_, [](const auto& entry) {
                return entry.second->state == Stream::State::naming || entry.second->state == Stream::State::requested;
            });
            if (unanswered >= kMostRequests)
                core.surplus_.push_back(id); // no stream may be shut down inside a call of ngtcp2's
            else
                core.streams_[id] = std::make_shared<Stream>(id, Stream::State::naming, JF_STREAM, flow_of(id),
                                                             core.options_.window_bytes);
        });
    }

    static int stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t id, std::uint64_t, const std::uint8_t* data,
                           std::size_t size, void* self, void*)
    {
        Core& core = of(self);
        return guard(core, [&] {
            ngtcp2_conn_extend_max_offset(core.connection_, size);
            const auto stream = core.find(id);
            if (!stream)
                return;
            if (size > 0)
                note(core, stream, {data, size}, false);
            if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0)
                core.arrivals_.list.push_back({stream, 0, JF_CLOSED});
        });
    }

    static int datagram(ngtcp2_conn*, std::uint32_t, const std::uint8_t* data, std::size_t size, void* self)
    {
        Core& core = of(self);
        return guard(core, [&] {
            ByteView payload(data, size);
            const auto flow = take_flow(payload);
            const auto found = flow ? core.flows_.find(*flow) : core.flows_.end();
            if (found != core.flows_.end() && !payload.empty()) // else a sign of life, or nobody's
                note(core, found->second, payload, true);
        });
    }

    static int datagram_acknowledged(ngtcp2_conn*, std::uint64_t id, void* self)
    {
        Core& core = of(self);
        return id == 0 ? 0 : guard(core, [&] { core.scope_.post([&core, id] { core.pong(id); }); });
    }

    static int stream_acknowledged(ngtcp2_conn*, std::int64_t id, std::uint64_t offset, std::uint64_t size, void* self,
                                   void*)
    {
        if (const auto stream = of(self).find(id))
            stream->out.acknowledged(offset + size);
        return 0;
    }

    static int stream_credit(ngtcp2_conn*, std::int64_t id, std::uint64_t, void* self, void*)
    {
        if (const auto stream = of(self).find(id))
            stream->blocked = false;
        return 0;
    }

    /// The peer wants no more of a channel, or sends no more before its end.
    static int broken_off(Core& core, std::int64_t id)
    {
        return guard(core, [&] {
            if (const auto stream = core.find(id)) {
                stream->dead = true;
                core.arrivals_.list.push_back({stream, 0, JF_REFUSED});
            }
        });
    }

    static int stream_reset(ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t, void* self, void*)
    {
        return broken_off(of(self), id);
    }

    static int stop_sending(ngtcp2_conn*, std::int64_t id, std::uint64_t, void* self, void*)
    {
        return broken_off(of(self), id);
    }

    static int stream_closed(ngtcp2_conn*, std::uint32_t, std::int64_t id, std::uint64_t, void* self, void*)
    {
        Core& core = of(self);
        if (const auto stream = core.find(id))
            core.flows_.erase(stream->flow);
        core.streams_.erase(id);
        if (ngtcp2_conn_is_local_stream(core.connection_, id) == 0)
            ngtcp2_conn_extend_max_streams_bidi(core.connection_, 1);
        return 0;
    }

    static void random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx*)
    {
        gnutls_rnd(GNUTLS_RND_NONCE, out, size);
    }

    static int new_id(ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size, void*)
    {
        id->datalen = size;
        return gnutls_rnd(GNUTLS_RND_RANDOM, id->data, size) == 0 &&
                       gnutls_rnd(GNUTLS_RND_RANDOM, token, NGTCP2_STATELESS_RESET_TOKENLEN) == 0
                   ? 0
                   : NGTCP2_ERR_CALLBACK_FAILURE;
    }

    static ngtcp2_callbacks make()
    {
        ngtcp2_callbacks callbacks{};
        callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
        callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
        callbacks.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
        callbacks.encrypt = ngtcp2_crypto_encrypt_cb;
        callbacks.decrypt = ngtcp2_crypto_decrypt_cb;
        callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
        callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
        callbacks.update_key = ngtcp2_crypto_update_key_cb;
        callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
        callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
        callbacks.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
        callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
        callbacks.rand = random;
        callbacks.get_new_connection_id = new_id;
        callbacks.handshake_completed = handshake_completed;
        callbacks.stream_open = stream_open;
        callbacks.recv_stream_data = stream_data;
        callbacks.acked_stream_data_offset = stream_acknowledged;
        callbacks.extend_max_stream_data = stream_credit;
        callbacks.stream_reset = stream_reset;
        callbacks.stream_stop_sending = stop_sending;
        callbacks.stream_close = stream_closed;
        callbacks.recv_datagram = datagram;
        callbacks.ack_datagram = datagram_acknowledged;
        return callbacks;
    }

    static const ngtcp2_callbacks& all()
    {
        static const ngtcp2_callbacks callbacks = make();
        return callbacks;
    }
};

ngtcp2_callbacks Core::callbacks()
{
    return Callbacks::all();
}

} // namespace quic_ngtcp2
