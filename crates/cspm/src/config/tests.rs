//! Contract section 1, sentence by sentence.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::*;

fn parse(text: &str) -> Result<Configuration, ConfigError> {
    let variables = HashMap::from([("KEY", "  a-good-key \n"), ("EMPTY", " \n"), ("BAD", "line\nbreak")]);
    Configuration::parse(text, Path::new("cspm.toml"), &|name| variables.get(name).map(OsString::from))
}

fn problems(text: &str) -> Vec<Problem> {
    match parse(text) {
        Err(ConfigError::Invalid(problems)) => problems.list,
        other => panic!("expected problems, got {other:?}"),
    }
}

/// A connection with one line changed or added.
fn with(line: &str) -> String {
    let key = line.split('=').next().unwrap().trim();
    let mut lines: Vec<String> = [
        "name = \"a\"",
        "vendor = \"conformity\"",
        "base_url = \"https://host.example/v1\"",
        "api_key = { env = \"KEY\" }",
    ]
    .iter()
    .filter(|other| !other.starts_with(&format!("{key} =")))
    .map(|line| (*line).to_owned())
    .collect();
    lines.push(line.to_owned());
    format!("[[connections]]\n{}\n", lines.join("\n"))
}

#[test]
fn the_contracts_own_example_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("ics");
    fs::write(&password, "pa55 word\n").unwrap();
    let text = format!(
        r#"
        [[connections]]
        name = "trend-prod"
        vendor = "conformity"
        region = "us-west-2"
        api_key = {{ env = "KEY" }}

        [[connections]]
        name = "rapid7"
        vendor = "insightcloudsec"
        base_url = "https://acme.customer.divvycloud.com/"
        username = "ops"
        password = {{ file = "{}" }}
        organization = " Production "

        [[connections]]
        name = "gravity"
        vendor = "bitdefender"
        region = "e"
        api_key = {{ env = "KEY" }}
        requests_per_second = 5
        timeout_seconds = 60
        max_response_mib = 64
        accounts = ["one", "two"]
        "#,
        password.display()
    );
    let configuration = parse(&text).unwrap();
    let [trend, rapid7, gravity] = configuration.connections.as_slice() else { panic!("three connections") };
    assert_eq!(trend.address.as_str(), "https://us-west-2-api.cloudconformity.com/v1");
    let Credential::Key(key) = &trend.credential else { panic!("a key") };
    assert_eq!(key.expose_secret(), "a-good-key", "white space around a secret is trimmed");
    assert_eq!(rapid7.address.as_str(), "https://acme.customer.divvycloud.com");
    assert_eq!(rapid7.organization.as_deref(), Some("Production"));
    assert_eq!(trend.organization, None);
    let Credential::Login { username, password } = &rapid7.credential else { panic!("a log-in") };
    assert_eq!((username.as_str(), password.expose_secret()), ("ops", "pa55 word"));
    assert_eq!(gravity.address.as_str(), "https://api.e.cs.gravityzone.bitdefender.com/v1");
    assert_eq!(gravity.requests_per_second, Some(5.0));
    assert_eq!(gravity.timeout, Some(Duration::from_secs(60)));
    assert_eq!(gravity.max_response, Some(64 << 20));
    assert_eq!(gravity.accounts, ["one", "two"]);
}

