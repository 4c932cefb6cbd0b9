// The instance in this process. See hosted.hpp.

#include "hosted.hpp"

#include "lock_down.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/run_on_control.hpp"
#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/hosted_process.hpp"
#include "kernel/registry/entry_check.hpp"
#include "kernel/registry/library.hpp"
#include "kernel/registry/manifest.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>
#include <jackfield/abi/path_decorator.h>

#include <dlfcn.h>

#include <filesystem>

namespace jackfield::isolated {

using kernel::view_of;

namespace {

/// What the plugin would load when it is first needed (jackfield_add_plugin_part): no file can be opened then. The
/// loader finds a library by its path again. One that cannot be loaded is for the plugin to say, when it asks for it.
void load_parts(const kernel::Manifest& manifest)
{
    std::error_code none;
    for (const auto& file : std::filesystem::directory_iterator(manifest.path.parent_path() / "parts", none)) {
        const auto name = file.path().filename().string();
        if (name.starts_with(manifest.id + "-") && name.ends_with(".so"))
            dlopen(file.path().c_str(), RTLD_NOW | RTLD_LOCAL);
    }
}

} // namespace

Hosted::Hosted(kernel::Descriptor socket)
    : talk_(
          std::move(socket),
          {[this] { return control_.is_current(); },
           [this](std::function<void()> work) { control_.post(std::move(work)); }},
          [this](isolate::Message message) { heard(std::move(message)); },
          [this](isolate::Message& message) {
              Role* const role = seen_by_reader_;
              return role != nullptr && role->at_once(message);
          })
{}

void Hosted::run()
{
    control_.start();
    talk_.read();
    run_on_control(control_, [this] { destroy(); });
}

void Hosted::destroy()
{
    if (host_)
        host_->close_gate();
    if (role_ == nullptr || role_->idle())
        instance_ = Instance();
}

void Hosted::heard(isolate::Message message)
{
    if (message.word == isolate::Word::kStart)
        start(std::move(message));
    else if (role_ != nullptr)
        role_->heard(std::move(message));
}

void Hosted::start(isolate::Message question)
{
    try {
        isolate::Unpacker unpacker(question.body);
        const auto manifest = unpacker.take_text();
        const auto interface_id = unpacker.take_text();
        const auto config_json = unpacker.take_text();
        services_.log_level = unpacker.take<std::int32_t>();
        services_.log = [this](std::int32_t level, std::string_view, std::string_view line) {
            talk_.tell(isolate::Word::kLog, static_cast<std::uint32_t>(level), isolate::bytes_of(line));
        };
        services_.find_service = [](std::string_view) -> const void* { return nullptr; };
        rings_ = std::make_unique<isolate::SharedMemory>(std::move(question.memory), isolate::kRingsBytes);
        before_loading();
        create(manifest, interface_id, config_json);
        const auto about = role_->about();
        after_creating();
        talk_.answer(question, JF_OK, isolate::bytes_of(about));
    } catch (const Failure& failure) {
        talk_.answer(question, failure.status(), isolate::bytes_of(failure.what()));
    } catch (const std::exception& failure) {
        talk_.answer(question, JF_INTERNAL, isolate::bytes_of(failure.what()));
    }
}

void Hosted::create(std::string_view manifest_path, std::string_view interface_id, std::string_view config_json)
{
    const auto manifest = kernel::read_manifest(manifest_path);
    if (!manifest)
        throw Failure(manifest.error());
    const auto entry = kernel::open_library(manifest->library_path());
    if (!entry)
        throw Failure(entry.error());
    if (const auto problem = kernel::entry_problem(**entry, *manifest); !problem.empty())
        throw Failure(JF_REFUSED, problem);
    const jf_factory* factory = nullptr;
    for (const jf_factory* candidate : std::span((*entry)->factories, (*entry)->factory_count)) {
        if (view_of(candidate->interface_id) == interface_id)
            factory = candidate;
    }
    if (factory == nullptr)
        throw Failure(JF_UNSUPPORTED, "no factory for " + std::string(interface_id));
    host_.emplace(control_, services_, manifest->id);
    auto instance = kernel::create_instance(*factory, host_->raw(), config_json);
    if (!instance)
        throw Failure(instance.error());
    instance_ = std::move(*instance);
    load_parts(*manifest);
    if (interface_id == JF_CODEC_INTERFACE)
        role_ = hosted_codec(*this, instance_);
    else if (interface_id == JF_AUDIO_STAGE_INTERFACE)
        role_ = hosted_audio_stage(*this, instance_);
    else
        role_ = hosted_decorator(*this, instance_, *rings_);
    seen_by_reader_ = role_.get();
}

} // namespace jackfield::isolated
