//! Tokens that stand for an account for a while, where a protocol gives such out: whoever has one
//! may listen to the account's private events.

use crate::order::AccountId;
use rand::Rng;
use std::collections::BTreeMap;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 64;

/// One token per account at most.
#[derive(Debug, Default)]
pub(crate) struct Tokens(BTreeMap<AccountId, Token>);

#[derive(Debug)]
struct Token {
    text: String,
    until_ms: u64,
}

impl Tokens {
    /// The account's token, good for `life_ms` from now; a new one where it has none.
    pub(crate) fn open(&mut self, account: AccountId, life_ms: u64, now_ms: u64) -> &str {
        let token = self.0.entry(account).or_insert_with(|| Token { text: word(), until_ms: 0 });
        token.until_ms = now_ms + life_ms;
        &token.text
    }

    /// Makes the account's token good for `life_ms` from now; none where it has none.
    pub(crate) fn extend(&mut self, account: AccountId, life_ms: u64, now_ms: u64) -> Option<&str> {
        let token = self.0.get_mut(&account)?;
        token.until_ms = now_ms + life_ms;
        Some(&token.text)
    }

    /// Takes the account's token away.
    pub(crate) fn close(&mut self, account: AccountId) -> Option<String> {
        self.0.remove(&account).map(|token| token.text)
    }

    /// The account that a token stands for.
    pub(crate) fn account(&self, text: &str) -> Option<AccountId> {
        self.0.iter().find(|(_, token)| token.text == text).map(|(account, _)| *account)
    }

    /// The account's token.
    pub(crate) fn of(&self, account: AccountId) -> Option<&str> {
        self.0.get(&account).map(|token| token.text.as_str())
    }

    /// Takes away the tokens whose time is over; returns them.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<(AccountId, String)> {
        let over = self.0.iter().filter(|(_, token)| token.until_ms <= now_ms);
        let over: Vec<AccountId> = over.map(|(account, _)| *account).collect();
        over.into_iter().filter_map(|one| self.close(one).map(|text| (one, text))).collect()
    }
}

fn word() -> String {
    let mut random = rand::rng();
    (0..LENGTH).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_it_is_extended() {
        let mut tokens = Tokens::default();
        let text = tokens.open(3, 100, 1000).to_string();
        assert_eq!(text.len(), LENGTH);
        assert_eq!(tokens.open(3, 100, 1050), text, "it stays the same");
        assert_eq!(tokens.account(&text), Some(3));
        assert_eq!(tokens.extend(4, 100, 1050), None);
        assert!(tokens.expire(1149).is_empty());
        assert_eq!(tokens.expire(1150), [(3, text.clone())]);
        assert_eq!((tokens.account(&text), tokens.of(3)), (None, None));
        assert_ne!(tokens.open(3, 100, 1200), text);
    }
}
