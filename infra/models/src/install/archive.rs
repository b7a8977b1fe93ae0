//! Files out of wheels, which are zips.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// No member that we want is larger; what an archive claims is not believed beyond it.
const MAX_MEMBER: u64 = 512 << 20;

/// Archives in archives in archives are nobody's package.
const MAX_DEPTH: usize = 3;

/// Reads a member of an archive; `!` in its name goes into an archive inside of it.
pub(super) fn member(path: &Path, name: &str) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let mut names = name.split('!');
    let mut bytes = read(file, names.next().unwrap_or_default())?;
    for (depth, name) in names.enumerate() {
        ensure!(depth + 1 < MAX_DEPTH, "`{name}` is too deep");
        bytes = read(Cursor::new(bytes), name)?;
    }
    Ok(bytes)
}

fn read(archive: impl Read + Seek, name: &str) -> Result<Vec<u8>> {
    let mut archive = ZipArchive::new(archive).context("the download is no zip archive")?;
    let member = archive.by_name(name).with_context(|| format!("the archive has no `{name}`"))?;
    let mut bytes = Vec::new();
    member.take(MAX_MEMBER + 1).read_to_end(&mut bytes).with_context(|| format!("failed to unpack `{name}`"))?;
    ensure!(bytes.len() as u64 <= MAX_MEMBER, "`{name}` is larger than {MAX_MEMBER} bytes");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, SimpleFileOptions::default()).expect("a member");
        writer.write_all(bytes).expect("its bytes");
        writer.finish().expect("an archive").into_inner()
    }

    #[test]
    fn archives_in_archives_are_opened_to_a_depth() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("a.whl");
        let mut bytes = zip("d", b"at last");
        for name in ["c", "b", "a"] {
            bytes = zip(name, &bytes);
        }
        std::fs::write(&path, &bytes).expect("a file");
        let inner = member(&path, "a!b").expect("two archives");
        assert_eq!(inner, zip("c", &zip("d", b"at last")));
        assert!(format!("{:#}", member(&path, "a!b!c!d").expect_err("too deep")).contains("too deep"));
        assert!(format!("{:#}", member(&path, "x").expect_err("missing")).contains("has no `x`"));
        std::fs::write(&path, b"no archive").expect("a file");
        assert!(member(&path, "a").is_err());
    }
}