#[test]
fn every_mistake_is_named_with_what_to_write_instead() {
    for (line, words) in [
        ("nmae = \"b\"", "did you mean name?"),
        ("vendor = \"conformty\"", "conformity, insightcloudsec or bitdefender"),
        ("base_url = \"http://host.example/v1\"", "https://"),
        ("base_url = \"https://user:hunter22@host.example/v1\"", "user name or password"),
        ("base_url = \"https://host.example/v1?key=hunter22\"", "query"),
        ("base_url = \"https://host.example/v1#hunter22\"", "fragment"),
        ("base_url = \"https://host.example/\"", "/v1 or /api"),
        ("base_url = 5", "is a text"),
        ("api_key = \"hunter22\"", "{ env = \"NAME\" }"),
        ("api_key = { env = \"MISSING\" }", "MISSING is not set"),
        ("api_key = { env = \"EMPTY\" }", "is empty"),
        ("api_key = { env = \"BAD\" }", "line break"),
        ("api_key = { file = \"/nonexistent/secret\" }", "cannot be read"),
        ("api_key = { file = \"/dev/zero\" }", "not a regular file"),
        ("api_key = { file = \"/\" }", "not a regular file"),
        ("api_key = { env = \"KEY\", file = \"x\" }", "one place"),
        ("name = \"Trend\"", "small letters"),
        ("requests_per_second = 0", "a number from"),
        ("requests_per_second = \"5\"", "a number from"),
        ("timeout_seconds = -1", "a number from"),
        ("max_response_mib = nan", "a number from"),
        ("accounts = []", "a list of account ids"),
        ("accounts = [5]", "a list of account ids"),
        ("ca_file = \"/nonexistent.pem\"", "is no file"),
        ("username = \"ops\"", "insightcloudsec only"),
        ("auth_header = \"x-key\"", "bitdefender only"),
        ("organization = \"A\"", "insightcloudsec only"),
    ] {
        let problems = problems(&with(line));
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        assert!(problems[0].message.contains(words), "{line}: {}", problems[0].message);
        assert!(!problems[0].message.contains("hunter22"), "{line}: {}", problems[0].message);
        assert!(problems[0].line >= 1 && problems[0].column >= 1);
    }
}

/// Headers that frame a request or are read on the way cannot carry a key.
#[test]
fn the_header_of_a_key_is_none_of_http_itself() {
    let gravity = |header: &str| {
        with(&format!("auth_header = \"{header}\"")).replace("\"conformity\"", "\"bitdefender\"")
    };
    for header in ["host", "Content-Length", "cookie", "transfer-encoding", "Proxy-Authorization"] {
        let problems = problems(&gravity(header));
        assert_eq!(problems.len(), 1, "{header}: {problems:?}");
        assert!(problems[0].message.contains("x-api-key"), "{}", problems[0].message);
    }
    assert_eq!(parse(&gravity("X-Token")).unwrap().connections[0].auth_header.as_deref(), Some("X-Token"));
}

/// The base URL wins over a region that there is; a region that there is not is a slip that is told.
#[test]
fn an_unknown_region_beside_a_base_url_is_refused() {
    let unknown = problems(&with("region = \"mars\""));
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert!(unknown[0].message.contains("mars") && unknown[0].message.contains("eu-west-1"), "{unknown:?}");
    let known = parse(&with("region = \"eu-west-1\"")).unwrap();
    assert_eq!(known.connections[0].address.as_str(), "https://host.example/v1");
}

#[test]
fn regions_are_the_vendors_own() {
    let unknown =
        problems(&with("region = \"mars\"").replace("base_url = \"https://host.example/v1\"\n", ""));
    assert!(
        unknown[0].message.contains("eu-west-1") && unknown[0].message.contains("base_url"),
        "{unknown:?}"
    );
    let conformity = |region: &str| {
        let text =
            with(&format!("region = \"{region}\"")).replace("base_url = \"https://host.example/v1\"\n", "");
        parse(&text).unwrap().connections[0].address.as_str().to_owned()
    };
    assert_eq!(conformity("au-1"), "https://conformity.au-1.cloudone.trendmicro.com/api");
    assert_eq!(conformity("eu-west-1"), "https://eu-west-1-api.cloudconformity.com/v1");
    // A full address wins over a region.
    let both = parse(&with("region = \"us-1\"")).unwrap();
    assert_eq!(both.connections[0].address.as_str(), "https://host.example/v1");
}

