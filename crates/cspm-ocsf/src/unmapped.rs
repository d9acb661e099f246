//! What of a finding has no attribute in the schema: `unmapped.<vendor>`.

use cspm_core::{Finding, Timestamp};

use crate::alike::Alike;
use crate::map::{Homes, some};
use crate::moment::is_near;
use crate::tree::{Node, Object};

/// Whether the schema can hold a tag: both its name and its value must say something.
pub(crate) fn is_tag(name: &str, value: &str) -> bool {
    !name.is_empty() && !value.is_empty()
}

/// Every value of the finding that the rest of the event does not hold, under the keys of the finding itself; the
/// vendor's severity word is `severity`.
pub(crate) fn rest<'a>(finding: &'a Finding, homes: Homes, alike: Option<&'a Alike>) -> Object<'a> {
    let mut rest = Object::with_capacity(10);
    rest.put_text("severity", finding.vendor_severity.as_deref());
    if let Some(state) = finding.state {
        rest.put("state", state.as_str());
    }
    rest.put_filled("suppression", suppression(finding));
    rest.put_filled("rule", rule(finding, homes));
    if !homes.resource {
        let mut resource = Object::default();
        resource.put_text("type", finding.resource.kind.as_deref());
        rest.put_filled("resource", resource);
    }
    rest.put_filled("account", account(finding, homes));
    if !homes.cloud {
        rest.put_text("region", finding.region.as_deref());
    }
    match alike {
        Some(Alike { standards: Some(standards), .. }) => rest.put("standards", standards),
        Some(_) => {}
        None => rest.put_filled("standards", standards(finding)),
    }
    rest.put_filled("tags", tags(finding, homes));
    put_far_off(&mut rest, "first_seen", finding.first_seen);
    put_far_off(&mut rest, "last_seen", finding.last_seen);
    put_far_off(&mut rest, "updated", finding.updated);
    if let Some(resolved) = finding.resolved {
        rest.put("resolved", resolved.to_string());
    }
    if !homes.remediation {
        let mut remediation = Object::default();
        let remedy = finding.remediation.as_ref();
        remediation.put_text("url", remedy.and_then(|remedy| remedy.url.as_deref()));
        rest.put_filled("remediation", remediation);
    }
    rest
}

/// A time that the schema's attribute could not be told from one in another unit.
fn put_far_off(rest: &mut Object<'_>, key: &'static str, time: Option<Timestamp>) {
    if let Some(time) = time.filter(|time| !is_near(*time)) {
        rest.put(key, time.to_string());
    }
}

/// The reason is the event's comment.
fn suppression(finding: &Finding) -> Object<'_> {
    let mut object = Object::default();
    if let Some(suppression) = &finding.suppression {
        if let Some(until) = suppression.until {
            object.put("until", until.to_string());
        }
        object.put_text("by", suppression.by.as_deref());
        object.put_text("kind", Some(&suppression.kind));
    }
    object
}

/// The service is in `analytic` or the resource's group, the page in `remediation`; each has to exist.
fn rule(finding: &Finding, homes: Homes) -> Object<'_> {
    let rule = &finding.rule;
    let mut object = Object::default();
    let analytic = some(Some(&rule.id)).or_else(|| some(rule.title.as_deref())).is_some();
    if !analytic && !homes.resource {
        object.put_text("service", rule.service.as_deref());
    }
    if !homes.remediation {
        object.put_text("url", rule.url.as_deref());
    }
    object
}

/// The vendor's id of the account is not the cloud's, so it has no attribute.
fn account(finding: &Finding, homes: Homes) -> Object<'_> {
    let account = &finding.account;
    let mut object = Object::default();
    object.put_text("id", account.id.as_deref());
    if !homes.cloud {
        object.put_text("cloud_id", account.cloud_id.as_deref());
        object.put_text("name", account.name.as_deref());
    }
    object
}

/// Standards that `compliance` words otherwise: by a display name, or joined with the control.
pub(crate) fn standards(finding: &Finding) -> Vec<Node<'_>> {
    let worded = finding.standards.iter().filter(|standard| {
        some(standard.name.as_deref()).is_some() || some(standard.control.as_deref()).is_some()
    });
    let pairs = worded.map(|standard| {
        let mut pair = Object::with_capacity(2);
        pair.put_text("id", Some(&standard.id));
        pair.put_text("control", standard.control.as_deref());
        pair
    });
    pairs.filter(|pair| !pair.is_empty()).map(Node::Object).collect()
}

fn tags(finding: &Finding, homes: Homes) -> Object<'_> {
    let mut object = Object::default();
    for (name, value) in finding.tags.iter().filter(|(name, value)| !homes.resource || !is_tag(name, value)) {
        object.put_under(name.as_str(), value.as_str());
    }
    object
}
