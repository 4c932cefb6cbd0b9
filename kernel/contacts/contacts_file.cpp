// The file of contacts. See contacts_file.hpp.

#include "kernel/contacts/contacts_file.hpp"

#include "kernel/config/object_reader.hpp"
#include "kernel/descriptor.hpp"
#include "kernel/registry/json_text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

// A contact takes at most some 500 bytes.
constexpr JsonLimits kContactsLimits{.size_bytes = 6 * 1024 * 1024, .depth = 4};
constexpr std::string_view kListKeys[] = {"contacts"};
constexpr std::string_view kContactKeys[] = {"account", "name", "banned"};

[[noreturn]] void give_up(const std::filesystem::path& file, const char* what)
{
    Report(file.string(), "", fmt::format("cannot be {}: {}", what, std::strerror(errno))).raise(JF_INTERNAL);
}

Contact read_contact(const json& text, const std::string& pointer, const std::string& file)
{
    const ObjectReader reader(text, pointer, file, kContactKeys);
    if (reader.member("account") == nullptr)
        Report(file, reader.place("account"), "missing; it is what the contact's \"jackfield id\" prints").raise();
    return {reader.text("account", "", Contacts::kMaxIdBytes), reader.text("name", "", Contacts::kMaxNameBytes),
            reader.flag("banned", false)};
}

Contacts read_contacts(const json& text, const std::string& file)
{
    const ObjectReader top(text, "", file, kListKeys);
    const auto* const list = top.member("contacts");
    if (list == nullptr || !list->is_array())
        top.refuse("contacts", "a list of contacts", list == nullptr ? json() : *list);
    Contacts contacts;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto pointer = at("/contacts", i);
        auto contact = read_contact((*list)[i], pointer, file);
        const auto before = contacts.all().size();
        if (const auto put = contacts.put(std::move(contact)); put.status != JF_OK)
            Report(file, pointer, put.text).raise();
        if (contacts.all().size() == before)
            Report(file, pointer, "the account stands in the list twice").raise();
    }
    return contacts;
}

/// One contact a line, so that people and their tools can work with it.
std::string text_of(const Contacts& contacts)
{
    std::string text = "{\n  \"contacts\": [";
    for (const auto& contact : contacts.all()) {
        json line{{"account", contact.account_id}};
        if (!contact.name.empty())
            line["name"] = contact.name;
        if (contact.banned)
            line["banned"] = true;
        text += (text.ends_with('[') ? "\n    " : ",\n    ") + line.dump();
    }
    return text + "\n  ]\n}\n";
}

void write_all(const Descriptor& out, const std::string& text, const std::filesystem::path& file)
{
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(out.get(), text.data() + at, text.size() - at);
        if (written < 0 && errno != EINTR)
            give_up(file, "written");
        at += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    if (::fsync(out.get()) != 0)
        give_up(file, "written");
}

/// Nobody else changes files of this folder meanwhile, so that the temporary name is ours.
void replace(const Descriptor& folder, const std::filesystem::path& file, const std::string& text)
{
    const std::string name = file.filename();
    const std::string aside = "." + name + ".new";
    ::unlinkat(folder.get(), aside.c_str(), 0); // of one who was killed
    try {
        const Descriptor out(
            ::openat(folder.get(), aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (out.get() < 0)
            give_up(file, "written");
        write_all(out, text, file);
        if (::renameat(folder.get(), aside.c_str(), folder.get(), name.c_str()) != 0 || ::fsync(folder.get()) != 0)
            give_up(file, "written");
    } catch (const Failure&) {
        ::unlinkat(folder.get(), aside.c_str(), 0);
        throw;
    }
}

} // namespace

std::expected<Contacts, Error> load_contacts(const std::filesystem::path& file)
{
    const auto refuse = [&](const std::string& problem) {
        return std::unexpected(Report(file.string(), "", problem).error());
    };
    std::error_code problem;
    if (!std::filesystem::exists(file, problem) && !problem)
        return Contacts();
    const auto text = read_text_file(file, kContactsLimits.size_bytes);
    if (!text)
        return refuse(text.error().text);
    const auto parsed = parse_json(*text, kContactsLimits);
    if (!parsed)
        return refuse(parsed.error().text);
    try {
        return read_contacts(*parsed, file.string());
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

Error change_contacts(const std::filesystem::path& file, const std::function<Error(Contacts&)>& change)
{
    try {
        const auto where = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
        std::error_code ignored; // opening it says what is wrong
        std::filesystem::create_directories(where, ignored);
        const Descriptor folder(::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder.get() < 0 || ::flock(folder.get(), LOCK_EX) != 0)
            give_up(file, "changed");
        auto contacts = load_contacts(file);
        if (!contacts)
            return contacts.error();
        auto result = change(*contacts);
        if (result.status == JF_OK)
            replace(folder, file, text_of(*contacts));
        return result;
    } catch (const Failure& failure) {
        return failure.error();
    }
}

} // namespace jackfield::kernel
