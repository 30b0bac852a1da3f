// Opens a page of Cairn's in a browser as a user would, and insists on what must hold of each:
//
//   node look.mjs CHROMIUM PAGE PICTURES KIND
//
// KIND says what the page is: `plan`, `stack`, `svg`, or `large` (a plan of hundreds).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, file, pictures, kind] = process.argv.slice(2);
const name = basename(file).replace(/\.[a-z]+$/, "");
const url = pathToFileURL(file).href;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const SIZES = [[1400, 900], [800, 900], [420, 800]];

// What is drawn over something else, in the picture's own units.
const collisions = () => {
  const svg = document.querySelector("svg.picture");
  const found = [];
  const texts = Array.from(svg.querySelectorAll("text")).map((text) => ({
    text: text.textContent, box: text.getBBox(), at: text,
  }));
  const overlaps = (a, b, slack) =>
    a.x + slack < b.x + b.width && b.x + slack < a.x + a.width &&
    a.y + slack < b.y + b.height && b.y + slack < a.y + a.height;
  texts.forEach((one, index) => {
    for (const other of texts.slice(index + 1)) {
      // The boxes of two lines of one text meet.
      if (overlaps(one.box, other.box, 2.5)) found.push(`"${one.text}" over "${other.text}"`);
    }
    const frame = one.at.parentElement.matches(".item, .caller")
      && one.at.parentElement.querySelector("rect.card, rect.hit");
    if (frame && !one.at.matches(".sign")) {
      const around = frame.getBBox();
      if (one.box.x < around.x || one.box.x + one.box.width > around.x + around.width) {
        found.push(`"${one.text}" is wider than its box`);
      }
    }
    const all = svg.viewBox.baseVal;
    if (one.box.x + one.box.width > all.width || one.box.y + one.box.height > all.height) {
      found.push(`"${one.text}" is outside the picture`);
    }
  });
  for (const line of svg.querySelectorAll("path.line")) {
    for (let at = 0; at < line.getTotalLength(); at += 3) {
      const { x, y } = line.getPointAtLength(at);
      const hit = texts.find(({ box }) =>
        x > box.x && x < box.x + box.width && y > box.y + 2 && y < box.y + box.height - 2);
      if (hit) { found.push(`a line over "${hit.text}"`); break; }
    }
  }
  const cards = Array.from(svg.querySelectorAll("rect.card")).map((card) => card.getBBox());
  cards.forEach((one, index) => {
    if (cards.slice(index + 1).some((other) => overlaps(one, other, 1))) found.push("a card over a card");
  });
  return found;
};

// How bright the page and its text are, from 0 to 1.
const brightness = () => {
  const style = getComputedStyle(document.body);
  return [style.backgroundColor, style.color].map((colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  });
};

// One browser with a profile of its own; each page in a context that knows nothing of the others.
const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });

async function using(options, act) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const troubles = [];
  context.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) troubles.push(`asks for ${request.url()}`);
  });
  try {
    const page = await context.newPage();
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) troubles.push(message.text());
    });
    page.on("pageerror", (error) => troubles.push(String(error)));
    await page.goto(url);
    await act(page);
    assert.deepEqual(troubles, [], "the browser complains");
  } finally {
    await context.close();
  }
}

// At every size and on light and dark pages nothing is over anything else.
async function isDrawnWell() {
  for (const [width, height] of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
      await using({ viewport: { width, height }, colorScheme }, async (page) => {
        const shot = join(pictures, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path: shot });
        assert.deepEqual(await page.evaluate(collisions), [], `at ${width}, ${colorScheme}`);
        if (kind === "svg") return;
        const whole = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(whole <= width, `the page is ${whole} wide in ${width}`);
        const [back, fore] = await page.evaluate(brightness);
        const isRight = colorScheme === "dark" ? back < 0.2 && fore > 0.7 : back > 0.9 && fore < 0.3;
        assert.ok(isRight, `${colorScheme}: text ${fore} on ${back}`);
      });
    }
  }
}

const visible = (page) => page.locator("#list > li:not([hidden])");
const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());

// The first spot of the picture that is one resource, and the place of its entry.
async function single(page) {
  const spots = page.locator(".canvas a[data-r]");
  for (let index = 0; index < await spots.count(); index += 1) {
    const places = await spots.nth(index).getAttribute("data-r");
    if (!places.includes(" ")) return [spots.nth(index), places];
  }
  throw new Error("every spot is folded");
}

async function isUsableByMouse(page) {
  const [spot, place] = await single(page);
  await spot.click();
  const entry = page.locator(`#r${place}`);
  assert.ok(await entry.locator("details").evaluate((details) => details.open), "it is opened");
  assert.match(await entry.getAttribute("class"), /selected/);
  assert.match(await spot.getAttribute("class"), /selected/);
  const { y } = await entry.boundingBox();
  const height = page.viewportSize().height;
  assert.ok(y > -1 && y < height - 20, `its entry is at ${y} of ${height}`);
  const covered = await entry.locator("summary").evaluate((summary) => {
    const box = summary.getBoundingClientRect();
    return !summary.contains(document.elementFromPoint(box.left + 30, box.top + box.height / 2));
  });
  assert.ok(!covered, "the entry is behind something");
}

