//! Maps with known keys, and scalars of known types.

use super::error::{Place, ScenarioError};
use rpcscope_model::{Address, Endpoint};
use rpcscope_text::{Key, Node, Value};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

pub(crate) type Parsed<T> = Result<T, ScenarioError>;

/// A map whose keys are asked for one by one; those that nobody asked for are mistakes.
pub(crate) struct Fields<'n> {
    pub(crate) place: Place,
    /// What the map describes, for messages.
    of: &'static str,
    entries: &'n [(Key, Node)],
    known: RefCell<Vec<&'static str>>,
}

impl<'n> Fields<'n> {
    /// The map at `node`; nothing is an empty map.
    pub(crate) fn new(node: &'n Node, of: &'static str) -> Parsed<Self> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let cause = format!("`{of}` wants a map of keys and values, this is {}", node.kind());
                return Err(ScenarioError::new(node.place, cause));
            }
        };
        Ok(Self { place: node.place, of, entries, known: RefCell::default() })
    }

    /// The value of a key, when it is there.
    pub(crate) fn optional(&self, key: &'static str) -> Option<&'n Node> {
        self.known.borrow_mut().push(key);
        self.entries.iter().find(|(name, _)| name.name == key).map(|(_, value)| value)
    }

    /// The value of a key that has to be there.
    pub(crate) fn required(&self, key: &'static str) -> Parsed<&'n Node> {
        self.optional(key)
            .ok_or_else(|| ScenarioError::new(self.place, format!("`{}` wants the key `{key}`", self.of)))
    }

    /// The value of a key as something, when it is there.
    pub(crate) fn get<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&'n Node) -> Parsed<T>,
    ) -> Parsed<Option<T>> {
        self.optional(key).map(read).transpose()
    }

    /// Fails when there is a key that was not asked for.
    pub(crate) fn finish(self) -> Parsed<()> {
        let known = self.known.into_inner();
        match self.entries.iter().find(|(key, _)| !known.contains(&key.name.as_str())) {
            None => Ok(()),
            Some((Key { place, name, .. }, _)) => {
                let cause = format!("unknown key `{name}` in `{}`", self.of);
                Err(ScenarioError::new(*place, cause).nearest(name, &known))
            }
        }
    }
}

/// The text of a scalar.
pub(crate) fn text(node: &Node) -> Parsed<&str> {
    node.scalar()
        .ok_or_else(|| ScenarioError::new(node.place, format!("want one value, this is {}", node.kind())))
}

/// A whole number, decimal or with `0x`, of any type that it fits.
pub(crate) fn number<T: TryFrom<u64>>(node: &Node) -> Parsed<T> {
    let typed = text(node)?;
    let wrong = |cause: String| ScenarioError::new(node.place, cause);
    let value = parse_number(typed).ok_or_else(|| wrong(format!("`{typed}` is no whole number")))?;
    let bits = std::mem::size_of::<T>() * 8;
    T::try_from(value).map_err(|_| wrong(format!("`{typed}` does not fit {bits} bits")))
}

/// A whole number, decimal or with `0x`.
pub(crate) fn parse_number(typed: &str) -> Option<u64> {
    let digits = typed.replace('_', "");
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// `true` or `false`.
pub(crate) fn truth(node: &Node) -> Parsed<bool> {
    choice(node, "truth value", &[("true", true), ("yes", true), ("false", false), ("no", false)])
}

/// One of some names.
pub(crate) fn choice<T: Clone>(node: &Node, what: &str, choices: &[(&'static str, T)]) -> Parsed<T> {
    let typed = text(node)?;
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(typed));
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        ScenarioError::new(node.place, format!("unknown {what} `{typed}`")).nearest(typed, &names)
    })
}

/// A share of 100: `10%` or `10`.
pub(crate) fn percent(node: &Node) -> Parsed<u8> {
    let typed = text(node)?;
    let value = typed.trim_end_matches('%').trim().parse().ok().filter(|percent| *percent <= 100);
    value.ok_or_else(|| ScenarioError::new(node.place, format!("`{typed}` is no share from 0% to 100%")))
}

/// A span of time in nanoseconds: `250us`, `1.5s`, `2h`.
pub(crate) fn duration_ns(node: &Node) -> Parsed<i64> {
    let typed = text(node)?;
    let wrong = || {
        ScenarioError::new(node.place, format!("`{typed}` is no span of time"))
            .hint("write a number and a unit: `10us`, `5ms`, `1.5s`, `2m`, `3h`, `1d`")
    };
    let split = typed.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (amount, unit) = typed.split_at(split);
    let unit_ns: i64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return Err(wrong()),
    };
    let (whole, part) = amount.trim().split_once('.').unwrap_or((amount.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 12;
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let whole: i64 = whole.parse().map_err(|_| wrong())?;
    let mut total = whole.checked_mul(unit_ns).ok_or_else(wrong)?;
    let mut share = unit_ns;
    for digit in part.bytes() {
        share /= 10;
        total = total.checked_add(share * i64::from(digit - b'0')).ok_or_else(wrong)?;
    }
    Ok(total)
}

/// A moment in UTC, `2026-01-02T03:04:05Z` or `2026-01-02 03:04:05`, in nanoseconds since 1970.
pub(crate) fn moment_ns(node: &Node) -> Parsed<i64> {
    let typed = text(node)?;
    parse_moment(typed).ok_or_else(|| {
        ScenarioError::new(node.place, format!("`{typed}` is no moment from 1970 to 2105"))
            .hint("write it in UTC: `2026-01-02T03:04:05Z`")
    })
}

fn parse_moment(typed: &str) -> Option<i64> {
    let (date, clock) = typed.split_once(['T', ' '])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut clock = clock.trim_end_matches('Z').split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = (1970..=2105).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    if !in_range || date.next().is_some() || clock.next().is_some() {
        return None;
    }
    // Days since 1970, with years that begin in March.
    let years = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + day_of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000)
}

