// The loop, its queue and its allocation-free wake-ups.
//
// Threads: see glib_loop.hpp; dispatch functions run on the loop's thread.
#include "glib_loop.hpp"

#include <glib-object.h>

#include <pthread.h>

namespace jackfield::ice {

GlibLoop::GlibLoop()
    : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)), thread_([this] {
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
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
}

void GlibLoop::post(Task task)
{
    GSource* source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT); // idle sources would starve while packets arrive
    attach(source, std::move(task));
}

void GlibLoop::post_after(std::chrono::milliseconds delay, Task task)
{
    attach(g_timeout_source_new(static_cast<guint>(delay.count())), std::move(task));
}

void GlibLoop::attach(GSource* source, Task task)
{
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

struct Wakeup::Source {
    GSource base;
    Wakeup* owner;
};

Wakeup::Wakeup(GlibLoop& loop, std::function<void()> function) : function_(std::move(function)), source_(nullptr)
{
    static GSourceFuncs functions = {nullptr,
                                     nullptr,
                                     [](GSource* source, GSourceFunc, gpointer) -> gboolean {
                                         g_source_set_ready_time(source, -1);
                                         reinterpret_cast<Source*>(source)->owner->function_();
                                         return G_SOURCE_CONTINUE;
                                     },
                                     nullptr,
                                     nullptr,
                                     nullptr};
    source_ = g_source_new(&functions, sizeof(Source));
    reinterpret_cast<Source*>(source_)->owner = this;
    g_source_attach(source_, loop.context());
}

Wakeup::~Wakeup()
{
    g_source_destroy(source_);
    g_source_unref(source_);
}

void Wakeup::signal()
{
    g_source_set_ready_time(source_, 0);
}

void ObjectUnref::operator()(void* object) const
{
    g_object_unref(object);
}

} // namespace jackfield::ice
