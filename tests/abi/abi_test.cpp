// What the rules of growth promise: a method is there only if the table is long enough and has it.

#include <jackfield/abi/connectivity.h>
#include <jackfield/abi/types.h>

#include <gtest/gtest.h>

#include <cstddef>

namespace {

jf_connectivity_methods connectivity_methods()
{
    jf_connectivity_methods methods{};
    methods.struct_size = sizeof methods;
    methods.network_changed = [](void*) {};
    return methods;
}

TEST(Abi, SeesAnOptionalMethodThatIsThere)
{
    const auto methods = connectivity_methods();
    EXPECT_TRUE(JF_HAS(&methods, network_changed));
}

TEST(Abi, SeesNoMethodThatIsNull)
{
    auto methods = connectivity_methods();
    methods.network_changed = nullptr;
    EXPECT_FALSE(JF_HAS(&methods, network_changed));
}

TEST(Abi, SeesNoMethodBeyondTheEndOfAShorterTable)
{
    auto methods = connectivity_methods();
    methods.struct_size = offsetof(jf_connectivity_methods, network_changed);
    EXPECT_FALSE(JF_HAS(&methods, network_changed));
    methods.struct_size += sizeof(methods.network_changed) - 1;
    EXPECT_FALSE(JF_HAS(&methods, network_changed));
}

} // namespace
