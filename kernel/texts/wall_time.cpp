// The time of day. See wall_time.hpp.

#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>

#include <chrono>

namespace jackfield::kernel {

namespace {

constexpr std::int64_t kLast_ms = 253'402'300'799'999; // of the year 9999

/// Reads numbers and marks from left to right; once something is wrong all of it is.
class DateReader {
public:
    explicit DateReader(std::string_view text) : text_(text) {}

    std::int64_t digits(std::size_t count)
    {
        std::int64_t value = 0;
        for (; count > 0; --count) {
            const char c = next();
            good_ = good_ && c >= '0' && c <= '9';
            value = value * 10 + (c - '0');
        }
        return value;
    }

    void mark(char wanted) { good_ = next() == wanted && good_; }
    char next()
    {
        const char c = peek();
        text_.remove_prefix(text_.empty() ? 0 : 1);
        return c;
    }
    char peek() const { return text_.empty() ? '\0' : text_.front(); }
    bool done() const { return good_ && text_.empty(); }

private:
    std::string_view text_;
    bool good_ = true;
};

/// Thousandths of what may be a fraction of a second.
std::int64_t read_fraction(DateReader& reader)
{
    if (reader.peek() != '.')
        return 0;
    reader.next();
    std::int64_t value = reader.digits(1) * 100; // at least one
    for (std::int64_t unit = 10; reader.peek() >= '0' && reader.peek() <= '9'; unit /= 10)
        value += (reader.next() - '0') * unit;
    return value;
}

/// In minutes; Z is 0.
std::int64_t read_offset(DateReader& reader)
{
    const char sign = reader.next();
    if (sign == 'Z' || sign == 'z')
        return 0;
    const auto hours = reader.digits(2);
    reader.mark(':');
    const auto minutes = reader.digits(2);
    if (sign != '+' && sign != '-')
        reader.mark('\1'); // which no text has
    return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

} // namespace

std::int64_t wall_ms()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string date_time(std::int64_t ms)
{
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(ms)};
    const auto day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::optional<std::int64_t> read_date_time(std::string_view text)
{
    using namespace std::chrono;
    DateReader reader(text);
    const auto years = reader.digits(4);
    reader.mark('-');
    const auto months = reader.digits(2);
    reader.mark('-');
    const auto day_of_month = reader.digits(2);
    if (reader.peek() == 't')
        reader.next();
    else
        reader.mark('T');
    const auto hour = reader.digits(2);
    reader.mark(':');
    const auto minute = reader.digits(2);
    reader.mark(':');
    const auto second = reader.digits(2);
    const auto fraction = read_fraction(reader);
    const auto offset = read_offset(reader);
    if (!reader.done())
        return std::nullopt;
    const year_month_day date{year(static_cast<int>(years)), month(static_cast<unsigned>(months)),
                              day(static_cast<unsigned>(day_of_month))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60 || offset < -24 * 60 || offset > 24 * 60)
        return std::nullopt;
    const auto midnight = duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count();
    const auto ms = midnight + (((hour * 60 + minute - offset) * 60) + second) * 1000 + fraction;
    return ms >= 0 && ms <= kLast_ms ? std::optional(ms) : std::nullopt; // an offset may lead out of the years
}

} // namespace jackfield::kernel
