// Keys as they are pressed, without Enter and without an echo, while a call runs on a terminal.
//
// Signals stay with the terminal: Ctrl-C, Ctrl-Z. However the program ends, the terminal is as it was.
//
// Threads: begin and end on the main thread; restore on any, at the very end.
#pragma once

namespace jackfield::program {

class RawTerminal {
public:
    /// False where standard input is no terminal, or one on which others are at work.
    static bool begin();
    static void end();

    /// As it was before: before the process stops or ends at once. begin_again takes it back if it was begun.
    static void restore();
    static void begin_again();
};

} // namespace jackfield::program
