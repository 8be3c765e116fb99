//! Rules: published ones, and generated ones of every construct that the engines know.

use crate::random::Random;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::{fs, io};

/// A rule, and what it reads.
#[derive(Debug)]
pub struct Rule {
    /// How reports call it.
    pub name: String,
    /// The YAML that the engines load.
    pub text: String,
    /// Its detection.
    pub detection: Value,
    /// The fields with their values, of all selections.
    pub items: Vec<Item>,
}

/// A field with modifiers and values.
#[derive(Debug)]
pub struct Item {
    /// The field; `None` for keywords.
    pub field: Option<String>,
    /// What follows the field's name.
    pub modifiers: Vec<String>,
    /// What is wanted.
    pub values: Vec<Value>,
}

impl Item {
    /// Whether it has a modifier.
    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.iter().any(|known| known == modifier)
    }

    /// Whether it has one of these modifiers.
    pub fn has_any(&self, modifiers: &[&str]) -> bool {
        modifiers.iter().any(|modifier| self.has(modifier))
    }

    /// The bytes of a text in the encoding that is wanted before Base64.
    pub fn bytes(&self, text: &str) -> Vec<u8> {
        let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        if self.has_any(&["wide", "utf16le"]) {
            utf16(u16::to_le_bytes)
        } else if self.has("utf16be") {
            utf16(u16::to_be_bytes)
        } else if self.has("utf16") {
            [vec![0xff, 0xfe], utf16(u16::to_le_bytes)].concat()
        } else {
            text.as_bytes().to_vec()
        }
    }

    /// The values that are texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(Value::as_str)
    }
}

/// The published rules of a folder, in the order of their names.
///
/// Their log source is renamed: `rpcscope-rules` would look for the fields in its own events.
pub fn published(folder: &Path) -> io::Result<Vec<Rule>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    let mut rules = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path)?.replace("    product: ", "    product: published_");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let document: Value = serde_norway::from_str(&text).map_err(io::Error::other)?;
        let detection = document["detection"].clone();
        // What counts events has no verdict on one of them.
        if detection.get("timeframe").is_some() {
            continue;
        }
        rules.push(Rule { name, items: items(&detection), text, detection });
    }
    Ok(rules)
}

/// So many generated rules.
pub fn generated(count: usize, random: &mut Random) -> Vec<Rule> {
    (0..count).map(|number| generate(number, random)).collect()
}

/// Fields of generated rules.
pub const FIELDS: [&str; 5] = ["endpoint", "operation", "Image", "count", "src_ip"];

/// Regular expressions of generated rules, each with texts that it finds.
pub const EXPRESSIONS: [(&str, &[&str]); 7] = [
    (r"^svc[a-z]+$", &["svcctl", "SVCCTL", "svcctl\n"]),
    (r"(foo|bar)+\.exe", &["C:\\foobar.exe", "FOO.EXE"]),
    (r"^-e(nc)? [A-Za-z0-9+/=]{4,8}$", &["-enc QUJD", "-e QUJDRA==", "x\n-enc QUJD\ny"]),
    (r"a.c", &["abc", "a\nc", "xABCx"]),
    (r"[^a-z]{3}", &["123", "ABC", "abc"]),
    (r"\\pipe\\(atsvc|spoolss)", &["\\pipe\\atsvc", "\\PIPE\\spoolss"]),
    (r"^$", &["", "a", "a\n\nb"]),
];

/// Texts of generated rules; with wildcards and escapes.
const TEXTS: [&str; 31] = [
    "svcctl",
    "SvcCtl",
    "cmd.exe",
    r"C:\Windows\System32\cmd.exe",
    r"C:\\Windows\\*",
    r"\\srv\share",
    r"\\\\srv\share",
    r"*\spoolss",
    r"\pipe\\*",
    r"a\*b",
    r"a\?c",
    r"a\\\*b",
    "a*b",
    "a?c",
    "??",
    "*a?b*",
    "a*b?c*",
    "a*a",
    "prog?.e*",
    "*",
    "?*",
    r"end\",
    "",
    "Ärger",
    "straße*",
    "42",
    "0x10",
    "true",
    "50%",
    "(x|y)+[z]$",
    "spool ss",
];
/// Texts without wildcards, also for encodings.
const PLAIN: [&str; 8] =
    ["whoami", "cmd /c", "IEX (", "Ärger", "a", "New-Object Net.WebClient", r"C:\Temp", "http://"];
