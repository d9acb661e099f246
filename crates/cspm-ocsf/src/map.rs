//! A finding becomes an event of the newest version.

use std::borrow::Cow;
use std::sync::LazyLock;

use cspm_core::{Finding, RuleRef, StandardRef};

use crate::alike::Alike;
use crate::context::Context;
use crate::fingerprint::State;
use crate::hash::Hash;
use crate::moment::Moment;
use crate::part::Part;
use crate::product;
use crate::state::{self, Activity, Coded, RESOLVED};
use crate::times::{Source, TIME_FETCHED, Times};
use crate::tree::{Event, Node, Object};
use crate::unmapped;
use crate::version::Version;

/// This program's name where events name it.
const TOOL: &str = "cspm";

/// The revision of this mapping; it changes when the same finding gives another event.
const MAPPING: &str = "cspm-finding/1";

/// What the vendor product is called when not even the vendor's name is known.
const NAMELESS: &str = "unknown";

/// Which parts of the event exist, and so hold their share of the finding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Homes {
    /// `cloud`, with the account and the region: the provider is known.
    pub(crate) cloud: bool,
    /// `resources[0]`, with type, tags and region: the resource has an id or a name.
    pub(crate) resource: bool,
    /// `remediation`, with the links: there is a text.
    pub(crate) remediation: bool,
}

impl Homes {
    pub(crate) fn of(finding: &Finding) -> Self {
        let resource = &finding.resource;
        Self {
            cloud: some(finding.account.provider.as_deref()).is_some(),
            resource: some(resource.id.as_deref()).or_else(|| some(resource.name.as_deref())).is_some(),
            remediation: finding
                .remediation
                .as_ref()
                .is_some_and(|remedy| some(remedy.text.as_deref()).is_some()),
        }
    }
}

/// Maps a finding to a Compliance Finding event of schema version 1.8.0.
///
/// The event declares the profile `datetime`, and `cloud` if the finding's provider is known. No value of the finding
/// is lost: what has no attribute of its own is in `unmapped.<vendor>`, times before 1973 or after 2286 included.
/// The vendor's record is in `raw_data` only if the finding carries it. The event borrows the finding's text.
#[must_use]
pub fn event<'a>(finding: &'a Finding, context: &'a Context) -> Event<'a> {
    let times = Times::of(finding, context.now());
    event_with(finding, context, &Source::Passing(times), None)
}

/// The same, with the times made already, and the parts that the finding's rule has in common with others if they are.
pub(crate) fn event_with<'a>(
    finding: &'a Finding,
    context: &'a Context,
    times: &Source<'a>,
    alike: Option<&'a Alike>,
) -> Event<'a> {
    let homes = Homes::of(finding);
    let uid = uid(finding);
    let activity = context.activity_of(finding);
    let event_uid = State::of_finding(finding, &uid, times.decided()).event_uid(activity);
    let Coded(activity_id, activity_name) = activity.coded();
    let (severity_id, severity) = state::severity(finding);

    let mut root = Object::with_capacity(28);
    root.put("activity_id", activity_id);
    root.put("activity_name", activity_name);
    root.put("category_uid", 2);
    root.put("category_name", "Findings");
    root.put("class_uid", 2003);
    root.put("class_name", "Compliance Finding");
    root.put("type_uid", 200_300 + activity_id);
    root.put("type_name", activity.type_name());
    root.put("severity_id", severity_id);
    root.put_text("severity", severity);
    // What a comparison closes is resolved, whatever the vendor calls it.
    let workflow = if activity == Activity::Close { Some(RESOLVED) } else { state::workflow(finding) };
    if let Some(Coded(id, caption)) = workflow {
        root.put("status_id", id);
        root.put("status", caption);
    }
    let suppression = finding.suppression.as_ref();
    // Of the vendor's own words for a state, the model keeps that of a suppression.
    root.put_text("status_code", suppression.map(|suppression| suppression.kind.as_str()));
    times.put(Times::decided, &mut root, ("time", "time_dt"));
    root.put("timezone_offset", 0);
    root.put_text("message", finding.message.as_deref());
    root.put_text("comment", suppression.and_then(|suppression| suppression.reason.as_deref()));
    if homes.cloud {
        root.put("cloud", cloud(finding));
    }
    root.put(
        "compliance",
        alike.map_or_else(|| compliance(finding).into(), |alike| Node::Part(&alike.compliance)),
    );
    root.put("finding_info", finding_info(finding, uid, times, alike));
    root.put("metadata", metadata(finding, context, times, event_uid, homes));
    if homes.remediation {
        let made = alike.and_then(|alike| alike.remediation.as_ref());
        root.put("remediation", made.map_or_else(|| remediation(finding).into(), Node::Part));
    }
    if homes.resource {
        root.put("resources", vec![Node::Object(resource(finding, homes))]);
    }
    root.put_filled("observables", observables(finding, homes));
    if let Some(raw) = &finding.raw {
        root.put("raw_data", raw.get());
        root.put("raw_data_size", i64::try_from(raw.get().len()).unwrap_or(i64::MAX));
    }
    let rest = unmapped::rest(finding, homes, alike);
    if !rest.is_empty() {
        let mut by_vendor = Object::with_capacity(1);
        by_vendor.put_under(vendor(finding), rest);
        root.put("unmapped", by_vendor);
    }
    Event::new(root)
}

