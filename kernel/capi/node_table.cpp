// All nodes of the process. See node_table.hpp.

#include "kernel/capi/node_table.hpp"

#include <pthread.h>

#include <cstdlib>

namespace jackfield::kernel::capi {

namespace {

std::atomic<NodeTable*> the_table{nullptr};

} // namespace

NodeTable& NodeTable::get()
{
    static const bool made = [] {
        the_table = new NodeTable;
        pthread_atfork(&NodeTable::before_fork, &NodeTable::in_parent, &NodeTable::in_child);
        return true;
    }();
    static_cast<void>(made);
    return *the_table;
}

/// A child could never exit if another thread were inside of atexit now.
void NodeTable::before_fork()
{
    the_table.load()->order_mutex_.lock();
}

void NodeTable::in_parent()
{
    the_table.load()->order_mutex_.unlock();
}

/// The one of before may be locked for ever, by a thread that is not here.
void NodeTable::in_child()
{
    const auto last = the_table.load()->last_;
    the_table = new NodeTable;
    the_table.load()->last_ = last;
}

jackfield_node* NodeTable::add(std::shared_ptr<OpenNode> node)
{
    const std::lock_guard lock(mutex_);
    if (exiting_)
        throw Failure(JF_CLOSED, "node: the program exits; looked at what it does; one that is opened earlier would "
                                 "work");
    nodes_.emplace(++last_, std::move(node));
    return reinterpret_cast<jackfield_node*>(last_);
}

std::shared_ptr<OpenNode> NodeTable::find(const jackfield_node* handle)
{
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(reinterpret_cast<std::uintptr_t>(handle));
    return found == nodes_.end() ? nullptr : found->second;
}

void NodeTable::remove(const jackfield_node* handle)
{
    const std::lock_guard lock(mutex_);
    nodes_.erase(reinterpret_cast<std::uintptr_t>(handle));
}

/// What is registered last is done first, and libraries register what they clean up when they are first used (OpenSSL),
/// so that we do it again and again. Nothing takes a registration back: 32 bytes each.
void NodeTable::go_first_at_exit()
{
    const std::lock_guard lock(order_mutex_);
    if (!exiting_)
        std::atexit(&NodeTable::at_exit);
}

void NodeTable::at_exit()
{
    auto& table = get();
    std::map<std::uintptr_t, std::shared_ptr<OpenNode>>
        left; // they stay in the table, too: a thread may be inside of one
    {
        const std::scoped_lock lock(table.order_mutex_, table.mutex_);
        table.exiting_ = true;
        left = table.nodes_;
    }
    for (const auto& [handle, node] : left)
        node->close_at_exit();
}

} // namespace jackfield::kernel::capi
