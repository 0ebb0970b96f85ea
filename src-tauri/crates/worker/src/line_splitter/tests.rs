use super::*;
use proptest::prelude::*;

fn collect_lines(lines: &mut LineSplitter, parts: &[&[u8]]) -> Vec<String> {
    let mut texts: Vec<String> = parts.iter().flat_map(|part| lines.push(part)).collect();
    texts.extend(lines.finish());
    texts.iter().flat_map(|text| text.split('\n')).map(str::to_owned).collect()
}

fn split_lines(parts: &[&[u8]]) -> Vec<String> {
    collect_lines(&mut LineSplitter::new(), parts)
}

/// The lines of each output, also when it comes byte by byte.
fn assert_lines(cases: &[(&str, &[&str])]) {
    for (output, lines) in cases {
        assert_eq!(split_lines(&[output.as_bytes()]), *lines, "{output:?}");
        let bytes: Vec<&[u8]> = output.as_bytes().chunks(1).collect();
        assert_eq!(split_lines(&bytes), *lines, "{output:?}, byte by byte");
    }
}

#[test]
fn lines_are_joined_across_reads() {
    assert_eq!(split_lines(&[b"a\nb", b"c\n", b"\nd"]), ["a", "bc", "", "d"]);
    assert_eq!(split_lines(&[b"", b"\n"]), [""]);
    assert_eq!(split_lines(&[]), [""; 0]);
}

#[test]
fn a_carriage_return_goes_with_its_line_end_and_else_starts_the_line_over() {
    assert_eq!(split_lines(&[b"a\r\nb\r", b"\nc\rd\n"]), ["a", "b", "d"]);
    assert_eq!(split_lines(&[b"\r\n\r\r\na\r"]), ["", "", "a"]);
}

#[test]
fn a_character_in_two_parts_is_whole_and_no_character_is_marked() {
    assert_eq!(split_lines(&[b"n\xC3", b"\xA9\n"]), ["né"]);
    assert_eq!(split_lines(&[b"ok \xC3\x28 \xFF\n"]), ["ok \u{fffd}( \u{fffd}"]);
    assert_eq!(
        split_lines(&[b"\x9b31m \xE2\x82\nnext\xC3"]),
        ["\u{fffd}31m \u{fffd}", "next\u{fffd}"]
    );
}

#[test]
fn a_display_that_redraws_itself_is_its_last_state() {
    assert_lines(&[
        // A plain bar, as Python's tqdm and wget draw it.
        (
            "\rDownloading   0%\rDownloading  50%\rDownloading 100%\r\ndone\r\n",
            &["Downloading 100%", "done"],
        ),
        // cargo
        (
            "   Compiling a v1.0.0\n    Building [=>   ] 1/3: a\r\x1b[K   Compiling b v1.0.0\n    Building [==>  ] 2/3: b\r\x1b[K    Finished `dev`\n",
            &["   Compiling a v1.0.0", "   Compiling b v1.0.0", "    Finished `dev`"],
        ),
        // npm: a spinner, hidden cursor, erased by column 1 and EL
        (
            "\x1b[?25l⠙\x1b[1G\x1b[0K⠹\x1b[1G\x1b[0K\x1b[?25hadded 12 packages in 1s\n",
            &["added 12 packages in 1s"],
        ),
        // pip
        (
            "Collecting x\n\x1b[?25l     \x1b[32m━━━━\x1b[0m 1.0/4.0 kB\r\x1b[2K     \x1b[32m━━━━━━━━\x1b[0m 4.0/4.0 kB\n\x1b[?25hInstalled x\n",
            &["Collecting x", "     \x1b[32m━━━━━━━━\x1b[0m 4.0/4.0 kB", "Installed x"],
        ),
        // git
        (
            "Receiving objects:  50% (1/2)\rReceiving objects: 100% (2/2)\rReceiving objects: 100% (2/2), done.\n",
            &["Receiving objects: 100% (2/2), done."],
        ),
        // Backspaces, as a spinner in C draws it.
        ("Working |\x08/\x08-\x08done\n", &["Working done"]),
        // What is shorter than before leaves the rest, unless it is erased.
        ("12345\rab\n12345\rab\x1b[K\n", &["ab345", "ab"]),
        ("12345\x1b[3D\x1b[1K\n12345\x1b[2K\rx\n", &["   45", "x"]),
    ]);
}