/// The text, unless it is empty.
pub(crate) fn some(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn vendor(finding: &Finding) -> &str {
    some(Some(&finding.vendor)).unwrap_or(NAMELESS)
}

fn cloud(finding: &Finding) -> Object<'_> {
    let account = &finding.account;
    let provider = account.provider.as_deref().unwrap_or_default();
    let known = product::cloud(provider);
    let mut cloud = Object::with_capacity(4);
    cloud.put("provider", known.as_ref().map_or(provider, |known| known.name));
    cloud.put_text("region", finding.region.as_deref());
    cloud.put_text("cloud_partition", partition(finding));
    let mut holder = Object::with_capacity(4);
    holder.put_text("uid", account.cloud_id.as_deref());
    holder.put_text("name", account.name.as_deref());
    if let (Some(known), false) = (known, holder.is_empty()) {
        holder.put("type_id", known.account_type_id);
        holder.put("type", known.account_type);
    }
    cloud.put_filled("account", holder);
    cloud
}

/// The partition that an ARN names, such as `aws-us-gov`.
fn partition(finding: &Finding) -> Option<&str> {
    finding.resource.id.as_deref()?.strip_prefix("arn:")?.split_once(':').map(|(partition, _)| partition)
}

pub(crate) fn compliance(finding: &Finding) -> Object<'_> {
    let Coded(status_id, status) = state::outcome(finding.outcome);
    let mut compliance = Object::with_capacity(7);
    compliance.put("status_id", status_id);
    compliance.put("status", status);
    let title = title(finding);
    match some(Some(&finding.rule.id)) {
        Some(id) if id != title => compliance.put("control", [id, " - ", title].concat()),
        _ => compliance.put("control", title),
    }
    compliance
        .put_text("category", finding.categories.iter().map(AsRef::as_ref).find(|name| !name.is_empty()));
    let standards = standards(finding);
    compliance.put("standards", standards.clone());
    compliance.put_filled("requirements", requirements(finding));
    compliance.put("checks", vec![Node::Object(check(finding, title, standards))]);
    compliance
}

/// What the standard is called: by its display name, else its id.
fn standard_name(standard: &StandardRef) -> &str {
    some(standard.name.as_deref()).unwrap_or(&standard.id)
}

/// Each standard once. Up to 1.4 there must be one: the vendor's own rules, if it maps none.
fn standards(finding: &Finding) -> Vec<Node<'_>> {
    let mut names: Vec<Node<'_>> = Vec::with_capacity(finding.standards.len().max(1));
    for name in finding.standards.iter().map(standard_name) {
        if !name.is_empty() && !names.iter().any(|other| other.as_text() == Some(name)) {
            names.push(Node::from(name));
        }
    }
    if names.is_empty() {
        let name = product::of(&finding.vendor).map_or_else(|| vendor(finding), |product| product.name);
        names.push(Node::from([name, " rules"].concat()));
    }
    names
}

fn requirements(finding: &Finding) -> Vec<Node<'_>> {
    let sections = finding.standards.iter().filter_map(|standard| {
        let control = some(standard.control.as_deref())?;
        Some(Node::from([standard_name(standard), ": ", control].concat()))
    });
    sections.collect()
}

fn check<'a>(finding: &'a Finding, title: &'a str, standards: Vec<Node<'a>>) -> Object<'a> {
    let Coded(status_id, status) = state::outcome(finding.outcome);
    let (severity_id, severity) = state::severity(finding);
    let mut check = Object::with_capacity(7);
    check.put_text("uid", Some(&finding.rule.id));
    check.put("name", title);
    check.put("standards", standards);
    check.put("severity_id", severity_id);
    check.put_text("severity", severity);
    check.put("status_id", status_id);
    check.put("status", status);
    check
}

