//! The part of the boundary that this plugin uses, as `kernel/abi` has it: types.h, host.h, entry.h, congestion_control.h.
//!
//! `#[repr(C)]` lays a struct out as C does; the assertions below are those of the headers, so that a slip does not compile.
//! Members that are only passed by are pointers to nothing in particular.
//!
//! Threads: as the headers say. Lifetime: what a pointer points to is borrowed until the call returns.
#![allow(dead_code)]

use std::ffi::c_void;
use std::mem::size_of;

pub type Status = i32;
pub const OK: Status = 0;
pub const BAD_CONFIG: Status = -7;

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const u8,
    pub size: usize,
}

impl Text {
    pub const fn of(text: &'static str) -> Text {
        Text { data: text.as_ptr(), size: text.len() }
    }

    /// # Safety
    /// The text is one that the kernel passed in, and the call has not returned.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.data.is_null() { &[] } else { std::slice::from_raw_parts(self.data, self.size) }
    }
}

#[repr(C)]
pub struct Error {
    pub struct_size: u32,
    pub status: Status,
    pub text: [u8; 240],
}

#[repr(C)]
pub struct Writer {
    pub this: *mut c_void,
    pub write: unsafe extern "C" fn(this: *mut c_void, data: *const u8, size: usize),
}

/// Of this plugin's host only the log is used; the functions behind it are there all the same.
#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub reserved: u32,
    pub this: *mut c_void,
    pub log: unsafe extern "C" fn(this: *mut c_void, level: i32, message: Text),
}

pub const LOG_INFO: i32 = 1;

#[repr(C)]
pub struct Factory {
    pub struct_size: u32,
    pub reserved: u32,
    pub plugin_id: Text,
    pub interface_id: Text,
    pub version: Text,
    pub methods: *const c_void,
    pub create: unsafe extern "C" fn(host: *const Host, config: Text, this: *mut *mut c_void, error: *mut Error) -> Status,
    pub destroy: unsafe extern "C" fn(this: *mut c_void),
}

#[repr(C)]
pub struct Entry {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub factory_count: u32,
    pub reserved: u32,
    pub factories: *const *const Factory,
}

// jackfield.congestion_control/1

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct RateStream {
    pub struct_size: u32,
    pub kind: u32,
    pub min_bps: u32,
    pub max_bps: u32,
    pub start_bps: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct SentPacket {
    pub struct_size: u32,
    pub stream: u32,
    pub number: u64,
    pub sent_ns: i64,
    pub size_bytes: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct PacketReport {
    pub number: u64,
    pub sent_ns: i64,
    pub arrival_ns: i64,
    pub size_bytes: u32,
    pub received: u8,
    pub ecn: u8,
    pub reserved: u16,
}

#[repr(C)]
pub struct RateFeedback {
    pub struct_size: u32,
    pub in_flight_bytes: u32,
    pub now_ns: i64,
    pub round_trip_ns: i64,
    pub reports: *const PacketReport,
    pub report_count: u64,
}

#[repr(C)]
pub struct RateMoment {
    pub struct_size: u32,
    pub in_flight_bytes: u32,
    pub queued_bytes: u32,
    pub reserved: u32,
    pub now_ns: i64,
    pub queued_since_ns: i64,
}

#[repr(C)]
pub struct RateTargets {
    pub struct_size: u32,
    pub stream_count: u32,
    pub stream_bps: *mut u32,
    pub pacing_bps: u32,
    pub window_bytes: u32,
}

#[repr(C)]
pub struct RateControllerMethods {
    pub struct_size: u32,
    pub reserved: u32,
    pub set_streams: unsafe extern "C" fn(this: *mut c_void, streams: *const RateStream, count: usize, now_ns: i64),
    pub sent: unsafe extern "C" fn(this: *mut c_void, packet: *const SentPacket),
    pub feedback: unsafe extern "C" fn(this: *mut c_void, feedback: *const RateFeedback),
    pub reported: unsafe extern "C" fn(this: *mut c_void, stream: u32, fraction_lost: u32, round_trip_ns: i64, now_ns: i64),
    pub tick: unsafe extern "C" fn(this: *mut c_void, moment: *const RateMoment) -> i64,
    pub targets: unsafe extern "C" fn(this: *mut c_void, targets: *mut RateTargets),
    pub release: unsafe extern "C" fn(this: *mut c_void),
    /// Optional: it would be None if there were none.
    pub statistics: Option<unsafe extern "C" fn(this: *mut c_void, json: Writer)>,
}

#[repr(C)]
pub struct RateController {
    pub methods: *const RateControllerMethods,
    pub this: *mut c_void,
}

#[repr(C)]
pub struct CongestionControlMethods {
    pub struct_size: u32,
    pub reserved: u32,
    pub open: unsafe extern "C" fn(this: *mut c_void, controller: *mut RateController, error: *mut Error) -> Status,
}

const _: () = {
    assert!(size_of::<Text>() == 16);
    assert!(size_of::<Error>() == 248);
    assert!(size_of::<Writer>() == 16);
    assert!(size_of::<Factory>() == 80);
    assert!(size_of::<Entry>() == 24);
    assert!(size_of::<RateStream>() == 24);
    assert!(size_of::<SentPacket>() == 32);
    assert!(size_of::<PacketReport>() == 32);
    assert!(size_of::<RateFeedback>() == 40);
    assert!(size_of::<RateMoment>() == 32);
    assert!(size_of::<RateTargets>() == 24);
    assert!(size_of::<RateControllerMethods>() == 72);
    assert!(size_of::<RateController>() == 16);
    assert!(size_of::<CongestionControlMethods>() == 16);
};
