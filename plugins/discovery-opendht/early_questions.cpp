// See early_questions.hpp.
#include "early_questions.hpp"

#include <opendht/value.h>

namespace discovery_opendht {
namespace {

using jackfield::ByteView;

constexpr std::size_t kMostItems = 70'000; // of a packet or value, which has no more bytes

/// The zone holds what the object refers to.
msgpack::object unpack(msgpack::zone& zone, ByteView bytes)
{
    return msgpack::unpack(zone, reinterpret_cast<const char*>(bytes.data()), bytes.size(), nullptr, nullptr,
                           msgpack::unpack_limit(kMostItems, kMostItems, kMostItems, kMostItems, kMostItems, 64));
}

const msgpack::object* member(const msgpack::object& map, std::string_view name)
{
    if (map.type != msgpack::type::MAP)
        return nullptr;
    for (std::uint32_t i = 0; i < map.via.map.size; ++i) {
        const auto& entry = map.via.map.ptr[i];
        if (entry.key.type == msgpack::type::STR &&
            std::string_view(entry.key.via.str.ptr, entry.key.via.str.size) == name)
            return &entry.val;
    }
    return nullptr;
}

EarlyValue value_of(const msgpack::object& packed)
{
    const dht::Value value(packed);
    return {value.id, {value.data.begin(), value.data.end()}};
}

} // namespace

void EarlyQuestions::asked(std::uint32_t transaction, const Place& place, EarlySink sink, TimePoint now)
{
    std::erase_if(questions_, [&](const auto& question) { return now > question.second.asked + kLasts; });
    if (questions_.size() >= kMost)
        questions_.erase(std::ranges::min_element(
            questions_, [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; }));
    questions_[transaction] = {place, std::move(sink), now, {}};
}

EarlyQuestions::Answer EarlyQuestions::take(const Place& from, std::uint32_t transaction, ByteView packet,
                                            TimePoint now)
{
    const auto found = questions_.find(transaction);
    if (found == questions_.end() || found->second.place != from || now > found->second.asked + kLasts)
        return {};
    try {
        return {found->second.sink, read(found->second, packet)};
    } catch (const std::exception&) {
        return {}; // not a packet of OpenDHT's, or not a value
    }
}

std::vector<EarlyValue> EarlyQuestions::read(Question& question, ByteView packet)
{
    msgpack::zone zone;
    const auto whole = unpack(zone, packet);
    std::vector<EarlyValue> values;
    const auto* const answer = member(whole, "r");
    const auto* const list = answer != nullptr ? member(*answer, "values") : nullptr;
    if (list != nullptr && list->type == msgpack::type::ARRAY) {
        question.partial.clear();
        std::size_t bytes = 0;
        for (std::uint32_t i = 0; i < std::min<std::size_t>(list->via.array.size, kMostValues); ++i) {
            const auto& one = list->via.array.ptr[i];
            if (one.type != msgpack::type::POSITIVE_INTEGER)
                values.push_back(value_of(one));
            else if (one.via.u64 <= kLargestValue && (bytes += one.via.u64) <= kMostBytes)
                question.partial[i].size = one.via.u64;
        }
    }
    const auto* const pieces = member(whole, "p");
    if (pieces == nullptr || pieces->type != msgpack::type::MAP)
        return values;
    for (std::uint32_t i = 0; i < pieces->via.map.size; ++i) {
        const auto& piece = pieces->via.map.ptr[i];
        const auto found = question.partial.find(piece.key.as<unsigned>());
        const auto* const offset = member(piece.val, "o");
        const auto* const data = member(piece.val, "d");
        if (found == question.partial.end() || offset == nullptr || data == nullptr || data->type != msgpack::type::BIN)
            continue;
        auto& [size, bytes] = found->second;
        if (offset->as<std::size_t>() != bytes.size() || data->via.bin.size > size - bytes.size())
            continue;
        bytes.insert(bytes.end(), data->via.bin.ptr, data->via.bin.ptr + data->via.bin.size);
        if (bytes.size() < size)
            continue;
        const jackfield::Bytes complete = std::move(bytes);
        question.partial.erase(found);
        values.push_back(value_of(unpack(zone, complete)));
    }
    return values;
}

} // namespace discovery_opendht
