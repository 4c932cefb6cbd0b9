// Stands before the library's header of this name (JackfieldBuild.cmake): the parser and the serializer, which take GCC
// up to four seconds in each source that reads or writes JSON, are declared here and compiled once, in json.cpp.
//
// Only this build has it: what is built elsewhere includes the library's own header and compiles them as ever.
#pragma once
#pragma GCC system_header // for include_next

#include_next <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace nlohmann::detail {
using FromView = iterator_input_adapter<std::string_view::const_iterator>;
using FromString = iterator_input_adapter<std::string::const_iterator>;
} // namespace nlohmann::detail

#define JACKFIELD_JSON_ONCE(declare_or_define)                                                                         \
    declare_or_define class nlohmann::basic_json<>;                                                                    \
    declare_or_define class nlohmann::detail::json_sax_dom_parser<nlohmann::json>;                                     \
    declare_or_define class nlohmann::detail::json_sax_dom_callback_parser<nlohmann::json>;                            \
    declare_or_define class nlohmann::detail::lexer<nlohmann::json, nlohmann::detail::FromView>;                       \
    declare_or_define class nlohmann::detail::parser<nlohmann::json, nlohmann::detail::FromView>;                      \
    declare_or_define class nlohmann::detail::lexer<nlohmann::json, nlohmann::detail::FromString>;                     \
    declare_or_define class nlohmann::detail::parser<nlohmann::json, nlohmann::detail::FromString>;                    \
    declare_or_define class nlohmann::detail::lexer<nlohmann::json, nlohmann::detail::input_stream_adapter>;           \
    declare_or_define class nlohmann::detail::parser<nlohmann::json, nlohmann::detail::input_stream_adapter>

JACKFIELD_JSON_ONCE(extern template);
