//! How a `Retry-After` header can look.

use http::{HeaderMap, HeaderValue, header};

use crate::clock::DateForm;

/// What an answer says about when to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    None,
    /// So many seconds.
    Seconds(u64),
    /// A date so many seconds after the simulator's clock (before it, if negative), spelled in one of three ways.
    Date {
        /// Seconds from the simulator's now.
        ahead: i64,
        /// The spelling.
        form: DateForm,
    },
    /// These values as they stand, one header each: `-5`, `soon`, an empty one, two that differ.
    Raw(Vec<HeaderValue>),
}

impl RetryAfter {
    /// One header with this text; text that no header can carry leaves it out.
    pub fn raw(text: &str) -> Self {
        Self::Raw(HeaderValue::from_bytes(text.as_bytes()).into_iter().collect())
    }

    /// Replaces what the headers say.
    pub(crate) fn put(&self, headers: &mut HeaderMap, now: i64) {
        headers.remove(header::RETRY_AFTER);
        match self {
            Self::None => {}
            Self::Seconds(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Self::Date { ahead, form } => {
                let at = now.saturating_add(ahead.saturating_mul(1_000));
                headers.extend(
                    HeaderValue::try_from(form.write(at)).ok().map(|date| (header::RETRY_AFTER, date)),
                );
            }
            Self::Raw(values) => {
                for value in values {
                    headers.append(header::RETRY_AFTER, value.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(retry_after: &RetryAfter) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("before"));
        retry_after.put(&mut headers, 784_111_777_000);
        let values = headers.get_all(header::RETRY_AFTER);
        values.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn writes_each_form_and_replaces_what_was_there() {
        assert!(put(&RetryAfter::None).is_empty());
        assert_eq!(put(&RetryAfter::Seconds(7)), ["7"]);
        let date = |ahead, form| put(&RetryAfter::Date { ahead, form });
        assert_eq!(date(3, DateForm::Imf), ["Sun, 06 Nov 1994 08:49:40 GMT"]);
        assert_eq!(date(-37, DateForm::Asctime), ["Sun Nov  6 08:49:00 1994"]);
        assert_eq!(put(&RetryAfter::raw("-5")), ["-5"]);
        assert_eq!(put(&RetryAfter::raw("")), [""]);
        let two = ["1", "2"].map(HeaderValue::from_static).to_vec();
        assert_eq!(put(&RetryAfter::Raw(two)), ["1", "2"]);
    }
}
