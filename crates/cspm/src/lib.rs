//! One library for three cloud security posture vendors.
