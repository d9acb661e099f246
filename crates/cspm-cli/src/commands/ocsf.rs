//! `cspm ocsf validate`: checks events, anybody's.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use cspm::ocsf::{Validator, read};

use crate::args::{Cli, OcsfArgs, OcsfCommand, ValidateArgs};
use crate::exit::{Exit, Stop};
use crate::output::target::Target;
use crate::say;

pub(crate) fn run(cli: &Cli, args: &OcsfArgs) -> Result<Exit, Stop> {
    let OcsfCommand::Validate(args) = &args.command;
    validate(args, cli.quiet)
}

fn validate(args: &ValidateArgs, quiet: bool) -> Result<Exit, Stop> {
    let validator = args.version.map_or(Validator::new(), |version| Validator::new().at(version));
    let validator = validator.recommended(args.recommended);
    let mut out = Target::open(None)?;
    let (mut events, mut issues) = (0_u64, 0_u64);
    for path in &args.files {
        let name = cspm::clean_text(&path.display().to_string(), 300);
        let unreadable = |error: io::Error| Stop::usage(format!("{name}: {error}"));
        for record in read(open(path).map_err(unreadable)?) {
            let record = record.map_err(unreadable)?;
            events += 1;
            let found = match &record.event {
                Ok(event) => validator.check(event),
                Err(issue) => vec![issue.clone()],
            };
            for issue in found {
                issues += 1;
                let place = if issue.path.is_empty() { "event" } else { &issue.path };
                writeln!(
                    out,
                    "{name}:{} event {}: {place}: {} {}: {}; {}",
                    record.line, record.number, issue.severity, issue.code, issue.message, issue.remedy
                )
                .map_err(|error| out.failed(&error))?;
            }
        }
    }
    out.finish()?;
    if !quiet {
        say(&format!("{events} events, {issues} issues"));
    }
    Ok(if issues == 0 { Exit::Complete } else { Exit::Partial })
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    if path.is_dir() {
        return Err(io::Error::other("it is a directory; name a file"));
    }
    Ok(Box::new(BufReader::new(File::open(path)?)))
}
