//! From the text of files to a rule set.

use crate::expression::Expression;
use crate::field::{FOREIGN, LogSource, log_sources};
use crate::finding::{Finding, Findings, Place};
use crate::matcher::Number;
use crate::rule_set::{Rule, RuleSet};
use crate::sigma::{
    Alias, AliasText, Body, Correlation, CorrelationKind, CorrelationText, Criterion, Detections, Document,
    Effect, Filter, Lowering, Meta, OperationNames, Placeholders, Source, Targets, find_field, parse,
};
use crate::signature::signature;
use crate::suricata;
use std::collections::HashMap;
use std::sync::Arc;

/// Collects files, and makes a rule set of them. Correlations and filters may refer to rules of any file.
pub struct Loader {
    /// The log source of rules that are of none of the sensor's.
    fallback: Option<&'static LogSource>,
    placeholders: Placeholders,
    names: &'static OperationNames,
    rules: Vec<Loaded<(Source, Detections)>>,
    filters: Vec<Loaded<(Source, Filter)>>,
    correlations: Vec<Loaded<CorrelationText>>,
    /// Rules of rule text.
    texts: Vec<Rule>,
    findings: Vec<Finding>,
}

/// A document of some file.
struct Loaded<T> {
    file: Arc<str>,
    meta: Meta,
    body: T,
}

/// Where a rule or correlation is, by its id and by its name.
type References = HashMap<String, usize>;

