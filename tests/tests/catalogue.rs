//! Every row of the catalogue of faults has a test that bears its id, or says why it has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rows, and of those that cannot be tested here the reason.
fn rows() -> BTreeMap<String, Option<String>> {
    let text = fs::read_to_string(root().join("tests/catalogue.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("* ")).map(|row| match row.split_once(':') {
        Some((id, reason)) => (id.to_owned(), Some(reason.trim().to_owned())),
        None => (row.to_owned(), None),
    });
    rows.collect()
}

/// Every source file of the repository.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The functions that are run as tests: below a test attribute, or named in an `every_vendor!`.
fn tests() -> BTreeSet<String> {
    let (mut files, mut names) = (Vec::new(), BTreeSet::new());
    for folder in ["crates", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let (mut is_test, mut in_macro) = (false, false);
        for line in text.lines().map(str::trim) {
            if line.starts_with("every_vendor!(") {
                in_macro = true;
            }
            if in_macro {
                let listed = line.trim_start_matches("every_vendor!(").split([',', ')', ' ', ';']);
                names.extend(listed.filter(|name| !name.is_empty()).map(str::to_owned));
                in_macro = !line.contains(')');
            }
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            if let Some(function) = function {
                if is_test {
                    names.extend(function.split('(').next().map(str::to_owned));
                }
                is_test = false;
            }
        }
    }
    names
}

/// The ids that a name bears: `t01_to_t09_r17_the_table` bears T01, T02 … T09 and R17.
fn ids(name: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut last: Option<(char, u32)> = None;
    let mut range = false;
    for word in name.split('_') {
        let mut letters = word.chars();
        let row = match (letters.next(), letters.as_str()) {
            (Some(section), number) if number.len() == 2 && section.is_ascii_lowercase() => {
                number.parse::<u32>().ok().map(|number| (section.to_ascii_uppercase(), number))
            }
            _ => None,
        };
        let Some((section, number)) = row else {
            if word == "to" && last.is_some() && !range {
                range = true;
                continue;
            }
            break;
        };
        let first = match last {
            Some((begun, first)) if range && begun == section => first,
            _ => number,
        };
        ids.extend((first..=number).map(|number| format!("{section}{number:02}")));
        range = false;
        last = Some((section, number));
    }
    ids
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    let tests = tests();
    let tested: BTreeSet<String> = tests.iter().flat_map(|name| ids(name)).collect();
    let rows = rows();
    assert_eq!(rows.len(), 198, "the catalogue has 198 rows");
    let open: Vec<&String> =
        rows.iter().filter(|(id, why)| why.is_none() && !tested.contains(*id)).map(|(id, _)| id).collect();
    assert!(open.is_empty(), "rows without a test: {open:?}");
    let stale: Vec<&String> =
        rows.iter().filter(|(id, why)| why.is_some() && tested.contains(*id)).map(|(id, _)| id).collect();
    assert!(stale.is_empty(), "rows with a test and a reason for having none: {stale:?}");
    let unknown: Vec<&String> = tested.iter().filter(|id| !rows.contains_key(*id)).collect();
    assert!(unknown.is_empty(), "tests that bear ids of no row: {unknown:?}");
}

#[test]
fn ids_are_read_from_names() {
    let read = |name: &str| ids(name).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(read("t01_to_t03_r17_a_table"), "R17 T01 T02 T03");
    assert_eq!(read("s05_links"), "S05");
    assert_eq!(read("an_h02_in_the_middle"), "");
}

/// Where the page itself lies beside the checkout, the list is the page's.
#[test]
fn the_list_is_the_pages() {
    let Ok(page) = fs::read_to_string(root().join("../shared/fault-catalogue.md")) else { return };
    let is_id = |id: &&str| {
        id.len() == 3
            && id.starts_with(|letter: char| letter.is_ascii_uppercase())
            && id[1..].parse::<u32>().is_ok()
    };
    let page: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ").and_then(|line| line.split(' ').next()))
        .filter(is_id)
        .collect();
    let rows = rows();
    assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>(), page);
}
