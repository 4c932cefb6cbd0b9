// Nodes and their events, as jackfield.h has them.

#include "kernel/capi/door.hpp"

namespace {

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

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
    return guarded(error, [&] { copy_out(need_node(node)->ids().account_id, text, size); });
}

jf_status jackfield_node_device(jackfield_node* node, char* text, size_t size, jackfield_error* error)
{
    return guarded(error, [&] { copy_out(need_node(node)->ids().device_id, text, size); });
}

jf_status jackfield_node_listens_at(jackfield_node* node, char* text, size_t size, jackfield_error* error)
{
    return guarded(error, [&] { copy_out(need_node(node)->listens_at(), text, size); });
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
        out = hand_over(*event);
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
