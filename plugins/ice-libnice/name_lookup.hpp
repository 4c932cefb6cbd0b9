// The addresses of a name, without waiting for them. By GLib, whose look-ups can be given up at any moment.
//
// Threads:  started on any, `done` comes on the loop's. Lifetime: counts as a farewell until it is over.
#pragma once

#include "farewells.hpp"
#include "glib_loop.hpp"

#include <shared/ice/ip_address.hpp>

#include <gio/gio.h>

#include <functional>
#include <string>
#include <vector>

namespace jackfield::ice {

class NameLookup {
public:
    NameLookup() : cancel_(g_cancellable_new()) {}
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;
    ~NameLookup()
    {
        g_cancellable_cancel(cancel_); // `done` comes all the same, with nothing
        g_object_unref(cancel_);
    }

    using Done = std::function<void(std::vector<IpAddress>)>;
    void start(GlibLoop& loop, Farewells& farewells, const std::string& name, Done done) const;

private:
    GCancellable* cancel_;
};

} // namespace jackfield::ice