#[test]
fn a_block_that_redraws_itself_is_its_first_and_its_last_state() {
    assert_lines(&[
        // docker
        (
            "a: wait\nb: wait\n\x1b[2A\x1b[2Ka: 50%\n\x1b[2Kb: wait\n\x1b[2A\x1b[2Ka: done\n\x1b[2Kb: done\nend\n",
            &["a: wait", "b: wait", "a: done", "b: done", "end"],
        ),
        // What stays as it was isn't said again.
        ("a: 1\nb: 1\n\x1b[2Fa: 1\nb: 2\nend\n", &["a: 1", "b: 1", "b: 2", "end"]),
        // log-update: each line erased, then written anew, with fewer at the end
        (
            "x 1\ny 1\n\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[Gx 2\ny 2\n\x1b[2A\x1b[Jall\nend\n",
            &["x 1", "y 1", "all", "end"],
        ),
        ("a\n\nb\n\x1b[3A\r\x1b[Jz\n", &["a", "", "b", "z"]),
        // A page that is cleared begins another one.
        ("one\nhalf\x1b[H\x1b[2J\x1b[3Jtwo\n\x1bcthree\n", &["one", "two", "three"]),
        ("one\ntwo\n\x1b[1;2H!\n\x1b[9;9Hend", &["one", "two", "o!e", "        end"]),
    ]);
}

#[test]
fn colours_stay_and_other_sequences_go() {
    assert_lines(&[
        (
            "\x1b[31mred\x1b[0m and \x1b[1;4mbold\x1b[m\n",
            &["\x1b[31mred\x1b[0m and \x1b[1;4mbold\x1b[0m"],
        ),
        ("\x1b[92;41ma\x1b[39mb\x1b[49mc\n", &["\x1b[92;41ma\x1b[0;41mb\x1b[0mc"]),
        (
            "\x1b[38;5;208mo\x1b[48;2;1;2;3mp\x1b[38:2::9:8:7mq\x1b[0m\n",
            &["\x1b[38;5;208mo\x1b[0;38;5;208;48;2;1;2;3mp\x1b[0;38;2;9;8;7;48;2;1;2;3mq\x1b[0m"],
        ),
        // A colour goes on in the next line, as on a terminal.
        ("\x1b[31ma\nb\x1b[0m\n", &["\x1b[31ma\x1b[0m", "\x1b[31mb\x1b[0m"]),
        ("\x1b[0m\x1b[99mplain\x1b[38;9mx\x1b[38;5;300my\n", &["plainxy"]),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x1bPq#0\x1b\\b\n", &["alinkb"]),
        ("\x1b[?1049h\x1b[?1000halt\x1b[?1049l\x1b[?2004h\n", &["alt"]),
        ("\x1b7\x1b8\x1b(B\x1b[6n\x1b[1;5r\x1b[!p\x1b[>cok\x07\0\x7f\n", &["ok"]),
        // What is never closed ends with its line.
        ("\x1b]0;never closed\nnext\x1b[12\n;1H\x1b\nx\x1bP1\ny", &["", "next", ";1H", "x", "y"]),
    ]);
}

#[test]
fn wide_characters_take_two_columns() {
    assert_lines(&[
        ("港と船\r\x1b[2Cx\n", &["港x 船"]),
        ("港と船\r\x1b[3Cx\n", &["港 x船"]),
        ("港船\r\x1b[1Kx\n", &["x 船"]),
        ("港船\x1b[3D\x1b[K|\n", &[" |"]),
        ("e\u{301}a\u{8}\u{8}i\n\u{301}\n", &["ia", "\u{301}"]),
        ("a\r\u{301}b\n⛵\u{fe0f}x\ry\n", &["\u{301}b", "y x"]),
        ("a\tb\nab\rx\t\ty\na\tb\r\x1b[4Cx\n", &["a\tb", "xb      \ty", "a   x   b"]),
    ]);
}

#[test]
fn what_only_looks_like_a_sequence_is_text() {
    assert_lines(&[
        ("[31m [2K ^[[2J \\x1b[0m\n", &["[31m [2K ^[[2J \\x1b[0m"]),
        ("100%\\r\\n ]0;title\n", &["100%\\r\\n ]0;title"]),
        ("a\u{202e}b ␛[1A\n", &["a\u{202e}b ␛[1A"]),
        ("50% 100%\n\n  \n", &["50% 100%", "", "  "]),
        ("Downloading 1%\nDownloading 2%\n", &["Downloading 1%", "Downloading 2%"]),
    ]);
}

#[test]
fn a_cursor_that_is_sent_far_away_stays_near() {
    let far = b"a\n\x1b[1000000000A\x1b[1000000000Bb\x1b[1000000000;1000000000Hc\x1b[99999Cd\n";
    let lines = split_lines(&[far]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() <= 1_100), "{lines:?}");
}

