// One file on its way. See file_transfer.hpp.

#include "kernel/flow/file_transfer.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/random_id.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

FileTransfer::FileTransfer(Timeline& timeline, Side of, std::string peer, std::filesystem::path file_to_send,
                           std::shared_ptr<FileListener> events)
    : id(random_id()),
      side(of),
      peer_account(std::move(peer)),
      file(std::move(file_to_send)),
      listener(std::move(events)),
      timeline_(timeline)
{}

void FileTransfer::accept()
{
    undecided_ = false;
    bell.ring();
}

void FileTransfer::cancel()
{
    cancelled_ = true;
    bell.ring();
}

void FileTransfer::report_progress()
{
    if (now() < reported_ + limits::kFileProgressEvery)
        return;
    reported_ = now();
    listener->progress(*this);
    if (now() < told_ + limits::kStatisticsEvery)
        return;
    told_ = now();
    tell(Moment::progress, {{"what", "written"}, {"bytes", transferred()}, {"of", size}});
}

void FileTransfer::tell(Moment moment, const nlohmann::json& detail)
{
    timeline_.tell(
        {0, id, side, Step::file, moment, detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

} // namespace jackfield::kernel
