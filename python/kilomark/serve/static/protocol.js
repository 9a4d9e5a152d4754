// The binary messages. python/kilomark/serve/messages.py describes them; both change together.

export const VERSION = 1, VISITOR_NUMBER = 65535;
const HEADER_BYTES = 40, FACE_BYTES = 40, FRAME_BYTES = 12;
const MARK = 0x4b4c4d4b; // "KMLK", little-endian

// Read a message of the server: its picture (a Blob, or null) and its faces.
export function parsePicture(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MARK) throw new Error("no picture");
  if (view.getUint8(4) !== VERSION) throw new Error(`version ${view.getUint8(4)}, expected ${VERSION}`);
  const numFaces = view.getUint16(6, true), jpegBytes = view.getUint32(12, true);
  const numLandmarks = view.getUint16(36, true), step = FACE_BYTES + 8 * numLandmarks;
  const end = HEADER_BYTES + numFaces * step;
  if (buffer.byteLength !== end + jpegBytes) throw new Error("damaged");
  const faces = [];
  for (let at = HEADER_BYTES; at < end; at += step) faces.push(parseFace(view, at, numLandmarks));
  return {
    number: view.getUint32(8, true),
    readAt: view.getFloat64(16, true),
    width: view.getUint16(24, true),
    height: view.getUint16(26, true),
    trackerMs: view.getFloat32(28, true),
    rate: view.getFloat32(32, true),
    numLandmarks,
    source: view.getUint16(38, true),
    faces,
    jpeg: jpegBytes ? new Blob([new Uint8Array(buffer, end)], { type: "image/jpeg" }) : null,
  };
}

function parseFace(view, at, numLandmarks) {
  const float = (n) => view.getFloat32(at + 4 * n, true);
  const landmarks = new Float32Array(2 * numLandmarks);
  for (let n = 0; n < landmarks.length; n++) landmarks[n] = float(10 + n);
  return {
    id: view.getUint32(at, true),
    age: view.getUint32(at + 4, true),
    score: float(2),
    box: [float(3), float(4), float(5), float(6)],
    pose: { yaw: float(7), pitch: float(8), roll: float(9) },
    landmarks,
  };
}

// Write a message of the visitor's camera.
export async function encodeFrame(number, jpeg) {
  const message = new Uint8Array(FRAME_BYTES + jpeg.size);
  message.set([0x4b, 0x4d, 0x56, 0x46, VERSION]); // "KMVF"
  new DataView(message.buffer).setUint32(8, number, true);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), FRAME_BYTES);
  return message;
}
