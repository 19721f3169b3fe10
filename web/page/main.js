/** Wires the page. A photo's road: intake -> queue -> shrink -> api -> answer, on its card all the way. */

import { isReachable, models, predict, Problem } from "./api.js";
import { curl } from "./curl.js";
import { Gallery } from "./gallery.js";
import { listen } from "./intake.js";
import { show } from "./models.js";
import { Photo } from "./photo.js";
import { Asking, fieldsOf } from "./question.js";
import { Queue } from "./queue.js";
import { Shrinker } from "./shrink.js";
import { size, unique } from "./words.js";

const MB = 2 ** 20;
const LOOK_AGAIN_MS = 3000;

/** @type {Map<string, string>} of the networks, as people write them */
const titles = new Map();
let number = 0;

const shrinker = new Shrinker();
const asking = new Asking(() => gallery.askedAnew(), () => asking.accepts && queue.unlock());
const queue = new Queue(ask, (signal) => isReachable(accepted().deadline_s, signal), (photo) => gallery.update(photo));
const gallery = new Gallery(
  {
    cancel: (photo) => queue.cancel(photo),
    again(photo) {
      photo.question = asking.question;
      queue.add(photo);
    },
    remove(photo) {
      gallery.remove(photo);
      queue.cancel(photo);
      photo.hide();
    },
    hurry: () => queue.hurry(),
    pauseMs: () => queue.pauseMs,
    command: ({ file, question, found }) => ({
      text: curl(file.name, fieldsOf(question), key(), new URL("predict", document.baseURI).href),
      differs: Boolean(found?.note),
    }),
    title: (name) => titles.get(name) ?? name,
  },
  () => asking.question,
);

/** The queue is locked until this is known. */
function accepted() {
  if (!asking.accepts) throw new Error("The service has not said what it takes.");
  return asking.accepts;
}

/**
 * @param {Photo} photo
 * @param {AbortSignal} signal
 */
async function ask(photo, signal) {
  const { formats, max_upload_mb: most, deadline_s: deadline } = accepted();
  const { question } = photo;
  try {
    const { header } = asking;
    step(photo, "preparing");
    const { original } = question;
    const { upload, note, picture } = await shrinker.prepare(photo.file, { formats, original, shorter: asking.shorter });
    signal.throwIfAborted();
    if (picture) photo.show(picture);
    if (upload.size > most * MB) {
      throw new Problem({ code: "upload_too_large", detail: `It has ${size(upload.size)}, and may have ${most} MB.` });
    }
    step(photo, "sending");
    const request = { upload, name: photo.file.name, fields: fieldsOf(question), header };
    const { answer, timing } = await predict(request, deadline, signal, (sent) => {
      photo.progress = sent;
      step(photo, sent < 1 ? "sending" : "asked");
    });
    photo.found = { answer, timing, question, note };
  } catch (error) {
    throw error instanceof Problem ? understood(error) : error;
  }
}

/**
 * Does about a problem what the form can do, and tells what it is.
 *
 * @param {Problem} problem
 */
function understood(problem) {
  if (problem.code === "invalid_model") learn();
  const isUnknown = problem.code === "unauthorized" && problem.status === 401;
  if (isUnknown || problem.code === "forbidden" || problem.code === "unusable_key") asking.refuse();
  return isUnknown ? new Problem({ ...problem, code: "unknown_key", detail: "" }) : problem;
}

/** The header with the key, for a command; null where none is needed or none is there yet. */
function key() {
  try {
    return asking.header;
  } catch {
    return null;
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
  const served = await models().catch(() => null);
  if (!served) {
    setTimeout(learn, LOOK_AGAIN_MS);
    return;
  }
  for (const { name, title } of served.models) titles.set(name, title);
  asking.offer(served);
  show(served.models);
  gallery.askedAnew();
  queue.unlock();
}

listen((files) => {
  for (const file of files) {
    const name = unique(file.name, gallery.photos.map((photo) => photo.name));
    const photo = new Photo(file, name, (number += 1), asking.question);
    gallery.add(photo);
    queue.add(photo);
  }
});
addEventListener("online", () => queue.hurry());
performance.mark("interactive");
learn().then(() => performance.mark("complete"));