#[test]
fn k03_all_problems_are_reported_at_once_in_order() {
    let text = r#"
colour = "red"
[[connections]]
name = "a"
vendor = "conformity"
region = "nowhere"
api_key = "literal"

[[connections]]
name = "a"
vendor = "insightcloudsec"
base_url = "https://host.example"
api_key = { env = "KEY" }
username = "ops"
password = { env = "KEY" }

[[connections]]
name = "c"
vendor = "insightcloudsec"
base_url = "https://host.example"
"#;
    let error = parse(text).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 6, "{error}");
    for (line, (place, words)) in lines.iter().zip([
        ("cspm.toml:2:1:", "unknown key \"colour\""),
        ("cspm.toml:6:10:", "unknown region \"nowhere\""),
        ("cspm.toml:7:11:", "does not belong into this file"),
        ("cspm.toml:9:1:", "either api_key, or username and password"),
        ("cspm.toml:10:8:", "is taken"),
        ("cspm.toml:17:1:", "api_key is missing"),
    ]) {
        assert!(line.starts_with(place) && line.contains(words), "{line}");
    }
}

#[test]
fn syntax_errors_and_duplicate_keys_have_a_place() {
    let broken = problems("[[connections]]\nname = \"a\"\nname = \"b\"\n");
    assert!(
        broken.iter().any(|problem| problem.line == 3 && problem.message.contains("duplicate")),
        "{broken:?}"
    );
    let cut = problems("[[connections]]\nname = \"a");
    assert!(cut.iter().any(|problem| problem.line == 2), "{cut:?}");
    assert!(problems("")[0].message.contains("[[connections]]"));
    assert!(problems("connections = 5")[0].message.contains("[[connections]]"));
    // Ten thousand levels of nesting are an error, not a crash.
    problems(&format!("a = {}", "[".repeat(10_000)));
}

#[test]
fn loopback_may_be_plain_http_and_slashes_at_the_end_make_no_difference() {
    for base in [
        "http://127.0.0.1:9101/v1",
        "http://127.0.0.1:9101/v1/",
        "http://localhost:1/v1",
        "http://[::1]:1/v1/",
    ] {
        let configuration = parse(&with(&format!("base_url = \"{base}\""))).unwrap();
        assert_eq!(configuration.connections[0].address.as_str(), base.trim_end_matches('/'));
    }
}

#[cfg(unix)]
#[test]
fn s14_a_secret_file_that_others_can_read_is_a_warning_with_the_mending_command() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "a-good-key").unwrap();
    let configuration = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        parse(&with(&format!("api_key = {{ file = \"{}\" }}", path.display()))).unwrap()
    };
    assert!(configuration(0o600).warnings.is_empty());
    let warnings = configuration(0o644).warnings;
    assert!(warnings[0].contains("644") && warnings[0].contains("chmod 600"), "{warnings:?}");
}

#[test]
fn s15_secret_files_are_read_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for (content, words) in [
        (vec![b'a'; 70_000], "larger than 64 KiB"),
        (b" \n\t".to_vec(), "is empty"),
        (b"\xff\xfe".to_vec(), "not UTF-8"),
        (b"a\0b".to_vec(), "control character"),
    ] {
        fs::write(&path, content).unwrap();
        let problems = problems(&with(&format!("api_key = {{ file = \"{}\" }}", path.display())));
        assert!(problems[0].message.contains(words), "{problems:?}");
    }
}

