//! Contents and what modifies them: chains of steps on one buffer.

use super::bytes::{self, Variables};
use super::expression::pcre;
use super::line::{Critic, Part};
use super::mend::Mend;
use super::option::{Item, content_bytes, quoted};
use super::payload::{Content, MAX_STEPS, Needle, Section, Step, Value};
use crate::finding::Place;

/// What steps look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Buffer {
    /// The first PDU of a message, as it travelled.
    Pdu(Section),
    /// The stub of a message.
    Stub,
    /// The path of a tree connect of SMB to a share of this kind.
    Tree(Tree),
}

/// What clients of SMB connect to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tree {
    /// The share of named pipes.
    Pipes,
    /// Any other share.
    Share,
}

/// Steps on one buffer, in the order of the rule.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) buffer: Buffer,
    /// What named the buffer, or its first step.
    pub(super) place: Place,
    pub(super) steps: Vec<Step>,
    /// The options that it is made of, as the rule has them.
    pub(super) text: String,
    variables: Variables,
    /// The bytes of the last step, when it is a content.
    last: Option<Vec<u8>>,
}

/// Collects chains.
#[derive(Debug, Default)]
pub(super) struct Chains {
    pub(super) list: Vec<Chain>,
    /// Whether the last option only named a buffer.
    named: bool,
}

impl Chains {
    /// Goes on with another buffer.
    pub(super) fn select(&mut self, buffer: Buffer, keyword: Part<'_>, critic: &mut Critic<'_>) {
        self.list.push(Chain::new(buffer, critic.line.place(keyword.at)));
        self.named = true;
    }

    /// Reads an option that adds a step, or changes the last one; `None` when the keyword is another one.
    pub(super) fn read(
        &mut self,
        item: Item<'_>,
        critic: &mut Critic<'_>,
        mends: &mut Vec<Mend>,
    ) -> Option<()> {
        let Item { keyword, value } = item;
        if !STEPS.contains(&keyword.text) && !MODIFIERS.contains(&keyword.text) {
            return None;
        }
        let chain = match self.list.last_mut() {
            Some(chain) => chain,
            None => {
                let pdu = Buffer::Pdu(Section::Whole);
                self.list.push(Chain::new(pdu, critic.line.place(keyword.at)));
                self.list.last_mut()?
            }
        };
        let known = &mut chain.variables;
        let read = value.unwrap_or(keyword);
        let step = match keyword.text {
            "content" => {
                chain.content(read, critic, mends);
                None
            }
            "pcre" => pcre(read, critic, mends).map(Step::Pcre),
            "byte_test" => bytes::byte_test(read, known, critic),
            "byte_jump" => bytes::byte_jump(read, known, critic),
            "byte_extract" => bytes::byte_extract(read, known, critic),
            "isdataat" => bytes::is_data_at(read, known, critic),
            "bsize" => bytes::size(read, critic),
            _ => {
                chain.modify(keyword, value, critic);
                None
            }
        };
        if let Some(step) = step {
            let step = chain.order(step);
            chain.push(step, keyword, critic);
        }
        self.named = false;
        if let Some(chain) = self.list.last_mut() {
            let separator = if chain.text.is_empty() { "" } else { "; " };
            let value = value.map(|value| format!(":{}", value.text)).unwrap_or_default();
            chain.text.push_str(&format!("{separator}{}{value}", keyword.text));
        }
        Some(())
    }

    /// Adds a condition on the size of the PDU, whatever buffer is being looked at.
    pub(super) fn size_of_pdu(&mut self, step: Step, text: String, place: Place) {
        let steps = vec![step];
        let pdu = Chain { steps, text, ..Chain::new(Buffer::Pdu(Section::Whole), place) };
        // The buffer that is being looked at stays the last one.
        self.list.insert(self.list.len().saturating_sub(1), pdu);
    }

    /// Where the last buffer is named, when nothing is looked for in it.
    pub(super) fn open_end(&self) -> Option<Place> {
        self.list.last().filter(|_| self.named).map(|chain| chain.place)
    }
}

impl Chain {
    fn new(buffer: Buffer, place: Place) -> Self {
        Self {
            buffer,
            place,
            steps: Vec::new(),
            text: String::new(),
            variables: Variables::new(),
            last: None,
        }
    }

    fn push(&mut self, step: Step, keyword: Part<'_>, critic: &mut Critic<'_>) -> Option<()> {
        if self.steps.len() >= MAX_STEPS {
            critic.error(keyword, format!("more than {MAX_STEPS} steps on one buffer"));
            return None;
        }
        self.last = None;
        self.steps.push(step);
        Some(())
    }

