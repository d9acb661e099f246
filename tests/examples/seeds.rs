//! Writes what fuzzers begin with: `cargo run -p cspm-tests --example seeds -- fuzz/corpus`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).expect("name a folder to write to");
    cspm_tests::fuzz::seeds::write(Path::new(&folder))
}
