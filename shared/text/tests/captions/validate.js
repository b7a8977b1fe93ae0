// Prints what npm's strict validator says of a WebVTT file: a line a fault, and how many cues it read.
const { WebVTTParser } = require(process.argv[2]);
const file = require("fs").readFileSync(process.argv[3], "utf8");
const { cues, errors } = new WebVTTParser().parse(file, process.argv[4]);
for (const error of errors) console.log(`${error.line}:${error.col ?? 0}: ${error.message}`);
console.log(`${cues.length} cues`);
