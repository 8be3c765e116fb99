//! The results of tests in the format of JUnit, which build servers read.

use super::plan::Tests;
use super::verdict::Verdict;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// One file of tests and what came of each test.
pub(crate) type Suite<'a> = (&'a Tests, &'a [Verdict]);

/// The document.
pub(crate) fn document(suites: &[Suite<'_>]) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: usize = suites.iter().map(|(_, verdicts)| verdicts.len()).sum();
    let failed: usize = suites.iter().map(|(_, verdicts)| failures(verdicts)).sum();
    let mut root = BytesStart::new("testsuites");
    push_counts(&mut root, "rpcscope", all, failed);
    writer.write_event(Event::Start(root))?;
    for (tests, verdicts) in suites {
        suite(&mut writer, tests, verdicts)?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut document = writer.into_inner();
    document.push(b'\n');
    Ok(document)
}

fn suite(writer: &mut Writer<Vec<u8>>, tests: &Tests, verdicts: &[Verdict]) -> io::Result<()> {
    let name = tests.path.display().to_string();
    let mut element = BytesStart::new("testsuite");
    push_counts(&mut element, &name, verdicts.len(), failures(verdicts));
    writer.write_event(Event::Start(element))?;
    for (sample, verdict) in tests.samples.iter().zip(verdicts) {
        let mut case = BytesStart::new("testcase");
        case.push_attribute(("name", sample.name.as_str()));
        case.push_attribute(("classname", name.as_str()));
        if verdict.failures.is_empty() {
            writer.write_event(Event::Empty(case))?;
            continue;
        }
        writer.write_event(Event::Start(case))?;
        for failure in &verdict.failures {
            let mut element = BytesStart::new("failure");
            element.push_attribute(("message", failure.cause.as_str()));
            let text = format!(
                "{name}:{}:{}: {}\n{}",
                failure.place.line, failure.place.column, failure.cause, failure.detail
            );
            writer.write_event(Event::Start(element))?;
            writer.write_event(Event::Text(BytesText::new(&without_controls(&text))))?;
            writer.write_event(Event::End(BytesEnd::new("failure")))?;
        }
        writer.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn push_counts(element: &mut BytesStart<'_>, name: &str, all: usize, failed: usize) {
    element.push_attribute(("name", name));
    element.push_attribute(("tests", all.to_string().as_str()));
    element.push_attribute(("failures", failed.to_string().as_str()));
}

fn failures(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|verdict| !verdict.failures.is_empty()).count()
}

/// XML has no way to write control characters.
fn without_controls(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !character.is_control()).collect()
}
