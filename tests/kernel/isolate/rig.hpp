// A control thread with the host of one isolated instance, and ways to wait for what it says.

#pragma once

#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/executor/run_on_control.hpp"
#include "kernel/isolate/isolate.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::kernel::isolate {

/// Texts that threads say, and a wait for the one that is wanted.
class Heard {
public:
    void say(std::string text)
    {
        const std::lock_guard lock(mutex_);
        texts_.push_back(std::move(text));
        changed_.notify_all();
    }

    /// The next one that has the words in it; those before it are forgotten. Empty after 20 s.
    std::string wait_for(const std::string& words)
    {
        std::unique_lock lock(mutex_);
        std::string found;
        changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            while (!texts_.empty() && found.empty()) {
                if (texts_.front().find(words) != std::string::npos)
                    found = texts_.front();
                texts_.erase(texts_.begin());
            }
            return !found.empty();
        });
        return found;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> texts_;
};

class Rig {
public:
    explicit Rig(std::string plugin_id = "isolated-trouble") : plugin_id_(std::move(plugin_id))
    {
        services_.log = [this](std::int32_t, std::string_view, std::string_view line) {
            if (on_line)
                on_line(line);
            log.say(std::string(line));
        };
        control_.start();
        on_control([this] { host_.emplace(control_, services_, plugin_id_); });
    }
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;
    ~Rig()
    {
        on_control([this] {
            host_->close_gate();
            instance_ = Instance();
            host_.reset();
        });
    }

    /// Empty if it was made.
    Error create(std::string_view interface_id, const std::string& config_json = "{}",
                 const std::string& manifest = TROUBLE_MANIFEST)
    {
        Error problem{JF_OK, {}};
        on_control([&] {
            auto made = create_isolated({manifest, plugin_id_, std::string(interface_id), config_json}, host_->raw());
            if (made)
                instance_ = std::move(*made);
            else
                problem = made.error();
        });
        return problem;
    }

    void destroy()
    {
        on_control([this] { instance_ = Instance(); });
    }

    /// Runs there, and is waited for.
    void on_control(const std::function<void()>& work) { run_on_control(control_, work); }

    template <typename Methods>
    const Methods& methods() const
    {
        return *instance_.methods<Methods>();
    }
    void* self() const { return instance_.self(); }

    Heard log;
    std::function<void(std::string_view line)> on_line; // set before lines come; before `log` hears of them

    /// On a later turn of control, and not waited for.
    void post(std::function<void()> work) { control_.post(std::move(work)); }

private:
    std::string plugin_id_;
    HostServices services_;
    ControlThread control_;
    std::optional<InstanceHost> host_;
    Instance instance_;
};

} // namespace jackfield::kernel::isolate
