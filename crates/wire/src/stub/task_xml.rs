//! What a scheduled task does, out of its XML ([MS-TSCH] 2.5).
//!
//! The document comes from a client that may be hostile, and its end may be missing: what was read up to the first thing
//! that is not XML counts. Entities other than those of XML itself are not expanded.

use super::Decoded;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use rpcscope_model::{List, Text, Value};
use std::borrow::Cow;

/// Characters of a document that are read. The schema puts the actions last, so a limit that is too small would miss
/// what matters; Windows writes tasks of a few thousand characters.
pub(super) const MAX_CHARS: usize = 64 << 10;

/// The arguments that [`put_task`] can give, which the tables of its users have to name.
#[cfg(test)]
pub(super) const FIELDS: &[&str] = &[
    "command",
    "arguments",
    "working_directory",
    "class_id",
    "account",
    "group",
    "run_level",
    "author",
    "hidden",
    "triggers",
];

/// Puts actions, principal, author and triggers of a task among the arguments.
pub(super) fn put_task(call: &mut Decoded, xml: &str) {
    let mut task = Task::default();
    task.read(xml);
    for (name, texts) in task.found {
        call.put(name, one_or_list(texts));
    }
    if !task.triggers.values.is_empty() {
        call.put("triggers", task.triggers);
    }
}

/// An element that has a meaning here: the element around it, its name, and the argument that it gives.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("Exec", "Command", "command"),
    ("Exec", "Arguments", "arguments"),
    ("Exec", "WorkingDirectory", "working_directory"),
    ("ComHandler", "ClassId", "class_id"),
    ("Principal", "UserId", "account"),
    ("Principal", "GroupId", "group"),
    ("Principal", "RunLevel", "run_level"),
    ("RegistrationInfo", "Author", "author"),
    ("Settings", "Hidden", "hidden"),
];

/// The parts of a trigger that are told, and how they are called.
const TRIGGER_PARTS: &[(&str, &str)] = &[
    ("StartBoundary", "start"),
    ("UserId", "account"),
    ("Interval", "interval"),
    ("Delay", "delay"),
    ("Subscription", "subscription"),
    ("StateChange", "state_change"),
];

/// Elements inside of each other; the schema has no more than seven.
const MAX_DEPTH: usize = 32;

