//! The condition of a rule: which selections must hold, and how they are joined.

use super::detection::Aggregation;
use crate::finding::{Findings, Place};
use crate::matcher::{Comparison, Number};
use crate::yaml::Expect;
use rpcscope_text::Node;

/// A condition as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A selection by name.
    Selection(Place, String),
    /// One or all of the selections whose names are of a pattern; `None` for `them`.
    Of { place: Place, all: bool, pattern: Option<String> },
}

/// Reads a condition, and what the obsolete form has after `|`.
pub(super) fn parse(node: &Node, findings: &mut Findings) -> Option<(Condition, Option<Aggregation>)> {
    let text = node.text("`condition`", findings)?;
    let tokens = tokens(text, node);
    let end = node.inner.map_or(node.place, |inner| inner.right(text.chars().count()));
    if tokens.len() > MAX_TOKENS {
        findings.error(node.place, format!("a condition of more than {MAX_TOKENS} words"));
        return None;
    }
    let mut parser = Parser { tokens: &tokens, end, findings };
    let condition = parser.or(0)?;
    match parser.next() {
        None => Some((condition, None)),
        Some((_, "|")) => parser.aggregation().map(|aggregation| (condition, Some(aggregation))),
        Some((place, token)) => {
            let cause = match token {
                ")" => "`)` without `(`".to_owned(),
                _ => format!("`{token}` where `and` or `or` should be"),
            };
            parser.findings.error(place, cause);
            None
        }
    }
}

fn tokens<'a>(text: &'a str, node: &Node) -> Vec<(Place, &'a str)> {
    let mut tokens: Vec<(usize, usize, &str)> = Vec::new();
    let mut start: Option<(usize, usize)> = None;
    for (column, (at, character)) in text.char_indices().enumerate() {
        let single = matches!(character, '(' | ')' | '|');
        if single || character.is_whitespace() {
            if let Some((from, column)) = start.take() {
                tokens.push((column, from, text.get(from..at).unwrap_or("")));
            }
            if single {
                tokens.push((column, at, text.get(at..at + 1).unwrap_or("")));
            }
        } else if start.is_none() {
            start = Some((at, column));
        }
    }
    if let Some((from, column)) = start {
        tokens.push((column, from, text.get(from..).unwrap_or("")));
    }
    let place = |column: usize| node.inner.map_or(node.place, |inner| inner.right(column));
    tokens.into_iter().map(|(column, _, token)| (place(column), token)).collect()
}

struct Parser<'a, 'f> {
    tokens: &'a [(Place, &'a str)],
    end: Place,
    findings: &'f mut Findings,
}

impl<'a> Parser<'a, '_> {
    fn next(&mut self) -> Option<(Place, &'a str)> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    /// Takes the next token when it is this word.
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.tokens.first().is_some_and(|(_, token)| token.eq_ignore_ascii_case(word));
        if is_it {
            self.next();
        }
        is_it
    }

    fn or(&mut self, depth: usize) -> Option<Condition> {
        let mut parts = vec![self.and(depth)?];
        while self.take("or") {
            parts.push(self.and(depth)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn and(&mut self, depth: usize) -> Option<Condition> {
        let mut parts = vec![self.not(depth)?];
        while self.take("and") {
            parts.push(self.not(depth)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn not(&mut self, depth: usize) -> Option<Condition> {
        let mut negated = false;
        while self.take("not") {
            negated = !negated;
        }
        let condition = self.primary(depth)?;
        Some(if negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn primary(&mut self, depth: usize) -> Option<Condition> {
        let Some((place, token)) = self.next() else {
            self.findings.error(self.end, "the condition ends where a selection should be");
            return None;
        };
        if token == "(" {
            if depth >= MAX_DEPTH {
                self.findings.error(place, format!("more than {MAX_DEPTH} parentheses inside of each other"));
                return None;
            }
            let condition = self.or(depth + 1)?;
            if !self.take(")") {
                self.findings.error(place, "`(` without `)`");
                return None;
            }
            return Some(condition);
        }
        if self.tokens.first().is_some_and(|(_, next)| next.eq_ignore_ascii_case("of")) {
            return self.of(place, token);
        }
        if RESERVED.iter().any(|word| token.eq_ignore_ascii_case(word)) {
            self.findings.error(place, format!("`{token}` where a selection should be"));
            return None;
        }
        if token.contains('*') {
            self.findings
                .error(place, format!("`{token}` without how many"))
                .hint(format!("`1 of {token}` or `all of {token}`"));
            return None;
        }
        Some(Condition::Selection(place, token.to_owned()))
    }

    fn of(&mut self, place: Place, count: &str) -> Option<Condition> {
        self.next();
        let all = match count.to_ascii_lowercase().as_str() {
            "1" | "any" => false,
            "all" => true,
            _ => {
                self.findings
                    .error(
                        place,
                        format!("`{count} of`: only one or all of several selections can be asked for"),
                    )
                    .hint("`1 of` or `all of`; a correlation rule counts events");
                return None;
            }
        };
        match self.next() {
            Some((_, word)) if word.eq_ignore_ascii_case("them") => {
                Some(Condition::Of { place, all, pattern: None })
            }
            Some((_, pattern)) if !RESERVED.iter().any(|word| pattern.eq_ignore_ascii_case(word)) => {
                Some(Condition::Of { place, all, pattern: Some(pattern.to_owned()) })
            }
            _ => {
                self.findings
                    .error(place, format!("`{count} of` without selections"))
                    .hint("`them`, or a pattern such as `selection*`");
                None
            }
        }
    }

    /// Reads `count(field) by group > 5`, which the specification calls obsolete.
    fn aggregation(&mut self) -> Option<Aggregation> {
        let tokens = std::mem::take(&mut self.tokens);
        let place = tokens.first().map_or(self.end, |(place, _)| *place);
        let words: Vec<&str> = tokens.iter().map(|(_, token)| *token).collect();
        let read = || {
            let (field, rest) = match *words.as_slice() {
                ["count", "(", ")", ref rest @ ..] => (None, rest),
                ["count", "(", field, ")", ref rest @ ..] => (Some(field.to_owned()), rest),
                _ => return None,
            };
            let (group_by, rest) = match *rest {
                ["by", group, ref rest @ ..] => (Some(group.to_owned()), rest),
                _ => (None, rest),
            };
            let [sign, number] = *rest else { return None };
            let comparison = match sign {
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterOrEqual,
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                "=" | "==" => Comparison::Equal,
                _ => return None,
            };
            match Number::parse(number)? {
                Number::Whole(number) => Some(Aggregation {
                    place,
                    field,
                    group_by,
                    comparison,
                    number: u64::try_from(number).ok()?,
                }),
                Number::Real(_) => None,
            }
        };
        let aggregation = read();
        if aggregation.is_none() {
            self.findings
                .error(place, format!("`{}` cannot be read", words.join(" ")))
                .hint("what follows `|` is obsolete: write a correlation rule of type event_count, value_count or temporal");
        }
        aggregation
    }
}

const RESERVED: [&str; 7] = ["and", "or", "not", "of", "them", ")", "|"];
/// Parentheses inside of each other: reading them recurses.
const MAX_DEPTH: usize = 50;
/// Words of one condition.
const MAX_TOKENS: usize = 10_000;
