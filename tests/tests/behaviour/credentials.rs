//! Who we are: wrong keys, missing rights, keys that end in mid-run, and sessions.

use std::time::Duration;

use cspm_core::{ErrorKind, FindingQuery, Owner};
use cspm_simulator::conformity::Level;
use cspm_simulator::{Fault, Latency, Match, RetryAfter, Which, bitdefender, insightcloudsec};
use cspm_tests::{
    Access, Installation, Kind, KindExt, Lab, Model, Outcome, Setup, every_vendor, everything, truth,
};
use http::{HeaderName, StatusCode};

every_vendor!(
    a01_a_wrong_key,
    a02_a_missing_right,
    a11_a_key_revoked_in_mid_run,
    a13_cookies_are_not_kept,
    s16_a_credential_that_no_header_may_hold_is_refused_unseen,
);

async fn s16_a_credential_that_no_header_may_hold_is_refused_unseen(kind: Kind) {
    for odd in ["\n", "\r\nx-evil: 1", "\0", "\u{7f}", "\u{e9}", "\u{4e2d}", "\u{1b}[2J"] {
        let fresh = cspm_tests::fresh();
        let error = Setup::new(Installation::demo(kind)).refusal_of(&format!("{fresh}{odd}{fresh}"));
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Config, Owner::Customer), "{odd:?}: {error}");
        cspm_tests::assert_absent(&[fresh], "the refusal", &format!("{error} {error:?}"));
    }
}

async fn a01_a_wrong_key(kind: Kind) {
    fn assert_refused<T>(lab: &Lab, outcome: &Outcome<T>) {
        assert!(outcome.items.is_empty());
        outcome.assert_incomplete();
        assert!(outcome.report.is_total_failure());
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Authentication, Owner::Customer), "{error}");
        // One, and one probe where a status may mean two things.
        let probes = u64::from(lab.kind != Kind::Bitdefender);
        assert!(outcome.connection().requests <= 1 + probes, "{} requests", outcome.connection().requests);
    }
    let lab = || Setup::new(Installation::demo(kind)).access(Access::Unknown).start();
    let one = lab();
    assert_refused(&one, &one.everything().await);
    let one = lab();
    assert_refused(&one, &one.accounts().await);
    let one = lab();
    assert_refused(&one, &one.rules().await);
}

/// Every error of the outcome is a missing permission that the customer has to mend.
fn assert_permission<T>(outcome: &Outcome<T>) {
    outcome.assert_incomplete();
    for error in outcome.errors() {
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Permission, Owner::Customer), "{error}");
    }
}

async fn a02_a_missing_right(kind: Kind) {
    let lab = |key| Setup::new(Installation::demo(kind)).access(Access::Key(key)).start();
    match kind {
        Kind::Conformity => {
            // Rights end between the list of accounts and their checks: as if an account were listed and not readable.
            let lab = lab(cspm_simulator::conformity::Conformity::CUSTOM_KEY);
            let Model::Conformity(vendor) = &lab.model else { unreachable!() };
            let second = vendor.world().accounts[1].id.clone();
            let (model, account) = (vendor.clone(), second.clone());
            let lock = Fault::then(move || {
                model.edit(|world| {
                    for user in &mut world.users {
                        user.access.insert(account.clone(), Level::None);
                    }
                });
            });
            lab.simulator.faults().on(Match::get("/v1/checks"), Which::Nth(1), lock);
            let outcome = lab.everything().await;
            assert_permission(&outcome);
            assert_eq!(outcome.incomplete().len(), 1);
            assert_eq!(outcome.incomplete()[0].scope.get("account"), Some(&second));
            assert!(!outcome.report.is_total_failure() && outcome.items.len() > 1_000);
            assert!(lab.count(&Match::get("/v1/users/whoami")) <= 1, "one probe tells");
        }
        Kind::InsightCloudSec => {
            let one = lab(insightcloudsec::NO_INSIGHTS_KEY);
            let outcome = one.everything().await;
            assert_permission(&outcome);
            assert!(outcome.report.is_total_failure() && outcome.connection().requests < 8);
            assert_permission(&one.rules().await);
            one.accounts().await.assert_complete();

            let one = lab(insightcloudsec::NO_RESOURCES_KEY);
            let outcome = one.findings(&FindingQuery::default()).await;
            assert_permission(&outcome);
            assert!(outcome.report.is_total_failure());
            one.rules().await.assert_complete();

            let one = lab(insightcloudsec::NO_EXEMPTIONS_KEY);
            one.findings(&FindingQuery::default()).await.assert_complete();
            let outcome = one.everything().await;
            assert_permission(&outcome);
            assert!(outcome.items.len() > 1_000, "what is not exempted was read");

            let one = lab(insightcloudsec::VIEWER_KEY);
            let outcome = one.everything().await;
            outcome.assert_ids(&truth::ids(&one));
            outcome.assert_complete();
        }
        _ => {
            let one = lab(bitdefender::SETTING_KEY);
            let outcome = one.everything().await;
            assert_permission(&outcome);
            assert!(outcome.report.is_total_failure());
            assert!(outcome.connection().requests < 8);
            assert_eq!(outcome.errors()[0].status(), Some(401), "the number is kept");
            assert_permission(&one.rules().await);
            one.accounts().await.assert_complete();

            let one = lab(bitdefender::READ_KEY);
            let outcome = one.everything().await;
            outcome.assert_ids(&truth::ids(&one));
            outcome.assert_complete();
        }
    }
}

