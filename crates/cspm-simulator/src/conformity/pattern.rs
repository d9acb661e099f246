//! What `filter[resource]` can say (section 4.2): an exact id, wildcards, or a whole-value regular expression.
//!
//! Of Lucene's syntax the usual part is understood: `.` `?` `*` `+` `|` `()` `[]` `{n,m}` `@` and `\` before any
//! character. There are no anchors, as an expression always has to match the whole value.

use std::collections::BTreeSet;

/// Groups nested deeper than this are refused.
const DEEPEST: usize = 50;
/// A counted repetition above this is refused.
const MOST_REPEATS: usize = 1000;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern(Node);

#[derive(Debug)]
enum Node {
    Char(char),
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: usize },
}

/// The expression cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Pattern {
    /// Text in which `*` is any run of characters and `?` any one.
    pub(super) fn wildcard(text: &str) -> Self {
        let any = || Node::Repeat { node: Box::new(Node::Any), least: 0, most: usize::MAX };
        Self(Node::Sequence(
            text.chars()
                .map(|c| match c {
                    '*' => any(),
                    '?' => Node::Any,
                    c => Node::Char(c),
                })
                .collect(),
        ))
    }

    /// A regular expression.
    pub(super) fn regex(text: &str) -> Result<Self, Malformed> {
        let mut parser = Parser { rest: text.chars().collect::<Vec<_>>().into_iter().peekable(), depth: 0 };
        let node = parser.choice()?;
        if parser.rest.next().is_some() {
            return Err(Malformed);
        }
        Ok(Self(node))
    }

    /// Whether the pattern matches the whole of the text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.0.ends(&chars, &BTreeSet::from([0])).contains(&chars.len())
    }
}

impl Node {
    /// All positions where a match that starts at one of `starts` can end. Sets keep the work polynomial.
    fn ends(&self, text: &[char], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
        let step = |accept: &dyn Fn(char) -> bool| {
            starts
                .iter()
                .filter(|at| text.get(**at).is_some_and(|c| accept(*c)))
                .map(|at| at + 1)
                .collect::<BTreeSet<_>>()
        };
        match self {
            Self::Char(wanted) => step(&|c| c == *wanted),
            Self::Any => step(&|_| true),
            Self::Class { negated, ranges } => {
                step(&|c| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated)
            }
            Self::Sequence(nodes) => {
                nodes.iter().fold(starts.clone(), |positions, node| node.ends(text, &positions))
            }
            Self::Choice(nodes) => nodes.iter().flat_map(|node| node.ends(text, starts)).collect(),
            Self::Repeat { node, least, most } => {
                let mut reached = if *least == 0 { starts.clone() } else { BTreeSet::new() };
                let mut frontier = starts.clone();
                let mut round = 0;
                while round < *most && !frontier.is_empty() {
                    frontier = node.ends(text, &frontier);
                    round += 1;
                    if round >= *least {
                        // Only what is new can lead further, which is also what ends the loop.
                        frontier.retain(|at| reached.insert(*at));
                    }
                }
                reached
            }
        }
    }
}

struct Parser {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    depth: usize,
}

impl Parser {
    fn choice(&mut self) -> Result<Node, Malformed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        let mut branches = vec![self.sequence()?];
        while self.rest.next_if_eq(&'|').is_some() {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(Node::Choice(branches))
    }

    fn sequence(&mut self) -> Result<Node, Malformed> {
        let mut nodes = Vec::new();
        while let Some(c) = self.rest.next_if(|c| !matches!(c, '|' | ')')) {
            let atom = self.atom(c)?;
            nodes.push(self.repeated(atom)?);
        }
        Ok(Node::Sequence(nodes))
    }

