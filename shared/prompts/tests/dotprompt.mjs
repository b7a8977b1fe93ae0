// Renders prompts with npm's dotprompt, to be compared with ours.
// Reads [{source, partials, data}] as JSON from standard input; writes [{messages, input, output}].
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The package is installed beside the project's other tools, not beside this file: its folder is the first argument.
const { Dotprompt } = createRequire(process.argv[2] + "/")("dotprompt");

const answers = [];
for (const { source, partials, data } of JSON.parse(readFileSync(0, "utf8"))) {
  const dotprompt = new Dotprompt({ partials });
  const { messages } = await dotprompt.render(source, data);
  const { input, output } = await dotprompt.renderMetadata(source);
  answers.push({ messages, input: input?.schema ?? null, output: output?.schema ?? null });
}
process.stdout.write(JSON.stringify(answers));
