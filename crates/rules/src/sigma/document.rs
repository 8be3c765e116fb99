//! One document of a Sigma file, and what all kinds of documents have.

use super::correlation::{self, CorrelationText};
use super::detection::Detections;
use super::filter::Filter;
use crate::finding::{Findings, Place};
use crate::yaml::{Expect, documents};
use rpcscope_text::{Key, Node, Value};

/// One document that could be read.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) meta: Meta,
    pub(crate) body: Body,
}

/// What it is.
#[derive(Debug)]
pub(crate) enum Body {
    Rule(Source, Detections),
    Correlation(CorrelationText),
    Filter(Source, Filter),
}

/// What describes a rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// Where its document starts.
    pub place: Place,
    /// What it detects.
    pub title: String,
    /// Its UUID, or whatever the author took for one.
    pub id: Option<String>,
    /// The name by which correlations call it.
    pub name: Option<String>,
    /// What it detects, at length.
    pub description: Option<String>,
    /// How far it can be relied on.
    pub status: Option<Status>,
    /// How bad it is.
    pub level: Option<Level>,
    /// Tags, such as `attack.t1047`.
    pub tags: Vec<String>,
    /// Where the tags stand.
    pub tag_places: Vec<Place>,
    /// Fields that an analyst wants to see.
    pub fields: Vec<String>,
    /// What else could be behind it.
    pub false_positives: Vec<String>,
    /// Signature id of alerts.
    pub sid: Option<u32>,
    /// Which packets to keep.
    pub capture: Option<Capture>,
}

/// Declares an enum of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $meaning:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum $name { $(#[doc = $meaning] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in rules and output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}
pub(super) use words;

words! {
    /// How far a rule can be relied on.
    Status {
        Stable "stable" "For production.";
        Test "test" "Mostly stable.";
        Experimental "experimental" "May be noisy.";
        Deprecated "deprecated" "Replaced by another rule.";
        Unsupported "unsupported" "Cannot be used as it is.";
    }
}

words! {
    /// How bad it is when a rule fires.
    Level {
        Informational "informational" "No case.";
        Low "low" "Rarely an incident.";
        Medium "medium" "To be reviewed.";
        High "high" "To be reviewed at once.";
        Critical "critical" "An incident.";
    }
}

words! {
    /// Which packets to keep when a rule fires.
    Capture {
        Session "session" "Those of the session, and of connections that it opened.";
        Host "host" "Those of the client.";
    }
}

/// What a document says about its log source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Source {
    pub(crate) place: Place,
    pub(crate) product: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) category: Option<String>,
}

/// Reads all documents of a file; those with errors are left out.
pub(crate) fn parse(text: &str, findings: &mut Findings) -> Vec<Document> {
    let nodes = documents(text, findings).unwrap_or_default();
    nodes
        .iter()
        .filter(|node| node.value != Value::Null)
        .filter_map(|node| document(node, findings))
        .collect()
}

fn document(node: &Node, findings: &mut Findings) -> Option<Document> {
    let before = findings.errors();
    let entries = node.map("a rule", findings)?;
    let meta = meta(node.place, entries, findings);
    let body = body(node, entries, findings);
    let body = body.filter(|_| findings.errors() == before)?;
    Some(Document { meta, body })
}

fn body(node: &Node, entries: &[(Key, Node)], findings: &mut Findings) -> Option<Body> {
    let find = |name: &str| entries.iter().find(|(key, _)| key.name == name);
    let bodies: Vec<&(Key, Node)> =
        ["detection", "correlation", "filter"].into_iter().filter_map(find).collect();
    let [(key, part)] = bodies.as_slice() else {
        match bodies.get(1) {
            Some((key, _)) => {
                findings.error(key.place, format!("`{}` beside another kind of rule", key.name))
            }
            None => findings.error(node.place, "neither `detection` nor `correlation` nor `filter`"),
        };
        return None;
    };
    if key.name == "correlation" {
        return correlation::parse(part, entries, findings).map(Body::Correlation);
    }
    let Some((_, logsource)) = find("logsource") else {
        findings
            .error(node.place, "no `logsource`")
            .hint("such as `logsource: {product: rpcscope, service: call}`");
        return None;
    };
    let source = source(logsource, findings)?;
    if key.name == "filter" {
        return Some(Body::Filter(source, Filter::parse(part, findings)?));
    }
    let timeframe = find("timeframe").map(|(key, _)| key.place);
    if let Some(place) = timeframe {
        findings.warning(place, "`timeframe` belongs into `detection`");
    }
    Some(Body::Rule(source, Detections::parse(part, findings)?))
}

