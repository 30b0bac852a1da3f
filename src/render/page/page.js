"use strict";
// Without this the page shows everything, and the picture's links lead to the list.
(() => {
  const list = document.getElementById("list");
  const items = Array.from(list.children);
  const spots = Array.from(document.querySelectorAll(".canvas a[data-r]"));
  const buttons = Array.from(document.querySelectorAll("[data-filter]"));
  const search = document.getElementById("search");
  const chosen = document.getElementById("chosen");
  const shown = document.getElementById("shown");
  const numbers = (spot) => spot.dataset.r.split(" ").map(Number);
  const texts = items.map((item) => item.querySelector("summary").textContent.toLowerCase());
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  // A wide picture gets no smaller than can be read: it scrolls.
  const picture = document.querySelector(".canvas svg");
  picture.style.minWidth = `${0.8 * picture.viewBox.baseVal.width}px`;
  let filter = buttons[0].dataset.filter;
  // The entries of one spot of the picture that stands for several.
  let only = null;

  const fits = (item, index) => {
    if (only && !only.has(index)) return false;
    const action = item.dataset.action;
    if (filter === "changed" && action === "keep") return false;
    if (filter !== "changed" && filter !== "all" && action !== filter) return false;
    return texts[index].includes(search.value.trim().toLowerCase());
  };

  const apply = () => {
    let count = 0;
    const visible = new Set();
    items.forEach((item, index) => {
      item.hidden = !fits(item, index);
      if (!item.hidden) { count += 1; visible.add(index); }
    });
    const isAll = filter === "all" && !search.value.trim() && !only;
    for (const spot of spots) {
      const isAbout = isAll || filter === "changed" || numbers(spot).some((index) => visible.has(index));
      spot.classList.toggle("faded", !isAbout);
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    }
    chosen.hidden = !only;
    chosen.textContent = only ? `${only.size} of the picture ×` : "";
    shown.textContent = `${count} of ${items.length} shown`;
  };

  const mark = (index) => {
    items.forEach((item, at) => item.classList.toggle("selected", at === index));
    for (const spot of spots) {
      spot.classList.toggle("selected", index !== null && numbers(spot).includes(index));
    }
  };

  // Opens one entry; what hides it is taken away.
  const open = (index) => {
    const item = items[index];
    if (!item) return;
    if (!fits(item, index)) {
      filter = "all";
      only = null;
      search.value = "";
      apply();
    }
    item.firstElementChild.open = true;
    mark(index);
    const summary = item.querySelector("summary");
    summary.focus({ preventScroll: true });
    item.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
  };

  const fromHash = () => {
    const found = /^#r(\d+)$/.exec(location.hash);
    if (found) open(Number(found[1]));
  };

  const select = (spot) => {
    const all = numbers(spot);
    if (all.length === 1) {
      only = null;
      apply();
      open(all[0]);
    } else {
      only = new Set(all);
      filter = "all";
      search.value = "";
      apply();
      mark(null);
      spot.classList.add("selected");
      const first = items.find((item) => !item.hidden);
      if (first) {
        first.querySelector("summary").focus({ preventScroll: true });
        first.scrollIntoView({ block: "start" });
      }
    }
  };

  // The next spot in a direction: near, and rather straight on than aside.
  const towards = (from, key) => {
    const centre = (spot) => {
      const box = spot.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    const [x, y] = centre(from);
    let best = null;
    let least = Infinity;
    for (const spot of spots) {
      if (spot === from) continue;
      const [otherX, otherY] = centre(spot);
      const [dx, dy] = [otherX - x, otherY - y];
      const [along, aside] = {
        ArrowRight: [dx, dy], ArrowLeft: [-dx, dy], ArrowDown: [dy, dx], ArrowUp: [-dy, dx],
      }[key];
      if (along < 4) continue;
      const far = along + 2 * Math.abs(aside);
      if (far < least) [best, least] = [spot, far];
    }
    return best;
  };

  document.addEventListener("click", (event) => {
    const spot = event.target.closest(".canvas a[data-r]");
    if (spot) {
      event.preventDefault();
      select(spot);
      return;
    }
    const link = event.target.closest("a[href^='#r']");
    if (link) {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
      open(Number(link.getAttribute("href").slice(2)));
      return;
    }
    const button = event.target.closest("[data-filter]");
    if (button) {
      filter = button.dataset.filter;
      only = null;
      apply();
    } else if (event.target === chosen) {
      only = null;
      apply();
      search.focus();
    }
  });

  list.addEventListener("focusin", (event) => {
    const index = items.indexOf(event.target.closest("#list > li"));
    if (index >= 0) mark(index);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const spot = event.target.closest(".canvas a[data-r]");
    if (spot && event.key.startsWith("Arrow")) {
      const next = towards(spot, event.key);
      if (next) next.focus();
      event.preventDefault();
      return;
    }
    const summary = event.target.closest("#list > li > details > summary");
    if (summary && ["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
      const visible = items.filter((item) => !item.hidden);
      const at = visible.indexOf(summary.closest("li"));
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: visible.length - 1 }[event.key];
      const next = visible[to];
      if (next) {
        next.querySelector("summary").focus();
        next.scrollIntoView({ block: "nearest" });
      }
      event.preventDefault();
      return;
    }
    if (event.key === "Escape") {
      // Back to the picture, where the entry came from.
      const back = spots.find((one) => one.classList.contains("selected"));
      search.value = "";
      only = null;
      apply();
      if (back && event.target.closest("#list")) back.focus();
    }
  });

  search.addEventListener("input", apply);
  addEventListener("hashchange", fromHash);
  apply();
  fromHash();
})();
