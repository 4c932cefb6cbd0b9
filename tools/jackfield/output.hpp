// What the program writes for people and scripts: never an exception, never a control character that a peer has sent.
//
// Threads: any; one call writes as a whole.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace jackfield::program {

/// What can be shown where a stream ends up.
struct Display {
    bool terminal = false; // lines may be drawn over
    bool colour = false;
    bool utf8 = false;
};

/// A terminal that moves its cursor (TERM is not "dumb") is one; colours stay away if NO_COLOR says something, marks
/// are ASCII unless the locale is UTF-8.
Display display_of(std::FILE* stream);

/// How many characters of a terminal's line can be drawn over; 80 if it does not say.
std::size_t columns_of(std::FILE* stream);

/// Writes and flushes. That nobody reads any more is no error here: the main loop sees it.
void put(std::FILE* stream, std::string_view text);

/// Why not everything that was put to standard output has got there ("No space left on device"); empty if it has.
std::string output_problem();

/// The text on one line and without what would steer a terminal: line ends become blanks, other control characters and
/// broken UTF-8 become "?".
std::string printable(std::string_view text);

/// The same for a text of ours that has several lines.
std::string printable_lines(std::string_view text);

/// "2026-11-26 12:34:56.789 warning ice-libnice: text"
std::string log_line(int level, std::string_view who, std::string_view text);

} // namespace jackfield::program
