// A structure of Mbed TLS with its init and free functions.
//
// Threads: as the structure owned. Lifetime: Mbed TLS keeps addresses, so an Owned neither moves nor copies.
#pragma once

namespace secure_mbedtls {

template <class T, void (*Init)(T*), void (*Free)(T*)>
class Owned {
public:
    Owned() { Init(&object_); }
    ~Owned() { Free(&object_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;

    T* get() { return &object_; }
    const T* get() const { return &object_; }
    T* operator->() { return &object_; }
    const T* operator->() const { return &object_; }

private:
    T object_;
};

} // namespace secure_mbedtls
