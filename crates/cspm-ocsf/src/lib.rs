//! Findings as OCSF Compliance Finding events, validated and stepped down.
