// The functions of libjackfield: what comes in is checked, no exception goes out. See jackfield.h, which says the
// rules.

#include "kernel/capi/include/jackfield/jackfield.h"

#include "kernel/capi/node_table.hpp"

#include <fmt/format.h>

#include <cstring>

namespace {

using namespace jackfield::kernel;
using capi::Media;
using capi::NodeTable;
using capi::OpenNode;

constexpr std::size_t kLongestText = 4096; // of names, files, ids
constexpr std::size_t kLongestConfig = 4U << 20U;

// --- what goes out --------------------------------------------------------------------------------------------------

/// As much of it as the caller's struct has room for, and no part of a character (RFC 3629).
jf_status put_error(jackfield_error* error, jf_status status, std::string_view text)
{
    if (error == nullptr || error->struct_size <= offsetof(jackfield_error, text))
        return status;
    error->status = status;
    const std::size_t room =
        std::min<std::size_t>(error->struct_size, sizeof(jackfield_error)) - offsetof(jackfield_error, text) - 1;
    std::size_t size = std::min(text.size(), room);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U)
        --size;
    std::memcpy(error->text, text.data(), size);
    error->text[size] = '\0';
    return status;
}

/// Runs f; what it throws becomes a status.
template <typename F>
jf_status guarded(jackfield_error* error, F&& f) noexcept
{
    try {
        f();
        return put_error(error, JF_OK, "");
    } catch (const Failure& failure) {
        return put_error(error, failure.status(), failure.what());
    } catch (const std::bad_alloc&) {
        return put_error(error, JF_EXHAUSTED, "libjackfield: no memory is left");
    } catch (const std::exception& other) {
        return put_error(error, JF_INTERNAL, other.what());
    }
}

// --- what comes in --------------------------------------------------------------------------------------------------

[[noreturn]] void refuse(const char* what, const char* problem, const char* would_work)
{
    throw Failure(JF_BAD_INPUT,
                  fmt::format("{}: {}; looked at the arguments; {} would work", what, problem, would_work));
}

std::string need_text(const char* text, const char* what, std::size_t longest = kLongestText)
{
    if (text == nullptr)
        refuse(what, "it is NULL", "a text");
    const std::size_t size = strnlen(text, longest + 1);
    if (size > longest)
        refuse(what, "it is too long", "a shorter one");
    return {text, size};
}

template <typename T>
T& need(T* pointer, const char* what)
{
    if (pointer == nullptr)
        refuse(what, "it is NULL", "a place to write to");
    return *pointer;
}

Media media_of(const jackfield_media* from)
{
    Media media;
    if (from == nullptr)
        return media;
    if (from->struct_size < sizeof(jackfield_media))
        refuse("media", "struct_size is too small", "sizeof(jackfield_media)");
    if ((from->flags & ~(JACKFIELD_AUDIO_ONLY | JACKFIELD_BOTH_SIDES | JACKFIELD_OVERWRITE)) != 0)
        refuse("media", "there is no such flag", "JACKFIELD_AUDIO_ONLY, JACKFIELD_BOTH_SIDES, JACKFIELD_OVERWRITE");
    if (from->send != nullptr)
        media.send = need_text(from->send, "send");
    if (from->play != nullptr)
        media.play = need_text(from->play, "play");
    if (from->record != nullptr)
        media.record = need_text(from->record, "record");
    media.video = (from->flags & JACKFIELD_AUDIO_ONLY) == 0;
    media.both_sides = (from->flags & JACKFIELD_BOTH_SIDES) != 0;
    media.overwrite = (from->flags & JACKFIELD_OVERWRITE) != 0;
    return media;
}

// --- the nodes ------------------------------------------------------------------------------------------------------

std::shared_ptr<OpenNode> need_node(const jackfield_node* handle)
{
    auto node = NodeTable::get().find(handle);
    if (node == nullptr)
        refuse("node", handle == nullptr ? "it is NULL" : "there is none, or it was freed",
               "what jackfield_node_open has made");
    return node;
}

