#!/usr/bin/env python3
"""Makes the files in this folder (all our own): written by exiftool 12 and by Pillow 11 or newer. Run: `python3 make.py`.

Every file has a position and serial numbers where its format can hold them: the tests look for them in vain.
"""

import pathlib
import subprocess

from PIL import Image, PngImagePlugin

HERE = pathlib.Path(__file__).parent
SECRETS = {
    "EXIF:GPSLatitude": "48.858222",
    "EXIF:GPSLatitudeRef": "N",
    "EXIF:GPSLongitude": "2.2945",
    "EXIF:GPSLongitudeRef": "E",
    "EXIF:SerialNumber": "SN-SECRET-1",
    "EXIF:LensSerialNumber": "SN-SECRET-2",
    "EXIF:OwnerName": "Owner Secret",
    "EXIF:Make": "SecretCam",
}
XMP_SECRETS = {
    "XMP:GPSLatitude": "48.858222",
    "XMP:GPSLongitude": "2.2945",
    "XMP-aux:SerialNumber": "SN-SECRET-3",
    "XMP-aux:OwnerName": "Owner Secret",
    "XMP-photoshop:Instructions": "Instructions Secret",
}


def picture():
    return Image.linear_gradient("L").resize((24, 16)).convert("RGB")


def exiftool(name, tags, *options):
    arguments = ["exiftool", "-q", "-overwrite_original", *options]
    for tag, values in tags.items():
        for value in values if isinstance(values, list) else [values]:
            arguments.append(f"-{tag}={value}")
    subprocess.run([*arguments, str(HERE / name)], check=True)


def all_xmp():
    return {
        "XMP-dc:Title": "Boats at dusk",
        "XMP-dc:Title-de": "Boote in der Dämmerung",
        "XMP-dc:Description": "Two fishing boats lie on the beach of Étretat.",
        "XMP-dc:Subject": ["boats", "Normandy", "Boats", "海"],
        "XMP-dc:Creator": ["Ada Maker", "Ben Helper"],
        "XMP-dc:Rights": "© 2026 Example",
        "XMP-photoshop:Credit": "Example Agency",
        "XMP-photoshop:City": "Étretat",
        "XMP-photoshop:Country": "France",
        "XMP-photoshop:DateCreated": "2026:11:23 10:20:30+01:00",
        "XMP-iptcCore:AltTextAccessibility": "Two wooden boats on pebbles, the sea behind them.",
        "XMP-iptcCore:ExtDescrAccessibility": "In front, two boats. Behind them, the sea and a white cliff.",
        **XMP_SECRETS,
    }


def all_iptc():
    return {
        "IPTC:ObjectName": "Boats at dusk",
        "IPTC:Headline": "A headline",
        "IPTC:Caption-Abstract": "Two fishing boats lie on the beach of Étretat.",
        "IPTC:Keywords": ["boats", "Normandy"],
        "IPTC:By-line": ["Ada Maker", "Ben Helper"],
        "IPTC:CopyrightNotice": "© 2026 Example",
        "IPTC:Credit": "Example Agency",
        "IPTC:City": "Étretat",
        "IPTC:Country-PrimaryLocationName": "France",
        "IPTC:DateCreated": "2026:11:23",
        "IPTC:TimeCreated": "10:20:30+01:00",
    }


def all_exif():
    return {
        "EXIF:ImageDescription": "Two fishing boats lie on the beach of Étretat.",
        "EXIF:Artist": "Ada Maker; Ben Helper",
        "EXIF:Copyright": "© 2026 Example",
        "EXIF:DateTimeOriginal": "2026:11:23 10:20:30",
        "EXIF:OffsetTimeOriginal": "+01:00",
        "EXIF:ModifyDate": "2030:01:01 00:00:00",
        "EXIF:XPTitle": "Boats at dusk",
        "EXIF:XPKeywords": "boats;Normandy",
        **SECRETS,
    }


def by_exiftool():
    utf8 = ["-charset", "exif=utf8"]
    for extension in ["jpg", "png", "webp", "tif"]:
        picture().save(HERE / f"exiftool-xmp.{extension}")
        exiftool(f"exiftool-xmp.{extension}", {**all_xmp(), **SECRETS}, *utf8)
        picture().save(HERE / f"exiftool-exif.{extension}")
        exiftool(f"exiftool-exif.{extension}", all_exif(), *utf8)
    for extension in ["jpg", "tif"]:
        picture().save(HERE / f"exiftool-iptc.{extension}")
        exiftool(f"exiftool-iptc.{extension}", {**all_iptc(), **SECRETS}, *utf8, "-codedcharacterset=utf8")
    # Without a character set, IPTC is Latin.
    picture().save(HERE / "exiftool-iptc-latin.jpg")
    exiftool("exiftool-iptc-latin.jpg", all_iptc())
    # Big end first, and what a camera writes by itself.
    picture().save(HERE / "exiftool-camera.jpg")
    exiftool("exiftool-camera.jpg", {"EXIF:ImageDescription": "OLYMPUS DIGITAL CAMERA", **SECRETS}, "-exifbyteorder=MM")
    # Each says something else: which one counts?
    picture().save(HERE / "exiftool-all.jpg")
    others = {
        "XMP-dc:Title": "Title of XMP",
        "IPTC:ObjectName": "Title of IPTC",
        "IPTC:Caption-Abstract": "Caption of IPTC",
        "EXIF:ImageDescription": "Description of EXIF",
        "EXIF:Artist": "Artist of EXIF",
        "EXIF:XPTitle": "Title of Windows",
        "EXIF:XPKeywords": "Windows",
    }
    exiftool("exiftool-all.jpg", others, "-exifbyteorder=MM")


def by_pillow():
    exif = Image.Exif()
    exif[0x010E] = "Two fishing boats lie on the beach."
    exif[0x013B] = "Ada Maker"
    exif[0x8298] = "(c) 2026 Example"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:23 10:20:30"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.6)
    for extension in ["jpg", "png", "webp", "tif"]:
        picture().save(HERE / f"pillow-exif.{extension}", exif=exif)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "Boats at dusk")
    texts.add_text("Author", "Ada Maker", zip=True)
    texts.add_itxt("Description", "Two fishing boats lie on the beach of Étretat.", lang="en", tkey="Description")
    texts.add_itxt("Copyright", "© 2026 Example", zip=True)
    texts.add_text("Creation Time", "2026-11-23T10:20:30+01:00")
    texts.add_text("Source", "SecretCam")
    picture().save(HERE / "pillow-texts.png", pnginfo=texts)
    packet = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>
    <rdf:li xml:lang="de">Boote</rdf:li><rdf:li xml:lang="x-default">Boats at dusk</rdf:li></rdf:Alt></dc:title>
    </rdf:Description></rdf:RDF></x:xmpmeta>"""
    picture().save(HERE / "pillow-xmp.webp", xmp=packet.encode())


if __name__ == "__main__":
    by_exiftool()
    by_pillow()
    for path in sorted(HERE.iterdir()):
        print(path.name, path.stat().st_size)
