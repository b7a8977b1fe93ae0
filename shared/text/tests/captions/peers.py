"""Reads caption files with independent software, and prints each cue: start, end, text with `|` between lines."""

import pathlib
import sys
import xml.etree.ElementTree as et

import pysubs2
import ttconv.imsc.reader
import ttconv.imsc.writer
import ttconv.srt.reader
import ttconv.srt.writer
import ttconv.vtt.writer
import webvtt


def show(start, end, text):
    print(start, end, text.strip().replace("\r", "").replace("\n", "|"))


def captions(file):
    for cue in file:
        show(cue.start_time.in_milliseconds(), cue.end_time.in_milliseconds(), cue.text)


def events(file):
    for cue in file:
        show(cue.start, cue.end, cue.plaintext)


action, source, target = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
match action:
    case "webvtt-py":
        captions(webvtt.read(str(source)))
    case "webvtt-py-srt":
        captions(webvtt.from_srt(str(source)))
    case "pysubs2":
        events(pysubs2.load(str(source), encoding="utf-8"))
    # These write a file that is read on the other side.
    case "pysubs2-to-vtt" | "pysubs2-to-srt":
        pysubs2.load(str(source), encoding="utf-8").save(target, format_=action[-3:])
    case "webvtt-py-to-srt":
        webvtt.read(str(source)).save_as_srt(target)
    case "ttconv-imsc-to-srt":
        model = ttconv.imsc.reader.to_model(et.parse(source))
        pathlib.Path(target).write_text(ttconv.srt.writer.from_model(model), encoding="utf-8")
    case "ttconv-imsc-to-vtt":
        model = ttconv.imsc.reader.to_model(et.parse(source))
        pathlib.Path(target).write_text(ttconv.vtt.writer.from_model(model), encoding="utf-8")
    case "ttconv-srt-to-imsc":
        with source.open(encoding="utf-8") as file:
            model = ttconv.srt.reader.to_model(file)
        ttconv.imsc.writer.from_model(model).write(target, encoding="utf-8", xml_declaration=True)
    case _:
        sys.exit(f"unknown action {action}")
