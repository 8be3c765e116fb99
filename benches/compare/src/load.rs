//! Writes a load into a file.

use crate::Error;
use clap::{Args, ValueEnum};
use rpcscope_testkit::load::{Ledger, Load, Profile};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Which load is wanted. The same numbers give the same bytes.
#[derive(Args, Clone, Debug)]
pub(crate) struct LoadArguments {
    /// What it is made of.
    #[arg(long, value_enum, default_value = "mixed")]
    profile: ProfileName,

    /// How large it is: 300MB, 2GB.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1GB")]
    size: u64,

    /// Decides all that is left to chance.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Conversations that are under way at once; by default 4000 of mixed traffic, 1000 of RPC.
    #[arg(long, value_name = "N")]
    flows: Option<usize>,

    /// How many of 100 conversations are over IPv6.
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = clap::value_parser!(u8).range(..=100))]
    ipv6: u8,

    /// How many of 100 conversations are in a VLAN.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = clap::value_parser!(u8).range(..=100))]
    vlan: u8,

    /// How many of 1,000 frames are lost.
    #[arg(long, value_name = "PER_MILLE", default_value = "0", value_parser = clap::value_parser!(u16).range(..=1000))]
    lose: u16,

    /// How many of 1,000 frames come twice.
    #[arg(long, value_name = "PER_MILLE", default_value = "0", value_parser = clap::value_parser!(u16).range(..=1000))]
    duplicate: u16,

    /// How many of 1,000 segments with data come late.
    #[arg(long, value_name = "PER_MILLE", default_value = "0", value_parser = clap::value_parser!(u16).range(..=1000))]
    reorder: u16,

    /// The file.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// A profile as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum ProfileName {
    /// The web, file shares, databases, directories, names, and 2 % of the bytes RPC.
    Mixed,
    /// RPC, but for 3 % of the bytes.
    Rpc,
    /// Connections of which nothing is of interest, all open at once.
    ManyFlows,
    /// Calls that are never answered.
    OpenCalls,
    /// Pipes that are never closed.
    OpenPipes,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Mixed => Self::Mixed,
            ProfileName::Rpc => Self::Rpc,
            ProfileName::ManyFlows => Self::ManyFlows,
            ProfileName::OpenCalls => Self::OpenCalls,
            ProfileName::OpenPipes => Self::OpenPipes,
        }
    }
}

/// Writes the load that was asked for, and prints what it holds.
pub(crate) fn run(arguments: &LoadArguments) -> Result<(), Error> {
    let usual = Load::new(arguments.profile.into(), arguments.size, arguments.seed);
    let load = Load {
        flows: arguments.flows.unwrap_or(usual.flows),
        ipv6_percent: arguments.ipv6,
        vlan_percent: arguments.vlan,
        lost_per_mille: arguments.lose,
        duplicated_per_mille: arguments.duplicate,
        reordered_per_mille: arguments.reorder,
        ..usual
    };
    let started = Instant::now();
    let ledger = write(load, &arguments.out)?;
    let bytes = std::fs::metadata(&arguments.out)?.len();
    println!("{ledger}\n{bytes} bytes in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Writes a load into a file.
pub(crate) fn write(load: Load, to: &Path) -> Result<Ledger, Error> {
    let file = File::create(to).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(load.write(&mut BufWriter::with_capacity(1 << 20, file))?)
}

/// A number of bytes, with a unit if wanted.
fn size(typed: &str) -> Result<u64, String> {
    let digits = typed.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match typed[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        other => return Err(format!("`{other}` is no unit: write KB, MB or GB")),
    };
    let number: u64 = digits.parse().map_err(|error| format!("`{digits}`: {error}"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{typed} is too much"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("300MB"), Ok(300_000_000));
        assert_eq!(size("2gb"), Ok(2_000_000_000));
        assert_eq!(size("7"), Ok(7));
        assert!(size("7 apples").is_err() && size("MB").is_err() && size("99999999999GB").is_err());
    }

    #[test]
    fn a_load_is_a_capture_that_can_be_read() {
        let scratch = tempfile::tempdir().expect("a folder");
        let to = scratch.path().join("load.pcap");
        let ledger = write(Load::new(Profile::Rpc, 1_000_000, 1), &to).expect("a load");
        assert_eq!(crate::walk::run(&to).expect("a walk"), ledger.frames);
    }
}