/// Texts with options of a command line.
const OPTIONS: [&str; 7] = ["-enc", " /c ", "a-b -c", "–w hidden", "-s -t", "*-x?", "--all"];
const NUMBERS: [&str; 9] = ["0", "1", "-1", "42", "4769", "1.5", "-0.25", "3000000000", "9007199254740993"];
const NETWORKS: [&str; 6] =
    ["10.0.0.0/8", "192.168.1.0/24", "10.1.2.3/32", "0.0.0.0/0", "fe80::/10", "2001:db8::/32"];

/// The ways of writing a text, with the weight of the plain one.
const TEXT_MODIFIERS: [&str; 16] = [
    "",
    "",
    "",
    "contains",
    "startswith",
    "endswith",
    "contains|all",
    "all",
    "startswith|all",
    "cased",
    "contains|cased",
    "endswith|cased",
    "cased|startswith|all",
    "neq",
    "contains|neq",
    "cased|neq",
];
const ENCODED_MODIFIERS: [&str; 8] = [
    "base64",
    "base64|contains",
    "base64offset|contains",
    "wide|base64",
    "utf16le|base64offset|contains",
    "utf16be|base64|contains",
    "utf16|base64|startswith",
    "base64offset|contains|all",
];
const REGEX_MODIFIERS: [&str; 7] = ["re", "re", "re|i", "re|m", "re|s", "re|i|m|s", "re|all"];
const FIELDREF_MODIFIERS: [&str; 5] =
    ["fieldref", "fieldref|contains", "fieldref|startswith", "fieldref|endswith", "fieldref|neq"];
const WINDASH_MODIFIERS: [&str; 4] =
    ["windash", "windash|contains", "windash|contains|all", "windash|startswith"];

/// Conditions on `sel_a`, `sel_b`, `other` and `_own`, which `them` leaves out.
const CONDITIONS: [&str; 18] = [
    "sel_a",
    "sel_a and sel_b",
    "sel_a or sel_b and other",
    "sel_a and sel_b or other",
    "sel_a and not sel_b",
    "not sel_a",
    "not sel_a or sel_b",
    "(sel_a or sel_b) and not other",
    "not (sel_a and sel_b) and other",
    "1 of sel_*",
    "all of sel_*",
    "1 of them",
    "all of them",
    "1 of them and not _own",
    "_own or all of them",
    "other and not 1 of sel_*",
    "sel_a and (not sel_b or (other and sel_b))",
    "1 of sel_* and not all of them",
];

fn generate(number: usize, random: &mut Random) -> Rule {
    // Every other rule has one thing to say: where an oracle has a fault, all that is beside it goes unseen.
    let is_simple = random.once_in(2);
    let condition = if is_simple { CONDITIONS[0] } else { random.pick(&CONDITIONS) };
    let mut detection = Map::new();
    for name in ["sel_a", "sel_b", "other", "_own"] {
        let used = condition.contains(name)
            || condition.contains("them") && !name.starts_with('_')
            || condition.contains("sel_*") && name.starts_with("sel_");
        if used {
            let body = if is_simple { map(1, random) } else { selection(random) };
            detection.insert(name.to_owned(), body);
        }
    }
    detection.insert("condition".to_owned(), condition.into());
    let detection = Value::Object(detection);
    // JSON is YAML.
    let text = format!(
        "title: Generated {number}\nlogsource:\n    product: generated\ndetection: {detection}\nlevel: low\n"
    );
    Rule { name: format!("generated {number}"), items: items(&detection), text, detection }
}

fn selection(random: &mut Random) -> Value {
    match random.below(8) {
        0 => {
            let count = 1 + random.below(2);
            let keywords = if random.once_in(2) { &PLAIN[..] } else { &TEXTS[..] };
            Value::Array((0..count).map(|_| Value::from(random.pick(keywords))).collect())
        }
        1 => json!({ "|all": [random.pick(&PLAIN), random.pick(&TEXTS[..4])] }),
        2 => {
            let count = 2 + random.below(2);
            Value::Array((0..count).map(|_| map(2, random)).collect())
        }
        _ => map(2, random),
    }
}

