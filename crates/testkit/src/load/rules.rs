//! As many rules as wanted, to be run over loads.

use std::fmt::Write;

/// A file of rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFile {
    /// Its name.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// So many rules as people write them: six of ten for an operation and an argument, one for an interface and a user, one
/// for a class that is activated, one for a pipe, one for a text in what a client sent, the last in the language of
/// Suricata. They are spread over all interfaces of the catalogue. The same for the same number.
pub fn rules(count: usize) -> Vec<RuleFile> {
    let mut files = Vec::new();
    let mut text = String::new();
    for (number, subject) in subjects(count) {
        let sid = sid(number);
        let (service, selection) = match subject {
            Subject::Operation(interface, opnum) => (
                "call",
                format!("{{interface: {interface}, opnum: {opnum}, args.service|contains: x{number}}}"),
            ),
            Subject::Interface(interface) => {
                ("call", format!("{{interface: {interface}, user: user{number}}}"))
            }
            Subject::Class => ("activation", format!("{{clsid: 00000000-0000-0000-0000-{number:012}}}")),
            Subject::Pipe => ("pipe", format!("{{pipe: pipe{number}}}")),
            Subject::Text => {
                write_text_rule(number, "", &mut text);
                continue;
            }
        };
        let rule = format!(
            "title: T{sid}\nlogsource: {{product: rpcscope, service: {service}}}\n\
             detection: {{s: {selection}, condition: s}}\nrpcscope: {{sid: {sid}}}\n"
        );
        files.push(RuleFile { name: format!("{sid}.yml"), text: rule });
    }
    files.push(RuleFile { name: "rules.rules".to_owned(), text });
    files
}

/// The same rules for Suricata, as far as it can express them: a class and a pipe become any interface and a text.
pub fn suricata_rules(count: usize) -> String {
    let mut text = String::new();
    for (number, subject) in subjects(count) {
        let of = match subject {
            Subject::Operation(interface, opnum) => format!(" dce_iface:{interface}; dce_opnum:{opnum};"),
            Subject::Interface(interface) => format!(" dce_iface:{interface};"),
            Subject::Class | Subject::Pipe | Subject::Text => String::new(),
        };
        write_text_rule(number, &of, &mut text);
    }
    text
}

/// What a rule is about.
enum Subject {
    Operation(String, u16),
    Interface(String),
    Class,
    Pipe,
    Text,
}

fn subjects(count: usize) -> impl Iterator<Item = (usize, Subject)> {
    let interfaces = rpcscope_catalog::interfaces();
    let operations: Vec<(String, u16)> = interfaces
        .iter()
        .flat_map(|interface| {
            let operations = u16::try_from(interface.procedures().count()).unwrap_or(u16::MAX);
            (0..operations).map(move |opnum| (interface.uuid.to_string(), opnum))
        })
        .collect();
    (0..count).map(move |number| {
        // Steps that share no factor with the number of operations: rules are spread over all interfaces.
        let step = number.wrapping_mul(7919);
        let subject = match number % 10 {
            0..=5 => {
                let (interface, opnum) = &operations[step % operations.len()];
                Subject::Operation(interface.clone(), *opnum)
            }
            6 => Subject::Interface(interfaces[step % interfaces.len()].uuid.to_string()),
            7 => Subject::Class,
            8 => Subject::Pipe,
            _ => Subject::Text,
        };
        (number, subject)
    })
}

fn write_text_rule(number: usize, of: &str, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "alert tcp any any -> any any (msg:\"T{number}\"; flow:to_server;{of} dcerpc.stub_data; \
         content:\"needle{number:06}\"; sid:{};)",
        sid(number)
    );
}

fn sid(number: usize) -> usize {
    1_000_000 + number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_rules_as_asked_for() {
        let files = rules(1000);
        let of_text: usize = files.iter().map(|file| file.text.matches("alert tcp").count()).sum();
        assert_eq!((files.len() - 1 + of_text, of_text), (1000, 100));
        assert_eq!(suricata_rules(1000).lines().count(), 1000);
    }
}
