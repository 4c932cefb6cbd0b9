// A stranger with an identity of her own, at the door of a peer whose discovery is discovery-static: she can put any
// bytes where requests to it go.
//
// Threads:  the test's. Lifetime: a World's peer is there meanwhile.
#pragma once

#include <jackfield/device_card.hpp>
#include <jackfield/testing/test_identity.hpp>

namespace scenarios {

class Mallory {
public:
    /// Connects, and learns the peer's device from its announcement.
    Mallory(const std::string& address, const std::string& account);
    Mallory(const Mallory&) = delete;
    Mallory& operator=(const Mallory&) = delete;
    ~Mallory();

    /// A request with an offer that could be used.
    jackfield::CallMessage request() const;

    // What a request may look like on the wire.
    jackfield::Bytes seal(const jackfield::CallMessage& message) const;
    jackfield::Bytes seal_as(const jackfield::testing::TestIdentity& sender,
                             const jackfield::CallMessage& message) const;
    jackfield::Bytes in_clear(const jackfield::CallMessage& message) const;
    jackfield::Bytes seal_for_herself(const jackfield::CallMessage& message) const;
    jackfield::Bytes seal_long_ago(const jackfield::CallMessage& message) const;
    jackfield::Bytes seal_in_the_name_of_another(const jackfield::CallMessage& message) const;

    /// Puts it where requests to the peer's device go.
    void put(jackfield::ByteView value) const;

    /// Until the peer has taken in everything that was put.
    void wait_until_taken() const;

private:
    jackfield::Bytes encode(const jackfield::CallMessage& message, const std::string& sender_chain) const;
    void send_frame(std::uint8_t type, const std::string& key, jackfield::ByteView value) const;
    jackfield::Bytes ask(const std::string& key) const;

    std::string account_;
    int socket_;
    jackfield::testing::TestIdentity identity_;
    jackfield::testing::FakeHost host_;
    jackfield::Device peer_;
};

} // namespace scenarios
