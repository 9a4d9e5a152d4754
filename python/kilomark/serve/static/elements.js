// Small pieces of the page.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

// A radio button or checkbox in a label, as `.tabs`, `.segments` and `.chips` style it.
export function choice(attributes, text, icon = null) {
  const label = document.createElement("label"), input = document.createElement("input"), span = document.createElement("span");
  Object.assign(input, attributes);
  span.append(...(icon ? [icon] : []), text);
  label.append(input, span);
  return label;
}

export function row(texts, columns = 1) {
  const line = document.createElement("tr");
  for (const text of texts) {
    const cell = line.insertCell();
    cell.textContent = text;
    cell.colSpan = columns;
  }
  return line;
}

export const cameraIcon = () => icon("0 0 24 24", ["rect", { x: 3, y: 6, width: 12, height: 12, rx: 2 }], ["path", { d: "M15 11l6-4v10l-6-4" }]);

export const dot = (color) => icon("-6 -6 12 12", ["circle", { r: 5, fill: color }]);

function icon(box, ...shapes) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", box);
  drawing.setAttribute("aria-hidden", "true");
  for (const [name, attributes] of shapes) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    drawing.append(shape);
  }
  return drawing;
}
