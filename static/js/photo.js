// How does a photo get small before it travels, and away as soon as it is taken? Without this it is sent as it is, by the button.
"use strict";

const SIDE = 1600; // pixels; the server keeps 1,024 and writes every picture anew
const WORTH = 200_000; // bytes: what is smaller than this travels as it is

async function smaller(file) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const sheet = document.createElement("canvas");
  sheet.width = Math.max(1, Math.round(image.width * scale));
  sheet.height = Math.max(1, Math.round(image.height * scale));
  const pen = sheet.getContext("2d");
  pen.fillStyle = "#fff"; // where the picture lets something through
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(image, 0, 0, sheet.width, sheet.height);
  const made = await new Promise((done) => { sheet.toBlob(done, "image/jpeg", 0.85); });
  return made && made.size < file.size ? new File([made], "photo.jpg", { type: made.type }) : file;
}

for (const hint of document.querySelectorAll("form.photo-form .at-once")) hint.hidden = false;

document.addEventListener("change", async (event) => {
  const { form, files } = event.target;
  if (!form?.matches(".photo-form") || !files?.length) return;
  if (files[0].size > WORTH) {
    try {
      const held = new DataTransfer();
      held.items.add(await smaller(files[0]));
      event.target.files = held.files;
    } catch {
      // A picture that this browser cannot read: the server says whether it can.
    }
  }
  form.requestSubmit();
});
