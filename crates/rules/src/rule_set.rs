//! The rules that are loaded, and which of them an event is about.

use crate::content_index::ContentIndex;
use crate::demand::{Candidates, Index, Key};
use crate::expression::Expression;
use crate::field::{EventType, Field, Kind, Known, LogSource};
use crate::sigma::{Correlation, Meta};
use crate::signature::signature;
use crate::suricata::{Action, RuleText, Threshold};
use crate::word_index::WordIndex;
use rpcscope_model::{Alert, Calls, Contents, Event, EventBody, Opnum, Signature, Wanted};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// A rule, made ready.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What describes it.
    pub meta: Meta,
    /// The file that has it.
    pub file: Arc<str>,
    /// The events that it is about.
    pub source: &'static LogSource,
    /// What must hold, filters included.
    pub expression: Expression,
    /// When all that it reads is known, arguments aside.
    pub known: Known,
    /// Arguments that it reads: names, without the members of structures.
    pub arguments: Vec<Arc<str>>,
    /// What its alerts say of it.
    pub signature: Arc<Signature>,
    /// How often it may alert.
    pub threshold: Option<Threshold>,
    /// What rule text says beside its condition; `None` for a rule of another language.
    pub text: Option<Arc<RuleText>>,
}

impl Rule {
    pub(crate) fn new(
        meta: Meta,
        file: Arc<str>,
        source: &'static LogSource,
        expression: Expression,
    ) -> Self {
        let fields = expression.fields();
        let everything = expression.looks_everywhere().then_some(Known::Outcome);
        let known = fields.iter().map(Field::known).chain(everything).max().unwrap_or(Known::Request);
        let mut arguments: Vec<Arc<str>> = fields.iter().filter_map(Field::argument).collect();
        arguments.dedup();
        let signature = Arc::new(signature(&meta));
        Self { meta, file, source, expression, known, arguments, signature, threshold: None, text: None }
    }

    /// Whether it reads messages as they travelled.
    fn reads_bytes(&self) -> bool {
        self.expression.fields().iter().any(|field| field.kind() == Kind::Bytes)
    }

    /// Whether all bytes that it reads are of one message.
    fn reads_one_side(&self) -> bool {
        let fields = self.expression.fields();
        let bytes = fields.iter().filter(|field| field.kind() == Kind::Bytes);
        let of_request = bytes.clone().filter(|field| field.known() == Known::Request).count();
        of_request == 0 || of_request == bytes.count()
    }

    /// Whether it is the second half of a rule that looks at both messages of a call; the first one has the same signature.
    pub fn is_second_half(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.is_second_half)
    }

    /// Whether it looks at events of a kind. What is told beside a call is not for rules that are about calls, too: they
    /// would say the same twice.
    pub(crate) fn is_about(&self, event: EventType) -> bool {
        let events = self.source.events;
        events.contains(&event) && !(event.repeats_a_call() && events.contains(&EventType::Call))
    }

    /// Whether it may hold as soon as the request of a call is complete.
    pub(crate) fn is_of_request(&self) -> bool {
        self.known == Known::Request
    }
}

/// By what a rule is known when it is loaded again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Signed<'a> {
    gid: u32,
    sid: u32,
    id: Option<&'a str>,
    is_second_half: bool,
}

/// All rules that are loaded.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    correlations: Vec<Correlation>,
    /// Whether a rule alerts on its own, by position.
    alerts: Vec<bool>,
    /// Whether a correlation is about a rule, by position.
    deferred: Vec<bool>,
    calls: Index,
    /// Rules about events that are no calls, by type.
    others: [WordIndex; EventType::ALL.len()],
    /// Rules about messages that must have some content.
    contents: Arc<ContentIndex>,
    wanted: Arc<Wanted>,
}

