// The node behind its door: what it has, on which thread each part of it runs. See node.hpp.
//
// Threads:  methods on the program's thread, which waits for the control thread where it must; what is marked [control]
//           there.
// Lifetime: the node's.

#pragma once

#include "kernel/bind/completions.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/file_watch.hpp"
#include "kernel/executor/network_watch.hpp"
#include "kernel/flow/cards.hpp"
#include "kernel/flow/diagnose.hpp"
#include "kernel/flow/introductions.hpp"
#include "kernel/flow/replaced_call.hpp"
#include "kernel/flow/texts.hpp"
#include "kernel/node/node.hpp"
#include "kernel/node/stack.hpp"

#include <list>
#include <mutex>
#include <set>

namespace jackfield::kernel {

/// How a flow ended: an error, or none.
Error outcome(const std::exception_ptr& exception);

class Node::Impl {
public:
    Impl(const Config& config, Registry registry, std::shared_ptr<NodeListener> listener, LogSink log);
    ~Impl() { stop(); }

    std::expected<OwnIds, Error> load_identity();
    std::expected<OwnIds, Error> start(bool announced);
    std::expected<OwnIds, Error> reconfigure(const Config& config, Registry registry);
    void stop();

    template <typename F>
    void post(F&& f)
    {
        control_.post(std::forward<F>(f));
    }

    std::shared_ptr<Call> call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener);
    std::shared_ptr<Call> follow(const std::shared_ptr<Referral>& referral, MediaPlan plan,
                                 std::shared_ptr<CallListener> listener);
    std::shared_ptr<FileTransfer> send_file(std::string peer, std::filesystem::path file,
                                            std::shared_ptr<FileListener> listener);
    void cancel(const std::shared_ptr<FileTransfer>& transfer);
    std::string describe_discovery();
    MediaDevices media_devices();
    void diagnose(DiagnosisPlan plan, std::shared_ptr<DiagnosisListener> listener);

    std::expected<std::string, Error> send_text(const std::string& peer, std::string text);
    std::expected<std::vector<Text>, Error> history(const std::string& peer, int limit);
    void typing(const std::string& peer, bool active);

    std::expected<void, Error> request_contact(Contact contact);

    const Plug<jf_identity_methods>& identity() const { return stack_->board->identity; }

    std::expected<std::vector<std::string>, Error> find_devices(const std::string& account);
    void watch(const std::string& account);
    void unwatch(const std::string& account);

private:
    /// Runs f there and waits for it. What it throws is what this returns.
    Error on_control(const std::function<void()>& f);
    std::unique_ptr<Stack> make_stack(Registry registry, const Resolved& resolved, const Stack* earlier);
    void hear_carried(Stack& stack);
    std::unique_ptr<Environment> make_environment(Stack& stack, const Config& config);
    Error load_identity_of(Stack& stack);
    void open_texts(const Config& config);
    Error texts_belong_to(const std::string& account);
    Error same_texts(const Config& config) const;
    void texts_work_in(Environment* environment);
    Error go_online(Stack& stack, bool announced);
    void watch_network();
    void network_changed(const std::set<std::string>& gone);
    void begin_watching();
    IntroductionEars introduction_ears();
    void introduce_in(Environment* environment);
    void watch_contacts_file();
    void contacts_have_changed();
    void heard_presence(const Device& device, bool there);
    void tell_presence(const Device& device, bool there);
    void take_over(std::unique_ptr<Stack> next);
    void retired(Stack* old);
    void gone();
    static OwnIds ids_of(const Stack& stack)
    {
        return {stack.environment->self.account_id, stack.environment->self.device_id};
    }
    void request(Environment& environment, const Device& sender, const CallMessage& message);
    void invited(Environment& environment, const std::shared_ptr<Link>& link, Invitation invitation);
    Replacement find_replaced_of_all(const std::string& dialog_name) const;
    std::shared_ptr<Call> make_call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener);
    void tell(Step step, Moment moment, std::string detail = {});

    std::shared_ptr<NodeListener> listener_;
    Timeline timeline_;
    Completions completions_;
    ControlThread control_;
    std::int32_t log_level_;
    LogSink log_;
    std::unique_ptr<Texts> texts_; // none if the configuration says nothing of texts
    Introductions introductions_;
    Cards cards_;
    std::unique_ptr<FileWatch> contacts_watch_;
    std::set<std::string> watched_;           // by the program; [control]
    std::shared_ptr<DiagnosisRun> diagnosis_; // second owner: its flows; [control]
    std::unique_ptr<Stack> stack_;
    std::unique_ptr<NetworkWatch> network_;      // from start on; [control]
    std::list<std::unique_ptr<Stack>> retiring_; // earlier ones whose calls go on
    std::mutex one_at_a_time_;                   // of all that waits for a stack; never held on the control thread
    std::function<void()> on_gone_;              // while the node stops: the current stack has left
    bool started_ = false;
    bool stopped_ = false;
};

} // namespace jackfield::kernel
