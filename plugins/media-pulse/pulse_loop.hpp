// The connection to the sound server: kept while the plugin lives, made again when it breaks, with the list of devices.
//
// Threads:  libpulse's, one for each instance, on which all callbacks run with its lock held; whoever calls it from
//           elsewhere holds a Lock. wait and describe on any thread, without it.
// Lifetime: an instance's; streams leave before it goes.
#pragma once

#include "options.hpp"

#include <jackfield/host.hpp>
#include <shared/devices/device_list.hpp>

#include <pulse/pulseaudio.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace media_pulse {

using jackfield::devices::Device;

/// What is known of the server.
struct Server {
    bool connected = false;
    std::string problem; // why it is not
    std::vector<Device> devices;
};

class PulseLoop {
public:
    /// Something that has a stream. All on the loop's thread.
    class User {
    public:
        virtual void connected() = 0;
        virtual void disconnected() = 0;
        virtual void devices_changed() = 0;

    protected:
        ~User() = default;
    };

    class Lock {
    public:
        explicit Lock(PulseLoop& loop) : loop_(loop.loop_.get()) { pa_threaded_mainloop_lock(loop_); }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() { pa_threaded_mainloop_unlock(loop_); }

    private:
        pa_threaded_mainloop* loop_;
    };

    /// Begins to connect. Throws Failure if there is no memory for that.
    PulseLoop(jackfield::Host host, Options options);
    PulseLoop(const PulseLoop&) = delete;
    PulseLoop& operator=(const PulseLoop&) = delete;
    ~PulseLoop();

    /// The server, once it is known whether there is one; waits for that at most a second. Throws
    /// Failure(JF_UNREACHABLE) if there is none. [any] but the loop's thread
    Server wait();

    // --- with a Lock, or on the loop's thread ---

    void add(User& user) { users_.push_back(&user); }
    void remove(User& user) { std::erase(users_, &user); }

    /// Null while there is no connection.
    pa_context* context() const { return ready_ ? context_.get() : nullptr; }

    /// Devices as the server said last.
    const std::vector<Device>& devices() const { return devices_; }

    const Options& options() const { return options_; }

private:
    struct Unref {
        void operator()(pa_context* context) const { pa_context_unref(context); }
        void operator()(pa_threaded_mainloop* loop) const { pa_threaded_mainloop_free(loop); }
    };
    static PulseLoop& of(void* self) { return *static_cast<PulseLoop*>(self); }

    void connect();
    void state_changed();
    void lost(const std::string& problem);
    void connect_again_later();
    void begin();
    void look();
    void saw_server(const pa_server_info* info);
    void saw_source(const pa_source_info* info, int end);
    void saw_sink(const pa_sink_info* info, int end);
    void look_done();
    void publish(bool connected, std::string problem);

    jackfield::Host host_;
    Options options_;
    std::unique_ptr<pa_threaded_mainloop, Unref> loop_;
    std::unique_ptr<pa_context, Unref> context_;
    pa_time_event* again_ = nullptr;
    bool ready_ = false;
    bool said_lost_ = false;
    std::vector<User*> users_;
    std::vector<Device> devices_;

    bool looking_ = false; // the lists are on their way
    bool stale_ = false;   // and something has changed since they were asked for
    std::vector<Device> seen_;
    std::string default_source_;
    std::string default_sink_;

    std::mutex mutex_; // guards the next two
    std::condition_variable settled_;
    Server server_;
    bool known_ = false; // whether there is a server
};

} // namespace media_pulse