impl RuleSet {
    pub(crate) fn new(mut rules: Vec<Rule>, correlations: Vec<Correlation>, counted: &[usize]) -> Self {
        // A correlation may want to know more of an event than the rule does.
        for correlation in &correlations {
            for alias in correlation.group_by.iter().chain(&correlation.field) {
                for (base, field) in &alias.fields {
                    if let Some(rule) = rules.get_mut(*base) {
                        rule.known = rule.known.max(field.known());
                        rule.arguments.extend(field.argument());
                    }
                }
            }
        }
        let mut alerts = vec![true; rules.len() + correlations.len()];
        let mut deferred = vec![false; rules.len() + correlations.len()];
        let members = correlations.iter().flat_map(|correlation| &correlation.members);
        for quiet in members.chain(counted) {
            alerts[*quiet] = false;
            deferred[*quiet] = true;
        }
        for (later, rule) in deferred.iter_mut().zip(&rules) {
            *later |= rule.threshold.is_some();
        }
        for (loud, rule) in alerts.iter_mut().zip(&rules) {
            *loud &= rule.text.as_ref().is_none_or(|text| !text.no_alert && text.action != Action::Pass);
        }
        let generated = correlations.iter().filter(|correlation| correlation.generate);
        for loud in generated.flat_map(|correlation| &correlation.members) {
            alerts[*loud] = true;
        }
        let about = |event: EventType| {
            let all = rules.iter().enumerate();
            all.filter(move |(_, rule)| rule.is_about(event))
        };
        let contents = Arc::new(ContentIndex::new(rules.iter().map(|rule| &rule.expression)));
        // What any event may meet is looked for by its content, when it has one.
        let is_open = |(at, _): &(usize, &Rule)| !contents.have(*at);
        let calls =
            Index::new(about(EventType::Call).filter(is_open).map(|(at, rule)| (at, &rule.expression)));
        let others = EventType::ALL.map(|event| {
            let rules = about(event).filter(is_open).map(|(at, rule)| (at, &rule.expression));
            WordIndex::new(event, rules)
        });
        let wanted = Arc::new(wanted(&rules, &contents));
        Self { rules, correlations, alerts, deferred, calls, others, contents, wanted }
    }

    /// Calls `matched` with the position of each rule that holds for an event, in ascending order. What rules remember of
    /// earlier events is for a [`Watch`](crate::Watch).
    pub fn each_match(&self, event: &Event, mut matched: impl FnMut(usize, &Rule)) {
        for at in self.candidates(event) {
            if let Some(rule) = self.rules.get(at).filter(|rule| rule.expression.holds(event)) {
                matched(at, rule);
            }
        }
    }

    /// Positions of the rules that may hold for an event, in ascending order.
    pub(crate) fn candidates(&self, event: &Event) -> Candidates {
        let mut candidates = match &event.body {
            EventBody::Call(call) => self.calls.candidates(call),
            _ => {
                let kind = EventType::of(event);
                let at = EventType::ALL.iter().position(|known| *known == kind);
                let Some(index) = at.and_then(|at| self.others.get(at)) else { return Candidates::new() };
                let is_of_source =
                    |at: &usize| self.rules.get(*at).is_some_and(|rule| rule.source.has(event));
                index.candidates(event).into_iter().filter(is_of_source).collect()
            }
        };
        self.contents.add_candidates(event, &mut candidates);
        candidates
    }

    /// Whether more must be known than one event to say what the rule at a position has to say: a correlation is about it,
    /// or it may alert only so often.
    pub fn is_deferred(&self, position: usize) -> bool {
        self.deferred.get(position).copied().unwrap_or(false)
    }

    /// What a rule says about an event, if it says so on its own and each time.
    pub fn alert(&self, position: usize, event: &Arc<Event>) -> Option<Alert> {
        let rule = self.rules.get(position).filter(|_| self.alerts(position))?;
        if rule.threshold.is_some() {
            return None;
        }
        Some(Alert {
            rule: Arc::clone(&rule.signature),
            event: Arc::clone(event),
            correlated: None,
            capture: None,
        })
    }