#[derive(Default)]
struct Task {
    found: Vec<(&'static str, List)>,
    triggers: List,
    trigger: Vec<(Cow<'static, str>, Value)>,
    /// Names of the elements around the place that is read, the outermost first.
    around: Vec<String>,
    text: String,
    cut: bool,
}

impl Task {
    fn read(&mut self, xml: &str) {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => {
                    self.text.clear();
                    self.cut = false;
                    self.around.push(start.local_name().as_ref().chars().take(64).collect());
                    if self.around.len() > MAX_DEPTH {
                        break;
                    }
                }
                Ok(Event::End(_)) => self.close(),
                Ok(Event::Empty(start)) => {
                    self.text.clear();
                    self.around.push(start.local_name().as_ref().chars().take(64).collect());
                    self.close();
                }
                Ok(Event::Text(text)) => self.add(&text),
                Ok(Event::CData(text)) => self.add(&text),
                Ok(Event::GeneralRef(reference)) => self.add(&resolved(&reference)),
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        // What was open when the document ended.
        self.cut = true;
        while !self.around.is_empty() {
            self.close();
        }
    }

    /// Adds to the text of the element that is read. Its length is bounded as that of every text is.
    fn add(&mut self, text: &str) {
        let room = Text::MAX_CHARS.saturating_sub(self.text.len());
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= room).unwrap_or(text.len());
        self.text.push_str(text.get(..end).unwrap_or(text));
        self.cut |= end < text.len();
    }

    /// Ends an element: takes its text for what the element means.
    fn close(&mut self) {
        let Some(name) = self.around.pop() else { return };
        let text = Text { string: self.text.trim().replace('\0', "\\0").into(), cut: self.cut };
        self.text.clear();
        let parent = self.around.last().map(String::as_str).unwrap_or_default();
        let meaning = MEANINGS.iter().find(|(around, element, _)| *around == parent && *element == name);
        if let Some((_, _, argument)) = meaning
            && !text.string.is_empty()
        {
            self.found(argument, text);
        } else if parent == "Triggers" {
            let mut parts = vec![("kind".into(), Value::Text(Text::whole(name)))];
            parts.append(&mut self.trigger);
            self.triggers.push(Value::Fields(parts));
        } else if self.around.iter().any(|around| around == "Triggers")
            && let Some((_, part)) = TRIGGER_PARTS.iter().find(|(element, _)| *element == name)
            && !text.string.is_empty()
            && self.trigger.len() < TRIGGER_PARTS.len()
        {
            self.trigger.push(((*part).into(), Value::Text(text)));
        }
    }

    fn found(&mut self, argument: &'static str, text: Text) {
        let at = self.found.iter().position(|(known, _)| *known == argument).unwrap_or_else(|| {
            self.found.push((argument, List::default()));
            self.found.len().saturating_sub(1)
        });
        if let Some((_, texts)) = self.found.get_mut(at) {
            texts.push(Value::Text(text));
        }
    }
}

/// Most tasks have one action.
fn one_or_list(mut list: List) -> Value {
    match list.values.pop() {
        Some(only) if list.values.is_empty() => only,
        last => {
            list.values.extend(last);
            Value::List(list)
        }
    }
}

/// The characters that a reference stands for; one that XML does not define stays as it is.
fn resolved(reference: &BytesRef<'_>) -> Cow<'static, str> {
    match reference.resolve_char_ref() {
        Ok(Some(char)) => return Cow::Owned(char.to_string()),
        Ok(None) => {}
        Err(_) => return Cow::Borrowed("\u{fffd}"),
    }
    match reference.as_ref() {
        "lt" => Cow::Borrowed("<"),
        "gt" => Cow::Borrowed(">"),
        "amp" => Cow::Borrowed("&"),
        "quot" => Cow::Borrowed("\""),
        "apos" => Cow::Borrowed("'"),
        other => Cow::Owned(format!("&{other};")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str) -> Decoded {
        let mut call = Decoded::default();
        put_task(&mut call, xml);
        assert!(call.arguments.iter().all(|(name, _)| FIELDS.contains(&name)));
        call
    }

    const TASK: &str = r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>CORP\alice</Author></RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2015-07-15T20:35:13</StartBoundary><Enabled>true</Enabled>
      <Repetition><Interval>PT5M</Interval></Repetition>
    </CalendarTrigger>
    <LogonTrigger/>
  </Triggers>
  <Principals><Principal id="LocalSystem"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><Hidden>true</Hidden></Settings>
  <Actions Context="LocalSystem">
    <Exec>
      <Command>cmd.exe</Command>
      <Arguments>/C whoami &gt; %windir%\Temp\a.tmp 2&gt;&amp;1</Arguments>
    </Exec>
  </Actions>
</Task>"#;

    #[test]
    fn a_task_tells_what_it_runs_as_whom_and_when() {
        let task = read(TASK).arguments;
        assert_eq!(task.text("command"), Some("cmd.exe"));
        assert_eq!(task.text("arguments"), Some(r"/C whoami > %windir%\Temp\a.tmp 2>&1"));
        assert_eq!(
            (task.text("account"), task.text("run_level")),
            (Some("S-1-5-18"), Some("HighestAvailable"))
        );
        assert_eq!((task.text("author"), task.text("hidden")), (Some("CORP\\alice"), Some("true")));
        let Some(Value::List(triggers)) = task.get("triggers") else { panic!("triggers") };
        let part = |name: &'static str, text: &str| (Cow::Borrowed(name), Value::Text(Text::whole(text)));
        let calendar =
            [part("kind", "CalendarTrigger"), part("start", "2015-07-15T20:35:13"), part("interval", "PT5M")];
        assert_eq!(
            triggers.values,
            [Value::Fields(calendar.to_vec()), Value::Fields(vec![part("kind", "LogonTrigger")])]
        );
    }

    #[test]
    fn several_actions_give_lists() {
        let xml = "<Task><Actions><Exec><Command>a</Command></Exec><Exec><Command>b</Command></Exec></Actions></Task>";
        let Some(Value::List(list)) = read(xml).arguments.get("command").cloned() else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("a")), Value::Text(Text::whole("b"))]);
    }

    #[test]
    fn a_cut_document_gives_what_was_read() {
        for end in 0..TASK.len() {
            read(&TASK[..end]);
        }
        let end = TASK.find("whoami").expect("the command line");
        let task = read(&TASK[..end + 3]).arguments;
        assert_eq!(task.text("command"), Some("cmd.exe"));
        let cut = Text { string: "/C who".into(), cut: true };
        assert_eq!(task.get("arguments"), Some(&Value::Text(cut)));
    }

    #[test]
    fn ways_to_write_the_same_command_give_the_same_command() {
        for command in
            ["cmd.exe", "<![CDATA[cmd.exe]]>", "c<!-- x -->md.exe", "&#99;md.&#x65;xe", " cmd.exe\n"]
        {
            let xml = format!("<t:Task><t:Exec><t:Command>{command}</t:Command></t:Exec></t:Task>");
            assert_eq!(read(&xml).arguments.text("command"), Some("cmd.exe"), "{command}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = "<a>".repeat(100_000);
        assert!(read(&deep).arguments.is_empty());
        let long = format!("<Exec><Command>{}</Command></Exec>", "x".repeat(5000));
        let Some(Value::Text(text)) = read(&long).arguments.get("command").cloned() else { panic!("a text") };
        assert!(text.cut && text.string.len() == Text::MAX_CHARS);
        let many = "<Exec><Command>x</Command></Exec>".repeat(1000);
        let Some(Value::List(list)) = read(&many).arguments.get("command").cloned() else { panic!("a list") };
        assert_eq!((list.values.len(), list.omitted), (List::MAX, 1000 - List::MAX));
    }
}
