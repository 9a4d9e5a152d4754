// Draws faces over the picture. Landmarks are in pixels of the frame, (0, 0) its top-left corner.

const RIM = "rgb(8 16 17 / .55)";
const AXES = [["#fb7185", [1, 0, 0]], ["#a3e635", [0, 1, 0]], ["#38bdf8", [0, 0, -1]]];

export function drawFaces(canvas, message, groups, look) {
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!message) return;
  const scale = canvas.width / message.width;
  const place = (x, y) => [scale * (look.mirror ? message.width - x : x), scale * y];
  for (const face of message.faces) drawFace(context, face, groups, look, place, scale);
}

function drawFace(context, face, groups, look, place, scale) {
  const size = scale * Math.max(face.box[2] - face.box[0], face.box[3] - face.box[1]);
  const width = Math.min(Math.max(1.2, size / 170), 4);
  const shown = groups.filter((group) => look.groups.has(group.part) && 2 * (group.start + group.count) <= face.landmarks.length);
  context.lineJoin = context.lineCap = "round";
  if (look.boxes) drawBox(context, face.box, place, width);
  for (const rim of [true, false]) { // all rims first, so that none covers a neighbor's stroke
    for (const group of shown) {
      context.strokeStyle = context.fillStyle = rim ? RIM : group.color;
      context.lineWidth = rim ? 2.2 * width : width;
      if (look.lines && group.closed !== null) strokeGroup(context, face.landmarks, group, place);
      if (look.points || (look.lines && group.closed === null)) dotGroup(context, face.landmarks, group, place, rim ? 1.6 * width : width);
    }
  }
  if (look.axes && Number.isFinite(face.pose.yaw)) drawAxes(context, face, groups, place, scale, width);
  if (look.ids) drawId(context, face, place, width);
}

function strokeGroup(context, landmarks, group, place) {
  context.beginPath();
  for (let n = group.start; n < group.start + group.count; n++) context.lineTo(...place(landmarks[2 * n], landmarks[2 * n + 1]));
  if (group.closed) context.closePath();
  context.stroke();
}

function dotGroup(context, landmarks, group, place, radius) {
  context.beginPath();
  for (let n = group.start; n < group.start + group.count; n++) {
    const [x, y] = place(landmarks[2 * n], landmarks[2 * n + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

function drawBox(context, box, place, width) {
  const [left, top] = place(box[0], box[1]), [right, bottom] = place(box[2], box[3]);
  for (const [color, wide] of [[RIM, 2.2 * width], ["#ffffff", width]]) {
    context.strokeStyle = color;
    context.lineWidth = wide;
    context.strokeRect(Math.min(left, right), top, Math.abs(right - left), bottom - top);
  }
}

function drawId(context, face, place, width) {
  const [left, top] = place(face.box[0], face.box[1]), [right] = place(face.box[2], 0);
  const size = Math.max(13 * devicePixelRatio, 7 * width), text = `${face.id}`;
  context.font = `600 ${size}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + size;
  const x = Math.max(2, Math.min(left, right)), y = Math.max(2, top - 1.7 * size);
  context.fillStyle = "rgb(8 16 17 / .72)";
  context.beginPath();
  context.roundRect(x, y, wide, 1.45 * size, 0.45 * size);
  context.fill();
  context.fillStyle = "#ffffff";
  context.textBaseline = "middle";
  context.fillText(text, x + size / 2, y + 0.75 * size);
}

// Rz(roll) Ry(yaw) Rx(pitch): x right in the image, y down, z away from the camera.
function drawAxes(context, face, groups, place, scale, width) {
  const origin = centerOf(face, groups), length = (face.box[2] - face.box[0]) / 2;
  const [yaw, pitch, roll] = [face.pose.yaw, face.pose.pitch, face.pose.roll].map((degrees) => (degrees * Math.PI) / 180);
  const turn = ([x, y, z]) => {
    const y1 = y * Math.cos(pitch) - z * Math.sin(pitch), z1 = y * Math.sin(pitch) + z * Math.cos(pitch);
    const x2 = x * Math.cos(yaw) + z1 * Math.sin(yaw);
    return [x2 * Math.cos(roll) - y1 * Math.sin(roll), x2 * Math.sin(roll) + y1 * Math.cos(roll)];
  };
  for (const [color, axis] of AXES) {
    const [x, y] = turn(axis);
    for (const [stroke, wide] of [[RIM, 4 * width], [color, 2.2 * width]]) {
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.beginPath();
      context.moveTo(...place(...origin));
      context.lineTo(...place(origin[0] + length * x, origin[1] + length * y));
      context.stroke();
    }
  }
}

function centerOf(face, groups) {
  const ridge = groups.find((group) => group.name === "nose_ridge");
  if (!ridge) return [(face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2];
  let x = 0, y = 0;
  for (let n = ridge.start; n < ridge.start + ridge.count; n++) {
    x += face.landmarks[2 * n] / ridge.count;
    y += face.landmarks[2 * n + 1] / ridge.count;
  }
  return [x, y];
}