    fn atom(&mut self, c: char) -> Result<Node, Malformed> {
        match c {
            '.' => Ok(Node::Any),
            '@' => Ok(Node::Repeat { node: Box::new(Node::Any), least: 0, most: usize::MAX }),
            '\\' => self.rest.next().map(Node::Char).ok_or(Malformed),
            '(' => {
                let inner = self.choice()?;
                self.rest.next_if_eq(&')').map(|_| inner).ok_or(Malformed)
            }
            '[' => self.class(),
            '*' | '+' | '?' | '{' => Err(Malformed),
            c => Ok(Node::Char(c)),
        }
    }

    fn repeated(&mut self, atom: Node) -> Result<Node, Malformed> {
        let mut node = atom;
        while let Some(c) = self.rest.next_if(|c| matches!(c, '*' | '+' | '?' | '{')) {
            let (least, most) = match c {
                '*' => (0, usize::MAX),
                '+' => (1, usize::MAX),
                '?' => (0, 1),
                _ => self.bounds()?,
            };
            node = Node::Repeat { node: Box::new(node), least, most };
        }
        Ok(node)
    }

    fn bounds(&mut self) -> Result<(usize, usize), Malformed> {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| *c != '}') {
            text.push(c);
        }
        self.rest.next().ok_or(Malformed)?;
        let number = |text: &str| text.parse().ok().filter(|n| *n <= MOST_REPEATS).ok_or(Malformed);
        let (least, most) = match text.split_once(',') {
            None => (number(&text)?, number(&text)?),
            Some((least, "")) => (number(least)?, usize::MAX),
            Some((least, most)) => (number(least)?, number(most)?),
        };
        if least > most { Err(Malformed) } else { Ok((least, most)) }
    }

    fn class(&mut self) -> Result<Node, Malformed> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let low = match self.rest.next().ok_or(Malformed)? {
                ']' if !ranges.is_empty() => return Ok(Node::Class { negated, ranges }),
                '\\' => self.rest.next().ok_or(Malformed)?,
                c => c,
            };
            let mut high = low;
            if self.rest.next_if_eq(&'-').is_some() {
                match self.rest.next_if(|c| *c != ']') {
                    Some(c) => high = c,
                    None => ranges.push(('-', '-')),
                }
            }
            ranges.push((low, high));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str, text: &str) -> bool {
        Pattern::regex(pattern).unwrap().matches(text)
    }

    #[test]
    fn wildcards_match_the_whole_value() {
        assert!(Pattern::wildcard("team-*").matches("team-logs"));
        assert!(Pattern::wildcard("*").matches(""));
        assert!(Pattern::wildcard("team-l?gs").matches("team-lügs"));
        assert!(!Pattern::wildcard("team-l?gs").matches("team-lgs"));
        assert!(!Pattern::wildcard("team").matches("team-logs"));
        assert!(Pattern::wildcard("a.[b").matches("a.[b"), "regular expression signs are plain text");
    }

    #[test]
    fn expressions_match_the_whole_value() {
        assert!(regex("team-.*", "team-logs"));
        assert!(!regex("team", "team-logs"), "no anchors are needed");
        assert!(regex("(team|dept)-[a-z]+[0-9]{2,3}", "dept-logs12"));
        assert!(!regex("(team|dept)-[a-z]+[0-9]{2,3}", "dept-logs1"));
        assert!(regex(r"a\.b?c", "a.c"));
        assert!(regex("[^/]+/[^/]*", "a/"));
        assert!(regex("[a-]x", "-x"));
        assert!(regex("a{2}", "aa") && !regex("a{2}", "aaa") && regex("a{2,}", "aaaa"));
        assert!(regex("", "") && regex("a@", "abc"));
    }

    #[test]
    fn malformed_expressions_are_refused() {
        for pattern in ["(", ")", "[", "[]", "*a", "a{", "a{x}", "a{3,2}", "a{9999}", "\\"] {
            assert!(Pattern::regex(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::regex(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn nested_repetition_stays_cheap() {
        assert!(!regex("(a*)*(a+)+b", &"a".repeat(200)));
    }
}
