// Draws a picture and what was found in it. All of it happens in the browser.

const SHAPE = 4 / 3;
const ROOM = 2.4; // the view is this many times as high as the faces in it
const MOST_PIXELS_WIDE = 1280;
const GOLD = "#f0d491";
const SHADE = "rgb(20 14 8 / .6)";

/** Decode a file as the server does: turned upright by its EXIF orientation. */
export const decode = (file) => createImageBitmap(file, { imageOrientation: "from-image" });

/** Draw the picture; with `found` (an answer of /v1/inspect) the part around the faces, annotated. */
export function draw(canvas, bitmap, found) {
  const faces = found?.faces ?? [];
  const view = faces.length ? around(faces, bitmap) : { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
  const scale = Math.min(2, MOST_PIXELS_WIDE / Math.max(view.width, view.height));
  canvas.width = Math.round(view.width * scale);
  canvas.height = Math.round(view.height * scale);
  const ink = canvas.getContext("2d");
  ink.drawImage(bitmap, view.x, view.y, view.width, view.height, 0, 0, canvas.width, canvas.height);
  ink.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
  // One pixel as the reader sees it, in pixels of the picture.
  const pixel = view.width / (canvas.parentElement.clientWidth || 400);
  for (const face of faces) annotate(ink, face, pixel);
}

/** Return a 4:3 window of the picture with all faces in it and room around them. */
function around(faces, bitmap) {
  const left = Math.min(...faces.map(({ box }) => box.x));
  const top = Math.min(...faces.map(({ box }) => box.y));
  const right = Math.max(...faces.map(({ box }) => box.x + box.width));
  const bottom = Math.max(...faces.map(({ box }) => box.y + box.height));
  const wished = Math.max((bottom - top) * ROOM, ((right - left) * 1.4) / SHAPE);
  const height = Math.min(wished, bitmap.height, Math.max(bitmap.width / SHAPE, bottom - top));
  const width = Math.min(height * SHAPE, bitmap.width);
  const x = (left + right - width) / 2;
  const y = (top + bottom - height) / 2;
  return { x: within(x, bitmap.width - width), y: within(y, bitmap.height - height), width, height };
}

const within = (value, most) => Math.min(Math.max(value, 0), most);

function annotate(ink, face, pixel) {
  ink.lineJoin = ink.lineCap = "round";
  for (const [style, thickness] of [[SHADE, 3.5], [GOLD, 1.5]]) {
    ink.strokeStyle = style;
    ink.lineWidth = thickness * pixel;
    for (const ring of Object.values(face.outlines)) outline(ink, ring);
    corners(ink, face.box);
  }
}

function outline(ink, ring) {
  ink.beginPath();
  for (const [x, y] of ring) ink.lineTo(x, y);
  ink.closePath();
  ink.stroke();
}

function corners(ink, { x, y, width, height }) {
  const arm = Math.min(width, height) / 6;
  ink.beginPath();
  for (const [cx, cy, dx, dy] of [
    [x, y, 1, 1],
    [x + width, y, -1, 1],
    [x + width, y + height, -1, -1],
    [x, y + height, 1, -1],
  ]) {
    ink.moveTo(cx + dx * arm, cy);
    ink.lineTo(cx, cy);
    ink.lineTo(cx, cy + dy * arm);
  }
  ink.stroke();
}
