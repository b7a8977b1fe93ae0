use super::*;
use crate::manifest::Manifest;
use std::net::TcpListener;

const BYTES: &[u8] = b"weights of a model";

struct Home {
    scratch: tempfile::TempDir,
    folder: Folder,
}

impl Home {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        Home { folder: Folder::new(scratch.path().join("models")), scratch }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.scratch.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A model of one file, from an address where nobody listens.
fn manifest(sha256: &str) -> Manifest {
    // Bound and let go: a port that refuses.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let n = BYTES.len();
    Manifest::parse(&format!(
        "[[model]]\nname = 'm'\ndoes = 'nothing'\nlicence = 'MIT'\npackage = 'm 1'\nweights = 'm.onnx'\n\
         [[model.file]]\nname = 'm.onnx'\nbytes = {n}\nsha256 = '{sha256}'\n\
         [[model.file.source]]\nurl = 'http://127.0.0.1:{port}/m.onnx'\nbytes = {n}\nsha256 = '{sha256}'\n"
    ))
    .expect("a manifest")
}

fn run(home: &Home, manifest: &Manifest, files: Vec<PathBuf>) -> Result<()> {
    let options = Options { files, has_terminal: false };
    install(&home.folder, &manifest.models[0], &options, &mut |_| ())
}

#[test]
fn a_file_of_ones_own_is_known_by_its_digest() {
    let (home, manifest) = (Home::new(), manifest(&digest(BYTES)));
    let model = &manifest.models[0];
    let other = home.file("m.onnx", b"something else....");
    let error = format!("{:#}", run(&home, &manifest, vec![other.clone()]).expect_err("it is not the file"));
    assert!(error.contains("was not reached") && error.contains("--from-file"), "{error}");
    assert!(!home.folder.has(model) && !home.folder.of(model).exists());
    run(&home, &manifest, vec![other, home.file("any name", BYTES)]).expect("the file is there");
    assert!(home.folder.has(model));
    assert_eq!(home.folder.read(model, "m.onnx").expect("a file"), BYTES);
    assert!(!home.folder.partial(model).exists(), "nothing is left behind");
}

#[test]
fn a_finished_download_of_an_interrupted_installation_is_used() {
    let (home, manifest) = (Home::new(), manifest(&digest(BYTES)));
    let downloads = home.folder.partial(&manifest.models[0]).join("downloads");
    fs::create_dir_all(&downloads).expect("a folder");
    fs::write(downloads.join("m.onnx"), BYTES).expect("a download");
    run(&home, &manifest, Vec::new()).expect("nothing has to be downloaded");
    assert!(home.folder.has(&manifest.models[0]));
}

#[test]
fn a_changed_file_is_found_when_it_is_read() {
    let (home, manifest) = (Home::new(), manifest(&digest(BYTES)));
    let model = &manifest.models[0];
    run(&home, &manifest, vec![home.file("own", BYTES)]).expect("the file is there");
    let mut changed = BYTES.to_vec();
    changed[3] ^= 1;
    fs::write(home.folder.of(model).join("m.onnx"), &changed).expect("a change");
    let error = format!("{:#}", home.folder.read(model, "m.onnx").expect_err("it has changed"));
    assert!(error.contains("greenroom models rm m"), "{error}");
    assert!(home.folder.remove(model).expect("it goes"));
    assert!(!home.folder.remove(model).expect("it is gone"));
}

#[test]
fn a_file_in_pieces_is_put_together() {
    let home = Home::new();
    let (first, second) = BYTES.split_at(7);
    let piece = |name: &str, bytes: &[u8]| {
        let (n, digest) = (bytes.len(), digest(bytes));
        format!("url = 'http://127.0.0.1:9/{name}'\nbytes = {n}\nsha256 = '{digest}'\n")
    };
    let text = |last: &str| {
        let (n, digest) = (BYTES.len(), digest(BYTES));
        format!(
            "[[model]]\nname = 'm'\ndoes = 'nothing'\nlicence = 'MIT'\npackage = 'm 1'\nweights = 'm.onnx'\n\
             [[model.file]]\nname = 'm.onnx'\nbytes = {n}\nsha256 = '{digest}'\n\
             [[model.file.source]]\n{}[[model.file.source.then]]\n{last}",
            piece("1", first)
        )
    };
    let files = vec![home.file("one", first), home.file("two", second), home.file("three", b"another")];
    let wrong = Manifest::parse(&text(&piece("3", b"another"))).expect("a manifest");
    let error = format!("{:#}", run(&home, &wrong, files.clone()).expect_err("the pieces do not fit"));
    assert!(error.contains("has 14 bytes and the digest"), "{error}");
    let manifest = Manifest::parse(&text(&piece("2", second))).expect("a manifest");
    run(&home, &manifest, files).expect("both are there");
    assert_eq!(home.folder.read(&manifest.models[0], "m.onnx").expect("a file"), BYTES);
    let broken = text(&piece("2", second).replace("sha256 = '", "sha256 = 'X"));
    assert!(Manifest::parse(&broken).is_err(), "pieces are checked, too");
}