impl Loader {
    /// No files yet.
    pub fn new(placeholders: Placeholders) -> Self {
        Self {
            fallback: None,
            placeholders,
            names: OperationNames::shared(),
            rules: Vec::new(),
            filters: Vec::new(),
            correlations: Vec::new(),
            texts: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes rules of log sources that the sensor does not have, too. Any name is a field in them: they are for events
    /// that others make, and [`RuleSet::each_match`] never runs them.
    pub fn with_foreign_rules(mut self) -> Self {
        self.fallback = Some(&FOREIGN);
        self
    }

    /// Adds the text of a file. `name` is what findings call it: one that ends in `.rules` has rule text of Suricata or
    /// Snort, any other one Sigma.
    pub fn add(&mut self, name: &str, text: &str) {
        let file: Arc<str> = name.into();
        let mut findings = Findings::new(file.clone());
        if name.ends_with(".rules") {
            self.texts.extend(suricata::load(text, &self.placeholders, &mut findings));
            self.findings.extend(findings.into_list());
            return;
        }
        for Document { meta, body } in parse(text, &mut findings) {
            let file = file.clone();
            match body {
                Body::Rule(source, detections) => {
                    self.rules.push(Loaded { file, meta, body: (source, detections) })
                }
                Body::Filter(source, filter) => {
                    self.filters.push(Loaded { file, meta, body: (source, filter) })
                }
                Body::Correlation(text) => self.correlations.push(Loaded { file, meta, body: text }),
            }
        }
        self.findings.extend(findings.into_list());
    }

    /// Adds the files of another loader behind its own, as if they had been added here.
    pub fn append(&mut self, mut other: Self) {
        self.rules.append(&mut other.rules);
        self.filters.append(&mut other.filters);
        self.correlations.append(&mut other.correlations);
        self.texts.append(&mut other.texts);
        self.findings.append(&mut other.findings);
    }

    /// Makes the rule set, of all that has no error, and tells what was found, in the order of files and places.
    pub fn finish(mut self) -> (RuleSet, Vec<Finding>) {
        let mut references = References::new();
        let mut rules = Vec::new();
        let mut counted = Vec::new();
        for loaded in std::mem::take(&mut self.rules) {
            let mut findings = Findings::new(loaded.file.clone());
            let rule = self.rule(&loaded, &mut findings);
            if let Some(rule) = rule
                && remember(&mut references, &loaded.meta, rules.len(), &mut findings)
            {
                if let Some((aggregation, timespan_ns)) = &loaded.body.1.aggregation {
                    findings
                        .warning(aggregation.place, "counting in a condition is obsolete")
                        .hint("it is taken as a correlation rule; write one");
                    let field = |name: &String| (aggregation.place, name.clone());
                    let bound = Criterion {
                        comparison: aggregation.comparison,
                        number: Number::Whole(aggregation.number.into()),
                    };
                    let text = CorrelationText {
                        kind: if aggregation.field.is_some() {
                            CorrelationKind::ValueCount
                        } else {
                            CorrelationKind::EventCount
                        },
                        rules: Vec::new(),
                        group_by: aggregation.group_by.iter().map(field).collect(),
                        timespan_ns: *timespan_ns,
                        criteria: vec![bound],
                        field: aggregation.field.iter().map(field).collect(),
                        aliases: Vec::new(),
                        generate: false,
                    };
                    counted.push((rules.len(), loaded.file.clone(), text));
                }
                rules.push(rule);
            }
            self.findings.extend(findings.into_list());
        }
        self.check_filters(&rules, &references);
        let mut texts = std::mem::take(&mut self.texts);
        suricata::sort(&mut texts);
        self.findings.extend(suricata::deduplicate(&mut texts));
        rules.extend(texts);
        let correlations = self.correlations(&rules, &counted, &mut references);
        let counted: Vec<usize> = counted.iter().map(|(at, ..)| *at).collect();
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by(|a, b| (&a.file, a.place, &a.cause).cmp(&(&b.file, b.place, &b.cause)));
        findings.dedup();
        (RuleSet::new(rules, correlations, &counted), findings)
    }

    fn rule(&mut self, loaded: &Loaded<(Source, Detections)>, findings: &mut Findings) -> Option<Rule> {
        let (source, detections) = &loaded.body;
        let log_source = route(source, self.fallback, findings)?;
        let mut lowering =
            Lowering { source: log_source, placeholders: &self.placeholders, names: self.names, findings };
        let mut expression = lowering.detection(&detections.selections, &detections.conditions)?;
        for filter in self.filters.iter().filter(|filter| applies(&filter.body, source, &loaded.meta)) {
            let (_, text) = &filter.body;
            let mut found = Findings::new(filter.file.clone());
            let mut lowering = Lowering {
                source: log_source,
                placeholders: &self.placeholders,
                names: self.names,
                findings: &mut found,
            };
            if let Some(condition) = lowering.detection(&text.selections, &text.conditions) {
                let name: Arc<str> = format!("filter: {}", filter.meta.title).into();
                let condition = Expression::Named(name, Arc::new(condition));
                let kept = match text.effect {
                    Effect::Suppress => Expression::Not(Box::new(condition)),
                    Effect::Keep => condition,
                };
                expression = Expression::All(vec![expression, kept]);
            }
            self.findings.extend(found.into_list());
        }
        Some(Rule::new(loaded.meta.clone(), loaded.file.clone(), log_source, expression))
    }

    /// Tells which filters name rules that are not there.
    fn check_filters(&mut self, rules: &[Rule], references: &References) {
        for filter in &self.filters {
            let mut findings = Findings::new(filter.file.clone());
            let (source, text) = &filter.body;
            let filtered = route(source, self.fallback, &mut findings);
            let Targets::Named(named) = &text.rules else {
                self.findings.extend(findings.into_list());
                continue;
            };
            for (place, name) in named {
                match references.get(name).and_then(|at| rules.get(*at)) {
                    None => {
                        let known = references.keys().map(String::as_str);
                        findings.warning(*place, format!("no rule `{name}` is loaded")).nearest(name, known);
                    }
                    Some(rule) if filtered.is_some_and(|source| source.product != rule.source.product) => {
                        findings.warning(
                            *place,
                            format!("rule `{name}` is of another log source: {}", rule.source),
                        );
                    }
                    Some(_) => {}
                }
            }
            self.findings.extend(findings.into_list());
        }
    }

    /// Resolves correlations, each after those that it is about.
    fn correlations(
        &mut self,
        rules: &[Rule],
        counted: &[(usize, Arc<str>, CorrelationText)],
        references: &mut References,
    ) -> Vec<Correlation> {
        let mut done: Vec<Correlation> = Vec::new();
        for (at, file, text) in counted {
            let mut findings = Findings::new(file.clone());
            let meta = rules.get(*at).map(|rule| rule.meta.clone()).unwrap_or_default();
            let resolver = Resolver { rules, done: &done };
            let built = resolver.build(meta, text, vec![*at], &mut findings);
            // Whoever refers to the rule means what it counts.
            if let Some(correlation) = built {
                let position = rules.len() + done.len();
                references.values_mut().filter(|known| *known == at).for_each(|known| *known = position);
                done.push(correlation);
            }
            self.findings.extend(findings.into_list());
        }
        let mut pending = std::mem::take(&mut self.correlations);
        loop {
            let before = pending.len();
            let mut waiting = Vec::new();
            for loaded in pending {
                let members = loaded.body.rules.iter().map(|(_, name)| references.get(name).copied());
                let Some(members) = members.collect::<Option<Vec<usize>>>() else {
                    waiting.push(loaded);
                    continue;
                };
                let mut findings = Findings::new(loaded.file.clone());
                let resolver = Resolver { rules, done: &done };
                let built = resolver.build(loaded.meta.clone(), &loaded.body, members, &mut findings);
                if let Some(correlation) = built
                    && remember(references, &loaded.meta, rules.len() + done.len(), &mut findings)
                {
                    done.push(correlation);
                }
                self.findings.extend(findings.into_list());
            }
            pending = waiting;
            if pending.is_empty() || pending.len() == before {
                break;
            }
        }
        self.unresolved(&pending, references);
        done
    }

    /// Says why correlations could not be resolved: a member is missing, or they go in a circle.
    fn unresolved(&mut self, pending: &[Loaded<CorrelationText>], references: &References) {
        let waiting = |name: &str| {
            let is_it = |meta: &Meta| meta.id.as_deref() == Some(name) || meta.name.as_deref() == Some(name);
            pending.iter().any(|loaded| is_it(&loaded.meta))
        };
        for loaded in pending {
            let mut findings = Findings::new(loaded.file.clone());
            for (place, name) in loaded.body.rules.iter().filter(|(_, name)| !references.contains_key(name)) {
                if waiting(name) {
                    findings
                        .error(*place, format!("correlation `{name}` is not loaded"))
                        .hint("it refers to a rule that is not there, or back to this one");
                } else {
                    let known = references.keys().map(String::as_str);
                    findings.error(*place, format!("no rule `{name}` is loaded")).nearest(name, known);
                }
            }
            self.findings.extend(findings.into_list());
        }
    }
}

/// Finds members and fields of correlations.
struct Resolver<'a> {
    rules: &'a [Rule],
    done: &'a [Correlation],
}

impl Resolver<'_> {
    fn build(
        &self,
        meta: Meta,
        text: &CorrelationText,
        members: Vec<usize>,
        findings: &mut Findings,
    ) -> Option<Correlation> {
        let before = findings.errors();
        let mut bases: Vec<usize> = members.iter().flat_map(|member| self.bases(*member)).collect();
        bases.sort_unstable();
        bases.dedup();
        for alias in &text.aliases {
            self.check_alias(alias, text, findings);
        }
        let mut resolve = |wanted: &[(Place, String)]| -> Vec<Alias> {
            wanted
                .iter()
                .map(|(place, name)| self.alias(*place, name, text, &members, &bases, findings))
                .collect()
        };
        let group_by = resolve(&text.group_by);
        let field = resolve(&text.field);
        let correlation = Correlation {
            file: findings.file().clone(),
            signature: Arc::new(signature(&meta)),
            meta,
            kind: text.kind,
            members,
            group_by,
            timespan_ns: text.timespan_ns,
            criteria: text.criteria.clone(),
            field,
            generate: text.generate,
        };
        (findings.errors() == before).then_some(correlation)
    }

