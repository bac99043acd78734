"use strict";
// Reading needs none of this: it opens the group that holds the card a number leads to, opens all
// for printing, and folds the contents away on a phone.
function reveal() {
  const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!card) return;
  for (let box = card.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
  card.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("details")) box.open = true;
});
if (matchMedia("(max-width: 68em)").matches) {
  const contents = document.querySelector(".contents details");
  if (contents) contents.open = false;
}
reveal();
