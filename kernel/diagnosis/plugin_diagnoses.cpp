// The diagnoses of all plugins of a configuration. See plugin_diagnoses.hpp.

#include "kernel/diagnosis/plugin_diagnoses.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/registry/instance.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMostFindings = 256; // of one plugin
constexpr std::size_t kMostBytes = 4096;   // of one text

/// What a plugin says is text of bounded length, whatever it says.
std::string bounded(jf_text text)
{
    auto view = view_of(text).substr(0, kMostBytes);
    if (const auto bad = first_bad_utf8(view))
        view = view.substr(0, *bad);
    return std::string(view);
}

std::string details_of(jf_text text)
{
    const auto details = nlohmann::json::parse(view_of(text).substr(0, 4 * kMostBytes), nullptr, false);
    return details.is_object() ? details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : "{}";
}

} // namespace

class PluginDiagnoses::One {
public:
    One(std::string what, DiagnosisListener& listener, std::function<void()> changed)
        : what_(std::move(what)), listener_(listener), changed_(std::move(changed))
    {}
    One(const One&) = delete;
    One& operator=(const One&) = delete;
    ~One()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        if (host_ != nullptr)
            host_->close_gate();
    }

    void begin(Around& around, const ResolvedPlugin& choice, std::chrono::nanoseconds limit)
    {
        listener_.begun(what_);
        const auto loaded = around.registry.load(choice.manifest.id);
        if (!loaded)
            return could_not(loaded.error());
        const jf_factory* factory = (*loaded)->factory(JF_DIAGNOSIS_INTERFACE);
        host_ = std::make_unique<InstanceHost>(around.control, around.services, choice.manifest.id);
        auto instance = create_instance(*factory, host_->raw(), choice.config_json);
        if (!instance)
            return could_not(instance.error());
        instance_ = std::move(*instance);
        const jf_diagnosis_options options{sizeof(jf_diagnosis_options), 0, limit.count()};
        ErrorSlot error;
        const auto* const methods = instance_.methods<jf_diagnosis_methods>();
        const jf_status status = methods->begin(instance_.self(), &options, {&kListener, this}, &session_, &error);
        if (status != JF_OK)
            could_not(error.error(status));
    }

    bool over() const { return over_; }

    void give_up()
    {
        if (over_)
            return;
        say({what_, "diagnosis", Verdict::problem, fmt::format("{} did not finish looking in time", what_),
             "this is a mistake of the plugin; tell its author"});
        end();
    }

private:
    static One& of(void* self) { return *static_cast<One*>(self); }

    static const jf_diagnosis_listener_methods kListener;

    void say(const Finding& finding) { listener_.found(finding); }

    void found(const jf_finding& raw)
    {
        if (over_ || ++findings_ > kMostFindings)
            return;
        Finding finding{what_,
                        bounded(raw.check),
                        raw.verdict <= JF_VERDICT_SKIPPED ? static_cast<Verdict>(raw.verdict) : Verdict::note,
                        bounded(raw.sentence),
                        bounded(raw.advice),
                        details_of(raw.details_json)};
        say(finding);
    }

    void could_not(const Error& error)
    {
        say({what_, "diagnosis", Verdict::problem, fmt::format("{} cannot look: {}", what_, error.text),
             "correct what it says; calls need this plugin, too"});
        end();
    }

    void end()
    {
        over_ = true;
        listener_.over(what_);
        changed_();
    }

    std::string what_;
    DiagnosisListener& listener_;
    std::function<void()> changed_;
    std::unique_ptr<InstanceHost> host_;
    Instance instance_;
    jf_diagnosis_session session_{};
    std::size_t findings_ = 0;
    bool over_ = false;
};

const jf_diagnosis_listener_methods PluginDiagnoses::One::kListener{
    sizeof(jf_diagnosis_listener_methods), 0, [](void* self, const jf_finding* finding) { of(self).found(*finding); },
    [](void* self, jf_status status, const jf_error* error) {
        One& one = of(self);
        if (one.over_)
            return;
        if (status != JF_OK)
            return one.could_not(error_of(status, error));
        one.end();
    }};

PluginDiagnoses::PluginDiagnoses(Around around) : around_(std::move(around))
{}

PluginDiagnoses::~PluginDiagnoses()
{
    while (!all_.empty())
        all_.pop_back();
}

void PluginDiagnoses::begin(std::chrono::nanoseconds limit, DiagnosisListener& listener, std::function<void()> changed)
{
    std::set<std::pair<std::string, std::string>> begun; // one that is in several slots looks once
    for (const auto& choice : around_.resolved.plugins) {
        if (!choice.manifest.implements(JF_DIAGNOSIS_INTERFACE) ||
            !begun.emplace(choice.manifest.id, choice.config_json).second)
            continue;
        all_.push_back(std::make_unique<One>(choice.manifest.id, listener, changed));
        all_.back()->begin(around_, choice, limit);
    }
}

bool PluginDiagnoses::over() const
{
    return std::ranges::all_of(all_, [](const auto& one) { return one->over(); });
}

void PluginDiagnoses::give_up()
{
    for (const auto& one : all_)
        one->give_up();
}

} // namespace jackfield::kernel
