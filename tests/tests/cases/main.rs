//! Plays every case of the shared folder through the guard, and compares each verdict with the expected one.
//!
//! The cases are not part of the project. Without them the tests print that they are skipped, and pass.

mod callers;
mod cast;
mod expect;
mod folder;
mod known;
mod play;
mod replayed;
mod shapes;
mod table;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use budget_guard_tests::folders::{say, shared};
use folder::{Case, read_all};
use known::{KNOWN, KNOWN_OF_REPLAY, reason};
use play::{Outcome, play};
use replayed::replay;
use table::{Row, numbers, table};

/// Numbers of events in one batch.
const BATCHES: [usize; 2] = [1, 10];

/// All cases, with their outcomes at each batch size.
struct Played {
    cases: Vec<Case>,
    outcomes: Vec<[BTreeMap<String, Outcome>; 2]>,
    problems: Vec<String>,
}

/// Plays all cases once for all tests. `None` if the folder is absent.
fn played() -> Option<&'static Played> {
    static PLAYED: OnceLock<Option<Played>> = OnceLock::new();
    PLAYED.get_or_init(|| Some(play_all(read_all(&shared("cases")?)))).as_ref()
}

fn play_all(cases: Vec<Case>) -> Played {
    let all = |batch: usize| cases.iter().map(|case| play(case, batch)).collect::<Vec<_>>();
    let [one, ten] = std::thread::scope(|scope| {
        let threads = BATCHES.map(|batch| scope.spawn(move || all(batch)));
        threads.map(|thread| thread.join().expect("no panic"))
    });
    let (mut outcomes, mut problems) = (Vec::new(), Vec::new());
    for ((case, (one, first)), (ten, second)) in cases.iter().zip(one).zip(ten) {
        let told =
            case.problems.iter().chain(&first).chain(second.iter().filter(|told| !first.contains(told)));
        problems.extend(told.map(|problem| format!("{}: {problem}", case.name)));
        outcomes.push([one, ten]);
    }
    Played { cases, outcomes, problems }
}

impl Played {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (case, outcomes) in self.cases.iter().zip(&self.outcomes) {
            for (rule, expected) in &case.expected {
                let seen = outcomes.iter().map(|all| all.get(rule).cloned().unwrap_or_default()).collect();
                rows.push(Row { case: &case.name, rule, is_loop: case.is_loop, expected: *expected, seen });
            }
        }
        rows
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the duration is printed")]
fn every_case_ends_as_expected() {
    let began = std::time::Instant::now();
    let Some(played) = played() else { return };
    let rows = played.rows();
    println!("{}", table(&rows, &BATCHES));
    for (index, batch) in BATCHES.into_iter().enumerate() {
        say(&numbers(&rows, index, batch));
    }
    say(&format!("{} cases took {:.1} s", played.cases.len(), began.elapsed().as_secs_f64()));
    let mut problems = played.problems.clone();
    for row in &rows {
        let (case, rule) = (row.case, row.rule);
        let differs = row
            .differs()
            .map(|index| format!("\n    batches of {}: {}", BATCHES[index], row.seen[index].sentence()));
        let differs: String = differs.collect();
        match (differs.is_empty(), reason(KNOWN, case, rule)) {
            (false, None) => problems.push(format!("{case}, {rule}: expected {}{differs}", row.expected)),
            (true, Some(_)) => {
                problems.push(format!("{case}, {rule}: is as expected; take it off the list of the known"))
            }
            _ => {}
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn replay_agrees_with_the_guard_on_every_case() {
    let Some(played) = played() else { return };
    let (mut problems, mut compared, mut agreed) = (Vec::new(), 0, 0);
    for (case, outcomes) in played.cases.iter().zip(&played.outcomes) {
        let replayed = match replay(case) {
            Ok(replayed) => replayed,
            Err(problem) => {
                problems.push(format!("{}: {problem}", case.name));
                continue;
            }
        };
        for rule in case.expected.keys() {
            let trip = replayed.get(rule).cloned().flatten();
            let Some(seen) = outcomes[0].get(rule) else { continue };
            let is_same = trip.is_some() == seen.cut.is_some();
            (compared, agreed) = (compared + 1, agreed + usize::from(is_same));
            let trip = trip.unwrap_or_else(|| "no trip".to_owned());
            match (is_same, reason(KNOWN_OF_REPLAY, &case.name, rule)) {
                (false, None) => problems.push(format!(
                    "{}, {rule}: the guard: {}\n    replay: {trip}",
                    case.name,
                    seen.sentence()
                )),
                (true, Some(_)) => {
                    problems.push(format!(
                        "{}, {rule}: both agree; take it off the list of the known",
                        case.name
                    ));
                }
                _ => {}
            }
        }
    }
    say(&format!("replay agrees with the guard on {agreed} of {compared} rules"));
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
