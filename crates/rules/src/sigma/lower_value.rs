//! From one value of a rule to the conditions that stand for it.

use super::detection::{Item, Scalar};
use super::lower::{Lowering, named_interfaces};
use super::modifier::{Chain, Encoding, Form};
use super::operation_names::OperationNames;
use crate::encode::{base64, base64_offsets, spell_out_dashes, utf16};
use crate::field::{Field, Kind, short_status};
use crate::finding::Place;
use crate::glob::{Case, Glob};
use crate::matcher::{Anchor, Comparison, Likeness, Matcher, Network, Number};
use crate::pattern::{Pattern, Piece};
use regex::RegexBuilder;
use rpcscope_catalog::{Class, classes, interfaces, interfaces_named, statuses};
use uuid::Uuid;

type Alternatives = Vec<(Box<str>, Matcher)>;

impl Lowering<'_> {
    /// What a value stands for: one of these conditions is to be met.
    pub(super) fn matchers(
        &mut self,
        item: &Item,
        field: Option<&Field>,
        place: Place,
        value: &Scalar,
        interfaces: &[Uuid],
    ) -> Alternatives {
        let chain = &item.chain;
        let shown: Box<str> = value.text().into();
        let one = |matcher| vec![(shown.clone(), matcher)];
        match chain.form {
            Form::Plain => self.plain(item, field, place, value, interfaces),
            Form::Exists => match value.text() {
                "true" => one(Matcher::Exists(true)),
                "false" => one(Matcher::Exists(false)),
                _ => self.refuse(place, "`exists` is true or false"),
            },
            Form::FieldRef => {
                let likeness = Likeness { place: chain.anchor, cased: chain.cased };
                let field = self.field(value.text(), place);
                field.map(|field| one(Matcher::FieldRef(field, likeness))).unwrap_or_default()
            }
            Form::Compare(comparison) => {
                let texts = self.texts(chain, value, place);
                let read = |text: String| {
                    Some((text.as_str().into(), Matcher::Number(comparison, Number::parse(&text)?)))
                };
                self.read_all(texts, read, place, "is no number")
            }
            Form::Time(part, comparison) => {
                let texts = self.texts(chain, value, place);
                let read = |text: String| {
                    let number = Number::parse(&text)?;
                    Some((text.as_str().into(), Matcher::TimePart(part, comparison, number)))
                };
                self.read_all(texts, read, place, "is no number")
            }
            Form::Cidr => {
                let texts = self.texts(chain, value, place);
                if let Some(text) =
                    texts.iter().find(|text| Network::parse(text).is_some_and(|(_, dirty)| dirty))
                {
                    self.findings
                        .warning(place, format!("`{text}` has bits beyond its prefix; they do not count"));
                }
                let read =
                    |text: String| Some((text.as_str().into(), Matcher::Cidr(Network::parse(&text)?.0)));
                self.read_all(texts, read, place, "is no network")
            }
            Form::Regex { ignore_case, multi_line, dot_all } => {
                let patterns = if chain.expand {
                    self.expand_regex(value.text(), place)
                } else {
                    vec![value.text().to_owned()]
                };
                let mut alternatives = Vec::new();
                for pattern in patterns {
                    let anchored = match chain.anchor {
                        Anchor::Whole | Anchor::Anywhere => pattern.clone(),
                        Anchor::Start => format!(r"\A(?:{pattern})"),
                        Anchor::End => format!(r"(?:{pattern})\z"),
                    };
                    let mut builder = RegexBuilder::new(&anchored);
                    builder
                        .case_insensitive(ignore_case)
                        .multi_line(multi_line)
                        .dot_matches_new_line(dot_all);
                    match builder.size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build() {
                        Ok(regex) => alternatives.push((pattern.into(), Matcher::Regex(regex))),
                        Err(error) => self.bad_regex(place, &error),
                    }
                }
                alternatives
            }
        }
    }

    /// The texts that a value stands for.
    fn texts(&mut self, chain: &Chain, value: &Scalar, place: Place) -> Vec<String> {
        if chain.expand { self.expand_text(value.text(), place) } else { vec![value.text().to_owned()] }
    }

    fn refuse(&mut self, place: Place, cause: impl Into<String>) -> Alternatives {
        self.findings.error(place, cause);
        Vec::new()
    }

    fn bad_regex(&mut self, place: Place, error: &regex::Error) {
        let shown = error.to_string();
        // The last line tells what it is; those before draw the expression.
        let cause = shown.lines().last().unwrap_or(&shown).trim_start_matches("error: ").to_owned();
        let finding = self.findings.error(place, format!("not a regular expression: {cause}"));
        if shown.contains("look-around") || shown.contains("backreference") {
            finding.hint("the specification has neither look-around nor back-references");
        }
    }

    fn read_all(
        &mut self,
        texts: Vec<String>,
        read: impl Fn(String) -> Option<(Box<str>, Matcher)>,
        place: Place,
        cause: &str,
    ) -> Alternatives {
        let mut alternatives = Vec::new();
        for text in texts {
            match read(text.clone()) {
                Some(alternative) => alternatives.push(alternative),
                None => {
                    self.findings.error(place, format!("`{text}` {cause}"));
                }
            }
        }
        alternatives
    }

    /// A value that is compared as it is.
    fn plain(
        &mut self,
        item: &Item,
        field: Option<&Field>,
        place: Place,
        value: &Scalar,
        interfaces: &[Uuid],
    ) -> Alternatives {
        let chain = &item.chain;
        let unchanged = chain.anchor == Anchor::Whole && chain.encodings.is_empty() && !chain.windash;
        let kind = field.map_or(Kind::Text, Field::kind);
        let one = |matcher| vec![(value.text().into(), matcher)];
        match value {
            Scalar::Null if field.is_some() && unchanged => return one(Matcher::Null),
            Scalar::Null => return self.refuse(place, format!("null cannot be a value of `{}`", item.label)),
            Scalar::Flag(flag) if unchanged && field.is_some() => return one(Matcher::Flag(*flag)),
            Scalar::Number(_)
                if unchanged && !matches!(kind, Kind::Text | Kind::Uuid | Kind::Interface | Kind::Class) =>
            {
                if let Some(number) = value.number() {
                    return one(Matcher::Number(Comparison::Equal, number));
                }
            }
            _ => {}
        }
        let mut alternatives = Vec::new();
        for pattern in self.expand_pattern(Pattern::parse(value.text(), chain.expand), place) {
            let meant = pattern.plain().filter(|_| unchanged && !chain.cased).map(str::to_owned);
            let meant = meant.and_then(|text| self.meaning(&text, field, kind, place, interfaces));
            match meant {
                Some(meant) => alternatives.extend(meant),
                None => alternatives.extend(self.globs(pattern, chain, value.text(), place)),
            }
        }
        alternatives
    }

    /// What a text means for a field that is no text: an address, a number, a name of the catalogue.
    fn meaning(
        &mut self,
        text: &str,
        field: Option<&Field>,
        kind: Kind,
        place: Place,
        interfaces: &[Uuid],
    ) -> Option<Alternatives> {
        let one = |matcher| Some(vec![(text.into(), matcher)]);
        let number =
            || Number::parse(text).and_then(|number| one(Matcher::Number(Comparison::Equal, number)));
        match kind {
            Kind::Any | Kind::Text | Kind::Bytes => None,
            Kind::Word => {
                let words = match field {
                    Some(Field::Known(id)) => id.words().unwrap_or_default(),
                    _ => Vec::new(),
                };
                if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                    self.never(place, text, "value of the field").nearest(text, words);
                }
                None
            }
            Kind::Number => number().or_else(|| {
                self.never(place, text, "number");
                None
            }),
            Kind::Flag => match text.to_ascii_lowercase().as_str() {
                "true" => one(Matcher::Flag(true)),
                "false" => one(Matcher::Flag(false)),
                _ => {
                    self.never(place, text, "truth value");
                    None
                }
            },
            Kind::Time => {
                self.never(place, text, "time")
                    .hint("`hour`, `day` and other modifiers take parts of a time");
                None
            }
            Kind::Address => match Network::parse(text) {
                Some((network, _)) if !text.contains('/') => one(Matcher::Cidr(network)),
                Some(_) => {
                    self.never(place, text, "address").hint("write `|cidr` after the field");
                    None
                }
                None => {
                    self.never(place, text, "address");
                    None
                }
            },
            Kind::Uuid => match Uuid::try_parse(text) {
                Ok(uuid) => one(Matcher::Uuid(uuid)),
                Err(_) => {
                    self.never(place, text, "UUID");
                    None
                }
            },
            Kind::Class => self.class(text, place),
            Kind::Interface => self.interface(text, place),
            Kind::Operation => number().or_else(|| self.operation(text, place, interfaces)),
            Kind::Status => number().or_else(|| {
                let mut names =
                    statuses().iter().flat_map(|(_, name)| [Some(*name), short_status(name)]).flatten();
                if !names.any(|name| name.eq_ignore_ascii_case(text)) {
                    let names =
                        statuses().iter().flat_map(|(_, name)| [Some(*name), short_status(name)]).flatten();
                    self.findings.warning(place, format!("unknown status `{text}`")).nearest(text, names);
                }
                None
            }),
        }
    }

    fn never(&mut self, place: Place, text: &str, what: &str) -> &mut crate::finding::Finding {
        self.findings.warning(place, format!("`{text}` is no {what}: it never matches"))
    }

    fn interface(&mut self, text: &str, place: Place) -> Option<Alternatives> {
        let uuids = named_interfaces(text);
        if !uuids.is_empty() {
            return Some(uuids.into_iter().map(|uuid| (text.into(), Matcher::Uuid(uuid))).collect());
        }
        let is_operation = !self.names.find(text, &[]).is_empty();
        let finding = self.findings.warning(place, format!("unknown interface `{text}`"));
        if is_operation {
            finding.hint("it is the name of an operation: are interface and operation swapped?");
        } else {
            let known = interfaces().iter().flat_map(|known| known.name.iter().chain(known.aliases));
            finding.nearest(text, known.copied());
        }
        None
    }

    fn class(&mut self, text: &str, place: Place) -> Option<Alternatives> {
        if let Ok(uuid) = Uuid::try_parse(text) {
            return Some(vec![(text.into(), Matcher::Uuid(uuid))]);
        }
        let names = |known: &'static Class| [Some(known.name), known.progid].into_iter().flatten();
        let named = classes().iter().filter(|known| names(known).any(|name| name.eq_ignore_ascii_case(text)));
        let found: Alternatives = named.map(|known| (text.into(), Matcher::Uuid(known.uuid))).collect();
        if found.is_empty() {
            let finding = self.findings.warning(place, format!("unknown class `{text}`"));
            if interfaces_named(text).next().is_some() {
                finding
                    .hint("it is the name of an interface: a class is activated, its interfaces are called");
            } else {
                finding.nearest(text, classes().iter().flat_map(names));
            }
            return None;
        }
        Some(found)
    }

    fn operation(&mut self, text: &str, place: Place, interfaces: &[Uuid]) -> Option<Alternatives> {
        let operations = self.names.find(text, interfaces);
        if !operations.is_empty() {
            return Some(vec![(text.into(), Matcher::Operations(operations.into()))]);
        }
        let elsewhere = self.names.find(text, &[]);
        let is_interface = interfaces_named(text).next().is_some();
        if elsewhere.is_empty() {
            let finding = self.findings.warning(place, format!("unknown operation `{text}`"));
            if is_interface {
                finding.hint("it is the name of an interface: are interface and operation swapped?");
            } else if interfaces.is_empty() {
                finding.nearest(text, self.names.all());
            } else {
                finding.nearest(text, OperationNames::of(interfaces));
            }
        } else {
            let finding =
                self.findings.warning(place, format!("`{text}` is no operation of the interface beside it"));
            let near = OperationNames::of(interfaces);
            finding.nearest(text, near);
        }
        None
    }

    /// A text with wildcards, encoded and placed.
    fn globs(&mut self, pattern: Pattern, chain: &Chain, shown: &str, place: Place) -> Alternatives {
        let mut patterns = vec![if chain.windash { pattern.windash() } else { pattern }];
        for encoding in &chain.encodings {
            let Some(encoded) = encode(&patterns, *encoding) else {
                let cause = format!("`{shown}` cannot be encoded: it has wildcards, or too many dashes");
                return self.refuse(place, cause);
            };
            patterns = encoded;
        }
        let case = if chain.cased { Case::Counts } else { Case::Ignored };
        let placed = patterns.into_iter().map(|pattern| match chain.anchor {
            Anchor::Whole => pattern,
            Anchor::Start => pattern.open_end(),
            Anchor::End => pattern.open_start(),
            Anchor::Anywhere => pattern.open_start().open_end(),
        });
        placed.map(|pattern| (shown.into(), Matcher::Glob(Glob::new(&pattern, case)))).collect()
    }

    /// Replaces the placeholders of a pattern by all that they stand for.
    fn expand_pattern(&mut self, pattern: Pattern, place: Place) -> Vec<Pattern> {
        if pattern.placeholders().next().is_none() {
            return vec![pattern];
        }
        let mut expanded = vec![Pattern::default()];
        for piece in pattern.pieces() {
            let choices: Vec<Pattern> = match piece {
                Piece::Placeholder(name) => {
                    let Some(values) = self.placeholder(name, place) else { return Vec::new() };
                    values.iter().map(|value| Pattern::parse(value, false)).collect()
                }
                other => {
                    let mut single = Pattern::default();
                    single.push(other.clone());
                    vec![single]
                }
            };
            if expanded.len().saturating_mul(choices.len()) > MAX_ALTERNATIVES {
                self.findings
                    .error(place, format!("the placeholders stand for more than {MAX_ALTERNATIVES} values"));
                return Vec::new();
            }
            let joined = expanded.iter().flat_map(|start| {
                choices.iter().map(move |choice| {
                    let mut pattern = start.clone();
                    choice.pieces().iter().for_each(|piece| pattern.push(piece.clone()));
                    pattern
                })
            });
            expanded = joined.collect();
        }
        expanded
    }

    fn expand_text(&mut self, text: &str, place: Place) -> Vec<String> {
        let expanded = self.expand_pattern(Pattern::parse(text, true), place);
        expanded.iter().filter_map(Pattern::plain).map(str::to_owned).collect()
    }

    /// Replaces placeholders in a regular expression by their values, taken literally.
    fn expand_regex(&mut self, text: &str, place: Place) -> Vec<String> {
        let mut expanded = vec![String::new()];
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            let Some(values) = self.placeholder(name, place) else { return Vec::new() };
            let values: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
            let group = format!("{before}(?:{})", values.join("|"));
            // Nothing is what no value matches.
            let group = if values.is_empty() { format!(r"{before}[^\s\S]") } else { group };
            expanded.iter_mut().for_each(|pattern| pattern.push_str(&group));
            rest = after;
        }
        expanded.iter_mut().for_each(|pattern| pattern.push_str(rest));
        expanded
    }

    fn placeholder(&mut self, name: &str, place: Place) -> Option<Vec<String>> {
        let values = self.placeholders.values(name);
        if values.is_none() {
            let known: Vec<&str> = self.placeholders.names().collect();
            self.findings
                .error(place, format!("nothing says what `%{name}%` stands for"))
                .hint("name it in the settings file, rpcscope.yaml, below `networks` or `lists`")
                .nearest(name, known);
        }
        values.map(<[String]>::to_vec)
    }
}

