// Makes the photograph and reads outputs back, for `cargo xtask bench images`.
//   node prepare.mjs photo IN OUT       the middle 3:2 of IN at 6000 × 4000, q93, 4:2:0
//   node prepare.mjs png IN OUT         IN as a PNG, so that one independent decoder judges every engine
import sharp from 'sharp';

const [what, input, output] = process.argv.slice(2);
if (what === 'photo') {
  await sharp(input).resize(6000, 4000, { fit: 'cover' }).jpeg({ quality: 93, chromaSubsampling: '4:2:0' }).toFile(output);
} else {
  await sharp(input).removeAlpha().toColourspace('srgb').png({ compressionLevel: 1 }).toFile(output);
}