#[test]
fn a_million_redraws_are_one_line() {
    let mut lines = LineSplitter::new();
    let mut given = lines.push(b"top\n").len();
    for n in 0..100_000 {
        given += lines.push(format!("\r{n} of 100000\x1b[K\n\x1b[1A").as_bytes()).len();
    }
    assert_eq!(given, 2, "the first state only");
    assert_eq!(lines.finish(), ["99999 of 100000"]);
}

#[test]
fn a_long_line_is_split_and_marked() {
    let mut lines = LineSplitter::with_limit(4);
    assert_eq!(collect_lines(&mut lines, &[b"abcdefghij\nkl\n"]), ["abcd", "… efgh", "… ij", "kl"]);
    assert_eq!(collect_lines(&mut lines, &[b"abcd\nefgh\n"]), ["abcd", "efgh"]);
    assert_eq!(collect_lines(&mut lines, &["aéééé\n".as_bytes()]), ["aé", "… éé", "… é"]);
    assert_eq!(collect_lines(&mut lines, &[b"\xFF\xFF", b"\n"]), ["\u{fffd}", "… \u{fffd}"]);
}

#[test]
fn memory_is_bounded_however_long_the_line() {
    for part in [&b"x"[..], b"\x1b[31mx", b"\t\x08", b"e\xCC\x81", b"\x1b]0;t", b"\x1b[9G\x1b[Ay"] {
        let part = part.repeat(64 * 1024 / part.len());
        let mut lines = LineSplitter::new();
        let mut given = 0;
        for _ in 0..40 {
            given += lines.push(&part).iter().map(String::len).sum::<usize>();
            let kept = lines.screen.kept_bytes();
            assert!(kept <= 64 * MAX_LINE_BYTES, "{kept}");
        }
        assert!(given < 40 * 64 * 1024 * 4, "{given}");
    }
    let mut lines = LineSplitter::new();
    let part = vec![b'x'; 64 * 1024];
    let given: usize = (0..1_000).flat_map(|_| lines.push(&part)).map(|text| text.len()).sum();
    assert!(given >= 60 * MAX_LINE_BYTES);
    assert!(lines.screen.kept_bytes() <= 4 * MAX_LINE_BYTES);
}

/// Bytes of which sequences, line ends and characters of several bytes are likely.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\x1b[".to_vec()),
        Just(b"\x1b[2A".to_vec()),
        Just(b"\x1b[3D".to_vec()),
        Just(b"\x1b[K".to_vec()),
        Just(b"\x1b[J".to_vec()),
        Just(b"\x1b[1J".to_vec()),
        Just(b"\x1b[2J".to_vec()),
        Just(b"\x1b[3;3H".to_vec()),
        Just(b"\x1b[31m".to_vec()),
        Just(b"\x1b]0;".to_vec()),
        Just("港".as_bytes().to_vec()),
        Just("e\u{301}".as_bytes().to_vec()),
        Just(vec![0xC3]),
        Just(vec![0xA9]),
        Just(b"\t".to_vec()),
        Just(b"word".to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(byte, 0..100).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn the_parts_in_which_bytes_come_make_no_difference(
        bytes in hostile_bytes(),
        cuts in proptest::collection::vec(0_usize..200, 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let mut from = 0;
        let mut parts = Vec::new();
        for cut in cuts {
            parts.push(&bytes[from..cut]);
            from = cut;
        }
        prop_assert_eq!(split_lines(&parts), split_lines(&[&bytes]));
    }

    #[test]
    fn no_control_character_but_those_of_colours_is_left(bytes in hostile_bytes()) {
        for line in collect_lines(&mut LineSplitter::with_limit(8), &[&bytes]) {
            let is_allowed = |c: char| !c.is_control() || c == '\t' || c == '\x1b';
            prop_assert!(line.chars().all(is_allowed), "{line:?}");
        }
    }

    #[test]
    fn no_text_is_lost_and_no_line_is_over_the_limit(text in "[a-zé\n]{0,300}") {
        let lines = collect_lines(&mut LineSplitter::with_limit(16), &[text.as_bytes()]);
        for line in &lines {
            prop_assert!(line.trim_start_matches(CONTINUATION_MARK).len() <= 16);
        }
        let whole = lines.join("\n").replace(&format!("\n{CONTINUATION_MARK}"), "");
        let expected = text.strip_suffix('\n').unwrap_or(&text);
        prop_assert_eq!(whole, expected);
    }
}
