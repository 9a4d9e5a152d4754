// What a viewer chooses for his own page: it stays in this browser.

const KEY = "kilomark-look";
const DEFAULTS = { lines: true, points: false, ids: true, boxes: false, axes: false, picture: true, mirror: null, hidden: [] };
export const PARTS = ["face_oval", "brow", "eye", "iris", "pupil", "nose_ridge", "nose_wings", "outer_lips", "inner_lips"];
export const LABELS = { face_oval: "oval", brow: "brows", eye: "eyes", iris: "irises", pupil: "pupils", nose_ridge: "nose ridge", nose_wings: "nose wings", outer_lips: "outer lips", inner_lips: "inner lips" };

export function readLook() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

export function writeLook(look) {
  try {
    localStorage.setItem(KEY, JSON.stringify(look));
  } catch { /* a browser that stores nothing */ }
}

export const partOf = (name) => name.replace(/^(left|right)_/, "");