/// The rule's title, or the next best name for it: up to 1.3 there must be one.
fn title(finding: &Finding) -> &str {
    let rule = &finding.rule;
    [Some(&*finding.title), rule.title.as_deref(), Some(&*rule.id), Some(&finding.uid)]
        .into_iter()
        .find_map(some)
        .unwrap_or(NAMELESS)
}

fn finding_info<'a>(
    finding: &'a Finding,
    uid: Cow<'a, str>,
    times: &Source<'a>,
    alike: Option<&'a Alike>,
) -> Object<'a> {
    let mut info = Object::with_capacity(18);
    info.put("uid", uid);
    info.put_text("uid_alt", Some(&finding.vendor_id));
    info.put("title", title(finding));
    info.put_text("desc", finding.description.as_deref());
    info.put("types", alike.map_or_else(|| types(finding).into(), |alike| Node::Part(&alike.types)));
    times.put(Times::first_seen, &mut info, ("created_time", "created_time_dt"));
    times.put(Times::first_seen, &mut info, ("first_seen_time", "first_seen_time_dt"));
    times.put(Times::last_seen, &mut info, ("last_seen_time", "last_seen_time_dt"));
    times.put(Times::decided, &mut info, ("modified_time", "modified_time_dt"));
    info.put_text("src_url", finding.url.as_deref());
    let made = alike.and_then(|alike| alike.analytic.as_ref()).map(Node::Part);
    if let Some(analytic) = made.or_else(|| analytic(&finding.rule).map(Node::Object)) {
        info.put("analytic", analytic);
    }
    info.put("product", vendor_product(finding));
    info
}

/// The rule, if it has an id or a title.
pub(crate) fn analytic(rule: &RuleRef) -> Option<Object<'_>> {
    some(Some(&rule.id)).or_else(|| some(rule.title.as_deref()))?;
    let mut analytic = Object::with_capacity(5);
    analytic.put_text("uid", Some(&rule.id));
    analytic.put_text("name", rule.title.as_deref());
    analytic.put("type_id", 1);
    analytic.put("type", "Rule");
    analytic.put_text("category", rule.service.as_deref());
    Some(analytic)
}

/// `finding_info.uid`: of a finding that an adapter gave none, whatever tells it from others.
pub(crate) fn uid(finding: &Finding) -> Cow<'_, str> {
    if let Some(uid) = some(Some(&finding.uid)) {
        return Cow::Borrowed(uid);
    }
    let account = &finding.account;
    let hash = Hash::new()
        .part(Some(&finding.vendor))
        .part(Some(&finding.connection))
        .part(Some(&finding.vendor_id))
        .part(Some(&finding.rule.id))
        .part(account.id.as_deref().or(account.cloud_id.as_deref()))
        .part(finding.region.as_deref())
        .part(finding.resource.id.as_deref())
        .part(finding.resource.name.as_deref());
    Cow::Owned(hash.text("f:"))
}

pub(crate) fn types(finding: &Finding) -> Vec<Node<'_>> {
    const KIND: &str = "Misconfiguration";
    let own = finding.categories.iter().map(AsRef::as_ref).filter(|name| !name.is_empty() && *name != KIND);
    std::iter::once(KIND).chain(own).map(Node::from).collect()
}

fn vendor_product(finding: &Finding) -> Node<'_> {
    let vendor = vendor(finding);
    match product::of(vendor) {
        Some(known) => Node::Part(&known.part),
        None => Node::Object(product::object(vendor, vendor, vendor)),
    }
}

fn metadata<'a>(
    finding: &'a Finding,
    context: &'a Context,
    times: &Source<'a>,
    event_uid: String,
    homes: Homes,
) -> Object<'a> {
    let mut metadata = Object::with_capacity(18);
    metadata.put("version", Version::NEWEST.as_str());
    metadata.put("profiles", profiles(homes));
    metadata.put("product", vendor_product(finding));
    metadata.put_text("tenant_uid", Some(&finding.connection));
    metadata.put_text("event_code", Some(&finding.rule.id));
    metadata.put_text("original_event_uid", Some(&finding.vendor_id));
    let label = times.decided().label;
    if let Some((_, text)) = times.told(Times::decided).filter(|_| label != Some(TIME_FETCHED)) {
        metadata.put("original_time", text);
    }
    if let Some(product) = product::of(&finding.vendor) {
        metadata.put("source", product.source);
        metadata.put("type", product.kind);
    }
    if let Some(label) = label {
        metadata.put("labels", vec![Node::from(label)]);
    }
    metadata.put_text("correlation_uid", Some(context.run_id()));
    let now = context.now();
    now.lend_to(&mut metadata, "logged_time", "logged_time_dt");
    now.lend_to(&mut metadata, "processed_time", "processed_time_dt");
    metadata.put("transformation_info_list", context.transformations());
    metadata.put("uid", event_uid);
    metadata
}

