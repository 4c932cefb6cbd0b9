// Calls, as jackfield.h has them.

#include "kernel/capi/door.hpp"

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

Media media_of(const jackfield_media* from)
{
    Media media;
    if (from == nullptr)
        return media;
    if (from->struct_size < sizeof(jackfield_media))
        refuse("media", "struct_size is too small", "sizeof(jackfield_media)");
    if ((from->flags & ~(JACKFIELD_AUDIO_ONLY | JACKFIELD_BOTH_SIDES | JACKFIELD_OVERWRITE)) != 0)
        refuse("media", "there is no such flag", "JACKFIELD_AUDIO_ONLY, JACKFIELD_BOTH_SIDES, JACKFIELD_OVERWRITE");
    if (from->send != nullptr)
        media.send = need_text(from->send, "send");
    if (from->play != nullptr)
        media.play = need_text(from->play, "play");
    if (from->record != nullptr)
        media.record = need_text(from->record, "record");
    media.video = (from->flags & JACKFIELD_AUDIO_ONLY) == 0;
    media.both_sides = (from->flags & JACKFIELD_BOTH_SIDES) != 0;
    media.overwrite = (from->flags & JACKFIELD_OVERWRITE) != 0;
    return media;
}

/// f(node, call) of a call that runs.
template <typename F>
jf_status with_call(jackfield_node* node, const char* call, jackfield_error* error, F&& f)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        open_node->with_call(need_text(call, "call"), f);
    });
}

} // namespace

jf_status jackfield_call_place(jackfield_node* node, const char* peer, const jackfield_media* media, char* call,
                               jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(call, "call") = '\0';
        const auto id = open_node->place(need_text(peer, "peer"), media_of(media));
        copy_out(id, call, JACKFIELD_CALL_ID_SIZE);
    });
}

jf_status jackfield_node_take_calls(jackfield_node* node, uint32_t most, const jackfield_media* media,
                                    jackfield_error* error)
{
    return guarded(error, [&] { need_node(node)->take_calls(most, media_of(media)); });
}

jf_status jackfield_call_answer(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.answer(c); });
}

jf_status jackfield_call_decline(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.refuse(c); });
}

jf_status jackfield_call_hang_up(jackfield_node* node, const char* call, jackfield_error* error)
{
    return with_call(node, call, error, [](Node& n, const std::shared_ptr<Call>& c) { n.hang_up(c); });
}

jf_status jackfield_call_hold(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.hold = on != 0;
        n.change(c, change);
    });
}

jf_status jackfield_call_mute(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) { n.mute(c, on != 0); });
}

jf_status jackfield_call_pictures(jackfield_node* node, const char* call, int on, jackfield_error* error)
{
    return with_call(node, call, error, [on](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.video = on != 0;
        n.change(c, change);
    });
}

jf_status jackfield_call_digits(jackfield_node* node, const char* call, const char* keys, jackfield_error* error)
{
    return with_call(node, call, error, [keys](Node& n, const std::shared_ptr<Call>& c) {
        const auto wanted = need_text(keys, "keys", Call::kMostDigits);
        if (wanted.empty() || wanted.find_first_not_of("0123456789*#ABCD") != std::string::npos)
            refuse("keys", "not only keys of a telephone, or none", "0-9, *, #, A-D");
        n.send_digits(c, wanted);
    });
}

jf_status jackfield_call_source(jackfield_node* node, const char* call, const char* send, jackfield_error* error)
{
    return with_call(node, call, error, [send](Node& n, const std::shared_ptr<Call>& c) {
        MediaChange change;
        change.source = need_text(send, "send");
        if (*change.source == "none")
            change.source->clear();
        n.change(c, change);
    });
}

jf_status jackfield_call_state(jackfield_node* node, const char* call, int32_t* state, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(state, "state") = open_node->calls().state(need_text(call, "call"));
    });
}

jf_status jackfield_call_wait(jackfield_node* node, const char* call, int32_t state, int32_t timeout_ms,
                              jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        if (state < JACKFIELD_CALLING || state > JACKFIELD_ENDED)
            refuse("state", "there is none of that number", "JACKFIELD_CALLING to JACKFIELD_ENDED");
        open_node->calls().wait(need_text(call, "call"), state, timeout_ms);
    });
}

jf_status jackfield_call_rotate(jackfield_node* node, const char* call, uint32_t degrees, jackfield_error* error)
{
    return with_call(node, call, error, [degrees](Node& n, const std::shared_ptr<Call>& c) {
        if (degrees % 90 != 0 || degrees >= 360)
            refuse("degrees", "there is no such turn", "0, 90, 180 or 270");
        n.rotate(c, degrees);
    });
}

jf_status jackfield_call_transfer(jackfield_node* node, const char* call, const char* peer, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        const auto whom = need_text(peer, "peer");
        std::string account;
        open_node->use([&](Node&, const Config& config) { account = account_of(whom, config); });
        open_node->with_call(need_text(call, "call"),
                             [&](Node& n, const std::shared_ptr<Call>& c) { n.transfer(c, account); });
    });
}

jf_status jackfield_call_join(jackfield_node* node, const char* call, const char* other, jackfield_error* error)
{
    return with_call(node, call, error, [&](Node& n, const std::shared_ptr<Call>& c) {
        const auto to = need_node(node)->calls().running(need_text(other, "other"));
        if (to == c)
            refuse("other", "it is the same call", "another one that runs");
        n.transfer(c, to);
    });
}

jf_status jackfield_call_follow(jackfield_node* node, const char* call, const jackfield_media* media, char* new_call,
                                jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(new_call, "new_call") = '\0';
        copy_out(open_node->follow(need_text(call, "call"), media_of(media)), new_call, JACKFIELD_CALL_ID_SIZE);
    });
}

jf_status jackfield_call_stay(jackfield_node* node, const char* call, jackfield_error* error)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        const auto referral = open_node->ear().take_referral(need_text(call, "call"));
        open_node->use([&](Node& n, const Config&) { n.refuse_referral(referral); });
    });
}

jf_status jackfield_call_statistics(jackfield_node* node, const char* call, char** json, jackfield_error* error)
{
    if (json != nullptr)
        *json = nullptr;
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        need(json, "json") = hand_over(open_node->ear().statistics(need_text(call, "call")));
    });
}