async function isUsableByKeyboard(page) {
  // The first stop leads to the list, the next are what is above and in the picture.
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "To the list");
  let isThere = false;
  for (let stop = 0; stop < 200 && !isThere; stop += 1) {
    await page.keyboard.press("Tab");
    isThere = await page.evaluate(() => document.activeElement.matches(".canvas a[data-r]"));
  }
  assert.ok(isThere, "no spot of the picture is reached by tab");
  const ring = await page.evaluate(() => {
    const box = document.activeElement.querySelector(".card, .hit");
    return getComputedStyle(box).strokeWidth;
  });
  assert.equal(ring, "3px", "the focus is seen");
  const reached = new Set([await page.evaluate(() => document.activeElement.dataset.r)]);
  for (const key of ["ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
    await page.keyboard.press(key);
    reached.add(await page.evaluate(() => document.activeElement.dataset.r));
  }
  assert.ok(reached.size > 2, `arrows reach ${[...reached].join(" and ")} only`);
  const [spot] = await single(page);
  await spot.focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.evaluate(() => document.activeElement.matches("#list summary")), "Enter leads to the entry");
  const here = await focused(page);
  await page.keyboard.press("ArrowDown");
  const next = await focused(page);
  await page.keyboard.press("ArrowUp");
  assert.ok(here === await focused(page) || next === here, "up leads back");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  const last = await visible(page).last().locator("summary").textContent();
  assert.equal(await focused(page), last.trim());
  await spot.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  assert.ok(await page.evaluate(() => document.activeElement.matches(".canvas a")), "Escape leads back");
  const nameless = await page.locator("a, button, summary, input").evaluateAll((stops) => stops.filter(
    (one) => !one.hidden && !(one.getAttribute("aria-label") ?? one.textContent).trim()).length);
  assert.equal(nameless, 0, "everything that takes the focus has a name");
}

async function isFiltered(page) {
  const all = await page.locator("#list > li").count();
  for (const button of await page.locator("[data-filter]").all()) {
    const filter = await button.getAttribute("data-filter");
    await button.click();
    const told = Number(await button.locator(".count").textContent());
    assert.equal(await visible(page).count(), told, filter);
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    const actions = await visible(page).evaluateAll((items) => items.map((item) => item.dataset.action));
    if (!["all", "changed"].includes(filter)) assert.ok(actions.every((action) => action === filter));
    if (filter === "changed") assert.ok(!actions.includes("keep"));
    assert.equal(await page.locator("#shown").textContent(), `${told} of ${all} shown`);
  }
  await page.locator("[data-filter=all]").click();
  await page.locator("#search").fill("no such thing");
  assert.equal(await visible(page).count(), 0);
  await page.locator("#search").fill("");
  assert.equal(await visible(page).count(), all);
}

// A spot that stands for several shows those, and every entry has its spot.
async function isWhole(page) {
  const spots = await page.locator(".canvas a[data-r]").evaluateAll((all) => all.map((one) => one.dataset.r));
  const reached = new Set(spots.flatMap((places) => places.split(" ")));
  const names = await page.locator("#list > li").evaluateAll((all) => all.map((item) => item.querySelector("b").textContent));
  const drawn = new Set([...reached].map((place) => names[Number(place)]));
  for (const one of names) assert.ok(drawn.has(one), `${one} is not in the picture`);
  const at = spots.findIndex((places) => places.includes(" "));
  assert.equal(at >= 0, kind === "large", "only what is large is folded");
  if (at < 0) return;
  const spot = page.locator(".canvas a[data-r]").nth(at);
  await spot.click();
  assert.equal(await visible(page).count(), spots[at].split(" ").length);
  await page.locator("#chosen").click();
  assert.equal(await visible(page).count(), names.length);
}

// Nothing that a template or AWS says becomes markup, and nothing is loaded.
async function isHarmless(page) {
  const text = readFileSync(file, "utf8");
  assert.match(text, /Content-Security-Policy" content="default-src 'none';/);
  assert.ok(!/ (on[a-z]+|style|src|srcset)="/.test(text.replace(/&quot;/g, "")), "no attribute runs or loads anything");
  assert.equal(await page.evaluate(() => window.owned), undefined);
  assert.equal(await page.locator("img, iframe, object, embed, form, base").count(), 0);
  assert.equal(await page.locator("script").count(), 1);
  assert.equal(await page.locator("style").count(), 1);
}

try {
  await isDrawnWell();
  const acts = [isUsableByMouse, isUsableByKeyboard, isFiltered, isWhole, isHarmless];
  for (const act of kind === "svg" ? [] : acts) {
    for (const width of kind === "large" ? [1400] : [1400, 800]) {
      await using({ viewport: { width, height: 900 } }, (page) => act(page).catch((error) => {
        throw new Error(`${act.name} at ${width}: ${error.message}`);
      }));
    }
  }
} finally {
  await browser.close();
}
