// The folder with the private keys: private to its owner, and every file in it whole or absent.
//
// Threads: one at a time per object; several objects and processes may use one folder at once.
// Lifetime: holds the folder's descriptor.
#pragma once

#include <jackfield/basic.hpp>

#include <optional>
#include <vector>

namespace identity_x509 {

class PrivateFolder {
public:
    /// Makes the folder (mode 0700) if it is not there. Throws JF_BAD_CONFIG if others may enter it.
    explicit PrivateFolder(const std::string& path);
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;
    ~PrivateFolder();

    bool has(const std::string& name) const;

    /// Nothing if there is no such file. Throws JF_BAD_CONFIG if others may read it.
    std::optional<std::string> read(const std::string& name) const;

    /// Writes a new file of mode 0600; false, and nothing is changed, if the name is taken by then.
    bool create(const std::string& name, std::string_view text) const;

    /// Writes the file of mode 0600, over an existing one if there is one.
    void replace(const std::string& name, std::string_view text) const;

    /// Nothing if it is not there.
    void remove(const std::string& name) const;

    /// What changes whenever the file is replaced; empty if it is not there.
    std::string stamp(const std::string& name) const;

    /// Names of the files, without those that are still being written.
    std::vector<std::string> names() const;

    /// Waits for other processes that change something here; held until it goes.
    class Turn {
    public:
        explicit Turn(const PrivateFolder& folder);
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

    private:
        int folder_;
    };

    /// Deletes what a crash between writing and renaming left behind, once it is an hour old.
    void sweep() const;

    std::string full(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string write_aside(const std::string& name, std::string_view text) const;
    void sync() const;

    std::string path_;
    int folder_ = -1;
};

} // namespace identity_x509
