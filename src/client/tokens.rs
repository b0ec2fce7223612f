//! Whose events are whose: each kind of descriptor in the poll has tokens of its own.

use std::ops::RangeInclusive;

use mio::Token;

/// Each opens fewer than this in all its life.
const SHARE: usize = 1 << (usize::BITS - 4);

/// The socket for agents, and their connections. Those of servers have smaller tokens.
pub(super) const AGENTS: RangeInclusive<usize> = SHARE * 2..=SHARE * 3 - 1;
/// Commands of `headersHelper`.
pub(super) const HELPERS: RangeInclusive<usize> = SHARE * 3..=SHARE * 4 - 1;
/// Logins.
#[cfg(feature = "oauth")]
pub(super) const LOGINS: RangeInclusive<usize> = SHARE * 4..=SHARE * 5 - 1;
/// The endpoint for scrapes, and those that are under way.
pub(super) const EXPORTS: RangeInclusive<usize> = SHARE * 5..=SHARE * 6 - 1;
/// The files that are watched for being touched.
pub(super) const KNOCKS: Token = Token(usize::MAX);
