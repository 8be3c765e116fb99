//! The rule packs that come with the program, proved by the program.

mod support;

use support::{run, workspace};

#[test]
fn all_tests_of_the_packs_hold_and_each_condition_decides_one() {
    let run = run(&workspace(), &["test", "rules", "--coverage"]);
    assert_eq!(run.status, 0, "{}", run.page());
    let text = run.text();
    let last = text.lines().last().unwrap_or_default();
    let numbers: Vec<&str> =
        last.split(' ').filter(|word| word.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert!(matches!(numbers.as_slice(), [covered, all] if covered == all), "{text}");
}

#[test]
fn nothing_is_wrong_with_the_packs() {
    let run = run(&workspace(), &["check", "rules", "--strict", "--tests"]);
    assert!(run.status == 0 && run.text().ends_with(" 0 errors, 0 warnings\n"), "{}", run.page());
}
