//! Who calls and what they may do (sections 1.1, 2.2 and 23.2).

use http::{HeaderMap, header};

use super::errors::Refusal;
use super::world::{Account, Level, Role, User, World};

/// Finds the user behind the key of a request.
///
/// # Errors
/// 401 without the header; 403 for another scheme, an unknown key or a disabled one, all alike.
pub(super) fn authenticate(world: &World, headers: &HeaderMap) -> Result<User, Refusal> {
    let header = headers.get(header::AUTHORIZATION).ok_or(Refusal::NoKey)?;
    let secret =
        header.to_str().ok().and_then(|text| text.strip_prefix("ApiKey ")).ok_or(Refusal::Forbidden)?;
    let key = world.keys.iter().find(|key| key.enabled && key.secret == secret).ok_or(Refusal::Forbidden)?;
    world.users.iter().find(|user| user.id == key.user).cloned().ok_or(Refusal::Forbidden)
}

impl User {
    /// What the user may do in an account that exists.
    #[must_use]
    pub fn level(&self, account: &str) -> Level {
        match self.role {
            Role::Admin | Role::PowerUser => Level::Full,
            Role::ReadOnly => Level::ReadOnly,
            Role::User => self.access.get(account).copied().unwrap_or(Level::None),
        }
    }

    /// The accounts that the user sees.
    pub(super) fn sees<'a>(&'a self, world: &'a World) -> impl Iterator<Item = &'a Account> {
        world.accounts.iter().filter(|account| self.level(&account.id) >= Level::ReadOnly)
    }

    /// An account to be read.
    ///
    /// # Errors
    /// 403 if there is no such account or the user does not see it; the two look alike.
    pub(super) fn may_read<'a>(&self, world: &'a World, account: &str) -> Result<&'a Account, Refusal> {
        world
            .account(account)
            .filter(|account| self.level(&account.id) >= Level::ReadOnly)
            .ok_or(Refusal::Forbidden)
    }

    /// An account to be written.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read), and 401 for a user who may only read it.
    pub(super) fn may_write<'a>(&self, world: &'a World, account: &str) -> Result<&'a Account, Refusal> {
        let account = self.may_read(world, account)?;
        if self.level(&account.id) == Level::Full { Ok(account) } else { Err(Refusal::DeniedWrite) }
    }

    /// An organisation's thing to be read by everyone who sees some account.
    ///
    /// # Errors
    /// 403 if the user sees none.
    pub(super) fn may_look_around(&self, world: &World) -> Result<(), Refusal> {
        if self.role != Role::User || self.sees(world).next().is_some() {
            Ok(())
        } else {
            Err(Refusal::Forbidden)
        }
    }

    /// Reading what only administrators see.
    ///
    /// # Errors
    /// 403 for everyone else.
    pub(super) fn is_admin(&self) -> Result<(), Refusal> {
        if self.role == Role::Admin { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// Writing what only administrators write.
    ///
    /// # Errors
    /// 401 for everyone else.
    pub(super) fn may_administer(&self) -> Result<(), Refusal> {
        if self.role == Role::Admin { Ok(()) } else { Err(Refusal::DeniedWrite) }
    }
}
