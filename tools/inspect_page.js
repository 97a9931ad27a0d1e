// Runs in each page of the site, at each width; returns a list of complaints.
async () => {
  const wrong = [];
  const article = document.querySelector("article") || document.body;
  const words = node => node.textContent.trim().replace(/\s+/g, " ").slice(0, 60);

  for (const folded of article.querySelectorAll("details")) folded.open = true;
  await document.fonts.ready;

  for (const node of article.querySelectorAll(".math"))
    if (!node.querySelector("math")) wrong.push("no formula: " + words(node));
  const text = article.cloneNode(true);
  text.querySelectorAll("pre, code, script, .math").forEach(node => node.remove());
  if (text.textContent.includes("$$")) wrong.push("raw $$ in the text");

  for (const image of article.querySelectorAll("img")) {
    if (!image.checkVisibility()) continue; // for the other mode
    image.loading = "eager";
    await image.decode().catch(() => {});
    const name = image.getAttribute("src").split("/").pop();
    if (!image.alt.trim()) wrong.push("no alt text: " + name);
    const sized = image.getAttribute("width") && image.getAttribute("height");
    if (!sized && image.closest("figure, .cell_output"))
      wrong.push("no size before it is loaded: " + name);
    if (!image.naturalWidth) wrong.push("image did not load: " + name);
  }

  // Nothing is wider than its column, nothing is cut, nothing scrolls sideways.
  const room = document.documentElement.clientWidth;
  const edge = article.getBoundingClientRect().right + 1;
  for (const node of document.body.querySelectorAll("*")) {
    if (!node.checkVisibility() || node.closest("svg")) continue;
    const style = getComputedStyle(node), box = node.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || box.right <= 0) continue; // for readers aloud
    const name = node.tagName.toLowerCase() + (node.className && "." + node.className);
    const inside = node.scrollWidth - node.clientWidth;
    if (node.clientWidth && inside > 1 && style.overflowX !== "visible")
      wrong.push(`${inside} pixels of ${name} are out of sight: ${words(node)}`);
    const deeper = [...node.children].some(child => child.scrollWidth > child.clientWidth + 1);
    const ends = box.left + node.scrollWidth; // where what it holds ends
    if (article.contains(node) && style.overflowX === "visible" && inside > 1 && ends > edge && !deeper)
      wrong.push(`${name} holds ${Math.round(ends - edge)} pixels too many: ${words(node)}`);
    const outer = node.parentElement.getBoundingClientRect();
    if (article.contains(node) && box.right > room + 1 && outer.right <= room + 1)
      wrong.push(`${name} ends ${Math.round(box.right - room)} pixels outside: ${words(node)}`);
  }
  return wrong;
}
