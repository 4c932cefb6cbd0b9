// The BIO's functions. It never fails and never ends: the session knows when the path does.
//
// Threads: those of the engine, one at a time.
#include "wire.hpp"

#include "failures.hpp"

namespace shared_openssl {

BioPtr Wire::make_bio()
{
    BioPtr bio(BIO_new(method()));
    require(bio != nullptr, "BIO");
    BIO_set_data(bio.get(), this);
    BIO_set_init(bio.get(), 1);
    return bio;
}

const BIO_METHOD* Wire::method()
{
    static const BioMethodPtr made = [] {
        BioMethodPtr fresh(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "jackfield path"));
        require(fresh != nullptr, "BIO method");
        BIO_meth_set_read(fresh.get(), &Wire::read);
        BIO_meth_set_write(fresh.get(), &Wire::write);
        BIO_meth_set_ctrl(fresh.get(), &Wire::control);
        return fresh;
    }();
    return made.get();
}

int Wire::read(BIO* bio, char* data, int size)
{
    Wire& wire = of(bio);
    BIO_clear_retry_flags(bio);
    if (wire.input_.empty() || size <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(wire.input_.size(), static_cast<std::size_t>(size));
    std::memcpy(data, wire.input_.data(), count);
    // A datagram is read at once; what does not fit is lost, as with a socket.
    wire.input_ = wire.datagrams_ ? jackfield::ByteView() : wire.input_.subspan(count);
    return static_cast<int>(count);
}

int Wire::write(BIO* bio, const char* data, int size)
{
    BIO_clear_retry_flags(bio);
    of(bio).output_.output({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
    return size;
}

long Wire::control(BIO* bio, int command, long, void*)
{
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
    case BIO_CTRL_DGRAM_SET_MTU:
        return static_cast<long>(of(bio).mtu_bytes_);
    default:
        return 0;
    }
}

} // namespace shared_openssl
