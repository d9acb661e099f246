//! What this vendor can do, known before the first request.

use cspm_core::{Capabilities, Capability, Evaluator, Operation};

use crate::NAME;

const NO_POLICIES: &str =
    "Bitdefender's API has no policies; rules are managed in the Cloud Security console";

/// The table. "Vendor" among the filters means that less is asked for.
pub const CAPABILITIES: Capabilities = Capabilities {
    vendor: NAME,
    rows: &[
        Capability::yes(Operation::Findings, "the latest check of each rule on each resource; no history"),
        Capability::yes(Operation::PassingFindings, ""),
        Capability::yes(Operation::SuppressedFindings, "risk_accepted and false_positive"),
        Capability::filter(Operation::FilterOutcome, Evaluator::Vendor, ""),
        Capability::filter(Operation::FilterSeverity, Evaluator::Vendor, "unknown: this program"),
        Capability::filter(Operation::FilterSuppressed, Evaluator::Program, "only: the vendor narrows too"),
        Capability::filter(
            Operation::FilterAccount,
            Evaluator::Vendor,
            "the scan account's id, or its target (the cloud's own id)",
        ),
        Capability::filter(Operation::FilterRegion, Evaluator::Program, ""),
        Capability::filter(Operation::FilterRule, Evaluator::Vendor, ""),
        Capability::partly(
            Operation::FilterService,
            "rules have no service, so nothing is left; use --rule or --standard",
        ),
        Capability::filter(Operation::FilterStandard, Evaluator::Vendor, "a standard's id or title"),
        Capability::filter(
            Operation::FilterChangedSince,
            Evaluator::Program,
            "by the time of the latest check",
        ),
        Capability::yes(
            Operation::Accounts,
            "scan accounts, archived ones included; their cloud is not told",
        ),
        Capability::yes(Operation::Rules, "the rules in use"),
        Capability::no(Operation::ListPolicies, NO_POLICIES),
        Capability::no(Operation::ShowPolicy, NO_POLICIES),
        Capability::no(Operation::CreatePolicy, NO_POLICIES),
        Capability::no(Operation::ReplacePolicy, NO_POLICIES),
        Capability::no(Operation::MergePolicy, NO_POLICIES),
        Capability::no(Operation::DeletePolicy, NO_POLICIES),
        Capability::no(Operation::ApplyPolicy, NO_POLICIES),
    ],
};
