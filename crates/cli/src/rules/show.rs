//! `rpcscope rules show`: all that is known of a rule.

use super::{correlation, techniques};
use crate::exit::{Exit, WRONG_USE};
use crate::messages;
use crate::rule_files::Loaded;
use crate::testing::plan::Plan;
use rpcscope_catalog::{abuses_of, interface};
use rpcscope_rules::{
    Capture, Correlation, EventType, Expression, Key, Known, Level, Rule, RuleSet, Settings, Status,
};
use rpcscope_sinks::visible;
use std::fmt::Write;
use std::path::PathBuf;

/// The rules that go by a name: an id, signature id, name or title.
pub(super) fn page(
    loaded: &Loaded,
    name: &str,
    paths: &[PathBuf],
    settings: &Settings,
) -> Result<String, Exit> {
    let rules = &loaded.rules;
    let every: Vec<_> = rules.described().collect();
    let mut found: Vec<usize> =
        every.iter().map(|(at, ..)| *at).filter(|at| rules.is_called(*at, name)).collect();
    if found.is_empty() {
        let same = |title: &str| title.to_lowercase().contains(&name.to_lowercase());
        found = every.iter().filter(|(_, _, meta)| same(&meta.title)).map(|(at, ..)| *at).collect();
    }
    if found.is_empty() {
        let titles: Vec<&str> = every.iter().map(|(_, _, meta)| meta.title.as_str()).collect();
        let near = rpcscope_catalog::nearest(name, &titles);
        let hint = match near.as_slice() {
            [] => "`rpcscope rules list` shows all".to_owned(),
            near => format!("did you mean `{}`?", near.join("`, `")),
        };
        messages::error(
            &format_args!("no rule has the id, signature id, name or title `{name}`"),
            Some(&hint),
        );
        return Err(WRONG_USE);
    }
    let tests = tests(paths, settings)?;
    let mut page = String::new();
    for (at, position) in found.into_iter().enumerate() {
        if at > 0 {
            page.push('\n');
        }
        page.push_str(&shown(rules, position, &tests));
    }
    Ok(page.lines().map(|line| visible(line) + "\n").collect())
}

/// Files of tests, each with the rules that it is of: file and line.
type Tests = Vec<(PathBuf, Vec<(String, u64)>)>;

fn tests(paths: &[PathBuf], settings: &Settings) -> Result<Tests, Exit> {
    let plan = Plan::make(paths, settings)?;
    let place = |position: &usize| {
        let (meta, file, _) = plan.loaded.rules.description(*position)?;
        Some((file.to_string(), meta.place.line))
    };
    Ok(plan
        .files
        .iter()
        .map(|tests| (tests.path.clone(), tests.rules.iter().filter_map(place).collect()))
        .collect())
}

fn shown(rules: &RuleSet, position: usize, tests: &Tests) -> String {
    let mut page = Page(String::new());
    let Some((meta, file, sid)) = rules.description(position) else { return page.0 };
    let line = meta.place.line;
    page.0.push_str(&meta.title);
    page.0.push('\n');
    page.row("id", meta.id.as_deref());
    page.row("sid", Some(&sid.to_string()));
    page.row("name", meta.name.as_deref());
    page.row("file", Some(&format!("{file}:{line}")));
    page.row("level", meta.level.map(Level::name));
    page.row("status", meta.status.map(Status::name));
    page.row("techniques", Some(&techniques(rules, position).join(", ")));
    page.row("tags", Some(&meta.tags.join(", ")));
    page.row("about", meta.description.as_deref());
    page.row("benign", Some(&meta.false_positives.join("; ")));
    page.row("packets kept", meta.capture.map(Capture::name));
    let alone = if rules.alerts(position) { "on its own" } else { "only as a part of correlations" };
    page.row("alerts", Some(alone));
    let of_rule = tests.iter().filter(|(_, of)| of.iter().any(|(name, at)| **name == **file && *at == line));
    let of_rule: Vec<String> = of_rule.map(|(path, _)| path.display().to_string()).collect();
    page.row("tests", Some(&if of_rule.is_empty() { "none".to_owned() } else { of_rule.join(", ") }));
    match (rules.rules().get(position), correlation(rules, position)) {
        (Some(rule), _) => page.rule(rule),
        (_, Some(correlation)) => page.correlation(rules, correlation),
        _ => {}
    }
    page.0
}

