//! The order of coefficients in a JPEG (ITU-T T.81 Figure A.6).

/// `TRANSPOSED[k]` is column * 8 + row of coefficient k. By columns, because both transforms work on whole rows and then
/// whole columns, and so end, or begin, with their blocks transposed.
pub(crate) const TRANSPOSED: [u8; 64] = [
    0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40, 33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42,
    35, 28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54,
    61, 62, 55, 63,
];
