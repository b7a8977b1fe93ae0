// Makes the goldens: what sharp 0.35.5 makes of the sample pictures and of two fixtures, as PNG.
//   cargo xtask bench images --only D --quick   (installs sharp into target/bench), then
//   cp shared/media/tests/golden/make.mjs target/bench/ && node target/bench/make.mjs "$PWD"
// Tests read the committed files; nothing is installed for them.
import { mkdir, readdir } from 'node:fs/promises';
import sharp from 'sharp';

const root = process.argv[2];
const samples = `${root}/infra/local/samples`;
const golden = `${root}/shared/media/tests/golden`;
const WIDTH = 200;

const save = (image, name) =>
  image.flatten({ background: '#fff' }).toColourspace('srgb').png({ compressionLevel: 9 }).toFile(`${golden}/${name}.png`);

// Fixtures that no sample covers: a palette, and a single channel.
await mkdir(`${golden}/fixtures`, { recursive: true });
await sharp(`${samples}/chelsea scan.tif`).resize(300).png({ palette: true, colours: 32 }).toFile(`${golden}/fixtures/palette.png`);
await sharp(`${samples}/chelsea scan.tif`).resize(300).greyscale().jpeg().toFile(`${golden}/fixtures/gray.jpg`);

for (const name of (await readdir(samples)).filter((name) => !name.endsWith('.md'))) {
  await save(sharp(`${samples}/${name}`).autoOrient().resize(WIDTH, null, { withoutEnlargement: true }), name);
}
for (const name of await readdir(`${golden}/fixtures`)) {
  await save(sharp(`${golden}/fixtures/${name}`).resize(WIDTH), name);
}

// Alpha itself, as a picture.
await sharp(`${samples}/greenroom-logo-transparent.png`).resize(WIDTH).extractChannel('alpha').png().toFile(`${golden}/alpha.png`);

// A square crop that looks at 30 % across, 70 % down, by the rule that `crop_window` states.
const place = (size, window, at) => Math.min(Math.max(Math.floor((size * at) / 1000) - Math.floor(window / 2), 0), size - window);
for (const name of ['Café Zürich – Espresso.jpg', 'IMG_4127.JPG', 'World map 5400x2700.jpg']) {
  const upright = await sharp(`${samples}/${name}`).autoOrient().png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
  const { width, height } = upright.info;
  const side = Math.min(width, height);
  const region = { left: place(width, side, 300), top: place(height, side, 700), width: side, height: side };
  await save(sharp(upright.data).extract(region).resize(WIDTH), `crop ${name}`);
}