/// `metadata.profiles`.
fn profiles(homes: Homes) -> &'static Part {
    static WITH_CLOUD: LazyLock<Part> =
        LazyLock::new(|| Part::new(vec![Node::from("cloud"), Node::from("datetime")]));
    static WITHOUT: LazyLock<Part> = LazyLock::new(|| Part::new(vec![Node::from("datetime")]));
    if homes.cloud { &WITH_CLOUD } else { &WITHOUT }
}

/// `metadata.transformation_info_list`: where this program names itself.
pub(crate) fn transformations(now: &Moment) -> Part {
    let mut product = Object::with_capacity(4);
    product.put("uid", TOOL);
    product.put("name", TOOL);
    product.put("vendor_name", TOOL);
    product.put("version", env!("CARGO_PKG_VERSION"));
    let mut transformation = Object::with_capacity(5);
    transformation.put("uid", MAPPING);
    transformation.put("name", "cspm-finding-to-compliance-finding");
    now.put_into(&mut transformation, "time", "time_dt");
    transformation.put("product", product);
    Part::new(vec![Node::Object(transformation)])
}

/// Only of a finding with a remediation text: without one the object is not allowed.
pub(crate) fn remediation(finding: &Finding) -> Object<'_> {
    let mut remediation = Object::with_capacity(3);
    let Some(remedy) = &finding.remediation else { return remediation };
    remediation.put_text("desc", remedy.text.as_deref());
    if let Some(url) = some(remedy.url.as_deref()) {
        remediation.put("references", vec![Node::from(url)]);
    }
    let rule = &finding.rule;
    if let Some(url) = some(rule.url.as_deref()) {
        let mut article = Object::with_capacity(3);
        article.put_text("uid", Some(&rule.id));
        article.put("title", title(finding));
        article.put("src_url", url);
        remediation.put("kb_article_list", vec![Node::Object(article)]);
    }
    remediation
}

/// Only of a finding whose resource has an id or a name.
fn resource(finding: &Finding, homes: Homes) -> Object<'_> {
    let mut resource = Object::with_capacity(11);
    resource.put_text("uid", finding.resource.id.as_deref());
    resource.put_text("name", finding.resource.name.as_deref());
    resource.put_text("type", finding.resource.kind.as_deref());
    if homes.cloud {
        let provider = finding.account.provider.as_deref().unwrap_or_default();
        resource.put("provider", product::cloud(provider).map_or(provider, |cloud| cloud.name));
        resource.put_text("region", finding.region.as_deref());
        resource.put_text("cloud_partition", partition(finding));
    }
    resource.put("role_id", 3);
    resource.put("role", "Affected");
    if let Some(service) = some(finding.rule.service.as_deref()) {
        let mut group = Object::with_capacity(1);
        group.put("name", service);
        resource.put("group", group);
    }
    let named = || finding.tags.iter().filter(|(name, value)| unmapped::is_tag(name, value));
    let tags = named().map(|(name, value)| {
        let mut tag = Object::with_capacity(2);
        tag.put("name", name.as_str());
        tag.put("value", value.as_str());
        Node::Object(tag)
    });
    resource.put_filled("tags", tags.collect::<Vec<_>>());
    let labels = named().map(|(name, value)| Node::from([name, "=", value].concat()));
    resource.put_filled("labels", labels.collect::<Vec<_>>());
    resource
}

fn observables(finding: &Finding, homes: Homes) -> Vec<Node<'_>> {
    let account = finding.account.cloud_id.as_deref().filter(|_| homes.cloud);
    [
        ("resources[0].uid", 10, "Resource UID", finding.resource.id.as_deref()),
        ("resources[0].name", 38, "Resource Details Object: name", finding.resource.name.as_deref()),
        ("cloud.account.uid", 35, "Account Object: uid", account),
    ]
    .into_iter()
    .filter_map(|(name, type_id, caption, value)| {
        let mut observable = Object::with_capacity(4);
        observable.put("name", name);
        observable.put("type_id", type_id);
        observable.put("type", caption);
        observable.put("value", some(value)?);
        Some(Node::Object(observable))
    })
    .collect()
}
