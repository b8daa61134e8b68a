// Reads an array of AsyncAPI documents from standard input with the official parser; prints an array of
// what it says of each, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const answers = [];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  answers.push(diagnostics.map(({ severity, path, message }) => ({ severity, path: path.join("/"), message })));
}
console.log(JSON.stringify(answers));
