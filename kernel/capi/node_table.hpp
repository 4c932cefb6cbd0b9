// All nodes of the process, by their handles. A handle is a number, never used twice: whatever a program hands in is
// found here, or is none.
//
// Nodes that are left when the program exits are closed here, before anything that plugins and their libraries use
// goes.
//
// Threads:  every method on any thread.
// Lifetime: never destroyed: a program may end while a thread of its is still in here. A forked process begins with an
// empty
//           one, for the threads of the nodes are its parent's.

#pragma once

#include "kernel/capi/open_node.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace jackfield::kernel::capi {

class NodeTable {
public:
    /// Of this process.
    static NodeTable& get();

    /// Throws Failure JF_CLOSED if the program exits.
    jackfield_node* add(std::shared_ptr<OpenNode> node);
    std::shared_ptr<OpenNode> find(const jackfield_node* handle);
    void remove(const jackfield_node* handle);

    /// From here on nothing that has been loaded or used so far goes at exit before the nodes do.
    void go_first_at_exit();

private:
    static void before_fork();
    static void in_parent();
    static void in_child();
    static void at_exit();

    std::mutex mutex_;
    std::map<std::uintptr_t, std::shared_ptr<OpenNode>> nodes_;
    std::uintptr_t last_ = 0;
    bool exiting_ = false;   // written with both locks
    std::mutex order_mutex_; // of the place among what is done at exit; held while the process forks
};

} // namespace jackfield::kernel::capi