struct Page(String);

impl Page {
    /// A line with a name, when there is something to say.
    fn row(&mut self, name: &str, value: Option<&str>) {
        for (at, line) in value.unwrap_or("").trim().lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            let _ = writeln!(self.0, "  {name:12}  {}", line.trim_end());
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.row("log source", Some(&rule.source.to_string()));
        let fields: Vec<String> = rule.expression.fields().iter().map(ToString::to_string).collect();
        self.row("reads", Some(&fields.join(", ")));
        self.row("looks", Some(when(rule)));
        if rule.source.events.contains(&EventType::Call) {
            self.row("looked up by", Some(&index(&rule.expression)));
            self.row("used for", Some(&known_abuses(&rule.expression)));
        }
        if let Some(threshold) = &rule.threshold {
            self.row("threshold", Some(&format!("{} within {} s", threshold.count, threshold.seconds)));
        }
        if let Some(text) = &rule.text {
            self.row("read more", Some(&text.references.join("\n")));
        }
        self.0.push_str("  condition\n");
        for line in rule.expression.to_string().lines() {
            let _ = writeln!(self.0, "    {line}");
        }
    }

    fn correlation(&mut self, rules: &RuleSet, correlation: &Correlation) {
        self.row("correlation", Some(correlation.kind.name()));
        let bounds = correlation.criteria.iter();
        let bounds: Vec<String> =
            bounds.map(|bound| format!("{} {}", bound.comparison.sign(), bound.number)).collect();
        self.row("bound", Some(&bounds.join(" and ")));
        let names = |aliases: &[rpcscope_rules::Alias]| {
            aliases.iter().map(|alias| alias.name.clone()).collect::<Vec<_>>().join(", ")
        };
        self.row("value", Some(&names(&correlation.field)));
        self.row("same", Some(&names(&correlation.group_by)));
        self.row("within", Some(&format!("{} s", correlation.timespan_ns / 1_000_000_000)));
        let members = correlation.members.iter();
        let members: Vec<&str> =
            members.filter_map(|member| Some(rules.description(*member)?.0.title.as_str())).collect();
        self.row("of", Some(&members.join("\n")));
    }
}

/// When a rule looks at an event.
fn when(rule: &Rule) -> &'static str {
    if !rule.source.events.contains(&EventType::Call) {
        return "when the event is told";
    }
    match (rule.known, rule.arguments.is_empty()) {
        (Known::Request, true) => {
            "as soon as the request of a call is complete, without waiting for an answer"
        }
        (Known::Request, false) => {
            "as soon as the arguments that it reads are known: with the request, or with the reply"
        }
        (Known::Outcome, _) => "when the outcome of the call is known",
    }
}

/// What a call must have, so that the rule looks at it.
fn index(expression: &Expression) -> String {
    let Some(keys) = expression.demand() else {
        return "nothing: it looks at every event of its log source".to_owned();
    };
    let shown = |key: &Key| {
        let known = key.interface.map(|uuid| {
            interface(&uuid).and_then(|known| known.name).map_or_else(|| uuid.to_string(), str::to_owned)
        });
        let opnum = key.opnum.map(|opnum| format!("operation {opnum}"));
        let parts: Vec<String> = known.into_iter().chain(opnum).collect();
        parts.join(" ")
    };
    let mut list: Vec<String> = keys.iter().take(MOST_KEYS).map(shown).collect();
    match keys.len().saturating_sub(MOST_KEYS) {
        0 if list.is_empty() => return "what no call has".to_owned(),
        0 => {}
        more => list.push(format!("{more} more")),
    }
    list.join(", ")
}

/// What the catalogue knows the operations to be abused for.
fn known_abuses(expression: &Expression) -> String {
    let keys = expression.demand().unwrap_or_default();
    let operations = keys.iter().filter_map(|key| key.interface.zip(key.opnum));
    let mut lines: Vec<String> = Vec::new();
    for abuse in operations.flat_map(|(interface, opnum)| abuses_of(interface, opnum)) {
        let name = abuse.name.map(|name| format!(", {name}")).unwrap_or_default();
        let line = format!("{}: {}{name}", abuse.techniques.join(", "), abuse.reason);
        if !lines.contains(&line) && lines.len() < MOST_KEYS {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Keys of the index that are shown.
const MOST_KEYS: usize = 20;
