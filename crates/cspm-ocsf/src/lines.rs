//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// The longest line that is taken for a record: 64 MiB.
pub(crate) const LONGEST: usize = 64 << 20;

/// A line that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// Whether it was too long to keep.
    pub(crate) too_long: bool,
}

/// Reads line after line into one buffer.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    number: u64,
    offset: u64,
    longest: usize,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(input: R) -> Self {
        Self::with_longest(input, LONGEST)
    }

    pub(crate) const fn with_longest(input: R, longest: usize) -> Self {
        Self { input, number: 0, offset: 0, longest }
    }

    /// Reads a line, its line feed included, into `line`; `None` at the end. A line that is too long is passed over,
    /// and `line` is empty.
    pub(crate) fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
        line.clear();
        let most = u64::try_from(self.longest).unwrap_or(u64::MAX).saturating_add(1);
        let mut length = (&mut self.input).take(most).read_until(b'\n', line)?;
        if length == 0 {
            return Ok(None);
        }
        let too_long = length > self.longest && !line.ends_with(b"\n");
        if too_long {
            length += self.skip_line()?;
            line.clear();
            line.shrink_to(1 << 20);
        }
        self.number += 1;
        let read = Line { number: self.number, offset: self.offset, too_long };
        self.offset += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(Some(read))
    }

    /// The rest of the input.
    pub(crate) fn read_rest(&mut self, rest: &mut Vec<u8>) -> io::Result<usize> {
        self.input.read_to_end(rest)
    }

    pub(crate) fn into_inner(self) -> R {
        self.input
    }

    fn skip_line(&mut self) -> io::Result<usize> {
        let mut skipped = 0;
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|place| place + 1);
            let length = end.unwrap_or(buffer.len());
            self.input.consume(length);
            skipped += length;
            if end.is_some() || length == 0 {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_passed_over_and_counted() {
        let mut lines = Lines::with_longest(&b"ab\n0123456789\n\nlast"[..], 5);
        let mut line = Vec::new();
        let mut seen = Vec::new();
        while let Some(Line { number, offset, too_long }) = lines.read(&mut line).unwrap() {
            seen.push((number, offset, too_long, String::from_utf8(line.clone()).unwrap()));
        }
        assert_eq!(
            seen,
            [
                (1, 0, false, "ab\n".to_owned()),
                (2, 3, true, String::new()),
                (3, 14, false, "\n".to_owned()),
                (4, 15, false, "last".to_owned()),
            ]
        );
    }
}
