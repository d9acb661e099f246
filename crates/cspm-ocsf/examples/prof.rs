fn main() {
    let src = include_str!("../benches/events.rs");
    let line = src.lines().find(|l| l.starts_with("const FINDING")).unwrap();
    let json = &line[line.find("r#\"").unwrap() + 3..line.rfind("\"#").unwrap()];
    let f: cspm_core::Finding = serde_json::from_str(json).unwrap();
    let c = cspm_ocsf::Context::new("run-1", cspm_core::Timestamp::now());
    let mode = std::env::args().nth(1).unwrap();
    let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let w = cspm_ocsf::Writer::new(std::io::sink(), cspm_ocsf::Version::NEWEST);
    let mut w = if mode == "plain" { w.without_validation() } else { w };
    for _ in 0..n {
        if mode == "map" { std::hint::black_box(cspm_ocsf::event(&f, &c)); } else { w.write(&f, &c).unwrap(); }
    }
}
