// The loop, its queue and its allocation-free wake-ups.
//
// Threads: see glib_loop.hpp; dispatch functions run on the loop's thread.
#include "glib_loop.hpp"

#include <pthread.h>

namespace jackfield::ice {

struct Wakeup::Source {
    GSource base;
    Wakeup* owner;
};

Wakeup::Wakeup(GMainContext* context, std::function<void()> function) : function_(std::move(function)), source_(nullptr)
{
    static GSourceFuncs functions = {nullptr,
                                     nullptr,
                                     [](GSource* source, GSourceFunc, gpointer) -> gboolean {
                                         Wakeup& self = *reinterpret_cast<Source*>(source)->owner;
                                         g_source_set_ready_time(source, -1);
                                         self.signalled_.exchange(false, std::memory_order_acq_rel);
                                         self.function_();
                                         return G_SOURCE_CONTINUE;
                                     },
                                     nullptr,
                                     nullptr,
                                     nullptr};
    source_ = g_source_new(&functions, sizeof(Source));
    reinterpret_cast<Source*>(source_)->owner = this;
    g_source_attach(source_, context);
}

Wakeup::~Wakeup()
{
    g_source_destroy(source_);
    g_source_unref(source_);
}

void Wakeup::signal()
{
    signalled_.exchange(true, std::memory_order_acq_rel);
    g_source_set_ready_time(source_, 0);
}

GlibLoop::GlibLoop()
    : context_(g_main_context_new()),
      quiet_context_(g_main_context_new()),
      loop_(g_main_loop_new(context_, FALSE)),
      wakeup_(std::make_unique<Wakeup>(context_, [this] { run_tasks(); })),
      thread_([this] {
          pthread_setname_np(pthread_self(), "jf-ice");
          g_main_context_push_thread_default(context_); // name resolution answers on this context, too
          g_main_loop_run(loop_);
          g_main_context_pop_thread_default(context_);
      })
{}

GlibLoop::~GlibLoop()
{
    post([this] { g_main_loop_quit(loop_); });
    thread_.join();
    wakeup_.reset();
    g_main_loop_unref(loop_);
    g_main_context_unref(quiet_context_);
    g_main_context_unref(context_);
}

void GlibLoop::post(Task task)
{
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    wakeup_->signal();
}

void GlibLoop::run_tasks()
{
    std::vector<Task> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(tasks_);
    }
    for (auto& task : tasks)
        std::exchange(task, nullptr)(); // each takes what it captured with it before the next one runs
}

void GlibLoop::post_after(std::chrono::milliseconds delay, Task task)
{
    GSource* source = g_timeout_source_new(static_cast<guint>(delay.count()));
    g_source_set_callback(
        source,
        [](gpointer data) -> gboolean {
            (*static_cast<Task*>(data))();
            return G_SOURCE_REMOVE;
        },
        new Task(std::move(task)), [](gpointer data) { delete static_cast<Task*>(data); });
    g_source_attach(source, context_);
    g_source_unref(source);
}

} // namespace jackfield::ice
