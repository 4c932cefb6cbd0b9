// What this process holds and has used.
#pragma once

#include <malloc.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace jackfield::bench {

inline double processor_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline std::set<std::string> threads_now()
{
    std::set<std::string> ids;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
        ids.insert(task.path().filename());
    return ids;
}

/// Of those of them that still run.
inline double processor_seconds(const std::set<std::string>& threads)
{
    double sum_ns = 0;
    for (const auto& id : threads) {
        double on_processor_ns = 0;
        std::ifstream("/proc/self/task/" + id + "/schedstat") >> on_processor_ns;
        sum_ns += on_processor_ns;
    }
    return sum_ns / 1e9;
}

/// What the process holds now.
struct Holds {
    double mib = 0;
    double allocated_mib = 0; // of them handed out by malloc
    long descriptors = 0;
    long threads = 0;
};

inline Holds holds()
{
    const auto count = [](const char* folder) {
        return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    };
    Holds now;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:"))
            now.mib = std::stod(line.substr(6)) / 1024;
    }
    const struct mallinfo2 memory = mallinfo2();
    now.allocated_mib = static_cast<double>(memory.uordblks + memory.hblkhd) / (1 << 20);
    now.descriptors = count("/proc/self/fd");
    now.threads = count("/proc/self/task");
    return now;
}

/// The mean of what was held at those moments.
inline Holds mean(std::vector<Holds>::const_iterator from, std::vector<Holds>::const_iterator to)
{
    Holds sum;
    for (auto one = from; one != to; ++one) {
        sum.mib += one->mib;
        sum.allocated_mib += one->allocated_mib;
        sum.descriptors += one->descriptors;
        sum.threads += one->threads;
    }
    const long count = to - from;
    const auto calls = static_cast<double>(count);
    return {sum.mib / calls, sum.allocated_mib / calls, sum.descriptors / count, sum.threads / count};
}

} // namespace jackfield::bench
