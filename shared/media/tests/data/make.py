#!/usr/bin/env python3
"""Makes the pictures in this folder (all our own; Pillow 11 or newer). Run from anywhere: `python3 make.py`."""

import pathlib
import struct
import zlib

from PIL import Image

HERE = pathlib.Path(__file__).parent


def quadrants(mode="RGB", size=(48, 32)):
    """Red, green / blue, white: every turn and mirror can be told."""
    image = Image.new("RGB", size, "white")
    w, h = size
    image.paste((255, 0, 0), (0, 0, w // 2, h // 2))
    image.paste((0, 255, 0), (w // 2, 0, w, h // 2))
    image.paste((0, 0, 255), (0, h // 2, w // 2, h))
    return image.convert(mode)


def ifd(entries, next_ifd=b"\0\0\0\0", base=8):
    """One little-endian TIFF directory; entries are (tag, type, count, bytes)."""
    out = struct.pack("<H", len(entries))
    extra = b""
    at = base + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", at + len(extra))
            extra += value + b"\0" * (len(value) % 2)
        out += struct.pack("<HHI", tag, kind, count) + field
    return out + next_ifd + extra


def exif(orientation=1, gps=False, credit=False):
    entries = []
    if credit:
        entries.append((0x010F, 2, 10, b"SecretCam\0"))
    entries.append((0x0112, 3, 1, struct.pack("<H", orientation)))
    if credit:
        entries.append((0x013B, 2, 10, b"Ada Maker\0"))
        entries.append((0x8298, 2, 17, b"(c) 2026 Example\0"))
    if gps:
        latitude = struct.pack("<6I", 48, 1, 12, 1, 30, 1)
        # The GPS directory follows the first one; its place is known once the first is laid out.
        first = ifd(entries + [(0x8825, 4, 1, b"\0\0\0\0")])
        at = 8 + len(first)
        entries.append((0x8825, 4, 1, struct.pack("<I", at)))
        gps_ifd = ifd([(1, 2, 2, b"N\0"), (2, 5, 3, latitude)], base=at)
        return b"Exif\0\0II*\0\x08\0\0\0" + ifd(entries) + gps_ifd
    return b"Exif\0\0II*\0\x08\0\0\0" + ifd(entries)


def interlaced(image):
    """An Adam7 PNG of an RGBA image: Pillow reads them but does not write them."""
    w, h = image.size
    pixels = image.load()
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(y0, h, dy):
            row = b"".join(bytes(pixels[x, y]) for x in range(x0, w, dx))
            if row:
                rows += b"\0" + row

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", w, h, 8, 6, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def save(name, image, **options):
    image.save(HERE / name, **options)
    print(name, (HERE / name).stat().st_size)


def main():
    for orientation in range(1, 9):
        upright = quadrants()
        # The stored pixels that this orientation turns into the upright picture.
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }.get(orientation)
        stored = upright.transpose(undo) if undo is not None else upright
        save(f"orientation-{orientation}.jpg", stored, quality=95, subsampling=0, exif=exif(orientation))
    save("gps-credit.jpg", quadrants(), quality=90, exif=exif(gps=True, credit=True))

    save("cmyk-adobe.jpg", quadrants("CMYK"), quality=95, subsampling=0)
    save("progressive.jpg", quadrants(), quality=90, progressive=True)
    save("gray.jpg", quadrants("L"), quality=90)
    (HERE / "interlaced.png").write_bytes(interlaced(quadrants("RGBA")))
    save("palette.png", quadrants().quantize(8))
    wide = Image.new("I;16", (32, 16))
    wide.putdata([x * 2047 for _ in range(16) for x in range(32)])
    save("sixteen.png", wide)
    save("cmyk.tif", quadrants("CMYK"), compression="tiff_lzw")
    save("deflate.tif", quadrants(), compression="tiff_deflate")
    save("plain.bmp", quadrants())
    save("still.webp", quadrants(), quality=90)
    save("tagged.tif", quadrants(), compression="tiff_lzw", tiffinfo={315: "Ada Maker", 33432: "(c) 2026 Example"})

    frames = [quadrants("RGB").rotate(90 * i) for i in range(4)]
    rest = dict(save_all=True, append_images=frames[1:], duration=[100, 200, 300, 400], loop=3)
    save("moving.gif", frames[0], **rest)
    save("moving.webp", frames[0], quality=80, **rest)


if __name__ == "__main__":
    main()
