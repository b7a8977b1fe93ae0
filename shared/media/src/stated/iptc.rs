//! IPTC-IIM 4.2: the records that news agencies have written since 1991.

use super::text::{decode, line};
use super::{MAX_DESCRIPTION, MAX_NAME, MAX_TITLE, Stated, creators, date, keywords};

// Data sets of record 2 (IIM 4.2 §6).
const OBJECT_NAME: u8 = 5;
const KEYWORDS: u8 = 25;
const DATE_CREATED: u8 = 55;
const TIME_CREATED: u8 = 60;
const BY_LINE: u8 = 80;
const CITY: u8 = 90;
const COUNTRY: u8 = 101;
const HEADLINE: u8 = 105;
const CREDIT: u8 = 110;
const COPYRIGHT: u8 = 116;
const CAPTION: u8 = 120;

/// More records than any agency writes.
const MAX_RECORDS: usize = 2000;

pub(super) fn read(bytes: &[u8]) -> Stated {
    let records: Vec<(u8, &[u8])> = Records(bytes).take(MAX_RECORDS).collect();
    let all =
        |wanted: u8| records.iter().filter(move |(data_set, _)| *data_set == wanted).map(|(_, value)| decode(value));
    let one = |wanted, max| all(wanted).find_map(|text| line(&text, max));
    let when = all(DATE_CREATED).next().map(|day| match all(TIME_CREATED).next() {
        Some(time) => format!("{}T{time}", day.trim()),
        None => day,
    });
    let (words, names): (Vec<_>, Vec<_>) = (all(KEYWORDS).collect(), all(BY_LINE).collect());
    Stated {
        title: one(OBJECT_NAME, MAX_TITLE).or_else(|| one(HEADLINE, MAX_TITLE)),
        description: one(CAPTION, MAX_DESCRIPTION),
        keywords: keywords(words.iter().map(String::as_str)),
        creators: creators(names.iter().map(String::as_str)),
        copyright: one(COPYRIGHT, MAX_NAME),
        credit: one(CREDIT, MAX_NAME),
        city: one(CITY, MAX_NAME),
        country: one(COUNTRY, MAX_NAME),
        date: when.and_then(|when| date::iso(&when)),
        ..Stated::default()
    }
}

/// The values of record 2 with their data sets.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // §1.5: `1C`, record, data set, two bytes of length. A long value (§1.5(d)) has the length of its length there.
        while let [0x1C, record, data_set, high, low, rest @ ..] = self.0 {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let (length, rest) = if length < 0x8000 { (length, rest) } else { long(length & 0x7FFF, rest)? };
            let value = rest.get(..length)?;
            self.0 = &rest[length..];
            if *record == 2 {
                return Some((*data_set, value));
            }
        }
        None
    }
}

fn long(n: usize, rest: &[u8]) -> Option<(usize, &[u8])> {
    let digits = rest.get(..n).filter(|digits| digits.len() <= 4)?;
    Some((digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), &rest[n..]))
}
