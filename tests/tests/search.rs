//! Every interleaving of two guards, the command line, people and time over one rule, to a stated depth.

use budget_guard_tests::search::{Planted, Report, SCENES, search};

/// Number of states of a scene at most, so that memory stays bounded.
const MOST_STATES: usize = 6_000_000;

/// Number from the environment; `make search` sets them.
#[expect(clippy::disallowed_methods, reason = "make search passes its depth so")]
fn number<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_interleaving_keeps_the_promises() {
    let (troubles, deeper) = (number("TROUBLES", 1), number("DEEPER", 0));
    let only: String = number("SCENE", String::new());
    let scenes: Vec<_> = SCENES.iter().filter(|scene| only.is_empty() || only == scene.name).collect();
    assert!(!scenes.is_empty(), "there is no scene {only}");
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let one = |scene| move || search(scene, Planted::Nothing, troubles, deeper, MOST_STATES);
        let searches: Vec<_> = scenes.iter().map(|scene| scope.spawn(one(**scene))).collect();
        searches.into_iter().map(|search| search.join().expect("no panic")).collect()
    });
    for (report, scene) in reports.iter().zip(scenes) {
        eprintln!("{report}");
        if let Some((way, broken)) = &report.broken {
            panic!("{}: {}\n{}", report.scene, broken.join("\n"), way.join("\n"));
        }
        assert!(!report.is_cut_short, "{}: more than {MOST_STATES} states", report.scene);
        assert!(report.is_complete || scene.depth < usize::MAX, "{}", report.scene);
        let is_told = |kind: &str| report.alerts.iter().any(|alert| alert.ends_with(kind));
        assert!(is_told("/tripped"), "{}: no cut was told", report.scene);
        let may_be_enabled = scene.left.enables > 0;
        assert_eq!(is_told("/restored"), may_be_enabled, "{}: {:?}", report.scene, report.alerts);
    }
}

#[test]
fn planted_bugs_are_found() {
    for planted in [
        Planted::AnyVersion,
        Planted::DisablesFirst,
        Planted::NoEpochCheck,
        Planted::NoLease,
        Planted::ForgetsFound,
        Planted::NoWatch,
    ] {
        let found = SCENES.iter().find_map(|scene| {
            let report = search(*scene, planted, 1, 0, MOST_STATES);
            report.broken.map(|(way, broken)| (scene.name, way, broken))
        });
        let (scene, way, broken) = found.unwrap_or_else(|| panic!("{planted:?} was not found"));
        eprintln!("{planted:?} in {scene} after {} moves: {}", way.len(), broken.join("; "));
    }
}
