//! Each yes alone is not enough, and each missing one is named.

use super::*;
use crate::config::tests::LIVE;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("peregrine-arm-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn token(config: &Config) -> Token {
    let (made_at, expires_at) = (1_000, 2_000);
    let config_sha256 = hex::encode(config.sha256);
    Token { config_sha256, account: config.account(), made_at, expires_at }
}

#[test]
fn a_token_holds_for_its_file_account_and_time_only() {
    let directory = folder("token");
    let config = Config::parse("live.toml", LIVE).unwrap();
    let path = token_path(&directory, &config.account());
    let check = |config: &Config, now: u64, expect: Result<(), Missing>| {
        assert_eq!(verify_token(config, &path, now), expect, "at {now}");
    };
    check(&config, 1_500, Err(Missing::NotArmed));
    write_token(&directory, &path, &token(&config)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    check(&config, 1_500, Ok(()));
    check(&config, 1_999, Ok(()));
    check(&config, 2_000, Err(Missing::Expired { seconds: 0 }));
    check(&config, 2_060, Err(Missing::Expired { seconds: 60 }));
    assert!(matches!(verify_token(&config, &path, 999), Err(Missing::Unsafe { .. })));
    let changed = Config::parse("live.toml", &format!("{LIVE}\n# a remark")).unwrap();
    check(&changed, 1_500, Err(Missing::Changed));
    disarm(&path).unwrap();
    disarm(&path).unwrap();
    check(&config, 1_500, Err(Missing::NotArmed));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_token_that_others_could_have_made_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = folder("unsafe");
    let config = Config::parse("live.toml", LIVE).unwrap();
    let path = token_path(&directory, &config.account());
    write_token(&directory, &path, &token(&config)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let Err(Missing::Unsafe { why }) = verify_token(&config, &path, 1_500) else { panic!() };
    assert!(why.ends_with("others may write or read it; remove it and run `peregrine arm`"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "{}").unwrap();
    let Err(Missing::Unsafe { why }) = verify_token(&config, &path, 1_500) else { panic!() };
    assert!(why.contains("is not a token"), "{why}");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn each_missing_yes_is_named() {
    let refusal = Refusal {
        missing: vec![Missing::Mode { found: "paper" }, Missing::Flag, Missing::NotArmed],
    };
    assert_eq!(
        refusal.to_string(),
        "live trading is refused\n  - the file says mode = \"paper\"; write mode = \"live\"\n  \
         - the command line lacks --live\n  - it is not armed; run `peregrine arm`"
    );
}