    /// The rules that a member is made of in the end.
    fn bases(&self, member: usize) -> Vec<usize> {
        match member.checked_sub(self.rules.len()).and_then(|at| self.done.get(at)) {
            // Correlations come after those that they are about: this ends.
            Some(correlation) => correlation.members.iter().flat_map(|member| self.bases(*member)).collect(),
            None => vec![member],
        }
    }

    fn check_alias(&self, alias: &AliasText, text: &CorrelationText, findings: &mut Findings) {
        for (place, rule, _) in &alias.fields {
            if !text.rules.iter().any(|(_, name)| name == rule) {
                let known: Vec<&str> = text.rules.iter().map(|(_, name)| name.as_str()).collect();
                findings
                    .error(*place, format!("`{rule}` is no rule of this correlation"))
                    .nearest(rule, known);
            }
        }
        if !text.group_by.iter().chain(&text.field).any(|(_, name)| *name == alias.name) {
            findings.warning(alias.place, format!("alias `{}` is not used", alias.name));
        }
    }

    fn alias(
        &self,
        place: Place,
        name: &str,
        text: &CorrelationText,
        members: &[usize],
        bases: &[usize],
        findings: &mut Findings,
    ) -> Alias {
        let mut fields = Vec::new();
        let mut add = |base: usize, place: Place, name: &str, findings: &mut Findings| {
            if let Some(rule) = self.rules.get(base)
                && let Some(field) = find_field(name, rule.source, place, findings)
            {
                fields.push((base, field));
            }
        };
        match text.aliases.iter().find(|alias| alias.name == name) {
            None => bases.iter().for_each(|base| add(*base, place, name, findings)),
            Some(alias) => {
                for ((_, rule), member) in text.rules.iter().zip(members) {
                    match alias.fields.iter().find(|(_, known, _)| known == rule) {
                        Some((place, _, field)) => {
                            self.bases(*member)
                                .into_iter()
                                .for_each(|base| add(base, *place, field, findings));
                        }
                        None => {
                            let cause = format!("alias `{name}` has no field for rule `{rule}`");
                            findings.error(alias.place, cause);
                        }
                    }
                }
            }
        }
        fields.sort();
        fields.dedup();
        Alias { name: name.to_owned(), fields }
    }
}

