"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const show = () => theme.setAttribute("aria-pressed", String(dark()));
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("normspec-theme", value);
      return localStorage.getItem("normspec-theme");
    } catch {
      return null; // a page from a file may have no storage
    }
  };
  if (["dark", "light"].includes(stored())) root.dataset.theme = stored();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    stored(root.dataset.theme);
    show();
  });
  theme.hidden = false;
  show();

  const only = document.getElementById("only");
  if (only) {
    only.disabled = false;
    only.addEventListener("change", () => document.body.classList.toggle("only", only.checked));
  }

  const said = document.getElementById("said");
  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  for (const button of document.querySelectorAll(".copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      let done = true;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        select(code); // without the permission, the text is at least selected
        done = document.execCommand("copy");
      }
      button.textContent = done ? "Copied" : "Selected";
      said.textContent = done ? "The program is copied" : "The program is selected";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  const arrive = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    for (const inner of target.querySelectorAll(":scope > details")) inner.open = true; // a failure that is folded
    if (target.tabIndex < 0 || target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
    target.scrollIntoView();
  };
  addEventListener("hashchange", arrive);
  if (location.hash) arrive();
})();
