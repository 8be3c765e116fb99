//! Names that a person may have meant.

/// Up to three of `known` that may have been meant by `name`: those that contain it, then those a few letters away. What is
/// equally near comes in the order of `known`.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let wanted = name.to_ascii_lowercase();
    // Two letters that changed places count as two, so that `prot` is near `port`.
    let most = (wanted.chars().count() / 3).clamp(2, FARTHEST).min(wanted.len() / 2);
    let mut found: Vec<(usize, &'a str)> = known
        .iter()
        .filter_map(|candidate| {
            let other = candidate.to_ascii_lowercase();
            let part = wanted.len() >= 3 && other.contains(&wanted);
            let distance = if part { 1 } else { distance(&wanted, &other) };
            (distance <= most).then_some((distance, *candidate))
        })
        .collect();
    found.sort_by_key(|(distance, candidate)| (*distance, candidate.len()));
    found.dedup();
    let best = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance <= best + 1);
    found.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Letters to insert, remove or replace (Levenshtein). Names longer than [`LONGEST`] are far from everything.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > LONGEST || other.len() > LONGEST || one.len().abs_diff(other.len()) > FARTHEST {
        return usize::MAX;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = number + 1;
        for (at, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[other.len()]
}

/// Letters by which names differ that are near, at most. What is longer or shorter by more need not be compared.
const FARTHEST: usize = 3;
/// No name of an interface or operation is longer, in bytes; the cost of a comparison grows with the square.
const LONGEST: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_lead_to_the_name() {
        let known = ["transport", "interface", "pipe", "port"];
        assert_eq!(nearest("trnasport", &known), ["transport"]);
        assert_eq!(nearest("pip", &known), ["pipe"]);
        assert_eq!(nearest("colour", &known), [""; 0]);
        assert_eq!(nearest("port", &["import", "port"]), ["port", "import"]);
    }
}