/// What stands before the next placeholder, its name, and what stands after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('%')?;
        let (name, after) = text.get(start + 1..)?.split_once('%')?;
        let named =
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if named && !text.get(..start)?.ends_with('\\') {
            return Some((text.get(..start)?, name, after));
        }
        from = start + 1;
    }
}

fn encode(patterns: &[Pattern], encoding: Encoding) -> Option<Vec<Pattern>> {
    let mut encoded = Vec::new();
    for pattern in patterns.iter().map(|pattern| spell_out_dashes(pattern, MAX_SPELLINGS)) {
        for pattern in pattern? {
            match encoding {
                Encoding::Utf16(form) => encoded.push(utf16(&pattern, form)?),
                Encoding::Base64 => encoded.push(Pattern::literal(base64(pattern.plain_bytes()?))),
                Encoding::Base64Offset => {
                    encoded.extend(base64_offsets(pattern.plain_bytes()?).into_iter().map(Pattern::literal));
                }
            }
        }
    }
    Some(encoded)
}

/// Values that one value of a rule may stand for. A list of networks may be long; a product of lists has no end.
const MAX_ALTERNATIVES: usize = 65_536;
/// Spellings of dashes before an encoding: four of them.
const MAX_SPELLINGS: usize = 625;
/// Memory of one regular expression.
const MAX_REGEX_BYTES: usize = 1 << 20;
