// Gives a picture to the tools it is for: `node parse.mjs CHROMIUM FILE WORD...`. What they draw
// has to have every word in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { instance } from "@viz-js/viz";
import { chromium } from "playwright-core";

const [executablePath, file, ...words] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
const plain = (svg) => svg
  .replace(/<[^>]*>/g, " ")
  .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
  .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
  .replace(/&nbsp;/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"')
  .replace(/&amp;/g, "&");

async function byGraphviz() {
  const graphviz = await instance();
  const { status, errors, output } = graphviz.render(text, { format: "svg" });
  assert.equal(status, "success", JSON.stringify(errors));
  // It has no fonts here, and says so.
  assert.deepEqual(errors.filter(({ message }) => !/metrics|width of/.test(message)), []);
  return output;
}

async function byMermaid() {
  const browser = await chromium.launch({
    executablePath, headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    const home = dirname(createRequire(import.meta.url).resolve("mermaid/package.json"));
    await page.addScriptTag({ path: join(home, "dist/mermaid.min.js") });
    return await page.evaluate(async (given) => {
      window.mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
      await window.mermaid.parse(given);
      return (await window.mermaid.render("drawn", given)).svg;
    }, text);
  } finally {
    await browser.close();
  }
}

const drawn = plain(file.endsWith(".dot") ? await byGraphviz() : await byMermaid());
for (const word of words) {
  assert.ok(drawn.replace(/\s+/g, " ").includes(word), `${word} is not in …${drawn.replace(/\s+/g, " ").slice(-600)}`);
}
