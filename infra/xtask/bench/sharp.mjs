// sharp's side of `cargo xtask bench images`.
//   node sharp.mjs MODE WORKLOAD PHOTO OUT REPEAT
// MODE is `six` (a pipeline per output, as most code has it) or `tuned` (decode once, fan out). REPEAT 0 writes the outputs to
// OUT once; otherwise the work is repeated in memory and one line of JSON gives the milliseconds of each round.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';

const [mode, workload, photo, out, repeat] = process.argv.slice(2);
const WIDTHS = [320, 640, 960, 1280, 1920, 2560];
const CROPS = [[1, 1], [4, 5], [16, 9], [9, 16]];

sharp.cache(false);
sharp.concurrency(2);

const encode = {
  A: (p) => p.jpeg(),
  B: (p) => p.webp(),
  C: (p) => p.avif({ effort: 2 }),
  D: (p) => p.jpeg(),
  E: (p) => p.jpeg(),
}[workload];
const extension = { A: 'jpg', B: 'webp', C: 'avif', D: 'jpg', E: 'jpg' }[workload];

// The largest centred window of a ratio, in a picture of `width` by `height`.
function region(width, height, [rw, rh]) {
  const wide = width * rh >= height * rw;
  const w = wide ? Math.round((height * rw) / rh) : width;
  const h = wide ? height : Math.round((width * rh) / rw);
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

async function outputs(input) {
  if (workload === 'E') return crops(input);
  const widths = workload === 'D' ? [400] : WIDTHS;
  if (mode === 'six' || widths.length === 1) {
    return Promise.all(widths.map((w) => encode(sharp(input).autoOrient().resize(w)).toBuffer()));
  }
  // One decode at the largest wanted size; every smaller one from those pixels.
  const { data, info } = await sharp(input).autoOrient().resize(widths.at(-1)).raw().toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } };
  return Promise.all(widths.map((w) => encode(w === info.width ? sharp(data, raw) : sharp(data, raw).resize(w)).toBuffer()));
}

async function crops(input) {
  if (mode === 'six') {
    const { width, height } = await sharp(input).metadata();
    return Promise.all(CROPS.map((c) => encode(sharp(input).extract(region(width, height, c)).resize(1080)).toBuffer()));
  }
  // Half size (in the decoder) still covers the tightest crop: 9:16 of 4000 rows is 2250 columns wide.
  const { width } = await sharp(input).metadata();
  const { data, info } = await sharp(input).resize(Math.round(width / 2)).raw().toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } };
  return Promise.all(
    CROPS.map((c) => encode(sharp(data, raw).extract(region(info.width, info.height, c)).resize(1080)).toBuffer()),
  );
}

if (Number(repeat) === 0) {
  const made = await outputs(photo);
  await mkdir(out, { recursive: true });
  await Promise.all(made.map((bytes, i) => writeFile(`${out}/${i}.${extension}`, bytes)));
} else {
  const input = await readFile(photo);
  const rounds = [];
  for (let i = 0; i <= Number(repeat); i++) {
    const start = performance.now();
    await outputs(input);
    if (i > 0) rounds.push(performance.now() - start); // the first round warms up
  }
  console.log(JSON.stringify(rounds));
}
