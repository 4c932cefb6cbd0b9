//! cc-aimd: a plugin in Rust, without a crate. It says how fast to send: a little more as long as packets arrive, a good deal
//! less when some are lost (additive increase, multiplicative decrease, the oldest rule there is: RFC 5681 has it for TCP).
//!
//! Read from the end: the kernel finds `jackfield_plugin`, which lists factories; a factory makes an instance; an instance opens
//! a controller for each call. What is C is in `abi.rs` and in the functions named `extern "C"`; what they call is safe Rust.
//!
//! Threads:  create, destroy, open, release come on the control thread; what a controller does comes from several threads, but
//!           never two at once, so `&mut` holds.
//! Lifetime: an instance outlives its controllers. `Box::into_raw` gives an object to the kernel as its `self`, and
//!           `Box::from_raw` takes it back in `release` and `destroy`.

mod abi;

use abi::*;
use std::ffi::c_void;

/// At most JF_RATE_STREAMS_MAX streams: an array, because [media] functions do not allocate.
const STREAMS_MAX: usize = 8;

const SECOND_NS: i64 = 1_000_000_000;
const LOSS_BEARABLE: f64 = 0.02; // below it losses are taken for accidents of a radio
const LESS: f64 = 0.85;
const MORE_BPS: f64 = 50_000.0; // each second

// --- the rule: safe Rust, which knows nothing of C ------------------------------------------------------------------

#[derive(Default)]
struct Aimd {
    streams: [RateStream; STREAMS_MAX],
    count: usize,
    rate_bps: f64,
    last_rise_ns: Option<i64>,
    last_fall_ns: Option<i64>,
    falls: u64,
    packets: u64,
    lost: u64,
}

impl Aimd {
    fn streams(&self) -> &[RateStream] {
        &self.streams[..self.count]
    }

    fn sum(&self, of: fn(&RateStream) -> u32) -> f64 {
        self.streams().iter().map(|stream| f64::from(of(stream))).sum()
    }

    fn set_streams(&mut self, streams: &[RateStream]) {
        self.count = streams.len().min(STREAMS_MAX);
        self.streams[..self.count].copy_from_slice(&streams[..self.count]);
        if self.rate_bps == 0.0 {
            self.rate_bps = self.sum(|stream| stream.start_bps); // later on what is known of the path stays
        }
        self.stay_within();
    }

    /// f64::clamp would panic if a peer of ours set min above max; this does not.
    fn stay_within(&mut self) {
        let (least, most) = (self.sum(|stream| stream.min_bps), self.sum(|stream| stream.max_bps));
        self.rate_bps = self.rate_bps.max(least).min(most.max(least));
    }

    /// Some of the packets that left arrived, others did not. Numbers in it are the peer's words: they are counted, not believed
    /// further than that.
    fn hear(&mut self, arrived: usize, lost: usize, round_trip_ns: i64, now_ns: i64) {
        self.packets += (arrived + lost) as u64;
        self.lost += lost as u64;
        if arrived + lost == 0 {
            return;
        }
        if lost as f64 > LOSS_BEARABLE * (arrived + lost) as f64 {
            self.fall(round_trip_ns, now_ns);
        } else {
            self.rise(now_ns);
        }
    }

    /// Once for each round trip: the losses in between were sent before the last fall could show.
    fn fall(&mut self, round_trip_ns: i64, now_ns: i64) {
        self.last_rise_ns = Some(now_ns);
        let pause_ns = round_trip_ns.clamp(SECOND_NS / 100, SECOND_NS);
        if matches!(self.last_fall_ns, Some(last) if now_ns.saturating_sub(last) < pause_ns) {
            return;
        }
        self.last_fall_ns = Some(now_ns);
        self.falls += 1;
        self.rate_bps *= LESS;
        self.stay_within();
    }

    fn rise(&mut self, now_ns: i64) {
        let since_ns = self.last_rise_ns.map_or(0, |last| now_ns.saturating_sub(last)).clamp(0, SECOND_NS);
        self.last_rise_ns = Some(now_ns);
        self.rate_bps += MORE_BPS * since_ns as f64 / SECOND_NS as f64;
        self.stay_within();
    }

    /// Each stream gets its least, and of what is left a share by what it could still use.
    fn share(&self, targets: &mut [u32]) {
        let least = self.sum(|stream| stream.min_bps);
        let room = self.sum(|stream| stream.max_bps.saturating_sub(stream.min_bps));
        let part = if room > 0.0 { ((self.rate_bps - least) / room).max(0.0).min(1.0) } else { 0.0 };
        for (target, stream) in targets.iter_mut().zip(self.streams()) {
            let more = f64::from(stream.max_bps.saturating_sub(stream.min_bps)) * part;
            *target = stream.min_bps.saturating_add(more as u32).min(stream.max_bps);
        }
    }
}

// --- a controller: what the kernel calls ----------------------------------------------------------------------------

/// The `self` of a controller is a Box<Controller> that the kernel keeps for us.
struct Controller {
    rule: Aimd,
    host: *const Host, // borrowed from the instance, which outlives it
}

/// # Safety
/// `this` came out of `open`, was not released, and no other call is under way: the interface promises all three.
unsafe fn controller<'a>(this: *mut c_void) -> &'a mut Controller {
    &mut *this.cast::<Controller>()
}

