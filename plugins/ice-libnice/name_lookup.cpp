// See name_lookup.hpp.
#include "name_lookup.hpp"

namespace jackfield::ice {

namespace {

struct Question {
    Farewells& farewells;
    std::string name;
    GCancellable* cancel;
    NameLookup::Done done;

    ~Question() { g_object_unref(cancel); }
};

std::vector<IpAddress> all_of(GList* list)
{
    std::vector<IpAddress> addresses;
    for (const GList* item = list; item != nullptr; item = item->next) {
        auto* const address = static_cast<GInetAddress*>(item->data);
        addresses.push_back(
            IpAddress::from_bytes({g_inet_address_to_bytes(address), g_inet_address_get_native_size(address)}));
    }
    return addresses;
}

void answered(GObject* resolver, GAsyncResult* result, gpointer data)
{
    const std::unique_ptr<Question> question(static_cast<Question*>(data));
    GList* const addresses = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, nullptr);
    question->done(all_of(addresses));
    g_resolver_free_addresses(addresses);
    question->farewells.end();
}

} // namespace

void NameLookup::start(GlibLoop& loop, Farewells& farewells, const std::string& name, Done done) const
{
    farewells.begin();
    auto question = std::make_unique<Question>(farewells, name, G_CANCELLABLE(g_object_ref(cancel_)), std::move(done));
    loop.post([question = std::move(question)]() mutable { // the answer comes on the thread that asks
        GResolver* const resolver = g_resolver_get_default();
        Question* const asked = question.release();
        g_resolver_lookup_by_name_async(resolver, asked->name.c_str(), asked->cancel, &answered, asked);
        g_object_unref(resolver);
    });
}

} // namespace jackfield::ice
