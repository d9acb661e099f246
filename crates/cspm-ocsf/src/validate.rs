//! Checks events against the schema tables, with the rules and the issue codes of the reference validator.

use cspm_core::clean_text;
use serde_json::Value;

use crate::check::Checker;
use crate::issue::{Code, Issue};
use crate::json::{Json, View};
use crate::path::Path;
use crate::schema::Schema;
use crate::tree::Event;
use crate::version::{Standing, Version};

/// The number of the one class checked here.
const CLASS_UID: i64 = 2003;

/// Checks Compliance Finding events, anybody's.
///
/// Beyond the reference validator it refuses times that are no counts of milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validator {
    version: Option<Version>,
    recommended: bool,
}

impl Validator {
    /// Checks each event against the version that it names, and does not ask for recommended attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self { version: None, recommended: false }
    }

    /// Checks every event against this version.
    #[must_use]
    pub const fn at(self, version: Version) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Whether a missing recommended attribute is worth a warning.
    #[must_use]
    pub const fn recommended(self, warn: bool) -> Self {
        Self { recommended: warn, ..self }
    }

    /// Everything there is to say of an event, in the event's own order; nothing means that it is valid.
    #[must_use]
    pub fn check(&self, event: &Value) -> Vec<Issue> {
        self.issues(event)
    }

    /// The same for an event of this crate.
    #[must_use]
    pub fn check_event(&self, event: &Event<'_>) -> Vec<Issue> {
        self.issues(&event.root)
    }

    fn issues<T: Json>(&self, event: &T) -> Vec<Issue> {
        if !matches!(event.view(), View::Object) {
            let issue = Issue::new(
                Code::EventNotObject,
                "",
                "the event is no JSON object",
                "write one object an event",
            );
            return vec![issue];
        }
        if let Some(issue) = class_issue(event) {
            return vec![issue];
        }
        let text =
            event.member("metadata").and_then(|metadata| metadata.member("version")).and_then(Json::text);
        let (version, standing) = match (self.version, text) {
            (Some(version), Some(text)) => (version, Standing::of(text, version)),
            (None, Some(text)) => Standing::nearest(text),
            (version, None) => (version.unwrap_or(Version::NEWEST), Standing::Same),
        };
        let mut checker = Checker::new(Schema::of(version), event, self.recommended);
        checker.object(event, Schema::of(version).class(), &Path::Root);
        checker.issues.extend(version_issue(version, standing, text.unwrap_or_default()));
        checker.issues.extend(type_uid_issue(event));
        checker.observables(event);
        checker.issues
    }
}

fn class_issue<T: Json>(event: &T) -> Option<Issue> {
    const REMEDY: &str = "write class_uid 2003; other classes are not checked here";
    let path = "class_uid";
    match event.member(path).map(Json::view) {
        Some(View::Integer(CLASS_UID)) => None,
        Some(View::Integer(other)) => Some(Issue::new(
            Code::ClassUidUnknown,
            path,
            format!("class {other} is not Compliance Finding"),
            REMEDY,
        )),
        None | Some(View::Null) => Some(Issue::new(
            Code::AttributeRequiredMissing,
            path,
            "the required class_uid is missing",
            REMEDY,
        )),
        Some(_) => Some(Issue::new(Code::AttributeWrongType, path, "class_uid is no whole number", REMEDY)),
    }
}

fn version_issue(version: Version, standing: Standing, text: &str) -> Option<Issue> {
    let (code, message) = match standing {
        Standing::Same => return None,
        Standing::Earlier => (Code::VersionEarlier, "is older than"),
        Standing::Later => (Code::VersionIncompatibleLater, "is newer than"),
        Standing::Malformed => (Code::VersionInvalidFormat, "is no version number; checked against"),
    };
    let message = format!("version {} {message} {version}", clean_text(text, 40));
    Some(Issue::new(
        code,
        "metadata.version",
        message,
        format!("check against that version, or follow {version}"),
    ))
}

fn type_uid_issue<T: Json>(event: &T) -> Option<Issue> {
    let number = |name: &str| match event.member(name).map(Json::view) {
        Some(View::Integer(number)) => Some(number),
        _ => None,
    };
    let (activity, found) = (number("activity_id")?, number("type_uid")?);
    let wanted = (CLASS_UID * 100).saturating_add(activity);
    (found != wanted).then(|| {
        let message = format!("type_uid {found} does not follow from class 2003 and activity {activity}");
        Issue::new(Code::TypeUidIncorrect, "type_uid", message, format!("write {wanted}"))
    })
}