    /// By what each rule and correlation is known, by position.
    pub(crate) fn signed(&self) -> impl Iterator<Item = Signed<'_>> {
        let rules = self.rules.iter().map(|rule| (&rule.signature, rule.is_second_half()));
        let correlations = self.correlations.iter().map(|correlation| (&correlation.signature, false));
        rules.chain(correlations).map(|(signature, is_second_half)| Signed {
            gid: signature.gid,
            sid: signature.sid,
            id: signature.id.as_deref(),
            is_second_half,
        })
    }

    /// What the rules need to be told of.
    pub fn wanted(&self) -> &Arc<Wanted> {
        &self.wanted
    }

    /// All rules. Their positions are the numbers that [`each_match`](Self::each_match) gives and correlations use.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How many rules and correlations were written: one that looks at both messages of a call is one.
    pub fn count(&self) -> usize {
        let rules = self.rules.iter().filter(|rule| !rule.is_second_half());
        rules.count() + self.correlations.len()
    }

    /// All correlations, each after those that it is about. Their positions follow those of the rules.
    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }

    /// All rules and correlations: position, file, and what describes them. A rule that an obsolete condition counts comes
    /// once, as the correlation that it became.
    pub fn described(&self) -> impl Iterator<Item = (usize, &Arc<str>, &Meta)> {
        let counts = |at: usize, rule: &Rule| {
            let of_rule = |correlation: &Correlation| {
                correlation.members == [at]
                    && correlation.file == rule.file
                    && correlation.meta.place == rule.meta.place
            };
            self.deferred.get(at) == Some(&true) && self.correlations.iter().any(of_rule)
        };
        let rules = self
            .rules
            .iter()
            .enumerate()
            .filter(move |(at, rule)| !rule.is_second_half() && !counts(*at, rule));
        let rules = rules.map(|(at, rule)| (at, &rule.file, &rule.meta));
        let correlations = self.correlations.iter().enumerate();
        rules.chain(correlations.map(|(at, one)| (self.rules.len() + at, &one.file, &one.meta)))
    }

    /// Whether the rule or correlation at a position alerts on its own, and not only within a correlation.
    pub fn alerts(&self, position: usize) -> bool {
        self.alerts.get(position).copied().unwrap_or(false)
    }
}

/// What must be told, so that every rule meets what it is about.
fn wanted(rules: &[Rule], contents: &Arc<ContentIndex>) -> Wanted {
    let (mut requests, mut wire) = (Demand::default(), Demand::default());
    for (at, rule) in rules.iter().enumerate() {
        // By the content that it demands, which is of one message; it may read the other one, too.
        let is_found = contents.have(at) && rule.reads_one_side();
        if rule.reads_bytes() && !is_found {
            wire.add(rule.expression.demand());
        }
        if !rule.is_of_request() {
            continue;
        }
        // Activations and management operations are told with the requests that they are.
        if rule.is_about(EventType::Activation) {
            requests.add(Some(ACTIVATORS.map(Key::of_interface).into()));
        }
        if rule.is_about(EventType::Wmi) {
            requests.add(Some(MANAGEMENT.map(Key::of_interface).into()));
        }
        if rule.is_about(EventType::Call) && !is_found {
            requests.add(rule.expression.demand());
        }
    }
    let is_searched = (0..rules.len()).any(|at| contents.have(at));
    let contents = is_searched.then_some(Arc::clone(contents) as Arc<dyn Contents>);
    Wanted { requests: requests.calls(), wire: wire.calls(), contents }
}

/// The calls that rules demand together.
#[derive(Default)]
struct Demand {
    keys: HashSet<(Option<Uuid>, Option<Opnum>)>,
    /// A rule demands any.
    all: bool,
}

impl Demand {
    /// Adds what a rule demands; `None` is any call.
    fn add(&mut self, demanded: Option<Vec<Key>>) {
        self.all |= demanded.is_none();
        let keys = demanded.into_iter().flatten();
        self.keys.extend(keys.map(|key| (key.interface, key.opnum.map(Opnum))));
    }

    fn calls(self) -> Calls {
        match self {
            Self { all: true, .. } => Calls::All,
            Self { keys, .. } => Calls::keyed(keys),
        }
    }
}

/// `IActivation` and `IRemoteSCMActivator` ([MS-DCOM] 3.1.2.5.2).
const ACTIVATORS: [Uuid; 2] = [
    Uuid::from_u128(0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57),
    Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046),
];
/// `IWbemServices` and `IWbemLevel1Login` ([MS-WMI] 3.1.4).
pub(crate) const MANAGEMENT: [Uuid; 2] = [
    Uuid::from_u128(0x9556dc99_828c_11cf_a37e_00aa003240c7),
    Uuid::from_u128(0xf309ad18_d86a_11d0_a075_00c04fb68820),
];
