//! Checking a policy before it is planned: everything that the vendor would refuse, at once and before anything is sent.

use std::collections::BTreeMap;

use cspm_core::{Error, ErrorKind, Noted, Notice, Policy, Result, RuleSetting, Verbatim, clean_text};

use crate::rule_book::{RISK_LEVELS, RuleBook, Terms};
use crate::rule_settings::clean;

/// Checks a policy and gives it the form that can be written. `present` is the vendor's policy; what is in it already is
/// never a problem.
///
/// # Errors
/// Kind `config`, with every problem in it.
pub(crate) fn prepared(wanted: &Policy, book: &RuleBook, present: Option<&Policy>) -> Result<Noted<Policy>> {
    let nothing = Policy::default();
    let present = present.unwrap_or(&nothing);
    let mut policy = wanted.clone();
    let (mut problems, mut notices) = (Vec::new(), Vec::new());
    if policy.name.trim().is_empty() {
        problems.push("a policy needs a name".to_owned());
    }
    problems.extend(without_place("a policy", &policy.extra, &present.extra));
    for (rule, setting) in &mut policy.rules {
        let (terms, before) = (book.of(rule), present.rules.get(rule));
        let rule = format!("rule \"{}\"", clean_text(rule, 60));
        problems.extend(problems_of(&rule, setting, terms, before));
        if terms.is_some_and(|terms| terms.is_deprecated) {
            notices.push(Notice::new(format!(
                "{rule} is deprecated: the vendor is about to drop it, and may refuse it where it is new"
            )));
        }
        let left_out = clean(setting, terms);
        notices.extend(left_out.iter().map(|what| Notice::new(format!("{rule}: left out is {what}"))));
    }
    if problems.is_empty() {
        return Ok(Noted { value: policy, notices });
    }
    Err(Error::new(ErrorKind::Config, problems.join("; ")))
}

fn problems_of(
    rule: &str,
    setting: &RuleSetting,
    terms: Option<&Terms>,
    before: Option<&RuleSetting>,
) -> Vec<String> {
    if terms.is_none() && before.is_none() {
        return vec![format!("{rule} is not in the catalogue; see `cspm rules`")];
    }
    let mut problems = Vec::new();
    if setting.enabled.is_none() && before.is_none_or(|before| before.enabled.is_some()) {
        problems.push(format!("{rule} needs enabled = true or false"));
    }
    match &setting.severity {
        Some(word) if !RISK_LEVELS.contains(&word.as_str()) => {
            let is_kept = before.is_some_and(|before| before.severity.as_ref() == Some(word));
            let word = clean_text(word, 40);
            let levels = RISK_LEVELS.join(", ");
            problems.extend((!is_kept).then(|| format!("{rule}: severity \"{word}\" is none of {levels}")));
        }
        None if lacks_level(setting, terms) && before.is_none_or(|before| before.severity.is_some()) => {
            problems.push(format!("{rule} needs a severity: one of {}", RISK_LEVELS.join(", ")));
        }
        _ => {}
    }
    let provider = terms.and_then(|terms| terms.provider.as_deref());
    if let (Some(said), Some(right)) = (&setting.provider, provider)
        && !said.eq_ignore_ascii_case(right)
    {
        problems.push(format!("{rule} is for {}, not for {}", clean_text(right, 40), clean_text(said, 40)));
    }
    let nothing = BTreeMap::new();
    let present = before.map_or(&nothing, |before| &before.extra);
    problems.extend(without_place(rule, &setting.extra, present));
    problems
}

/// Whether a setting leaves its level out although the vendor asks for one.
fn lacks_level(setting: &RuleSetting, terms: Option<&Terms>) -> bool {
    setting.severity.is_none() && terms.is_some_and(|terms| terms.needs_level)
}

fn without_place(
    whose: &str,
    extra: &BTreeMap<String, Verbatim>,
    present: &BTreeMap<String, Verbatim>,
) -> Vec<String> {
    let unknown = extra.keys().filter(|name| !present.contains_key(*name));
    unknown
        .map(|name| format!("{whose} has no place for \"{}\" at this vendor", clean_text(name, 40)))
        .collect()
}