template <typename T>
T or_throw(std::expected<T, Error> result)
{
    return result ? std::move(*result) : throw Failure(result.error());
}

jackfield_options options_of(const jackfield_options* options)
{
    if (options == nullptr)
        return {sizeof(jackfield_options), 0, nullptr, nullptr};
    if (options->struct_size < sizeof(jackfield_options))
        refuse("options", "struct_size is too small", "sizeof(jackfield_options)");
    return *options;
}

/// The node of that configuration, which `load` makes when the rest is known to be right.
template <typename F>
jf_status open(F&& load, const jackfield_options* options, jackfield_node** node, jackfield_error* error)
{
    if (node != nullptr)
        *node = nullptr;
    return guarded(error, [&] {
        auto& out = need(node, "node");
        const auto chosen = options_of(options);
        const auto made = std::make_shared<OpenNode>(load(), chosen);
        NodeTable::get().go_first_at_exit(); // plugins have been loaded
        out = NodeTable::get().add(made);
    });
}

jf_status hand_out(const std::string& value, char* text, size_t size, jackfield_error* error)
{
    return guarded(error, [&] {
        need(text, "text");
        if (value.size() >= size)
            throw Failure(JF_EXHAUSTED, fmt::format("text: {} bytes are too few; looked at the argument; {} would work",
                                                    size, value.size() + 1));
        std::memcpy(text, value.c_str(), value.size() + 1);
    });
}

/// f(node, call) of a call that runs.
template <typename F>
jf_status with_call(jackfield_node* node, const char* call, jackfield_error* error, F&& f)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        open_node->with_call(need_text(call, "call"), f);
    });
}

} // namespace

const char* jackfield_version(void)
{
    return JACKFIELD_VERSION;
}

jf_status jackfield_node_open(const char* config_file, const jackfield_options* options, jackfield_node** node,
                              jackfield_error* error)
{
    return open([&] { return or_throw(load_config(need_text(config_file, "config_file"))); }, options, node, error);
}

jf_status jackfield_node_open_text(const char* config, const char* name, const char* folder,
                                   const jackfield_options* options, jackfield_node** node, jackfield_error* error)
{
    const auto load = [&] {
        return or_throw(parse_config(need_text(config, "config", kLongestConfig),
                                     name == nullptr ? "configuration" : need_text(name, "name"),
                                     folder == nullptr ? "" : need_text(folder, "folder")));
    };
    return open(load, options, node, error);
}

jf_status jackfield_node_start(jackfield_node* node, jackfield_error* error)
{
    return guarded(error, [&] { need_node(node)->start(); });
}

jf_status jackfield_node_reconfigure(jackfield_node* node, const char* config_file, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        open_node->reconfigure(or_throw(load_config(need_text(config_file, "config_file"))));
    });
}

jf_status jackfield_node_stop(jackfield_node* node, jackfield_error* error)
{
    return guarded(error, [&] { need_node(node)->stop(); });
}

jf_status jackfield_node_free(jackfield_node* node)
{
    return guarded(nullptr, [&] {
        const auto open_node = NodeTable::get().find(node);
        if (open_node == nullptr)
            return;
        if (open_node->is_callback_thread())
            throw Failure(JF_BUSY, "node: it cannot be freed in its callback");
        open_node->close(); // while it can be found: the program may exit meanwhile
        NodeTable::get().remove(node);
    });
}

jf_status jackfield_node_account(jackfield_node* node, char* text, size_t size, jackfield_error* error)
{
    std::string value;
    const auto status = guarded(error, [&] { value = need_node(node)->ids().account_id; });
    return status == JF_OK ? hand_out(value, text, size, error) : status;
}

jf_status jackfield_node_device(jackfield_node* node, char* text, size_t size, jackfield_error* error)
{
    std::string value;
    const auto status = guarded(error, [&] { value = need_node(node)->ids().device_id; });
    return status == JF_OK ? hand_out(value, text, size, error) : status;
}

