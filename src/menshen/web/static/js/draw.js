// Draws a picture and what was found in it. All of it happens in the browser.

const LONGEST_SIDE = 1280;
const GOLD = "#f0d491";
const SHADE = "rgb(20 14 8 / .55)";

/** Decode a file as the server does: turned upright by its EXIF orientation. */
export const decode = (file) => createImageBitmap(file, { imageOrientation: "from-image" });

/** Draw the picture, and over it each face of `found` (an answer of /v1/inspect). */
export function draw(canvas, bitmap, found) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const ink = canvas.getContext("2d");
  ink.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  if (!found) return;
  const factor = canvas.width / found.picture.width;
  for (const face of found.faces) annotate(ink, face, factor);
}

function annotate(ink, face, factor) {
  const { x, y, width, height } = face.box;
  const unit = Math.max(1, (width * factor) / 160);
  for (const [style, thick] of [[SHADE, 3.2], [GOLD, 1.3]]) {
    ink.strokeStyle = style;
    ink.lineWidth = thick * unit;
    ink.lineJoin = ink.lineCap = "round";
    for (const ring of Object.values(face.outlines)) outline(ink, ring, factor);
    corners(ink, x * factor, y * factor, width * factor, height * factor);
  }
}

function outline(ink, ring, factor) {
  ink.beginPath();
  for (const [x, y] of ring) ink.lineTo(x * factor, y * factor);
  ink.closePath();
  ink.stroke();
}

function corners(ink, x, y, width, height) {
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
