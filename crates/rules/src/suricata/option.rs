//! What stands in the parentheses: options, their values, and quoted texts.

use super::line::{Critic, Part};
use super::mend::Mend;

/// A keyword with what stands after its colon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) keyword: Part<'a>,
    pub(super) value: Option<Part<'a>>,
}

/// The options of a rule. A semicolon ends one unless a backslash stands before it, also within quotes.
pub(super) fn items<'a>(options: Part<'a>, critic: &mut Critic<'_>) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, character) in options.text.char_indices() {
        if character == ';' && !escaped {
            items.extend(item(options.split_at(start).1.split_at(at - start).0));
            start = at + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    let rest = options.split_at(start).1.trim();
    if !rest.text.is_empty() {
        critic.error(rest, "an option ends with `;`").hint("semicolons in texts are written `\\;`");
    }
    items
}

fn item(part: Part<'_>) -> Option<Item<'_>> {
    let part = part.trim();
    if part.text.is_empty() {
        return None;
    }
    Some(match part.split_once(':') {
        Some((keyword, value)) => Item { keyword: keyword.trim(), value: Some(value.trim()) },
        None => Item { keyword: part, value: None },
    })
}

/// A text in quotes: `None`, with a finding, when it has none or the second one is another sign.
pub(super) fn quoted<'a>(
    value: Part<'a>,
    critic: &mut Critic<'_>,
    mends: &mut Vec<Mend>,
) -> Option<Part<'a>> {
    let mut is_plain = true;
    for (at, character) in value.text.char_indices().filter(|(_, sign)| TYPOGRAPHIC.contains(sign)) {
        let is_end = at + character.len_utf8() == value.text.len();
        // Within a text such a sign may be meant.
        if at == 0 || is_end {
            let (_, sign) = value.split_at(at);
            critic.error(sign, format!("`{character}` is no quotation mark of a rule")).hint("write `\"`");
            mends.push(Mend { start: sign.at, end: sign.at + character.len_utf8(), with: "\"".into() });
            is_plain = false;
        }
    }
    if !is_plain {
        return None;
    }
    let inside = value.strip_prefix("\"").and_then(|rest| {
        let text = rest.text.strip_suffix('"')?;
        let escapes = text.len() - text.trim_end_matches('\\').len();
        (escapes % 2 == 0).then_some(Part { text, at: rest.at })
    });
    if inside.is_none() {
        critic
            .error(value, "the text is not in quotation marks")
            .hint("write `\"…\"`; a semicolon within is written `\\;`");
    }
    inside
}

/// A text without the backslashes before signs that end options or texts.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let escapes =
            character == '\\' && rest.peek().is_some_and(|next| matches!(next, ';' | '"' | '\\' | ':'));
        match rest.next_if(|_| escapes) {
            Some(next) => plain.push(next),
            None => plain.push(character),
        }
    }
    plain
}

/// The bytes of a content: text, and hexadecimal numbers between bars.
pub(super) fn content_bytes(inside: Part<'_>, critic: &mut Critic<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut text = String::new();
    let mut rest = inside.text.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some((_, next @ ('\\' | '"' | ';' | ':' | '|'))) => text.push(next),
                _ => {
                    let cause = "a backslash stands before `\\`, `\"`, `;`, `:` or `|` only";
                    critic.error(inside.split_at(at).1, cause).hint("write `\\\\` for a backslash");
                    return None;
                }
            },
            '|' => {
                bytes.append(&mut std::mem::take(&mut text).into_bytes());
                let start = at + 1;
                let Some((end, _)) = rest.by_ref().find(|(_, sign)| *sign == '|') else {
                    critic.error(inside.split_at(at).1, "bytes begin with `|` and do not end with it");
                    return None;
                };
                hexadecimal(inside.split_at(start).1.split_at(end - start).0, &mut bytes, critic)?;
            }
            plain => text.push(plain),
        }
    }
    bytes.append(&mut text.into_bytes());
    if bytes.is_empty() {
        critic.error(inside, "an empty content is found everywhere");
        return None;
    }
    if bytes.len() > MAX_CONTENT_BYTES {
        critic.error(inside, format!("a content of more than {MAX_CONTENT_BYTES} bytes"));
        return None;
    }
    Some(bytes)
}

fn hexadecimal(part: Part<'_>, bytes: &mut Vec<u8>, critic: &mut Critic<'_>) -> Option<()> {
    let mut high = None;
    for (at, sign) in part.text.char_indices().filter(|(_, sign)| !sign.is_whitespace()) {
        let Some(digit) = sign.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            critic.error(part.split_at(at).1, format!("`{sign}` is no hexadecimal digit"));
            return None;
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    if high.is_some() {
        critic.error(part, "an odd number of hexadecimal digits");
        return None;
    }
    Some(())
}

/// What word processors make of quotation marks.
const TYPOGRAPHIC: [char; 6] = ['“', '”', '„', '‟', '″', '«'];
/// Bytes of one content: those that Suricata takes.
const MAX_CONTENT_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::super::line::lines;
    use super::*;
    use crate::finding::Findings;

    fn bytes(text: &str) -> Result<Vec<u8>, String> {
        let lines = lines(text);
        let mut findings = Findings::new("a.rules".into());
        let mut critic = Critic { line: &lines[0], findings: &mut findings };
        let read = content_bytes(lines[0].part(), &mut critic);
        read.ok_or_else(|| findings.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn contents_are_text_and_hexadecimal_bytes() {
        assert_eq!(bytes("|05 00 03|"), Ok(vec![5, 0, 3]));
        assert_eq!(bytes("a|0D0a|b\\|\\;\\\\c"), Ok(b"a\r\nb|;\\c".to_vec()));
        assert_eq!(bytes("ä"), Ok("ä".as_bytes().to_vec()));
        for wrong in ["|0|", "|0g|", "|00", "a\\b", "||"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(bytes("|0g|"), Err("a.rules:1:3: `g` is no hexadecimal digit".into()));
    }

    #[test]
    fn options_end_at_semicolons_that_are_not_escaped() {
        let lines = lines(r#" msg:"a\;b" ; nocase; pcre:"/a:b\\/";  rest"#);
        let mut findings = Findings::new("a.rules".into());
        let mut critic = Critic { line: &lines[0], findings: &mut findings };
        let items = items(lines[0].part(), &mut critic);
        let shown: Vec<_> =
            items.iter().map(|item| (item.keyword.text, item.value.map(|value| value.text))).collect();
        let expected = [("msg", Some(r#""a\;b""#)), ("nocase", None), ("pcre", Some(r#""/a:b\\/""#))];
        assert_eq!(shown, expected);
        assert_eq!(findings.errors(), 1);
        assert_eq!(unescaped(r"a\;b\x"), r"a;b\x");
    }
}