#[test]
fn the_configuration_is_looked_for_in_four_places() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let personal = home.join(".config/cspm/config.toml");
    fs::create_dir_all(personal.parent().unwrap()).unwrap();
    fs::write(&personal, "").unwrap();
    let look = |named: Option<&str>, set: &[(&str, &Path)]| {
        let set: Vec<(String, PathBuf)> =
            set.iter().map(|(name, path)| ((*name).to_owned(), path.to_path_buf())).collect();
        find(named.map(Path::new), &|name| {
            set.iter().find(|(known, _)| known == name).map(|(_, path)| path.clone().into_os_string())
        })
    };
    assert_eq!(
        look(Some("named.toml"), &[("CSPM_CONFIG", Path::new("x"))]).unwrap(),
        Path::new("named.toml")
    );
    assert_eq!(look(None, &[("CSPM_CONFIG", Path::new("x"))]).unwrap(), Path::new("x"));
    assert_eq!(look(None, &[("HOME", &home)]).unwrap(), personal);
    let xdg = home.join(".config");
    assert_eq!(look(None, &[("XDG_CONFIG_HOME", &xdg), ("HOME", Path::new("/nowhere"))]).unwrap(), personal);
    let nowhere = look(None, &[("HOME", Path::new("/nowhere"))]).unwrap_err().to_string();
    for word in ["--config", "$CSPM_CONFIG", "./cspm.toml", "/nowhere/.config/cspm/config.toml", "cspm demo"]
    {
        assert!(nowhere.contains(word), "{nowhere}");
    }
}

#[test]
fn a_named_file_that_is_missing_or_a_directory_is_an_error() {
    let missing = Configuration::load(Path::new("/nonexistent/cspm.toml")).unwrap_err().to_string();
    assert!(missing.contains("/nonexistent/cspm.toml"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let directory = Configuration::load(folder.path()).unwrap_err().to_string();
    assert!(directory.contains("is a directory"), "{directory}");
}

#[test]
fn nothing_secret_is_printed() {
    let configuration = parse(&with("accounts = [\"x\"]")).unwrap();
    assert!(!format!("{configuration:?}").contains("a-good-key"));
}

#[test]
fn k01_places_are_right_behind_a_byte_order_mark_and_with_the_line_ends_of_any_system() {
    for text in [with("wrong = 1"), with("wrong = 1").replace('\n', "\r\n")] {
        let bare = problems(&text);
        assert_eq!((bare.len(), bare[0].line, bare[0].column), (1, 6, 1), "{bare:?}");
        assert_eq!(problems(&format!("\u{feff}{text}")), bare);
    }
}

#[test]
fn k01_what_is_no_text_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cspm.toml");
    for mark in [&b""[..], "\u{feff}".as_bytes()] {
        fs::write(&path, [mark, "[[connections]]\nname = \"é".as_bytes(), b"\xff\"\n"].concat()).unwrap();
        let Err(ConfigError::Invalid(problems)) = Configuration::load(&path) else { panic!("a problem") };
        assert!(
            problems.to_string().ends_with(":2:10: this is not UTF-8; save the file as UTF-8"),
            "{problems}"
        );
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_with_what_to_do() {
    let problems = problems(&format!("{}name = \"b\"\n", with("region = \"us-1\"")));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].message, "duplicate key; keep one of the two");
}

#[test]
fn a_word_that_is_near_no_key_is_not_called_a_misspelt_one() {
    let message = |line: &str| problems(&with(line)).remove(0).message;
    assert!(message("vendr = 1").ends_with("did you mean vendor?"), "{}", message("vendr = 1"));
    assert!(message("foo = 1").contains("known are name, vendor"), "{}", message("foo = 1"));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_certificate_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let problems = problems(&with(&format!("ca_file = \"{}\"", pipe.display())));
    assert!(problems[0].message.contains("is no file"), "{problems:?}");
}

#[test]
fn a_password_may_hold_any_letter_and_a_key_only_those_of_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "\u{feff}pässwörd ✓\r\n").unwrap();
    let file = format!("{{ file = \"{}\" }}", path.display());
    let login = with("vendor = \"insightcloudsec\"")
        .replace("api_key = { env = \"KEY\" }", &format!("username = \"ops\"\npassword = {file}"));
    let configuration = parse(&login).unwrap();
    let Credential::Login { password, .. } = &configuration.connections[0].credential else {
        panic!("a log-in")
    };
    assert_eq!(password.expose_secret(), "pässwörd ✓");
    let problems = problems(&with(&format!("api_key = {file}")));
    assert!(
        problems[0].message.contains("beyond ASCII") && !problems[0].message.contains("ssw"),
        "{problems:?}"
    );
}
