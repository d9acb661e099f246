//! What this vendor can do, known before the first request.

use cspm_core::{Capabilities, Capability, Evaluator, Operation};

use crate::NAME;

/// The table. "Vendor" among the filters means that less is asked for.
pub const CAPABILITIES: Capabilities = Capabilities {
    vendor: NAME,
    rows: &[
        Capability::yes(Operation::Findings, "checks; accounts with more than 10,000 are read in parts"),
        Capability::yes(Operation::PassingFindings, ""),
        Capability::yes(Operation::SuppressedFindings, "without who did it and why"),
        Capability::filter(Operation::FilterOutcome, Evaluator::Vendor, ""),
        Capability::filter(Operation::FilterSeverity, Evaluator::Vendor, "unless unknown is wanted"),
        Capability::filter(Operation::FilterSuppressed, Evaluator::Vendor, ""),
        Capability::filter(
            Operation::FilterAccount,
            Evaluator::Vendor,
            "the vendor's id or the cloud's own; others are not asked for",
        ),
        Capability::filter(
            Operation::FilterRegion,
            Evaluator::Vendor,
            "regions outside its documents: the program",
        ),
        Capability::filter(Operation::FilterRule, Evaluator::Vendor, ""),
        Capability::filter(Operation::FilterService, Evaluator::Vendor, ""),
        Capability::filter(
            Operation::FilterStandard,
            Evaluator::Program,
            "the vendor's own filter misses checks that leave their standards out",
        ),
        Capability::filter(
            Operation::FilterChangedSince,
            Evaluator::Program,
            "the vendor's own filter means less",
        ),
        Capability::yes(Operation::Accounts, ""),
        Capability::yes(Operation::Rules, ""),
        Capability::yes(
            Operation::ListPolicies,
            "profiles, without how many rules each has; the organisation's own is not listed",
        ),
        Capability::yes(
            Operation::ShowPolicy,
            "needs the role ADMIN; the organisation's own profile is organisation-<its id>",
        ),
        Capability::yes(Operation::CreatePolicy, "needs the role ADMIN"),
        Capability::yes(Operation::ReplacePolicy, "needs the role ADMIN; the whole profile is written anew"),
        Capability::yes(
            Operation::MergePolicy,
            "needs the role ADMIN; emptying a rule's exceptions or settings may need mode replace",
        ),
        Capability::yes(Operation::DeletePolicy, "needs the role ADMIN"),
        Capability::yes(
            Operation::ApplyPolicy,
            "needs the role ADMIN; carried out in the background, and the vendor does not say when",
        ),
        Capability::yes(Operation::ListSuppressions, "without who did it and why"),
        Capability::yes(
            Operation::Suppress,
            "failing checks, one by one; the reason becomes a note of at most 200 characters",
        ),
        Capability::no(
            Operation::SuppressFalsePositive,
            "the vendor does not tell false positives from accepted risks; suppress without a kind",
        ),
        Capability::yes(Operation::Unsuppress, ""),
        Capability::yes(Operation::ReadAccountRules, "rules that an account has set itself"),
        Capability::yes(
            Operation::WriteAccountRules,
            "needs full access to the account; rules of packages outside its subscription are refused",
        ),
        Capability::no(
            Operation::CustomRules,
            "a beta for some organisations; write them in the vendor's console",
        ),
        Capability::no(Operation::ListAutomations, "the vendor's documents name no actions of its own"),
        Capability::no(Operation::PauseAutomation, "the vendor's documents name no actions of its own"),
    ],
};
