// Lists of revoked devices on disk. See kept_lists.hpp.
//
// Threads: as there.
#include "kept_lists.hpp"

#include <openssl/pem.h>

#include <sys/stat.h>

#include <filesystem>

namespace identity_x509 {

using jackfield::Failure;
using namespace shared_x509;

namespace {

const std::string kEnding = ".pem";

std::string list_text(const std::string& account_pem, const RevocationList& list)
{
    const std::uint8_t* at = list.der.data();
    const RevocationCrl crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(list.der.size())));
    const Memory memory(BIO_new(BIO_s_mem()));
    must(crl && memory && PEM_write_bio_X509_CRL(memory.get(), crl.get()) == 1, "writing a list");
    return account_pem + contents(memory.get());
}

KeptList list_of(const std::string& text)
{
    const Memory memory = read_only(text);
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const Certificate account(PEM_read_bio_X509(memory.get(), nullptr, no_password, nullptr));
    const RevocationCrl crl(PEM_read_bio_X509_CRL(memory.get(), nullptr, no_password, nullptr));
    if (!account || !crl)
        fail_with_reason(JF_BAD_INPUT, "a damaged list of revoked devices");
    std::uint8_t* der = nullptr;
    const int size = i2d_X509_CRL(crl.get(), &der);
    must(size > 0, "reading a list");
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(der);
    return {certificate_pem(account.get()),
            read_list(account.get(), jackfield::ByteView(der, static_cast<std::size_t>(size)))};
}

} // namespace

KeptLists::KeptLists(std::string folder, std::function<void(const std::string&)> complain)
    : folder_(std::move(folder)), complain_(std::move(complain))
{}

KeptLists::~KeptLists()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        changed_.notify_all();
    }
    if (writer_.joinable())
        writer_.join();
}

std::optional<KeptList> KeptLists::read(const PrivateFolder& folder, const std::string& name) const
{
    try {
        const auto text = folder.read(name);
        if (!text)
            return std::nullopt;
        KeptList kept = list_of(*text);
        if (name == kept.list.account_id + kEnding)
            return kept;
        complain_(folder.full(name) + " is of another account, and is not used");
    } catch (const Failure& failure) {
        complain_(folder.full(name) + " cannot be used: " + failure.what());
    }
    return std::nullopt;
}

std::vector<KeptList> KeptLists::load() const
{
    std::vector<KeptList> lists;
    if (!std::filesystem::exists(folder_))
        return lists;
    const PrivateFolder folder(folder_);
    folder.sweep();
    for (const auto& name : folder.names()) {
        if (lists.size() >= RevocationBook::kMostLists)
            break;
        if (auto kept = read(folder, name))
            lists.push_back(std::move(*kept));
    }
    return lists;
}

std::optional<KeptList> KeptLists::changed(const std::string& account_id) const
{
    struct stat found{};
    if (::stat(folder_.c_str(), &found) != 0)
        return std::nullopt;
    const PrivateFolder folder(folder_);
    const auto stamp = folder.stamp(account_id + kEnding);
    {
        const std::lock_guard lock(mutex_);
        if (stamp.empty() || std::exchange(stamps_[account_id], stamp) == stamp)
            return std::nullopt;
    }
    return read(folder, account_id + kEnding);
}

void KeptLists::write(const std::string& account_pem, const RevocationList& list) const
{
    PrivateFolder(folder_).replace(list.account_id + kEnding, list_text(account_pem, list));
}

void KeptLists::keep(const std::string& account_pem, const RevocationList& list)
{
    later(list.account_id, list_text(account_pem, list));
}

void KeptLists::forget(const std::string& account_id)
{
    later(account_id, {});
}

void KeptLists::later(const std::string& account_id, std::string text)
{
    const std::lock_guard lock(mutex_);
    waiting_[account_id] = std::move(text);
    if (!writer_.joinable())
        writer_ = std::thread([this] { work(); });
    changed_.notify_all();
}

void KeptLists::work()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        if (waiting_.empty())
            return;
        const auto next = waiting_.extract(waiting_.begin());
        lock.unlock();
        try {
            const PrivateFolder folder(folder_);
            if (next.mapped().empty())
                folder.remove(next.key() + kEnding);
            else
                folder.replace(next.key() + kEnding, next.mapped());
        } catch (const std::exception& failure) {
            complain_(std::string("a list of revoked devices is known, but not kept: ") + failure.what());
        }
        lock.lock();
    }
}

} // namespace identity_x509
