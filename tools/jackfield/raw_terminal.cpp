// Keys as they are pressed. See raw_terminal.hpp.

#include "tools/jackfield/raw_terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

namespace jackfield::program {

namespace {

std::mutex one_at_a_time;
std::atomic<bool> begun{false};
termios before{};

void set(const termios& mode)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

} // namespace

bool RawTerminal::begin()
{
    const std::lock_guard lock(one_at_a_time);
    if (begun)
        return true;
    if (isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    static const int at_exit = std::atexit([] { restore(); });
    static_cast<void>(at_exit);
    termios raw = before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    set(raw);
    begun = true;
    return true;
}

void RawTerminal::end()
{
    const std::lock_guard lock(one_at_a_time);
    if (begun.exchange(false))
        set(before);
}

void RawTerminal::restore()
{
    if (begun)
        set(before);
}

void RawTerminal::begin_again()
{
    if (begun.exchange(false))
        begin();
}

} // namespace jackfield::program
