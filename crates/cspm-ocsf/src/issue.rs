//! What is wrong with an event, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// Something a validator says of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Issue {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether it makes the event invalid.
    pub severity: IssueSeverity,
    /// Where, for example `resources[0].uid`; empty for the event as a whole.
    pub path: String,
    /// What is wrong: one harmless line.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueSeverity {
    /// The event is valid, but somebody should look.
    Warning,
    /// The event is not valid.
    Error,
}

/// The kinds of issues. All but the last three are those of the reference validator, with its spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// A required attribute is missing.
    AttributeRequiredMissing,
    /// A recommended attribute is missing; only said when asked for.
    AttributeRecommendedMissing,
    /// The schema, or the profiles the event declares, have no such attribute.
    AttributeUnknown,
    /// The value has another JSON type than the schema says.
    AttributeWrongType,
    /// The number or word is none of the attribute's values.
    AttributeEnumValueUnknown,
    /// One number or word of an array is none of the attribute's values.
    AttributeEnumArrayValueUnknown,
    /// The text beside a number is not its caption.
    AttributeEnumSiblingIncorrect,
    /// The text beside 99 is the caption of 99 rather than the source's own word.
    AttributeEnumSiblingSuspiciousOther,
    /// The attribute should no longer be used.
    AttributeDeprecated,
    /// The text is longer than its type allows.
    AttributeValueExceedsMaxLen,
    /// The text is longer than the type behind its type allows.
    AttributeValueExceedsSuperTypeMaxLen,
    /// The number is outside its type's range.
    AttributeValueExceedsRange,
    /// The text does not have its type's form.
    AttributeValueRegexNotMatched,
    /// An object has too few or too many of some attributes.
    ConstraintFailed,
    /// `class_uid` is not 2003, the one class checked here.
    ClassUidUnknown,
    /// `type_uid` is not `class_uid` * 100 + `activity_id`.
    TypeUidIncorrect,
    /// `metadata.profiles` names a profile that does not exist.
    ProfileUnknown,
    /// `metadata.version` is older than the schema checked against.
    VersionEarlier,
    /// `metadata.version` is newer than the schema checked against.
    VersionIncompatibleLater,
    /// `metadata.version` is no version number.
    VersionInvalidFormat,
    /// An observable's `name` leads to no attribute.
    ObservableNameInvalidReference,
    /// Our own: a time is no count of milliseconds; most often it is one of seconds.
    TimeNotMilliseconds,
    /// Our own: the text is not JSON.
    JsonMalformed,
    /// Our own: the JSON value is no object.
    EventNotObject,
}

impl Code {
    /// The code's spelling in outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttributeRequiredMissing => "attribute_required_missing",
            Self::AttributeRecommendedMissing => "attribute_recommended_missing",
            Self::AttributeUnknown => "attribute_unknown",
            Self::AttributeWrongType => "attribute_wrong_type",
            Self::AttributeEnumValueUnknown => "attribute_enum_value_unknown",
            Self::AttributeEnumArrayValueUnknown => "attribute_enum_array_value_unknown",
            Self::AttributeEnumSiblingIncorrect => "attribute_enum_sibling_incorrect",
            Self::AttributeEnumSiblingSuspiciousOther => "attribute_enum_sibling_suspicious_other",
            Self::AttributeDeprecated => "attribute_deprecated",
            Self::AttributeValueExceedsMaxLen => "attribute_value_exceeds_max_len",
            Self::AttributeValueExceedsSuperTypeMaxLen => "attribute_value_exceeds_super_type_max_len",
            Self::AttributeValueExceedsRange => "attribute_value_exceeds_range",
            Self::AttributeValueRegexNotMatched => "attribute_value_regex_not_matched",
            Self::ConstraintFailed => "constraint_failed",
            Self::ClassUidUnknown => "class_uid_unknown",
            Self::TypeUidIncorrect => "type_uid_incorrect",
            Self::ProfileUnknown => "profile_unknown",
            Self::VersionEarlier => "version_earlier",
            Self::VersionIncompatibleLater => "version_incompatible_later",
            Self::VersionInvalidFormat => "version_invalid_format",
            Self::ObservableNameInvalidReference => "observable_name_invalid_reference",
            Self::TimeNotMilliseconds => "time_not_milliseconds",
            Self::JsonMalformed => "json_malformed",
            Self::EventNotObject => "event_not_object",
        }
    }

    /// Whether events with such an issue are invalid.
    #[must_use]
    pub const fn severity(self) -> IssueSeverity {
        match self {
            Self::AttributeRecommendedMissing
            | Self::AttributeEnumSiblingIncorrect
            | Self::AttributeEnumSiblingSuspiciousOther
            | Self::AttributeDeprecated
            | Self::AttributeValueRegexNotMatched
            | Self::VersionEarlier => IssueSeverity::Warning,
            _ => IssueSeverity::Error,
        }
    }
}

impl Issue {
    pub(crate) fn new(
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            path: path.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Whether it makes the event invalid.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == IssueSeverity::Error
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for IssueSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Issue {
    /// `error attribute_unknown at cloud.zone: ...; remedy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.code)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        write!(f, ": {}; {}", self.message, self.remedy)
    }
}
