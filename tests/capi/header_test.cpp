// The header in a C++ program.

#include <jackfield/jackfield.h>

#include <type_traits>

static_assert(std::is_standard_layout_v<jackfield_media> && std::is_trivial_v<jackfield_options>);

extern "C" const char* version_seen_from_cpp(void)
{
    return jackfield_version();
}
