//! How long each test took, by the report that cargo-nextest writes in JUnit's format
//! (<https://nexte.st/docs/machine-readable/junit/>). Only what is needed of it, so that this
//! needs no XML library. Pure.

/// A test that was run.
#[derive(Debug, PartialEq)]
pub(crate) struct TestTime {
    /// Its binary and its path in there.
    pub(crate) name: String,
    pub(crate) seconds: f64,
}

/// The `count` tests of the report that took longest, the slowest first.
pub(crate) fn slowest(report: &str, count: usize) -> Vec<TestTime> {
    let mut all: Vec<TestTime> =
        report.split("<testcase ").skip(1).filter_map(parse_test_case).collect();
    all.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    all.truncate(count);
    all
}

/// Reads an element from behind its name: `name="…" classname="…" time="0.010"…>`.
fn parse_test_case(text: &str) -> Option<TestTime> {
    let (mut name, mut binary, mut seconds) = (None, None, None);
    let mut rest = text.trim_start();
    // A value may hold `>`; so this goes from one attribute to the next.
    while let Some((attribute, after)) = rest.split_once("=\"") {
        if attribute.contains('>') {
            break;
        }
        let (value, after) = after.split_once('"')?;
        match attribute {
            "name" => name = Some(unescape(value)),
            "classname" => binary = Some(unescape(value)),
            "time" => seconds = value.parse().ok(),
            _ => {}
        }
        rest = after.trim_start();
    }
    Some(TestTime { name: format!("{} {}", binary?, name?), seconds: seconds? })
}

/// The text that an attribute's value stands for.
fn unescape(value: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'")];
    let text =
        named.iter().fold(value.to_owned(), |text, (entity, sign)| text.replace(entity, sign));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4" failures="1" errors="0" uuid="1" time="9.100">
    <testsuite name="regatta-git" tests="2" disabled="0" errors="0" failures="0">
        <testcase name="slug::tests::a&lt;b &amp;amp; c" classname="regatta-git" timestamp="2026-01-01T00:00:00.000+00:00" time="0.010">
        </testcase>
        <testcase name="save::twice" classname="regatta-git::git" time="7.250"/>
    </testsuite>
    <testsuite name="regatta-cli" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="it_fails" classname="regatta-cli" time="0.300">
            <failure type="test failure">assertion: name="none" time="99.000"</failure>
            <system-out>&lt;testcase name="no test" classname="none" time="88.000"&gt;</system-out>
        </testcase>
    </testsuite>
</testsuites>"#;

    #[test]
    fn the_slowest_come_first_and_no_more_than_were_asked_for() {
        let found = slowest(REPORT, 2);
        let found: Vec<_> = found.iter().map(|test| (test.name.as_str(), test.seconds)).collect();
        assert_eq!(found, [("regatta-git::git save::twice", 7.25), ("regatta-cli it_fails", 0.3)]);
    }

    #[test]
    fn what_a_test_printed_is_no_test_and_names_are_as_they_were() {
        let found = slowest(REPORT, 20);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[2].name, "regatta-git slug::tests::a<b &amp; c");
    }

    #[test]
    fn a_report_that_is_cut_off_or_something_else_names_no_test_that_it_does_not_hold() {
        assert_eq!(slowest("", 20), []);
        assert_eq!(slowest("<testcase name=\"a\" classname=\"b\" tim", 20), []);
        assert_eq!(slowest("<testcase name=\"a\" classname=\"b\" time=\"soon\"/>", 20), []);
        assert_eq!(slowest("<testcase name=\"a\" time=\"1\"/>", 20), []);
    }
}