async fn a11_a_key_revoked_in_mid_run(kind: Kind) {
    let page = kind.page();
    let mut setup = Setup::new(Installation::pieces(kind, &[page + 5, 40, 40, 40, 40, 40]));
    setup.settings.side_by_side = 1;
    let lab = setup.start();
    let (model, secret) = (lab.model.clone(), lab.secret().to_owned());
    lab.simulator.faults().on(kind.listing(), Which::Nth(2), Fault::then(move || model.revoke(&secret)));
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(!outcome.report.is_total_failure());
    outcome.assert_among(&truth::ids(&lab));
    assert!(!outcome.items.is_empty(), "what was read before stays");
    let missing: u64 = outcome.connection().scopes.iter().filter(|scope| !scope.complete).count() as u64;
    assert!(missing >= 1);
    for error in outcome.errors() {
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Authentication, Owner::Customer), "{error}");
    }
    assert!(lab.pages() <= 4, "{} pages were asked for after the key had ended", lab.pages() - 1);
}

async fn a13_cookies_are_not_kept(kind: Kind) {
    let lab = Lab::demo(kind);
    let cookie = http::HeaderValue::from_static("session=abc; Path=/");
    lab.simulator.faults().on(Match::any(), Which::Every, Fault::SetCookie(cookie));
    lab.everything().await.assert_complete();
    assert!(lab.log().entries().iter().all(|entry| !entry.request.headers.contains_key("cookie")));
}

fn session(options: insightcloudsec::Options) -> Setup {
    let world = insightcloudsec::World::demo(7);
    Setup::new(Installation::InsightCloudSec(world, options))
        .access(Access::Password(insightcloudsec::DEMO_USERNAME))
}

fn logins(lab: &Lab) -> insightcloudsec::Logins {
    let Model::InsightCloudSec(vendor) = &lab.model else { unreachable!() };
    vendor.logins()
}