unsafe extern "C" fn set_streams(this: *mut c_void, streams: *const RateStream, count: usize, _now_ns: i64) {
    let streams = if count == 0 { &[] } else { std::slice::from_raw_parts(streams, count) };
    controller(this).rule.set_streams(streams);
}

unsafe extern "C" fn sent(_this: *mut c_void, _packet: *const SentPacket) {}

unsafe extern "C" fn feedback(this: *mut c_void, feedback: *const RateFeedback) {
    let feedback = &*feedback;
    let count = feedback.report_count as usize;
    let reports = if count == 0 { &[] } else { std::slice::from_raw_parts(feedback.reports, count) };
    let arrived = reports.iter().filter(|report| report.received != 0).count();
    controller(this).rule.hear(arrived, count - arrived, feedback.round_trip_ns, feedback.now_ns);
}

/// From a peer that gives no feedback on single packets: a share of 256 that it lost.
unsafe extern "C" fn reported(this: *mut c_void, _stream: u32, fraction_lost: u32, round_trip_ns: i64, now_ns: i64) {
    let lost = fraction_lost.min(256) as usize;
    controller(this).rule.hear(256 - lost, lost, round_trip_ns, now_ns);
}

/// Nothing happens here with time alone; so there is no hurry to be told again.
unsafe extern "C" fn tick(_this: *mut c_void, moment: *const RateMoment) -> i64 {
    (*moment).now_ns.saturating_add(SECOND_NS)
}

unsafe extern "C" fn targets(this: *mut c_void, targets: *mut RateTargets) {
    let targets = &mut *targets;
    if targets.stream_count != 0 {
        controller(this).rule.share(std::slice::from_raw_parts_mut(targets.stream_bps, targets.stream_count as usize));
    }
    targets.pacing_bps = 0;
    targets.window_bytes = 0;
}

unsafe extern "C" fn release(this: *mut c_void) {
    let controller = Box::from_raw(this.cast::<Controller>());
    let rule = &controller.rule;
    let line = format!("cc-aimd: {} of {} packets lost, {} times less, {:.0} bit/s at the end", rule.lost, rule.packets, rule.falls, rule.rate_bps);
    let host = &*controller.host;
    (host.log)(host.this, LOG_INFO, Text { data: line.as_ptr(), size: line.len() });
}

unsafe extern "C" fn statistics(this: *mut c_void, json: Writer) {
    let rule = &controller(this).rule;
    let text = format!("{{\"aimd_bps\": {:.0}, \"aimd_falls\": {}}}", rule.rate_bps, rule.falls);
    (json.write)(json.this, text.as_ptr(), text.len());
}

static CONTROLLER: RateControllerMethods = RateControllerMethods {
    struct_size: std::mem::size_of::<RateControllerMethods>() as u32,
    reserved: 0,
    set_streams,
    sent,
    feedback,
    reported,
    tick,
    targets,
    release,
    statistics: Some(statistics),
};

// --- an instance ----------------------------------------------------------------------------------------------------

struct Instance {
    host: *const Host, // valid until destroy returns
}

unsafe extern "C" fn open(this: *mut c_void, opened: *mut RateController, _error: *mut Error) -> Status {
    let host = (*this.cast::<Instance>()).host;
    let made = Box::new(Controller { rule: Aimd::default(), host });
    *opened = RateController { methods: &CONTROLLER, this: Box::into_raw(made).cast() };
    OK
}

static METHODS: CongestionControlMethods = CongestionControlMethods {
    struct_size: std::mem::size_of::<CongestionControlMethods>() as u32,
    reserved: 0,
    open,
};

/// There is nothing to configure: a plugin without a schema gets {} and refuses all else.
fn is_empty_object(json: &[u8]) -> bool {
    json.iter().filter(|byte| !b" \t\r\n".contains(byte)).eq(b"{}".iter())
}

unsafe extern "C" fn create(host: *const Host, config: Text, this: *mut *mut c_void, error: *mut Error) -> Status {
    if !is_empty_object(config.bytes()) {
        if let Some(error) = error.as_mut() {
            let words = b": cc-aimd has no options; {} would work\0";
            error.status = BAD_CONFIG;
            error.text[..words.len()].copy_from_slice(words);
        }
        return BAD_CONFIG;
    }
    *this = Box::into_raw(Box::new(Instance { host })).cast();
    OK
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    drop(Box::from_raw(this.cast::<Instance>()));
}

// --- the library ----------------------------------------------------------------------------------------------------

static FACTORY: Shared<Factory> = Shared(Factory {
    struct_size: std::mem::size_of::<Factory>() as u32,
    reserved: 0,
    plugin_id: Text::of("cc-aimd"),
    interface_id: Text::of("jackfield.congestion_control/1"),
    version: Text::of("1.0.0"),
    methods: &METHODS as *const CongestionControlMethods as *const c_void,
    create,
    destroy,
});

static FACTORIES: Shared<[*const Factory; 1]> = Shared([&FACTORY.0]);

/// The one symbol of the library. cc-aimd.plugin.json, beside the library, says the same; the kernel compares them.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub static jackfield_plugin: Shared<Entry> = Shared(Entry {
    struct_size: std::mem::size_of::<Entry>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    factory_count: 1,
    reserved: 0,
    factories: &FACTORIES.0 as *const [*const Factory; 1] as *const *const Factory,
});

/// Rust wants to know that a constant with pointers in it may be read on every thread. These may: nobody writes them.
#[repr(transparent)]
pub struct Shared<T>(T);
unsafe impl<T> Sync for Shared<T> {}
