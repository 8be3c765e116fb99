//! What is known of RPC interfaces and their operations, and of the numbers that the protocol uses.
//!
//! The facts stand in `data/`, one file per protocol, for people to read and to extend. The build script checks them
//! and turns them into constant tables: nothing is parsed, allocated or initialised when the program runs.

mod attack;
mod class;
mod hash;
mod interface;
mod lookup;
mod nearest;
mod numbers;
mod procedure;
mod protocol;
mod tables;

pub use attack::{
    Abuse, Confidence, abuses, abuses_of, attack_version, superseded_technique, tactics, technique,
    techniques,
};
pub use class::{Category, Class, Evidence, class, classes, classes_that_bind};
pub use interface::{Interface, Kind};
pub use lookup::{
    interface, interfaces, interfaces_named, interfaces_on_pipe, normalize_pipe, sole_interface_on_pipe,
};
pub use nearest::nearest;
pub use numbers::{
    pdu_type_name, provider_reason_name, reject_reason_name, result_name, rts_command_name, status_name,
    statuses, tower_protocol_name,
};
pub use procedure::{OtherName, Variant};
pub use protocol::{Protocol, protocol, protocols};
