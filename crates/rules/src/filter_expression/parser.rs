//! From words and signs to conditions.

use super::Filter;
use super::token::{Token, What, tokens};
use crate::field::{Field, Kind, log_sources};
use crate::finding::{Findings, Place};
use crate::matcher::{Anchor, Comparison, Number};
use crate::sigma::{Chain, Form, Item, Scalar};

/// Reads a filter; `None`, with a finding, when it cannot be read.
pub(super) fn parse(text: &str, findings: &mut Findings) -> Option<Filter> {
    let (tokens, end) = tokens(text, findings)?;
    let mut parser = Parser { tokens: &tokens, end, findings };
    let filter = parser.or(0)?;
    let Some(token) = parser.next() else { return Some(filter) };
    let cause = match token.shown() {
        ")" => "`)` without `(`".to_owned(),
        other => format!("`{other}` where `and` or `or` should be"),
    };
    parser.findings.error(token.place, cause);
    None
}

struct Parser<'a, 'f> {
    tokens: &'a [Token],
    end: Place,
    findings: &'f mut Findings,
}

impl<'a> Parser<'a, '_> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Takes the next token when it is this word or this sign.
    fn take(&mut self, word: &str, sign: &str) -> bool {
        let is_it = self.tokens.first().is_some_and(|token| token.is_word(word) || token.is_sign(sign));
        if is_it {
            self.next();
        }
        is_it
    }

    fn or(&mut self, depth: usize) -> Option<Filter> {
        let mut parts = vec![self.and(depth)?];
        while self.take("or", "||") {
            parts.push(self.and(depth)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    fn and(&mut self, depth: usize) -> Option<Filter> {
        let mut parts = vec![self.not(depth)?];
        while self.take("and", "&&") {
            parts.push(self.not(depth)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
    }

    fn not(&mut self, depth: usize) -> Option<Filter> {
        let mut negated = false;
        while self.take("not", "!") {
            negated = !negated;
        }
        let filter = self.primary(depth)?;
        Some(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn primary(&mut self, depth: usize) -> Option<Filter> {
        let Some(token) = self.next() else {
            self.findings.error(self.end, "nothing where a condition should be");
            return None;
        };
        if token.is_sign("(") {
            if depth >= MAX_DEPTH {
                let cause = format!("more than {MAX_DEPTH} parentheses inside of each other");
                self.findings.error(token.place, cause);
                return None;
            }
            let filter = self.or(depth + 1)?;
            if !self.take(")", ")") {
                self.findings.error(token.place, "`(` without `)`");
                return None;
            }
            return Some(filter);
        }
        match &token.what {
            What::Word(name) if !RESERVED.iter().any(|word| token.is_word(word)) => {
                self.comparison(name, token.place).map(Filter::Item)
            }
            _ => {
                let cause = format!("`{}` where a condition should be", token.shown());
                self.findings
                    .error(token.place, cause)
                    .hint("a field, an operator and a value: `user == \"alice\"`");
                None
            }
        }
    }

    fn comparison(&mut self, name: &str, place: Place) -> Option<Item> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, field)| field);
        let field = log_sources().first().and_then(|source| Field::named(name, source));
        let kind = field.as_ref().map_or(Kind::Any, Field::kind);
        let mut item = Item {
            place,
            label: name.to_owned(),
            field: Some(name.to_owned()),
            chain: Chain::default(),
            values: Vec::new(),
        };
        let joins = |token: &Token| {
            JOINS.iter().any(|word| token.is_word(word))
                || ["&&", "||", ")"].iter().any(|sign| token.is_sign(sign))
        };
        // A field alone: it is there, or it is true.
        let Some(operator) = self.tokens.first().filter(|token| !joins(token)) else {
            item.chain.form = if kind == Kind::Flag { Form::Plain } else { Form::Exists };
            item.values = vec![(place, Scalar::Flag(true))];
            return Some(item);
        };
        self.next();
        let mut sign = operator.shown().to_ascii_lowercase();
        if operator.is_word("not") && self.take("in", "in") {
            item.chain.negated = true;
            sign = "in".to_owned();
        }
        let compare = |comparison| Form::Compare(comparison);
        match sign.as_str() {
            _ if matches!(operator.what, What::Text(_)) => return self.unknown_operator(operator),
            "==" | "in" => {}
            "!=" => item.chain.negated = true,
            "<" => item.chain.form = compare(Comparison::Less),
            "<=" => item.chain.form = compare(Comparison::LessOrEqual),
            ">" => item.chain.form = compare(Comparison::Greater),
            ">=" => item.chain.form = compare(Comparison::GreaterOrEqual),
            "contains" => item.chain.anchor = Anchor::Anywhere,
            "startswith" => item.chain.anchor = Anchor::Start,
            "endswith" => item.chain.anchor = Anchor::End,
            "matches" => {
                item.chain.form = Form::Regex { ignore_case: false, multi_line: false, dot_all: false };
            }
            _ => return self.unknown_operator(operator),
        }
        item.label = format!("{name} {}{sign}", if sign == "in" && item.chain.negated { "not " } else { "" });
        item.values = self.values()?;
        if item.chain.form == Form::Plain {
            self.plain(&mut item, kind);
        }
        Some(item)
    }

    /// Addresses are compared as networks; texts have no wildcards.
    fn plain(&mut self, item: &mut Item, kind: Kind) {
        let nothing = item.values.iter().any(|(_, value)| *value == Scalar::Null);
        if kind == Kind::Address && item.chain.anchor == Anchor::Whole && !nothing {
            item.chain.form = Form::Cidr;
            return;
        }
        for (_, value) in &mut item.values {
            if let Scalar::Text(text) = value {
                *text = literal(text);
            }
        }
    }

    fn unknown_operator(&mut self, operator: &Token) -> Option<Item> {
        let finding = self.findings.error(operator.place, format!("unknown operator `{}`", operator.shown()));
        match operator.shown() {
            "=" | "is" | ":" => finding.hint("write `==`"),
            other => finding.nearest(other, OPERATORS),
        };
        None
    }

    /// One value, or several in brackets.
    fn values(&mut self) -> Option<Vec<(Place, Scalar)>> {
        let open = self.tokens.first().filter(|token| token.is_sign("["));
        let Some(open) = open else { return self.value().map(|value| vec![value]) };
        self.next();
        let mut values = Vec::new();
        loop {
            if self.take("]", "]") {
                break;
            }
            if self.tokens.is_empty() {
                self.findings.error(open.place, "`[` without `]`");
                return None;
            }
            values.push(self.value()?);
            if !self.take(",", ",") && !self.tokens.first().is_some_and(|token| token.is_sign("]")) {
                let (place, cause) = match self.tokens.first() {
                    Some(token) => (token.place, format!("`{}` where `,` or `]` should be", token.shown())),
                    None => (open.place, "`[` without `]`".to_owned()),
                };
                self.findings.error(place, cause);
                return None;
            }
        }
        if values.is_empty() {
            self.findings.error(open.place, "an empty list");
            return None;
        }
        Some(values)
    }

    fn value(&mut self) -> Option<(Place, Scalar)> {
        let Some(token) = self.next() else {
            self.findings.error(self.end, "nothing where a value should be");
            return None;
        };
        let value = match &token.what {
            What::Text(text) => Scalar::Text(text.clone()),
            What::Word(word) if !RESERVED.iter().any(|reserved| token.is_word(reserved)) => {
                match word.as_str() {
                    "true" => Scalar::Flag(true),
                    "false" => Scalar::Flag(false),
                    "null" => Scalar::Null,
                    number if Number::parse(number).is_some() => Scalar::Number(word.clone()),
                    text => Scalar::Text(text.to_owned()),
                }
            }
            _ => {
                let cause = format!("`{}` where a value should be", token.shown());
                self.findings.error(token.place, cause).hint("write it in quotes when it is one");
                return None;
            }
        };
        Some((token.place, value))
    }
}

/// A text as rules write it when nothing in it stands for anything else.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '*' | '?') {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal
}

/// Names of the data model of MITRE CAR, besides those that are ours.
const ALIASES: [(&str, &str); 2] =
    [("proto_info.rpc_interface", "interface"), ("rpc_interface", "interface")];
const OPERATORS: [&str; 11] =
    ["==", "!=", "<", "<=", ">", ">=", "in", "contains", "startswith", "endswith", "matches"];
const JOINS: [&str; 2] = ["and", "or"];
const RESERVED: [&str; 4] = ["and", "or", "not", "in"];
/// Parentheses inside of each other: reading them recurses.
const MAX_DEPTH: usize = 50;
