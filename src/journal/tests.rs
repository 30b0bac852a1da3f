use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::file::{self, Journal};
use super::{Event, Record, decode, encode, replay};
use crate::aws::Fault;
use crate::state::sample::{RUN, after, empty, event, events};
use crate::state::store::LocalDisk;

fn records(text: &str) -> Vec<Record> {
    let numbered = events(text).into_iter().zip(1..);
    numbered.map(|(event, sequence)| Record { sequence, event }).collect()
}

/// One of every kind of event.
fn all_kinds() -> Vec<Record> {
    let fault = Fault::not_found("ec2:DeleteVpc", "vpc-1");
    let failed = Event::Failed { id: "A".into(), fault };
    let mut records = records(&format!("{RUN}; A deleting a2; A forgotten a2"));
    records.push(Record { sequence: 99, event: failed });
    records
}

#[test]
fn a_record_survives_its_line() {
    for record in all_kinds() {
        let line = encode(&record).expect("it is JSON");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert_eq!(decode(line.trim_end()), Some(record), "{line}");
    }
}

#[test]
fn replay_is_the_run_and_nothing_else() {
    let records = records(RUN);
    for cut in 0..=records.len() {
        let snapshot = replay(empty(), &records[..cut]).expect("each can follow");
        assert_eq!(replay(snapshot.clone(), &records), Ok(after(RUN)), "from {cut}");
        assert_eq!(replay(snapshot.clone(), &records[cut..]), Ok(after(RUN)), "from {cut}");
        assert_eq!(replay(snapshot.clone(), &records[..cut]), Ok(snapshot), "nothing after {cut}");
    }
}

#[test]
fn replay_refuses_a_gap_and_what_cannot_follow() {
    let mut records = records(RUN);
    records.remove(3);
    let refused = replay(empty(), &records).expect_err("one is missing");
    assert_eq!(refused.to_string(), "the journal contradicts the state: record 5 follows serial 3");
    let wrong = [Record { sequence: 1, event: event("A made a") }];
    let refused = replay(empty(), &wrong).expect_err("nothing was begun");
    assert_eq!(refused.text, "`A` is not being created");
}

fn whole_records(contents: &file::Contents) -> Vec<Record> {
    let bodies = contents.bodies.iter();
    bodies.map(|body| serde_json::from_str(body).expect("a record")).collect()
}

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.jsonl")
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off() {
    let folder = Folder::new();
    let path = folder.path();
    let records = records("- opened; A begin a; A name a vpc-1");
    let lines: Vec<String> =
        records.iter().map(|record| encode(record).expect("it is JSON")).collect();
    let whole = lines[..2].concat();
    for cut in 0..lines[2].len() {
        fs::write(&path, format!("{whole}{}", &lines[2][..cut])).expect("a file");
        let contents = file::read(&LocalDisk, &path).expect("a torn tail is no damage");
        assert_eq!(whole_records(&contents), records[..2], "cut at {cut}");
        assert_eq!((contents.whole, contents.torn), (whole.len() as u64, cut as u64));
        let mut journal = Journal::open(&LocalDisk, &path, contents.whole).expect("it opens");
        journal.append(&lines[2]).expect("it is written");
        assert_eq!(fs::read_to_string(&path).expect("text"), lines.concat(), "cut at {cut}");
    }
}

#[test]
fn a_write_of_several_records_that_is_torn_keeps_those_that_are_whole() {
    let folder = Folder::new();
    let records = records("- opened; A begin a; A name a vpc-1");
    let lines: Vec<String> =
        records.iter().map(|record| encode(record).expect("it is JSON")).collect();
    let batch = lines.concat();
    for cut in 0..=batch.len() {
        fs::write(folder.path(), &batch[..cut]).expect("a file");
        let contents = file::read(&LocalDisk, &folder.path()).expect("a torn tail is no damage");
        let whole = batch[..cut].matches('\n').count();
        assert_eq!(whole_records(&contents), records[..whole], "cut at {cut}");
        assert_eq!(contents.whole + contents.torn, cut as u64);
    }
}

#[test]
fn damage_to_a_line_that_has_its_end_is_refused() {
    let folder = Folder::new();
    let lines: Vec<String> =
        records(RUN).iter().map(|record| encode(record).expect("it is JSON")).collect();
    for damaged in 0..lines.len() {
        for at in [0, 20, lines[damaged].len() - 2] {
            let mut bytes = lines.concat().into_bytes();
            let start: usize = lines[..damaged].iter().map(String::len).sum();
            bytes[start + at] ^= 1;
            fs::write(folder.path(), bytes).expect("a file");
            let error = file::read(&LocalDisk, &folder.path()).expect_err("it is damaged");
            assert_eq!(
                error.to_string(),
                format!("line {} of the journal is not what was written", damaged + 1)
            );
        }
    }
}

#[test]
fn a_missing_journal_is_an_empty_one() {
    let contents = file::read(&LocalDisk, &Folder::new().path()).expect("it may be missing");
    assert_eq!((contents.bodies.len(), contents.whole, contents.torn), (0, 0, 0));
}

proptest! {
    #[test]
    fn any_text_survives_its_line(text in ".*", number in any::<i64>()) {
        let outputs = [(text.clone(), json!([text, number, null]))].into();
        let record = Record { sequence: 1, event: Event::Outputs { outputs, exports: [].into() } };
        let line = encode(&record).expect("it is JSON");
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(decode(line.trim_end_matches('\n')), Some(record));
    }

    #[test]
    fn no_line_of_others_is_a_record(line in ".*") {
        prop_assert_eq!(decode(&line), None);
    }
}