#[tokio::test(start_paused = true)]
async fn a05_a_refused_login_is_made_once() {
    for name in [insightcloudsec::DEMO_USERNAME, "nobody-of-this-name", insightcloudsec::LOCKED_USERNAME] {
        let installation = Installation::demo(Kind::InsightCloudSec);
        let lab = Setup::new(installation).access(Access::WrongPassword(name)).start();
        for _ in 0..2 {
            let outcome = lab.everything().await;
            assert!(outcome.report.is_total_failure());
            outcome.assert_incomplete();
            let error = outcome.errors()[0];
            assert_eq!(
                (error.kind(), error.owner()),
                (ErrorKind::Authentication, Owner::Customer),
                "{name}: {error}"
            );
        }
        assert_eq!(logins(&lab).attempts, 1, "{name}: repeats lock the account");
        assert_eq!(lab.log().count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn q19_a_throttled_login_is_waited_for_and_never_made_twice_at_once() {
    for hint in [RetryAfter::Seconds(20), RetryAfter::None] {
        let lab = session(insightcloudsec::Options::default()).start();
        let refused = Fault::Throttled { retry_after: hint.clone() };
        lab.simulator.faults().on(Match::path("*/login"), Which::First(2), refused);
        let outcome = lab.everything().await;
        outcome.assert_ids(&truth::ids(&lab));
        outcome.assert_complete();
        assert_eq!((outcome.connection().throttled, outcome.connection().retries), (2, 2));
        let entries = lab.log().entries();
        // Nothing else is asked before there is a session, and one log-in is over before the next.
        assert!(entries[..3].iter().all(|entry| entry.request.path.ends_with("/user/login")));
        assert_eq!(lab.count(&Match::path("*/login")), 3);
        for pair in entries[..3].windows(2) {
            let waited = pair[1].at - pair[0].ended.expect("an end");
            let due = if hint == RetryAfter::None { 50 } else { 20_000 };
            assert!((due..=22_000).contains(&waited.as_millis()), "{hint:?}: {waited:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a12_one_credential_header_and_never_an_empty_one() {
    let with = |entry: &cspm_simulator::LogEntry, name: &'static str| {
        entry
            .request
            .headers
            .get_all(HeaderName::from_static(name))
            .iter()
            .map(|value| value.len())
            .collect::<Vec<_>>()
    };
    let lab = session(insightcloudsec::Options::default()).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!((logins(&lab).attempts, logins(&lab).granted), (1, 1));
    for entry in lab.log().entries() {
        let is_login = entry.request.path.ends_with("/user/login");
        assert!(with(&entry, "api-key").is_empty());
        assert_eq!(
            with(&entry, "x-auth-token"),
            if is_login { vec![] } else { vec![32] },
            "{}",
            entry.request.path
        );
    }
    let lab = Lab::demo(Kind::InsightCloudSec);
    lab.everything().await.assert_complete();
    for entry in lab.log().entries() {
        assert_eq!(with(&entry, "api-key"), [lab.secret().len()]);
        assert!(with(&entry, "x-auth-token").is_empty());
    }
    assert_eq!(logins(&lab).attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a06_a_session_that_ends_by_time_is_renewed() {
    let lab = session(insightcloudsec::Options { session_minutes: 1, ..Default::default() }).start();
    let second = Duration::from_secs(9);
    lab.simulator.set_latency(Some(Latency { from: second, to: second, seed: 1 }));
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let minutes = outcome.took.as_secs() / 60;
    assert!(minutes >= 1, "the run took {:?}: too short to prove anything", outcome.took);
    assert!((2..=1 + minutes).contains(&logins(&lab).granted), "{:?} in {minutes} minutes", logins(&lab));
    assert_eq!(logins(&lab).attempts, logins(&lab).granted);
}

#[tokio::test(start_paused = true)]
async fn r22_a_session_that_ended_while_the_machine_slept_is_renewed_once() {
    let lab = session(insightcloudsec::Options { session_minutes: 30, ..Default::default() }).start();
    let wait = Duration::from_millis(200);
    lab.simulator.set_latency(Some(Latency { from: wait, to: 2 * wait, seed: 3 }));
    let asleep = async {
        while lab.pages() < 20 {
            tokio::time::sleep(wait).await;
        }
        tokio::time::advance(Duration::from_secs(3_600)).await;
    };
    let (outcome, ()) = tokio::join!(lab.everything(), asleep);
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert!(outcome.took > Duration::from_secs(3_600));
    assert_eq!((logins(&lab).attempts, logins(&lab).granted), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a06_a_session_that_ends_by_count_is_renewed() {
    let lab = session(insightcloudsec::Options { session_requests: Some(25), ..Default::default() }).start();
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    let answered =
        lab.log().entries().iter().filter(|entry| entry.status == Some(StatusCode::OK)).count() as u64;
    let granted = logins(&lab).granted;
    assert!(granted >= 2, "no session ended");
    assert!(granted <= (answered - granted).div_ceil(25), "{granted} log-ins for {answered} answers");
}

#[tokio::test(start_paused = true)]
async fn a07_an_end_that_all_meet_together_is_one_renewal() {
    let lab = session(insightcloudsec::Options::default()).start();
    let Model::InsightCloudSec(vendor) = &lab.model else { unreachable!() };
    let vendor = vendor.clone();
    let wait = Duration::from_millis(80);
    lab.simulator.set_latency(Some(Latency { from: wait, to: 2 * wait, seed: 3 }));
    lab.simulator.faults().on(
        Kind::InsightCloudSec.listing(),
        Which::Nth(20),
        Fault::then(move || vendor.expire_sessions()),
    );
    let outcome = lab.everything().await;
    outcome.assert_ids(&truth::ids(&lab));
    outcome.assert_complete();
    assert_eq!((logins(&lab).attempts, logins(&lab).granted), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a08_a_failed_renewal_is_made_once_and_told_to_all() {
    let lab = session(insightcloudsec::Options::default()).start();
    let Model::InsightCloudSec(vendor) = &lab.model else { unreachable!() };
    let vendor = vendor.clone();
    let fault = Fault::then(move || {
        vendor.expire_sessions();
        vendor.edit(|world| world.users.iter_mut().for_each(|user| user.suspended = true));
    });
    lab.simulator.faults().on(Kind::InsightCloudSec.listing(), Which::Nth(20), fault);
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    outcome.assert_among(&truth::ids(&lab));
    assert!(!outcome.report.is_total_failure());
    assert_eq!((logins(&lab).attempts, logins(&lab).granted), (2, 1));
    assert!(outcome.errors().iter().all(|error| error.kind() == ErrorKind::Authentication));
}

#[tokio::test(start_paused = true)]
async fn a09_renewed_and_still_refused_is_the_end() {
    let lab = session(insightcloudsec::Options::default()).start();
    let refused = Fault::status(StatusCode::UNAUTHORIZED);
    lab.simulator.faults().on(Kind::InsightCloudSec.listing(), Which::From(10), refused);
    let outcome = lab.everything().await;
    outcome.assert_incomplete();
    assert!(logins(&lab).attempts <= 3, "{:?}", logins(&lab));
    assert!(lab.pages() <= 9 + 2 * 8, "{} pages", lab.pages());
}

#[tokio::test(start_paused = true)]
async fn a10_sessions_of_three_requests_never_mean_endless_logins() {
    let lab = session(insightcloudsec::Options { session_requests: Some(3), ..Default::default() }).start();
    let outcome = lab.everything().await;
    outcome.assert_among(&truth::ids(&lab));
    if outcome.report.complete {
        outcome.assert_ids(&truth::ids(&lab));
    }
    let answered =
        lab.log().entries().iter().filter(|entry| entry.status == Some(StatusCode::OK)).count() as u64;
    assert!(logins(&lab).attempts <= answered.div_ceil(2) + 1, "{:?} for {answered} answers", logins(&lab));
}

#[tokio::test(start_paused = true)]
async fn a04_bitdefender_401_and_403_mean_the_reverse_of_custom() {
    for (status, kind) in [
        (StatusCode::UNAUTHORIZED, ErrorKind::Permission),
        (StatusCode::FORBIDDEN, ErrorKind::Authentication),
    ] {
        let lab = Lab::sized(Kind::Bitdefender, 3);
        lab.simulator.faults().on(Kind::Bitdefender.listing(), Which::Every, Fault::status(status));
        let outcome = lab.findings(&everything()).await;
        outcome.assert_incomplete();
        let error = outcome.errors()[0];
        assert_eq!((error.kind(), error.status()), (kind, Some(status.as_u16())), "{error}");
        assert_eq!(lab.pages(), 1, "neither is worth repeating");
    }
}

#[tokio::test(start_paused = true)]
async fn a03_conformity_403_is_told_apart_by_one_probe() {
    let lab = Lab::demo(Kind::Conformity);
    let forbidden = Fault::status(StatusCode::FORBIDDEN);
    lab.simulator.faults().on(Kind::Conformity.listing(), Which::Every, forbidden);
    let outcome = lab.everything().await;
    assert_permission(&outcome);
    assert_eq!(lab.count(&Match::get("/v1/users/whoami")), 1, "the probe is asked once a run");
}