/// The log source that a rule means.
fn route(
    source: &Source,
    fallback: Option<&'static LogSource>,
    findings: &mut Findings,
) -> Option<&'static LogSource> {
    let (product, service, category) =
        (source.product.as_deref(), source.service.as_deref(), source.category.as_deref());
    let found = log_sources().iter().find(|known| known.suits(product, service, category)).or(fallback);
    if found.is_none() {
        let attributes = [("product", product), ("service", service), ("category", category)];
        let shown: Vec<String> =
            attributes.iter().filter_map(|(name, value)| Some(format!("{name} {}", (*value)?))).collect();
        let same = log_sources().iter().filter(|known| Some(known.product) == product);
        let services: Vec<&str> = same.clone().filter_map(|known| known.service).collect();
        let finding = findings
            .warning(source.place, format!("no events are of {}: the rule never runs", shown.join(", ")));
        match (service, same.count()) {
            (Some(service), 1..) => finding.nearest(service, services),
            _ => finding.nearest(product.unwrap_or(""), log_sources().iter().map(|known| known.product)),
        };
    }
    found
}

/// Whether a filter is for a rule.
fn applies((source, filter): &(Source, Filter), rule: &Source, meta: &Meta) -> bool {
    let same = |wanted: &Option<String>, own: &Option<String>| wanted.is_none() || wanted == own;
    let named = match &filter.rules {
        Targets::Any => true,
        Targets::Named(names) => {
            names.iter().any(|(_, name)| Some(name) == meta.id.as_ref() || Some(name) == meta.name.as_ref())
        }
    };
    named
        && same(&source.product, &rule.product)
        && same(&source.service, &rule.service)
        && same(&source.category, &rule.category)
}

/// Notes where a rule is; false, with a finding, when its id or name is taken.
fn remember(references: &mut References, meta: &Meta, at: usize, findings: &mut Findings) -> bool {
    let taken = [("id", &meta.id), ("name", &meta.name)].into_iter().find_map(|(what, value)| {
        value.as_ref().filter(|value| references.contains_key(*value)).map(|value| (what, value))
    });
    if let Some((what, value)) = taken {
        findings.error(meta.place, format!("another rule has the {what} `{value}`"));
        return false;
    }
    references.extend(meta.id.iter().chain(&meta.name).map(|value| (value.clone(), at)));
    true
}
