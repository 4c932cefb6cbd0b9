// Something that stands between two layers and does nothing, unless the script says that it refuses.

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/path_decorator.hpp>

namespace jackfield::doubles {

class PathDecoratorDouble : public Instance {
public:
    using Interface = PathDecoratorDouble;
    static constexpr std::string_view kInterfaceId = JF_PATH_DECORATOR_INTERFACE;

    /// Named "decorator <seam> <component>"; opens the path below when its own is opened.
    class Session : public Actor {
    public:
        Session(Path below, const jf_decorator_options& options)
            : Actor("decorator " + std::string(view(options.seam)) + " " + std::to_string(options.component)),
              initiator(options.initiator != 0),
              peer(view(options.peer)),
              path_(below, *this)
        {}

        jf_path path() { return path_.handle(); }

        const bool initiator;
        const std::string peer;

    private:
        class Above : public PathDouble {
        public:
            Above(Path below, Session& owner) : PathDouble(below.describe().kind, owner), below_(below), owner_(owner)
            {}
            void open(jf_path_receiver receiver) override
            {
                PathDouble::open(receiver);
                PathDouble::use(below_, owner_);
            }

        private:
            Path below_;
            Session& owner_;
        };

        Above path_;
    };

    PathDecoratorDouble(Host host, std::string_view) : Instance(host) {}

    static Status open(void*, jf_path below, const jf_decorator_options* options, jf_path* above,
                       jf_decorator_session* session, jf_error* error)
    {
        static constexpr jf_decorator_session_methods methods{sizeof(jf_decorator_session_methods), 0,
                                                              [](void* self) { delete static_cast<Session*>(self); }};
        auto& script = Stage::current().script;
        if (script.decorate > 0 && --script.decorate == 0) {
            set_error(error, script.status, kScripted);
            return script.status;
        }
        auto* const made = new Session(Path(below), *options);
        *above = made->path();
        *session = {&methods, made};
        return JF_OK;
    }

    static constexpr jf_path_decorator_methods kMethods{sizeof(jf_path_decorator_methods), 0, &open};
};

} // namespace jackfield::doubles
