//! A plain, slow reader of event streams that knows nothing of pieces, for tests to compare
//! with.

/// How an event is shown: type, data and id. A comment is `:`.
pub(crate) fn format_event(kind: &str, data: &str, id: &str) -> String {
    format!("{kind}|{data}|{id}")
}

/// The WHATWG's own words, one after the other.
pub(crate) fn read_reference(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop(); // Not ended: no line.
    let (mut kind, mut data, mut id) = (String::new(), String::new(), String::new());
    let mut seen = Vec::new();
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                let kind = if kind.is_empty() { "message" } else { &kind };
                seen.push(format_event(kind, &data[..data.len() - 1], &id));
            }
            (kind, data, id) = (String::new(), String::new(), String::new());
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => seen.push(":".to_owned()),
            "event" => value.clone_into(&mut kind),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut id),
            _ => {}
        }
    }
    seen
}