jf_status jackfield_node_listens_at(jackfield_node* node, char* text, size_t size, jackfield_error* error)
{
    std::string value;
    const auto status = guarded(error, [&] { value = need_node(node)->listens_at(); });
    return status == JF_OK ? hand_out(value, text, size, error) : status;
}

jf_status jackfield_next_event(jackfield_node* node, int32_t timeout_ms, char** json, jackfield_error* error)
{
    if (json != nullptr)
        *json = nullptr;
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        auto& out = need(json, "json");
        if (open_node->has_callback())
            throw Failure(JF_UNSUPPORTED, "events: this node hands them to its callback; looked at its options; one "
                                          "that was made without would work");
        const auto event = open_node->queue().pop(timeout_ms);
        if (!event)
            throw Failure(event.error(), event.error() == JF_CLOSED ? "events: the node was stopped and all were taken"
                                                                    : "events: there is none yet");
        out = static_cast<char*>(std::malloc(event->size() + 1));
        if (out == nullptr)
            throw std::bad_alloc();
        std::memcpy(out, event->c_str(), event->size() + 1);
    });
}

int jackfield_event_descriptor(jackfield_node* node)
{
    int descriptor = -1;
    guarded(nullptr, [&] {
        const auto open_node = need_node(node);
        if (!open_node->has_callback())
            descriptor = open_node->queue().descriptor();
    });
    return descriptor;
}

void jackfield_text_free(char* text)
{
    std::free(text);
}

jf_status jackfield_call_place(jackfield_node* node, const char* peer, const jackfield_media* media, char* call,
                               jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(call, "call") = '\0';
        const auto id = open_node->place(need_text(peer, "peer"), media_of(media));
        std::memcpy(call, id.c_str(), std::min<std::size_t>(id.size() + 1, JACKFIELD_CALL_ID_SIZE));
    });
}

jf_status jackfield_node_take_calls(jackfield_node* node, uint32_t most, const jackfield_media* media,
                                    jackfield_error* error)
{
    return guarded(error, [&] { need_node(node)->take_calls(most, media_of(media)); });
}

jf_status jackfield_call_answer(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.answer(c); });
}

jf_status jackfield_call_decline(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.refuse(c); });
}

jf_status jackfield_call_hang_up(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.hang_up(c); });
}

jf_status jackfield_call_hold(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.hold = on != 0;
        n.change(c, change);
    });
}

jf_status jackfield_call_mute(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) { n.mute(c, on != 0); });
}

jf_status jackfield_call_pictures(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.video = on != 0;
        n.change(c, change);
    });
}

jf_status jackfield_call_digits(jackfield_node* node, const char* call, const char* keys, jackfield_error* error)
{
    return with_call(node, call, error, [keys](Node& n, const std::shared_ptr<Call>& c) {
        const auto wanted = need_text(keys, "keys", Call::kMostDigits);
        if (wanted.empty() || wanted.find_first_not_of("0123456789*#ABCD") != std::string::npos)
            refuse("keys", "not only keys of a telephone, or none", "0-9, *, #, A-D");
        n.send_digits(c, wanted);
    });
}

jf_status jackfield_call_source(jackfield_node* node, const char* call, const char* send, jackfield_error* error)
{
    return with_call(node, call, error, [send](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.source = need_text(send, "send");
        if (*change.source == "none")
            change.source->clear();
        n.change(c, change);
    });
}

jf_status jackfield_call_state(jackfield_node* node, const char* call, int32_t* state, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(state, "state") = open_node->calls().state(need_text(call, "call"));
    });
}

jf_status jackfield_call_wait(jackfield_node* node, const char* call, int32_t state, int32_t timeout_ms,
                              jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        if (state < JACKFIELD_CALLING || state > JACKFIELD_ENDED)
            refuse("state", "there is none of that number", "JACKFIELD_CALLING to JACKFIELD_ENDED");
        open_node->calls().wait(need_text(call, "call"), state, timeout_ms);
    });
}
