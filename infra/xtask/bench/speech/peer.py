# faster-whisper with the very same weights: a path on each line of standard input, an answer on each of standard output.
#   peer.py MODEL PRECISION THREADS
import json, sys, time

from faster_whisper import WhisperModel

model = WhisperModel(sys.argv[1], device="cpu", compute_type=sys.argv[2], cpu_threads=int(sys.argv[3]))
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    # Greedy, with the fallbacks that both have, times of words, and nothing carried from window to window.
    segments, _ = model.transcribe(line.strip(), beam_size=1, word_timestamps=True, condition_on_previous_text=False)
    text = "".join(segment.text for segment in segments)
    print(json.dumps({"text": text, "seconds": time.perf_counter() - begin}), flush=True)
