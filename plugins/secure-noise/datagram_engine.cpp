// Records in datagrams. What is damaged or repeated counts as lost. See datagram_engine.hpp.
//
// Threads: the session calls it under its lock.
#include "datagram_engine.hpp"

namespace secure_noise {

using jackfield::ByteView;
using jackfield::EngineRead;

EngineRead DatagramEngine::read(std::span<std::uint8_t> plain) noexcept
{
    const ByteView datagram = std::exchange(input_, {});
    if (const auto piece = read_piece(datagram)) {
        take_late(*piece);
        return {EngineRead::Kind::more};
    }
    const Opened opened = records_->open(datagram);
    if (opened.what == Opened::What::worn_out)
        return fail_reading(JF_EXHAUSTED, "too many datagrams did not open with the keys of this channel");
    if (opened.what != Opened::What::record)
        return {EngineRead::Kind::more};
    if (opened.kind == RecordKind::close)
        return {EngineRead::Kind::ended};
    if (opened.kind == RecordKind::alert)
        return refused_by_peer(opened.content);
    if (opened.kind != RecordKind::data || opened.content.empty() || opened.content.size() > plain.size())
        return {EngineRead::Kind::more};
    std::copy(opened.content.begin(), opened.content.end(), plain.begin());
    return {EngineRead::Kind::data, opened.content.size()};
}

jackfield::Status DatagramEngine::write(ByteView plain) noexcept
{
    const ByteView record = records_->seal(RecordKind::data, plain);
    if (record.empty())
        return JF_EXHAUSTED;
    output_.output(record);
    return JF_OK;
}

void DatagramEngine::close_notify() noexcept
{
    send_record(RecordKind::close);
}

void DatagramEngine::send_record(RecordKind kind, ByteView content)
{
    const ByteView record = records_->seal(kind, content);
    if (!record.empty())
        output_.output(record);
}

} // namespace secure_noise
