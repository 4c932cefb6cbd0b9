// The timeline as CSV (RFC 4180, lines end in LF): one row an event, the first row says what the columns are.
//
//   t_ms,t_ns,call,side,step,event,what,status,text,detail
//
// t_ms counts from the origin; t_ns is the machine's monotonic clock, so that the traces of two processes on one
// machine can be laid side by side. `what`, `status` and `text` are taken from the detail, which follows whole, as
// JSON.
//
// Threads: plain values, any thread.

#pragma once

#include "kernel/timeline/trace.hpp"

namespace jackfield::kernel {

class CsvTrace final : public TraceForm {
public:
    explicit CsvTrace(std::int64_t origin_ns) : origin_ns_(origin_ns) {}

    std::string head() const override;
    std::string text(const TimelineEvent& event) override;
    std::string tail() override { return {}; }

private:
    std::int64_t origin_ns_;
};

} // namespace jackfield::kernel
