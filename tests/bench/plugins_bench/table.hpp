// The figures of the plugins that have no bench of their own, as the rows of one table.
//
// Threads: one. A part of the bench adds what it has measured; a plugin that is not there adds nothing.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::bench {

class Table {
public:
    explicit Table(int samples) : samples_(samples)
    {
        std::printf("| plugin | what | unit | min | median | max |\n| --- | --- | --- | --- | --- | --- |\n");
    }

    int samples() const { return samples_; }

    /// Whether that plugin was built.
    static bool has(const std::string& plugin)
    {
        return std::filesystem::exists(std::string(JACKFIELD_TEST_PLUGIN_DIR) + "/" + plugin + ".plugin.json");
    }

    /// Measures again and again, and prints a row.
    template <class Measure>
    void row(const std::string& plugin, const std::string& what, const char* unit, Measure&& measure) const
    {
        std::vector<double> values;
        for (int i = 0; i < samples_; ++i)
            values.push_back(measure());
        print(plugin, what, unit, std::move(values));
    }

    static void print(const std::string& plugin, const std::string& what, const char* unit, std::vector<double> values);

private:
    int samples_;
};

/// Microseconds that something takes, on average of so many times.
template <class Work>
double microseconds(int times, Work&& work)
{
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i)
        work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / times;
}

// One source each, named like these.
namespace identity_figures {
void all(const Table& table);
}
namespace discovery_figures {
void all(const Table& table);
}
namespace connectivity_figures {
void all(const Table& table);
}
namespace reliable_stream_figures {
void all(const Table& table);
}
namespace signaling_figures {
void all(const Table& table);
}
namespace media_transport_figures {
void all(const Table& table);
}
namespace media_figures {
void all(const Table& table);
}

} // namespace jackfield::bench
