//! Which socket of a group gets a frame: a program for the kernel, in classic BPF.
//!
//! All connections of two hosts have to meet in one engine, as do the fragments of a datagram, which have no ports. So a
//! frame is dealt by the unordered pair of its IP addresses, those of the outermost header. The kernel's own choice by hash
//! would part the connections of a pair, and a fragmented datagram from the rest of its flow.

use nix::libc::{self, sock_filter};

/// Mixes the addresses of a frame into a number, which the kernel takes modulo the size of the group.
///
/// Frames that are not IPv4 or IPv6, with at most two VLAN tags, give 0. The register X holds where the network header is:
/// the kernel shows the program a frame from there on when it was received, and from its start when it is sent. What it knows of
/// type and network header of a frame that is sent depends on who made the frame, so that of Ethernet frames they are read.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = vec![
        step(LOAD_CONSTANT_X, 0),
        step(STORE_X, BASE),
        step(LOAD_BYTE, ancillary(libc::SKF_AD_PKTTYPE)),
        jump_unless_equal(u32::from(libc::PACKET_OUTGOING), 8),
        step(LOAD_CONSTANT_X, NETWORK_HEADER),
        step(STORE_X, BASE),
        step(LOAD_HALF, ancillary(libc::SKF_AD_HATYPE)),
        jump_unless_equal(u32::from(libc::ARPHRD_ETHER), 4),
        step(LOAD_CONSTANT_X, ETHERNET_HEADER_BYTES),
        step(STORE_X, BASE),
        step(LOAD_HALF, ETHERNET_HEADER_BYTES - 2),
        step(JUMP, 1),
        step(LOAD_HALF, ancillary(libc::SKF_AD_PROTOCOL)),
    ];
    // The kernel has taken off an outer VLAN tag of what was received; an inner one, and all of what is sent, are there.
    for _ in 0..2 {
        program.extend([
            jump_if_equal(VLAN, 1),
            jump_unless_equal(SERVICE_VLAN, 5),
            step(X_TO_A, 0),
            step(ADD, VLAN_TAG_BYTES),
            step(A_TO_X, 0),
            step(STORE_X, BASE),
            // The type stands in the last two bytes of the tag.
            step(LOAD_HALF_AT_X, 2u32.wrapping_sub(VLAN_TAG_BYTES)),
        ]);
    }
    let v4 = mix(&[12, 16]);
    let v6 = mix(&[8, 12, 16, 20, 24, 28, 32, 36]);
    program.push(jump_unless_equal(IPV4, v4.len()));
    program.extend(v4);
    program.push(jump_unless_equal(IPV6, v6.len()));
    program.extend(v6);
    program.push(step(RETURN_CONSTANT, 0));
    program
}

/// Gives back the exclusive or of the words at `offsets` of the network header, spread over all bits. It is the same for
/// both directions, since source and destination are words of equal standing.
fn mix(offsets: &[u32]) -> Vec<sock_filter> {
    let mut steps = vec![step(LOAD_CONSTANT, 0), step(STORE, MIXED)];
    for offset in offsets {
        steps.extend([
            step(LOAD_X, BASE),
            step(LOAD_WORD_AT_X, *offset),
            step(LOAD_X, MIXED),
            step(XOR_X, 0),
            step(STORE, MIXED),
        ]);
    }
    // Neighbouring addresses differ in their lowest bits; the upper half of the product depends on all of them.
    steps.extend([step(MULTIPLY, GOLDEN_RATIO), step(SHIFT_RIGHT, 16), step(RETURN, 0)]);
    steps
}

fn step(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Passes over `steps` steps when A is `value`.
fn jump_if_equal(value: u32, steps: u8) -> sock_filter {
    sock_filter { code: JUMP_IF_EQUAL, jt: steps, jf: 0, k: value }
}

/// Passes over `steps` steps, at most 255, when A is something else than `value`.
fn jump_unless_equal(value: u32, steps: usize) -> sock_filter {
    let jf = u8::try_from(steps).expect("the longest part has 45 steps");
    sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf, k: value }
}

/// Where what the kernel knows of a frame is read; its offsets are negative numbers.
fn ancillary(what: i32) -> u32 {
    (libc::SKF_AD_OFF + what).cast_unsigned()
}

/// Words of the program's own memory.
const BASE: u32 = 0;
const MIXED: u32 = 1;

const NETWORK_HEADER: u32 = libc::SKF_NET_OFF.cast_unsigned();
const ETHERNET_HEADER_BYTES: u32 = 14;
const VLAN_TAG_BYTES: u32 = 4;
/// 2^32 divided by the golden ratio, odd: multiples of it are spread evenly (Knuth's multiplicative hashing).
const GOLDEN_RATIO: u32 = 0x9e37_79b1;

/// Types of frames, as IEEE 802 assigns them.
const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const VLAN: u32 = 0x8100;
const SERVICE_VLAN: u32 = 0x88a8;

const LOAD_CONSTANT: u16 = code(libc::BPF_LD | libc::BPF_IMM);
const LOAD_BYTE: u16 = code(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS);
const LOAD_HALF: u16 = code(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS);
const LOAD_HALF_AT_X: u16 = code(libc::BPF_LD | libc::BPF_H | libc::BPF_IND);
const LOAD_WORD_AT_X: u16 = code(libc::BPF_LD | libc::BPF_W | libc::BPF_IND);
const LOAD_CONSTANT_X: u16 = code(libc::BPF_LDX | libc::BPF_IMM);
const LOAD_X: u16 = code(libc::BPF_LDX | libc::BPF_MEM);
const STORE: u16 = code(libc::BPF_ST);
const STORE_X: u16 = code(libc::BPF_STX);
const A_TO_X: u16 = code(libc::BPF_MISC | libc::BPF_TAX);
const X_TO_A: u16 = code(libc::BPF_MISC | libc::BPF_TXA);
const ADD: u16 = code(libc::BPF_ALU | libc::BPF_ADD | libc::BPF_K);
const MULTIPLY: u16 = code(libc::BPF_ALU | libc::BPF_MUL | libc::BPF_K);
const SHIFT_RIGHT: u16 = code(libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K);
const XOR_X: u16 = code(libc::BPF_ALU | libc::BPF_XOR | libc::BPF_X);
const JUMP_IF_EQUAL: u16 = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
const JUMP: u16 = code(libc::BPF_JMP | libc::BPF_JA);
const RETURN: u16 = code(libc::BPF_RET | libc::BPF_A);
const RETURN_CONSTANT: u16 = code(libc::BPF_RET | libc::BPF_K);

/// The number of an instruction; all of them fit a byte.
const fn code(parts: u32) -> u16 {
    let [low, ..] = parts.to_le_bytes();
    low as u16
}
