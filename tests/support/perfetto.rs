//! What Perfetto's importer of Chrome's trace events complains of: the rules of its trackers of
//! slices and flows, which take the events by their time, and those of one time as they stand in
//! the file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A span that is not yet known to be over; without an end until its `E` is met.
struct Open {
    from: u64,
    end: Option<u64>,
}

#[derive(Default)]
struct Importer {
    tracks: BTreeMap<u64, Vec<Open>>,
    /// The process of each thread: one that belongs to two is known by the wrong name.
    threads: BTreeMap<u64, u64>,
    flows: BTreeMap<u64, bool>,
    complaints: Vec<String>,
}

/// Everything that the importer would count as an error.
pub fn complaints(events: &[Json]) -> Vec<String> {
    let mut importer = Importer::default();
    let mut timed: Vec<&Json> = events.iter().filter(|event| event["ph"] != "M").collect();
    timed.sort_by_key(|event| number(event, "ts"));
    let named = events.iter().filter(|event| event["ph"] == "M");
    for event in named.chain(timed) {
        if let Some(complaint) = importer.take(event) {
            importer.complaints.push(format!("{complaint}: {event}"));
        }
    }
    importer.complaints
}

fn number(event: &Json, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"))
}

impl Importer {
    fn take(&mut self, event: &Json) -> Option<&'static str> {
        let (process, thread) = (number(event, "pid"), number(event, "tid"));
        if *self.threads.entry(thread).or_insert(process) != process {
            return Some("a thread of two processes");
        }
        let stack = self.tracks.entry(thread).or_default();
        match event["ph"].as_str() {
            Some("B") => {
                let from = number(event, "ts");
                let complaint = close(stack, from, None);
                stack.push(Open { from, end: None });
                complaint
            }
            Some("X") => {
                let (from, length) = (number(event, "ts"), number(event, "dur"));
                let complaint = close(stack, from, Some(length));
                if complaint.is_none() {
                    stack.push(Open { from, end: Some(from + length) });
                }
                complaint
            }
            Some("E") => {
                let at = number(event, "ts");
                let complaint = close(stack, at, None);
                match stack.iter().rposition(|open| open.end.is_none()) {
                    None => Some("the end of nothing"),
                    Some(found) if found + 1 < stack.len() => Some("an end within something else"),
                    Some(_) => stack.pop().and(complaint),
                }
            }
            Some("s") if stack.is_empty() => Some("an arrow from nowhere"),
            Some("s") => {
                let is_new = self.flows.insert(number(event, "id"), true).is_none();
                (!is_new).then_some("an arrow of the same number")
            }
            Some("f") if stack.is_empty() => Some("an arrow to nowhere"),
            Some("f") if !self.flows.contains_key(&number(event, "id")) => {
                Some("an arrow without a beginning")
            }
            Some("f" | "M" | "i") => None,
            _ => Some("an unknown event"),
        }
    }
}

/// Takes what is over from a stack. What is left has to have room for what begins now.
fn close(stack: &mut Vec<Open>, now: u64, length: Option<u64>) -> Option<&'static str> {
    let mut is_within_open = false;
    for index in (0..stack.len()).rev() {
        let Some(end) = stack[index].end else {
            is_within_open = true;
            continue;
        };
        if is_within_open {
            if now > end {
                return Some("what is not ended stands in what is over");
            }
            continue;
        }
        let are_moments = stack[index].from == end && length == Some(0);
        if end < now || end == now && !are_moments {
            stack.truncate(index);
        } else if length.is_some_and(|length| now + length > end) {
            return Some("overlaps what it does not stand in");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(from: u64, length: u64) -> Json {
        json!({"ph": "X", "pid": 1, "tid": 1, "ts": from, "dur": length})
    }

    #[test]
    fn what_is_wrong_with_a_trace_is_seen() {
        let at = |ph: &str, at: u64| json!({"ph": ph, "pid": 1, "tid": 1, "ts": at, "id": 7});
        let other = json!({"ph": "X", "pid": 2, "tid": 1, "ts": 0, "dur": 1});
        let good =
            [at("B", 0), span(0, 5), span(1, 4), span(5, 2), at("s", 6), at("f", 7), at("E", 9)];
        assert_eq!(complaints(&good), Vec::<String>::new());
        for bad in [
            vec![span(0, 5), span(3, 4)],
            // The one that stands inside is told first.
            vec![span(0, 3), span(0, 5)],
            vec![at("B", 0), span(1, 5), at("E", 3)],
            vec![at("E", 3)],
            vec![at("s", 3)],
            vec![at("B", 0), at("f", 3)],
            vec![at("B", 0), at("s", 3), at("s", 4)],
            vec![span(0, 1), other],
        ] {
            assert_eq!(complaints(&bad).len(), 1, "{bad:?}");
        }
    }
}
