// Calls in an order that chance decides: whoever tests an interface says which calls there are, this makes them.
//
// Threads: the test's. Lifetime: a Scene goes before the instances that it plays on; these go between two lives.
#pragma once

#include "kit.hpp"

#include <random>

namespace jackfield::conformance {

using Chance = std::mt19937;

/// What calls are made on. The destructor of whoever derives releases what its calls have opened.
class Scene {
public:
    /// One call; it looks itself whether it can be made now. A Failure is an answer like any other.
    struct Move {
        const char* name;
        std::function<void()> make;
    };

    Scene() = default;
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    virtual ~Scene() = default;

    std::vector<Move> moves;
};

/// Makes instances and a scene on them.
using SetScene = std::function<std::unique_ptr<Scene>(Bench&, Chance&)>;

/// Adds the tests of JF-GEN-12 and JF-GEN-15. suffix: see add_path_tests.
void add_random_tests(std::vector<Test>& list, const std::string& interface_id, const SetScene& set,
                      const std::string& suffix = {}, const std::string& declared = {});

/// A number from 0 to most.
inline std::size_t upto(Chance& chance, std::size_t most)
{
    return chance() % (most + 1);
}

} // namespace jackfield::conformance
