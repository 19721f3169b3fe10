/** Wires the page. A photo's road: intake -> queue -> shrink -> api -> answer, on its card all the way. */

import { models, predict, Problem } from "./api.js";
import { curl } from "./curl.js";
import { Gallery } from "./gallery.js";
import { listen } from "./intake.js";
import { show } from "./models.js";
import { Photo } from "./photo.js";
import { Asking, fieldsOf } from "./question.js";
import { Queue } from "./queue.js";
import { Shrinker } from "./shrink.js";
import { size } from "./words.js";

const MB = 2 ** 20;
const LOOK_AGAIN_MS = 3000;

/** @type {Map<string, string>} */
const titles = new Map();
let number = 0;

const shrinker = new Shrinker();
const asking = new Asking(() => gallery.refresh(), () => gallery.photos.filter(lacksKey).forEach(queue.add, queue));
const queue = new Queue(ask, (photo) => gallery.update(photo));
const gallery = new Gallery(
  {
    cancel: (photo) => queue.cancel(photo),
    again(photo) {
      photo.question = asking.question;
      queue.add(photo);
    },
    remove(photo) {
      queue.cancel(photo);
      photo.hide();
      gallery.remove(photo);
    },
    hurry: () => queue.hurry(),
    pauseMs: () => queue.pauseMs,
    command: ({ name, question }) =>
      curl(name, fieldsOf(question), asking.header, new URL("predict", document.baseURI).href),
    title: (name) => titles.get(name) ?? name,
  },
  () => asking.question,
);

/** @param {Photo} photo */
function lacksKey({ problem }) {
  return problem?.code === "unauthorized";
}

/**
 * @param {Photo} photo
 * @param {AbortSignal} signal
 */
async function ask(photo, signal) {
  const { formats, max_upload_mb: most } = asking.accepts;
  const { original } = photo.question;
  step(photo, "preparing");
  const { upload, note, picture } = await shrinker.prepare(photo.file, { formats, original, shorter: asking.shorter });
  signal.throwIfAborted();
  photo.note = note;
  if (picture) photo.show(picture);
  if (upload.size > most * MB) {
    throw new Problem({ code: "upload_too_large", detail: `It has ${size(upload.size)}, and may have ${most} MB.` });
  }
  step(photo, "sending");
  const request = { upload, name: photo.name, fields: fieldsOf(photo.question), header: asking.header };
  try {
    const { answer, timing } = await predict(request, signal, (sent) => {
      photo.progress = sent;
      step(photo, sent < 1 ? "sending" : "asked");
    });
    Object.assign(photo, { answer, timing });
    photo.question.model ||= answer.model; // it came before we knew what there is
  } catch (error) {
    if (error instanceof Problem && error.code === "unauthorized") asking.needKey();
    throw error;
  }
}

/**
 * @param {Photo} photo
 * @param {import("./photo.js").State} state
 */
function step(photo, state) {
  photo.state = state;
  gallery.update(photo);
}

async function learn() {
  try {
    const served = await models();
    for (const { name, title } of served.models) titles.set(name, title);
    asking.offer(served);
    show(served.models);
  } catch {
    setTimeout(learn, LOOK_AGAIN_MS); // photos are asked about meanwhile, with the service's own choice
  }
}

listen((files) => {
  for (const file of files) {
    const photo = new Photo(file, (number += 1), asking.question);
    gallery.add(photo);
    queue.add(photo);
  }
});
addEventListener("online", () => queue.hurry());
performance.mark("interactive");
learn().then(() => performance.mark("complete"));