/// A selection of up to so many fields.
fn map(most: usize, random: &mut Random) -> Value {
    let mut map = Map::new();
    for _ in 0..=random.below(most) {
        let field = random.pick(&FIELDS);
        let (modifiers, values) = wanted(random);
        let key = if modifiers.is_empty() { field.to_owned() } else { format!("{field}|{modifiers}") };
        map.insert(key, values);
    }
    Value::Object(map)
}

/// Modifiers, and values that they may have.
fn wanted(random: &mut Random) -> (&'static str, Value) {
    match random.below(22) {
        0 => ("", Value::Null),
        1 => ("exists", random.once_in(2).into()),
        2 => ("", random.once_in(2).into()),
        3 | 4 => ("", list(random, 2, number)),
        5 | 6 => (random.pick(&["gt", "gte", "lt", "lte"]), number(random)),
        7 => ("neq", list(random, 2, number)),
        8 => ("cidr", list(random, 2, |random| random.pick(&NETWORKS).into())),
        9 | 10 => {
            let modifiers = random.pick(&REGEX_MODIFIERS);
            (modifiers, several(random, modifiers, |random| random.pick(&EXPRESSIONS).0.into()))
        }
        11 => (random.pick(&FIELDREF_MODIFIERS), random.pick(&FIELDS).into()),
        12 => {
            let modifiers = random.pick(&WINDASH_MODIFIERS);
            (modifiers, several(random, modifiers, |random| random.pick(&OPTIONS).into()))
        }
        13 => {
            let modifiers = random.pick(&ENCODED_MODIFIERS);
            (modifiers, several(random, modifiers, |random| random.pick(&PLAIN).into()))
        }
        14 => (random.pick(&["contains", "startswith", "endswith"]), number(random)),
        15 => ("", json!([random.pick(&TEXTS), number(random)])),
        _ => {
            let modifiers = random.pick(&TEXT_MODIFIERS);
            (modifiers, several(random, modifiers, |random| random.pick(&TEXTS).into()))
        }
    }
}

fn number(random: &mut Random) -> Value {
    serde_json::from_str(random.pick(&NUMBERS)).unwrap_or_default()
}

/// At least two values where all are wanted, otherwise one or several.
fn several(random: &mut Random, modifiers: &str, value: impl Fn(&mut Random) -> Value) -> Value {
    if modifiers.split('|').any(|modifier| modifier == "all") {
        return Value::Array(vec![value(random), value(random)]);
    }
    list(random, 3, value)
}

/// One value, or a list of up to so many.
fn list(random: &mut Random, most: usize, value: impl Fn(&mut Random) -> Value) -> Value {
    match random.below(most) {
        0 => value(random),
        more => Value::Array((0..=more).map(|_| value(random)).collect()),
    }
}

/// The items of a detection.
fn items(detection: &Value) -> Vec<Item> {
    let mut items = Vec::new();
    let selections = detection.as_object().into_iter().flatten();
    for (_, body) in selections.filter(|(name, _)| !matches!(name.as_str(), "condition" | "timeframe")) {
        match body {
            Value::Array(parts) => {
                parts.iter().filter_map(Value::as_object).for_each(|map| items.extend(items_of(map)));
                let keywords: Vec<Value> = parts.iter().filter(|part| !part.is_object()).cloned().collect();
                if !keywords.is_empty() {
                    items.push(Item { field: None, modifiers: Vec::new(), values: keywords });
                }
            }
            Value::Object(map) => items.extend(items_of(map)),
            _ => {}
        }
    }
    items
}

fn items_of(map: &Map<String, Value>) -> impl Iterator<Item = Item> {
    map.iter().map(|(key, values)| {
        let mut parts = key.split('|').map(str::to_owned);
        let field = parts.next().filter(|field| !field.is_empty());
        let values = match values {
            Value::Array(values) => values.clone(),
            other => vec![other.clone()],
        };
        Item { field, modifiers: parts.collect(), values }
    })
}
