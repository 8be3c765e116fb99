//! Other tools' view of captures that are no part of this project. Skipped, with a printed line, when these are absent.

mod suricata;
mod wireshark;
mod zeek;