fn source(node: &Node, findings: &mut Findings) -> Option<Source> {
    let mut source = Source { place: node.place, ..Source::default() };
    for (key, value) in node.map("`logsource`", findings)? {
        let part = match key.name.as_str() {
            "product" => &mut source.product,
            "service" => &mut source.service,
            "category" => &mut source.category,
            // Any number of optional elements, for readers.
            _ => continue,
        };
        *part = value.text(&format!("`{}`", key.name), findings).map(str::to_owned);
    }
    if source.product.is_none() && source.service.is_none() && source.category.is_none() {
        findings.error(node.place, "`logsource` has neither `product` nor `service` nor `category`");
        return None;
    }
    Some(source)
}

fn meta(place: Place, entries: &[(Key, Node)], findings: &mut Findings) -> Meta {
    let mut meta = Meta { place, ..Meta::default() };
    for (key, value) in entries {
        let what = format!("`{}`", key.name);
        let text = |findings: &mut Findings| value.text(&what, findings).map(str::to_owned);
        match key.name.as_str() {
            "title" => meta.title = text(findings).unwrap_or_default(),
            "id" => meta.id = text(findings),
            "name" => meta.name = text(findings),
            "description" => meta.description = text(findings),
            "status" => meta.status = word(value, &what, Status::ALL, Status::name, findings),
            "level" => meta.level = word(value, &what, Level::ALL, Level::name, findings),
            "tags" if value.value != Value::Null => {
                (meta.tag_places, meta.tags) = value.texts(&what, findings).into_iter().unzip();
            }
            "fields" => meta.fields = texts(value, &what, findings),
            "falsepositives" => meta.false_positives = texts(value, &what, findings),
            "rpcscope" => own(value, &mut meta, findings),
            // Read with the body, or for readers only.
            name if KEYS.contains(&name) => {}
            name => {
                let close = findings.warning(key.place, format!("unknown key `{name}`"));
                close.nearest(name, KEYS.iter().copied());
                // Custom keys are allowed; only what looks like a slip is worth a word.
                if close.hint.as_ref().is_none_or(|hint| !hint.starts_with("did you mean")) {
                    findings.retract();
                }
            }
        }
    }
    if meta.title.is_empty() {
        findings.error(place, "no `title`");
    }
    meta
}

/// The keys that only this sensor reads.
fn own(node: &Node, meta: &mut Meta, findings: &mut Findings) {
    for (key, value) in node.map("`rpcscope`", findings).unwrap_or(&[]) {
        match key.name.as_str() {
            "sid" => {
                meta.sid = value.scalar().and_then(|sid| sid.parse().ok());
                if meta.sid.is_none() {
                    findings.error(value.place, "`sid` is a number from 0 to 4294967295");
                }
            }
            "capture" => meta.capture = word(value, "`capture`", Capture::ALL, Capture::name, findings),
            name => {
                findings.error(key.place, format!("unknown key `{name}`")).nearest(name, ["sid", "capture"]);
            }
        }
    }
}

/// One word of few.
pub(super) fn word<T: Copy>(
    node: &Node,
    what: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
    findings: &mut Findings,
) -> Option<T> {
    let text = node.text(what, findings)?;
    let found = all.iter().copied().find(|candidate| name(*candidate) == text);
    if found.is_none() {
        findings
            .error(node.place, format!("unknown {} `{text}`", what.trim_matches('`')))
            .nearest(text, all.iter().map(|candidate| name(*candidate)));
    }
    found
}

fn texts(node: &Node, what: &str, findings: &mut Findings) -> Vec<String> {
    if node.value == Value::Null {
        return Vec::new();
    }
    node.texts(what, findings).into_iter().map(|(_, text)| text).collect()
}

/// Keys of the specification that [`meta`] does not read itself.
const KEYS: [&str; 23] = [
    "title",
    "id",
    "name",
    "description",
    "status",
    "level",
    "tags",
    "fields",
    "falsepositives",
    "rpcscope",
    "related",
    "taxonomy",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "scope",
    "logsource",
    "detection",
    "correlation",
    "filter",
    "generate",
];