    /// In a PDU `little` means the byte order that the PDU says it has: whoever writes it has seen little-endian PDUs only,
    /// and means the number. In other buffers it is taken by its word.
    fn order(&self, mut step: Step) -> Step {
        use super::payload::{ByteOrder, Coding};
        let reading = match &mut step {
            Step::Test(test) => &mut test.reading,
            Step::Jump(jump) => &mut jump.reading,
            Step::Extract(extract) => &mut extract.reading,
            _ => return step,
        };
        if matches!(self.buffer, Buffer::Pdu(_)) && reading.coding == Coding::Binary(ByteOrder::Little) {
            reading.coding = Coding::OfPdu;
        }
        step
    }

    fn content(&mut self, value: Part<'_>, critic: &mut Critic<'_>, mends: &mut Vec<Mend>) -> Option<()> {
        let (negated, value) = value.negation();
        // Snort 3 writes modifiers after the text, with commas.
        let close = value.text.rfind('"').map_or(value.text.len(), |at| at + 1);
        let (text, modifiers) = value.split_at(if close > 1 { close } else { value.text.len() });
        let bytes = content_bytes(quoted(text.trim(), critic, mends)?, critic)?;
        let content = Content {
            needle: Needle::exact(&bytes),
            negated,
            offset: None,
            depth: None,
            distance: None,
            within: None,
            at_start: false,
            at_end: false,
        };
        self.push(Step::Content(content), value, critic)?;
        self.last = Some(bytes);
        let Some(modifiers) = modifiers.trim().strip_prefix(",") else { return Some(()) };
        for modifier in modifiers.split(',') {
            match *modifier.words().as_slice() {
                [keyword] => self.modify(keyword, None, critic)?,
                [keyword, value] => self.modify(keyword, Some(value), critic)?,
                _ => {
                    critic.error(modifier, format!("`{}` is no modifier of a content", modifier.text));
                    return None;
                }
            }
        }
        Some(())
    }

    fn modify(&mut self, keyword: Part<'_>, value: Option<Part<'_>>, critic: &mut Critic<'_>) -> Option<()> {
        let (Some(bytes), Some(Step::Content(content))) = (&self.last, self.steps.last_mut()) else {
            critic.error(keyword, format!("`{}` stands after no `content`", keyword.text));
            return None;
        };
        let number = |critic: &mut Critic<'_>, most_before: i64| {
            let Some(part) = value else {
                critic.error(keyword, format!("`{}` needs a number", keyword.text));
                return None;
            };
            let number = bytes::value(part, &self.variables, critic)?;
            if let Value::Number(number) = number
                && number < most_before
            {
                critic.error(part, format!("`{}` is at least {most_before} here", keyword.text));
                return None;
            }
            Some(number)
        };
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let target = match keyword.text {
            "rawbytes" | "fast_pattern" => return Some(()),
            "nocase" => {
                let Some(folded) = Needle::folded(bytes) else {
                    critic.error(keyword, "the content cannot be looked for without regard to case");
                    return None;
                };
                content.needle = folded;
                return Some(());
            }
            "startswith" => {
                content.at_start = true;
                return self.check(keyword, critic);
            }
            "endswith" => {
                content.at_end = true;
                return self.check(keyword, critic);
            }
            "offset" => (&mut content.offset, number(critic, 0)?),
            "depth" => (&mut content.depth, number(critic, length)?),
            "within" => (&mut content.within, number(critic, length)?),
            "distance" => (&mut content.distance, number(critic, i64::MIN)?),
            unknown => {
                critic
                    .error(keyword, format!("`{unknown}` is no modifier of a content"))
                    .nearest(unknown, MODIFIERS);
                return None;
            }
        };
        let (field, number) = target;
        if field.replace(number).is_some() {
            critic.error(keyword, format!("`{}` twice for one content", keyword.text));
            return None;
        }
        self.check(keyword, critic)
    }

    /// Refuses modifiers that contradict each other.
    fn check(&self, keyword: Part<'_>, critic: &mut Critic<'_>) -> Option<()> {
        let Some(Step::Content(content)) = self.steps.last() else { return Some(()) };
        let placed = content.offset.is_some() || content.depth.is_some() || content.is_relative();
        if content.at_start && placed {
            critic.error(
                keyword,
                "`startswith` goes with neither `offset` nor `depth` nor `distance` nor `within`",
            );
            return None;
        }
        Some(())
    }
}

const STEPS: [&str; 7] = ["content", "pcre", "byte_test", "byte_jump", "byte_extract", "isdataat", "bsize"];
const MODIFIERS: [&str; 9] =
    ["nocase", "rawbytes", "fast_pattern", "startswith", "endswith", "offset", "depth", "distance", "within"];
