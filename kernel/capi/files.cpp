// Files between accounts, as jackfield.h has them.

#include "kernel/capi/door.hpp"

namespace {

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

template <typename F>
jf_status with_file(jackfield_node* node, const char* file, jackfield_error* error, F&& f)
{
    return guarded(error, [&] { need_node(node)->with_file(need_text(file, "file"), f); });
}

} // namespace

jf_status jackfield_node_take_files(jackfield_node* node, int32_t how, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        if (how < JACKFIELD_FILES_REFUSED || how > JACKFIELD_FILES_TAKEN)
            refuse("how", "there is none of that number", "JACKFIELD_FILES_REFUSED, _ASKED or _TAKEN");
        open_node->ear().take_files(static_cast<Files>(how));
    });
}

jf_status jackfield_file_send(jackfield_node* node, const char* peer, const char* path, char* file,
                              jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(file, "file") = '\0';
        copy_out(open_node->send_file(need_text(peer, "peer"), need_text(path, "path")), file, JACKFIELD_CALL_ID_SIZE);
    });
}

jf_status jackfield_file_accept(jackfield_node* node, const char* file, jackfield_error* error)
{
    return with_file(node, file, error, [&](Node& n, const std::shared_ptr<FileTransfer>& f) { n.accept(f); });
}

jf_status jackfield_file_cancel(jackfield_node* node, const char* file, jackfield_error* error)
{
    return with_file(node, file, error, [&](Node& n, const std::shared_ptr<FileTransfer>& f) { n.cancel(f); });
}

jf_status jackfield_file_progress(jackfield_node* node, const char* file, int32_t* state, uint64_t* bytes,
                                  jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        const auto id = need_text(file, "file");
        need(state, "state") = open_node->ear().files.state(id);
        need(bytes, "bytes") = open_node->ear().files.bytes(id);
    });
}

jf_status jackfield_file_wait(jackfield_node* node, const char* file, int32_t timeout_ms, char* place, size_t size,
                              jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        const auto id = need_text(file, "file");
        open_node->ear().files.wait(id, JACKFIELD_ENDED, timeout_ms);
        if (place != nullptr)
            copy_out(open_node->ear().files.last(id), place, size);
    });
}
