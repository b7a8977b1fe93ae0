//! Objects: concurrent calls.

use super::blob_content::body;
use super::blobs::BlobStore;
use super::{Check, Seen, breathe, ensure, insist};
use crate::{Kind, PortError};
use bytes::Bytes;
use futures::future::{join, join_all};

/// Counts successes; every other answer has to be of the given kind.
fn count_winners<T>(answers: &[Result<T, PortError>], loser: Kind) -> Result<usize, Seen> {
    let mut n_winners = 0;
    for answer in answers {
        match answer {
            Ok(_) => n_winners += 1,
            Err(error) if error.kind == loser => {}
            Err(error) => return Err(Seen(format!("a loser got {:?}: {error}", error.kind))),
        }
    }
    Ok(n_winners)
}

pub(super) async fn creators(store: &dyn BlobStore, at: &str) -> Check {
    for round in 0..4 {
        // A folder that is not there yet: making it is part of the race.
        let key = format!("{at}{round}/deep/key");
        let create = async |index: usize| insist(|| store.create(&key, body(&format!("by {index}")))).await;
        let answers = join_all((0..32).map(create)).await;
        let n_winners = count_winners(&answers, Kind::Exists)?;
        ensure!(n_winners == 1, "{n_winners} of 32 creators succeeded");
        let winner = answers.iter().position(Result::is_ok).unwrap_or_default();
        let bytes = store.read(&key).await?.bytes;
        ensure!(bytes == format!("by {winner}"), "creator {winner} won, the content is {bytes:?}");
    }
    Ok(())
}

pub(super) async fn first_swaps(store: &dyn BlobStore, at: &str) -> Check {
    let key = format!("{at}deep/key");
    let swap = async |index: usize| insist(|| store.swap(&key, Bytes::from(index.to_string()), None)).await;
    let answers = join_all((0..16).map(swap)).await;
    let n_winners = count_winners(&answers, Kind::Conflict)?;
    ensure!(n_winners == 1, "{n_winners} of 16 first swaps succeeded");
    Ok(())
}

/// Adds one to the number at `key`, however often it takes.
async fn increment(store: &dyn BlobStore, key: &str) -> Check {
    for _ in 0..10_000 {
        let blob = store.read(key).await?;
        let text = String::from_utf8_lossy(&blob.bytes).into_owned();
        let Ok(number) = text.parse::<u32>() else { return Err(Seen(format!("the counter reads {text:?}"))) };
        breathe().await;
        match insist(|| store.swap(key, Bytes::from((number + 1).to_string()), Some(&blob.etag))).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind == Kind::Conflict => breathe().await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Seen("a swapper never got its turn".into()))
}

pub(super) async fn swappers(store: &dyn BlobStore, at: &str) -> Check {
    const N_SWAPPERS: usize = 16;
    const N_TIMES: usize = 5;
    let key = format!("{at}counter");
    store.create(&key, body("0")).await?;
    let swapper = async |_| {
        for _ in 0..N_TIMES {
            increment(store, &key).await?;
        }
        Ok(())
    };
    for result in join_all((0..N_SWAPPERS).map(swapper)).await {
        let result: Check = result;
        result?;
    }
    let bytes = store.read(&key).await?.bytes;
    let expected = (N_SWAPPERS * N_TIMES).to_string();
    ensure!(bytes == expected, "after {expected} increments the counter is {bytes:?}");
    Ok(())
}

pub(super) async fn torn_reads(store: &dyn BlobStore, at: &str) -> Check {
    const N_WRITES: usize = 40;
    let key = format!("{at}object");
    // The length tells the letter, so that a mixture of two contents shows.
    let content = |index: usize| Bytes::from(vec![b'a' + (index % 26) as u8; 100_000 + index % 26]);
    store.create(&key, content(0).into()).await?;
    let write = async {
        for index in 1..=N_WRITES {
            let etag = store.head(&key).await?.etag;
            store.swap(&key, content(index), Some(&etag)).await?;
            breathe().await;
        }
        Ok::<(), Seen>(())
    };
    let read = async {
        for _ in 0..2 * N_WRITES {
            let bytes = store.read(&key).await?.bytes;
            let index = bytes.len().wrapping_sub(100_000);
            ensure!(index < 26 && bytes == content(index), "a reader saw {} bytes of several contents", bytes.len());
            breathe().await;
        }
        Ok(())
    };
    let (written, read) = join(write, read).await;
    written?;
    read
}

/// Objects that come and go beside each other: removing one must not take the other's place away.
pub(super) async fn neighbours(store: &dyn BlobStore, at: &str) -> Check {
    let worker = async |index: usize| {
        let key = format!("{at}shared/folder/{index}");
        for round in 0..20 {
            insist(|| store.create(&key, body(&round.to_string()))).await?;
            breathe().await;
            let bytes = store.read(&key).await?.bytes;
            ensure!(bytes == round.to_string(), "`{key}` reads {bytes:?} instead of {round}");
            insist(|| store.delete(&key)).await?;
        }
        Ok(())
    };
    for result in join_all((0..8).map(worker)).await {
        let result: Check = result;
        result?;
    }
    let page = store.list(at, None, 10).await?;
    ensure!(page.blobs.is_empty(), "left over: {:?}", page.blobs);
    Ok(())
}
