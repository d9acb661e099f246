//! What this vendor can do, known before the first request.

use cspm_core::{Capabilities, Capability, Evaluator, Operation};

use crate::NAME;

const READ_ONLY: &str = "compliance standards are the vendor's own and read-only; rules are managed in the Cloud Security console";
const NO_SETTINGS: &str = "the API has no settings of rules; they are managed in the Cloud Security console";

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
        Capability::yes(Operation::ListPolicies, "the vendor's own compliance standards"),
        Capability::yes(Operation::ShowPolicy, "a standard's rules by id, each with the controls it serves"),
        Capability::no(Operation::CreatePolicy, READ_ONLY),
        Capability::no(Operation::ReplacePolicy, READ_ONLY),
        Capability::no(Operation::MergePolicy, READ_ONLY),
        Capability::no(Operation::DeletePolicy, READ_ONLY),
        Capability::no(Operation::ApplyPolicy, READ_ONLY),
        Capability::yes(
            Operation::ListSuppressions,
            "failing checks that are risk_accepted or false_positive; since when is not told",
        ),
        Capability::partly(
            Operation::Suppress,
            "failing checks, as risk_accepted; its end is the end of a day, UTC",
        ),
        Capability::partly(Operation::SuppressFalsePositive, "failing checks, without an end: --until never"),
        Capability::yes(Operation::Unsuppress, "the check is open again"),
        Capability::no(Operation::ReadAccountRules, NO_SETTINGS),
        Capability::no(Operation::WriteAccountRules, NO_SETTINGS),
        Capability::no(
            Operation::CustomRules,
            "the API lists the rules in use; rules are managed in the Cloud Security console",
        ),
        Capability::no(Operation::ListAutomations, "the API tells of none, and sends no notifications"),
        Capability::no(Operation::PauseAutomation, "the API tells of none, and sends no notifications"),
    ],
};
