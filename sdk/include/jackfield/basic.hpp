// Text, bytes, failures: the C words of <jackfield/abi/types.h> as C++ ones, and the one place where exceptions stop.
//
// Threads: everything here may be used on any thread. Views borrow; copy what you keep.
#pragma once

#include <jackfield/abi/types.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jackfield {

using Status = jf_status;
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline std::string_view view(jf_text text)
{
    return {text.data != nullptr ? text.data : "", text.size};
}
inline ByteView view(jf_bytes bytes)
{
    return {bytes.data, bytes.size};
}
inline jf_text to_text(std::string_view text)
{
    return {text.data(), text.size()};
}
inline jf_bytes to_bytes(ByteView bytes)
{
    return {bytes.data(), bytes.size()};
}
inline ByteView as_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a method throws when it cannot do its work. The binding turns it into a status and a jf_error.
class Failure : public std::runtime_error {
public:
    Failure(Status status, const std::string& text) : std::runtime_error(text), status_(status) {}
    Status status() const { return status_; }

private:
    Status status_;
};

/// A wrong configuration value; the text starts with its JSON pointer: "/peers/bob: expected a list of addresses".
class ConfigError : public Failure {
public:
    explicit ConfigError(const std::string& text) : Failure(JF_BAD_CONFIG, text) {}
};

/// Fills what a caller gave for an error; nothing if it gave none. Cuts on a UTF-8 boundary.
inline void set_error(jf_error* error, Status status, std::string_view text)
{
    if (error == nullptr)
        return;
    error->status = status;
    std::size_t size = std::min(text.size(), sizeof(error->text) - 1);
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
        --size;
    std::memcpy(error->text, text.data(), size);
    error->text[size] = '\0';
}

inline jf_error make_error(Status status, std::string_view text)
{
    jf_error error{};
    error.struct_size = sizeof(error);
    set_error(&error, status, text);
    return error;
}

/// The text of a C error, or `otherwise` if there is none.
inline std::string error_text(const jf_error* error, std::string_view otherwise = "no reason given")
{
    return error != nullptr && error->text[0] != '\0' ? std::string(error->text) : std::string(otherwise);
}

/// Runs f and turns whatever it throws into a status. No exception crosses the boundary: every binding goes through
/// here.
template <class F>
Status guarded(jf_error* error, F&& f) noexcept
{
    try {
        if constexpr (std::is_same_v<std::invoke_result_t<F>, Status>) {
            return std::forward<F>(f)();
        } else {
            std::forward<F>(f)();
            return JF_OK;
        }
    } catch (const Failure& failure) {
        set_error(error, failure.status(), failure.what());
        return failure.status();
    } catch (const std::bad_alloc&) {
        set_error(error, JF_EXHAUSTED, "out of memory");
        return JF_EXHAUSTED;
    } catch (const std::exception& exception) {
        set_error(error, JF_INTERNAL, exception.what());
        return JF_INTERNAL;
    } catch (...) {
        set_error(error, JF_INTERNAL, "an exception of an unknown type was thrown");
        return JF_INTERNAL;
    }
}

/// Throws Failure if a call across the boundary did not succeed. Use:  jf_error e = no_error(); check(call(&e), e);
inline jf_error no_error()
{
    return make_error(JF_OK, "");
}
inline void check(Status status, const jf_error& error)
{
    if (status != JF_OK)
        throw Failure(status, error_text(&error));
}

/// Hands a result to the caller's writer.
inline void write_to(jf_writer out, ByteView bytes)
{
    out.write(out.self, bytes.data(), bytes.size());
}
inline void write_to(jf_writer out, std::string_view text)
{
    write_to(out, as_bytes(text));
}

/// A writer that appends to a container of bytes or characters, which must outlive the call it is passed to.
template <class Container>
jf_writer append_to(Container& container)
{
    return {&container, [](void* self, const std::uint8_t* data, std::size_t size) {
                auto& target = *static_cast<Container*>(self);
                using Value = typename Container::value_type;
                const auto* first = reinterpret_cast<const Value*>(data);
                target.insert(target.end(), first, first + size);
            }};
}

} // namespace jackfield
