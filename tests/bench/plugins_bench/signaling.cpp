// A whole call's signaling over a stream in memory: invite, ring, answer, confirm, hang up.
#include "table.hpp"

#include "tests/plugins/signaling/signaling_rig.hpp"

namespace jackfield::bench::signaling_figures {

void all(const Table& table)
{
    using namespace signaling_test;
    for (const std::string plugin : {"signaling-sip", "signaling-json"}) {
        if (!Table::has(plugin))
            continue;
        FakeHost host;
        const InstanceUnderTest<jf_signaling_methods> instance(host, JACKFIELD_TEST_PLUGIN_DIR, plugin,
                                                               JF_SIGNALING_INTERFACE);
        MemoryLink link(JF_STREAM);
        {
            SessionUnderTest alice(instance, link.path(0), kAlice, kBob, "Alice");
            SessionUnderTest bob(instance, link.path(1), kBob, kAlice, "Bob");
            std::uint64_t calls = 0;
            const auto until = [&](const SessionUnderTest& session, const std::string& event) {
                if (!host.run_until([&] { return session.log.has_prefix(event); }))
                    throw Failure(JF_TIMEOUT, plugin + ": no " + event + "; heard " + session.log.all());
            };
            table.row(plugin, "a whole call", "µs", [&] {
                return microseconds(20, [&] {
                    const std::uint64_t ours = 2 * ++calls; // even where it begins, odd where it comes in
                    const std::uint64_t theirs = ours - 1;
                    alice.invite(ours);
                    until(bob, "invited " + std::to_string(theirs));
                    bob.ring(theirs);
                    until(alice, "ringing " + std::to_string(ours));
                    bob.answer(theirs);
                    until(bob, "confirmed " + std::to_string(theirs));
                    alice.bye(ours);
                    until(bob, "ended " + std::to_string(theirs));
                    alice.log.events.clear();
                    bob.log.events.clear();
                });
            });
        }
    }
}

} // namespace jackfield::bench::signaling_figures
