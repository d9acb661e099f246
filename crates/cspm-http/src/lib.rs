//! The one request pipeline every adapter sends through.