/// A UUID.
pub(crate) fn uuid(node: &Node) -> Parsed<Uuid> {
    let typed = text(node)?;
    Uuid::parse_str(typed).map_err(|_| ScenarioError::new(node.place, format!("`{typed}` is no UUID")))
}

/// An address with a port, if one is given.
pub(crate) fn host(node: &Node) -> Parsed<(Address, Option<u16>)> {
    let typed = text(node)?;
    if let Ok(socket) = typed.parse::<SocketAddr>() {
        let endpoint = Endpoint::new(address(socket.ip()), socket.port());
        return Ok((endpoint.address, Some(endpoint.port)));
    }
    let bare = typed.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().map(|ip| (address(ip), None)).map_err(|_| {
        ScenarioError::new(node.place, format!("`{typed}` is no IP address"))
            .hint("write `10.0.0.5`, `10.0.0.5:50123`, `fd00::5` or `[fd00::5]:50123`")
    })
}

fn address(ip: IpAddr) -> Address {
    match ip {
        IpAddr::V4(ip) => Address::v4(ip.octets()),
        IpAddr::V6(ip) => Address::v6(ip.octets()),
    }
}

/// Bytes: `hex:0011aabb` (spaces allowed) or text as it is.
pub(crate) fn bytes(node: &Node) -> Parsed<Vec<u8>> {
    let typed = text(node)?;
    let Some(hex) = typed.strip_prefix("hex:") else { return Ok(typed.as_bytes().to_vec()) };
    parse_hex(hex).ok_or_else(|| {
        ScenarioError::new(node.place, "no hexadecimal bytes after `hex:`".to_owned())
            .hint("write two digits for each byte: `hex:05 00 0b 03`")
    })
}

/// Pairs of hexadecimal digits; white space and colons between them do not count.
pub(crate) fn parse_hex(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != ':')
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// A list, or one thing in the place of a list of one.
pub(crate) fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null => &[],
        _ => std::slice::from_ref(node),
    }
}

/// A map with one key, or a name alone: `{ntlm: {…}}`, `ntlm`.
pub(crate) fn variant<'n>(node: &'n Node, what: &str) -> Parsed<(&'n str, Place, Option<&'n Node>)> {
    if let Some(name) = node.scalar() {
        return Ok((name, node.place, None));
    }
    match &node.value {
        Value::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            Ok((&key.name, key.place, Some(value)))
        }
        _ => Err(ScenarioError::new(node.place, format!("want one {what}, this is {}", node.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::new(Place::START, Value::Text(text.to_owned()))
    }

    #[test]
    fn spans_and_moments_have_units() {
        let spans = ["10us", "1.5s", "2h", "0.25ms"].map(|text| duration_ns(&node(text)).expect(text));
        assert_eq!(spans, [10_000, 1_500_000_000, 7_200_000_000_000, 250_000]);
        for wrong in ["5", "s", "-5s", "5 parsecs", "1.2.3s", "99999999999999s", "999999999999d"] {
            assert!(duration_ns(&node(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(moment_ns(&node("1970-01-01T00:00:01Z")), Ok(1_000_000_000));
        assert_eq!(moment_ns(&node("2026-01-02 03:04:05")), Ok(1_767_323_045_000_000_000));
        assert_eq!(moment_ns(&node("2024-02-29T00:00:00Z")), Ok(1_709_164_800_000_000_000));
        assert!(moment_ns(&node("2026-13-01T00:00:00Z")).is_err());
    }

    #[test]
    fn numbers_and_bytes_are_checked() {
        assert_eq!(number::<u16>(&node("0xffff")), Ok(0xffff));
        assert_eq!(number::<u8>(&node("256")).expect_err("too large").cause, "`256` does not fit 8 bits");
        assert!(number::<u32>(&node("-1")).is_err() && number::<u32>(&node("ten")).is_err());
        assert_eq!(bytes(&node("hex:05 00:0B")), Ok(vec![5, 0, 0x0b]));
        assert_eq!(bytes(&node("abc")), Ok(b"abc".to_vec()));
        assert!(bytes(&node("hex:5")).is_err() && bytes(&node("hex:zz")).is_err());
        assert_eq!((percent(&node("10%")), percent(&node("100"))), (Ok(10), Ok(100)));
        assert!(percent(&node("101%")).is_err());
    }

    #[test]
    fn hosts_are_addresses_with_or_without_a_port() {
        assert_eq!(host(&node("10.0.0.5")), Ok((Address::v4([10, 0, 0, 5]), None)));
        assert_eq!(host(&node("10.0.0.5:99")), Ok((Address::v4([10, 0, 0, 5]), Some(99))));
        let six = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
        assert_eq!(host(&node("[fd00::5]:99")), Ok((Address::v6(six), Some(99))));
        assert_eq!(host(&node("fd00::5")), Ok((Address::v6(six), None)));
        assert!(host(&node("server")).is_err());
    }

    #[test]
    fn a_key_that_nobody_asked_for_is_a_mistake() {
        let tree = crate::scenario::document::parse("{port: 1, prot: 2}").expect("YAML");
        let fields = Fields::new(&tree, "bind").expect("a map");
        assert_eq!(fields.get("port", number::<u16>), Ok(Some(1)));
        let error = fields.finish().expect_err("prot");
        assert_eq!((error.cause.as_str(), error.place.column), ("unknown key `prot` in `bind`", 11));
        assert_eq!(error.hint.as_deref(), Some("did you mean `port`?"));
    }
}
