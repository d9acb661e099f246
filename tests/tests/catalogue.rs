//! Every row of the catalogue of faults has a test that bears its id at each vendor that it can happen to, or says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The vendors by the letters that stand for them, and how a source names them.
const VENDORS: [(char, &str, &str); 3] = [
    ('C', "conformity", "Kind::Conformity"),
    ('I', "insightcloudsec", "Kind::InsightCloudSec"),
    ('B', "bitdefender", "Kind::Bitdefender"),
];

/// What a test names that runs over all vendors, or over those of them that take policies.
const OVER_VENDORS: [(&str, &str); 5] =
    [("VENDORS", "CIB"), ("BUILT", "CIB"), ("KINDS", "CIB"), ("Kind::ALL", "CIB"), ("writable()", "CI")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A row of the list.
struct Row {
    /// The vendors as the page puts it.
    column: String,
    /// Those of them that a test is due at.
    vendors: BTreeSet<char>,
    /// Whether it says why it has no test.
    untested: bool,
}

/// Lines such as `* T01 [3]`, `* W04 [3] not B: why` and `* X03 [3] untested: why`.
fn rows() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("tests/catalogue.md")).unwrap();
    let row = |line: &str| {
        let (id, rest) = line.split_once(" [").expect("an id");
        let (column, note) = rest.split_once(']').expect("vendors");
        let mut vendors: BTreeSet<char> =
            if column.contains('3') { "CIB".chars().collect() } else { column.chars().collect() };
        vendors.retain(|vendor| "CIB".contains(*vendor));
        let note = note.trim();
        assert!(
            note.is_empty() || note.split_once(": ").is_some_and(|(_, why)| why.len() > 20),
            "{id}: why?"
        );
        if let Some((without, _)) = note.strip_prefix("not ").and_then(|note| note.split_once(':')) {
            for vendor in without.split(", ").flat_map(str::chars) {
                assert!(vendors.remove(&vendor), "{id}: {vendor} is none of its vendors");
            }
        }
        (id.to_owned(), Row { column: column.to_owned(), vendors, untested: note.starts_with("untested: ") })
    };
    text.lines().filter_map(|line| line.strip_prefix("* ")).map(row).collect()
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

/// The functions that are run as tests, below a test attribute or named in an `every_vendor!`, and the vendors that they
/// run at: all of an `every_vendor!`, the one whose adapter or simulator the file belongs to, or those that the test
/// itself names.
fn tests() -> Vec<(String, BTreeSet<char>)> {
    let (mut files, mut tests) = (Vec::new(), Vec::new());
    for folder in ["crates", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let whose = VENDORS.iter().filter(|(_, name, _)| path.contains(name)).map(|(letter, ..)| *letter);
        let whose: BTreeSet<char> = whose.collect();
        let (mut is_test, mut in_macro) = (false, false);
        let mut lines = text.lines();
        while let Some(whole) = lines.next() {
            let line = whole.trim();
            if line.starts_with("every_vendor!(") {
                in_macro = true;
            }
            if in_macro {
                let listed = line.trim_start_matches("every_vendor!(").split([',', ')', ' ', ';']);
                let every = |name: &str| (name.to_owned(), "CIB".chars().collect());
                tests.extend(listed.filter(|name| !name.is_empty()).map(every));
                in_macro = !line.contains(')');
            }
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            if let Some(name) = function.and_then(|function| function.split('(').next())
                && std::mem::take(&mut is_test)
            {
                let end = format!("{}}}", &whole[..whole.len() - whole.trim_start().len()]);
                let body: String = lines.by_ref().take_while(|line| *line != end).collect();
                tests.push((name.to_owned(), &whose | &named(&body)));
            }
        }
    }
    tests
}

/// The vendors that the body of a test names.
fn named(body: &str) -> BTreeSet<char> {
    let each = VENDORS.iter().filter(|(_, name, kind)| body.contains(name) || body.contains(kind));
    let lists = OVER_VENDORS.iter().filter(|(word, _)| body.contains(word));
    each.map(|(letter, ..)| *letter).chain(lists.flat_map(|(_, vendors)| vendors.chars())).collect()
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
fn every_row_has_a_test_at_each_of_its_vendors_or_a_reason() {
    let mut tested: BTreeMap<String, BTreeSet<char>> = BTreeMap::new();
    for (name, vendors) in tests() {
        for id in ids(&name) {
            tested.entry(id).or_default().extend(&vendors);
        }
    }
    let rows = rows();
    assert_eq!(rows.len(), 198, "the catalogue has 198 rows");
    let mut open = Vec::new();
    for (id, row) in &rows {
        match tested.get(id) {
            None if row.untested => {}
            Some(_) if row.untested => open.push(format!("{id} has a test and a reason for having none")),
            None => open.push(format!("{id} has no test")),
            Some(at) if !at.is_superset(&row.vendors) => {
                open.push(format!("{id} has no test at {:?}", &row.vendors - at));
            }
            Some(_) => {}
        }
    }
    let unknown = tested.keys().filter(|id| !rows.contains_key(*id));
    open.extend(unknown.map(|id| format!("{id} is borne by a test and is no row")));
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn ids_are_read_from_names() {
    let read = |name: &str| ids(name).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(read("t01_to_t03_r17_a_table"), "R17 T01 T02 T03");
    assert_eq!(read("s05_links"), "S05");
    assert_eq!(read("an_h02_in_the_middle"), "");
}

#[test]
fn vendors_are_read_from_bodies() {
    let read = |body: &str| named(body).into_iter().collect::<String>();
    assert_eq!(read("for vendor in VENDORS {"), "BCI");
    assert_eq!(read("Lab::sized(Kind::Bitdefender, 3)"), "B");
    assert_eq!(read("Stage::of(&[\"conformity\"])"), "C");
    assert_eq!(read("for vendor in writable() {"), "CI");
    assert_eq!(read("Script::new(|_, _| status(200))"), "");
}

/// Where the page itself lies beside the checkout, the list is the page's.
#[test]
fn the_list_is_the_pages() {
    let Ok(page) = fs::read_to_string(root().join("../shared/fault-catalogue.md")) else { return };
    let is_id = |id: &str| {
        id.len() == 3
            && id.starts_with(|letter: char| letter.is_ascii_uppercase())
            && id[1..].parse::<u32>().is_ok()
    };
    let mut of_page = BTreeMap::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("| ")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        if is_id(cells[0]) {
            // The last cell but the anchor is the one of vendors.
            of_page.insert(cells[0].to_owned(), cells[cells.len() - 2].to_owned());
        }
    }
    let rows: BTreeMap<String, String> = rows().into_iter().map(|(id, row)| (id, row.column)).collect();
    assert_eq!(rows, of_page);
}
