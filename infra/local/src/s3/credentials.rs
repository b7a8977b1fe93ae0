//! The endpoint's access key: made once, kept in a file that S3 clients read themselves.

use super::record::random_hex;
use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
}

/// Without the secret: it must not end up in a log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Reads the credentials at `path`; makes them first if there is no such file.
///
/// The file is an AWS shared-credentials file with one profile, `default`, for its owner's eyes only: an S3 client takes it by
/// `AWS_SHARED_CREDENTIALS_FILE`.
pub fn credentials(path: &Path) -> io::Result<Credentials> {
    match std::fs::read_to_string(path) {
        Ok(text) => return parse(&text).ok_or_else(|| unusable(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let made = generate()?;
    // Written beside and linked: of two hosts that start at once one wins, and nobody reads half a file.
    let draft = path.with_extension(format!("{}.draft", random_hex(4)?));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let text =
        format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", made.access_key, made.secret_key);
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(made),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            parse(&std::fs::read_to_string(path)?).ok_or_else(|| unusable(path))
        }
        Err(error) => Err(error),
    }
}

/// Makes credentials in the form of AWS's: tools check lengths and characters.
fn generate() -> io::Result<Credentials> {
    let mut secret = [0; 30];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let access_key = format!("GREENROOM{}", random_hex(6)?.to_uppercase());
    Ok(Credentials { access_key: access_key[..20].to_owned(), secret_key: BASE64_STANDARD.encode(secret) })
}

fn parse(text: &str) -> Option<Credentials> {
    let value = |name: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let mut found = pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned());
        found.next().filter(|value| !value.is_empty())
    };
    Some(Credentials { access_key: value("aws_access_key_id")?, secret_key: value("aws_secret_access_key")? })
}

fn unusable(path: &Path) -> io::Error {
    let text = format!(
        "`{}` has no aws_access_key_id and aws_secret_access_key; delete it to have new ones made",
        path.display()
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn they_are_made_once_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let made = credentials(&path).unwrap();
        assert_eq!(credentials(&path).unwrap(), made);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!((made.access_key.len(), made.secret_key.len()), (20, 40));
        assert!(!format!("{made:?}").contains(&made.secret_key));
        assert_ne!(credentials(&folder.path().join("other")).unwrap().secret_key, made.secret_key);
        std::fs::write(&path, "[default]\n").unwrap();
        assert!(credentials(&path).is_err());
    }
}
