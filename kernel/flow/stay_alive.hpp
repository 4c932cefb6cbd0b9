// Step 8: media alive, until someone hangs up; and the goodbye.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"

namespace jackfield::kernel {

/// Media as the call's flows share it: shared_ptr because a leg that lost may still be saying goodbye.
std::shared_ptr<CallMedia> open_media(Environment& node, const std::shared_ptr<Call>& call);

/// Encoders and decoders begin to open: it is agreed what will flow. Throws StepFailure.
void open_codecs(CallMedia& media, const MediaLeg& leg);

/// The transport stands ready on the leg's paths; not sending yet. Throws StepFailure.
void prepare_media(Call& call, CallMedia& media, MediaLeg& leg);

/// Throws StepFailure if a codec did not open, so that nobody answers a call that cannot have media.
void check_media(const CallMedia& media);

/// Waits for the media paths of an answered call if they are not up yet, and lets media flow. Throws StepFailure.
awaitable<void> start_media(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<Leg> leg);

/// Until someone hangs up or it breaks. Throws StepFailure if it breaks.
awaitable<void> stay_alive(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                           std::shared_ptr<Leg> leg, std::shared_ptr<CallEnd> end);

/// Stops media, completes the recording, tells the timeline and the listener. Never throws.
awaitable<void> close_call(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<CallEnd> end);

} // namespace jackfield::kernel
