/** Wires the page. A photo's road: intake -> queue -> shrink -> api -> answer, on its card all the way. */

import { isReachable, models, predict, Problem } from "./api.js";
import { curl } from "./curl.js";
import { Gallery } from "./gallery.js";
import { listen } from "./intake.js";
import { show } from "./models.js";
import { Photo } from "./photo.js";
import { Asking, fieldsOf } from "./question.js";
import { OF_THE_KEY, Queue } from "./queue.js";
import { Shrinker } from "./shrink.js";
import { sentence, size, unique } from "./words.js";

const MB = 2 ** 20;
const LOOK_AGAIN_MS = 3000;

/** @type {Map<string, string>} of the networks, as people write them */
const titles = new Map();
let number = 0;
let isLearning = false;

const shrinker = new Shrinker();
const asking = new Asking(() => gallery.refresh(), () => asking.accepts && queue.unlock());
const queue = new Queue(ask, (signal) => isReachable(accepted().deadline_s, signal), (photo) => gallery.update(photo));
const gallery = new Gallery(
  {
    cancel: (photo) => queue.cancel(photo),
    again: (photo) => queue.add(photo),
    remove(photo) {
      gallery.remove(photo);
      queue.cancel(photo);
      photo.hide();
    },
    hurry: () => queue.hurry(),
    pauseMs: () => queue.pauseMs,
    command: ({ file, question, found }) => ({
      text: curl(file.name, fieldsOf(question), asking.headerName, new URL("predict", document.baseURI).href),
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
  const { question } = asking; // as it is now: what waited is asked what the form asks when its turn comes
  photo.question = question;
  /** @type {[string, string] | null} */
  let header = null;
  try {
    header = asking.header;
    step(photo, "preparing");
    const { original } = question;
    const { upload, note, picture } = await shrinker.prepare(photo.file, { formats, original, shorter: asking.shorter }, signal);
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
    throw error instanceof Problem ? understood(error, header) : error;
  }
}

/**
 * Does about a problem what the form can do, and tells what it is.
 *
 * @param {Problem} problem
 * @param {[string, string] | null} sent the header with the key
 */
function understood(problem, sent) {
  if (problem.code === "invalid_model") learn();
  if (!OF_THE_KEY.has(problem.code)) return problem;
  if (sent && sent[1] !== key()) return new Problem({ code: "key_changed", retryAfterS: 0 });
  if (!asking.headerName) {
    // The service asks for keys now, or something before it refuses: in either case this photo ends here, for asked
    // again at once it would be refused again.
    learn();
    return new Problem({ ...problem, code: "refused" });
  }
  const isUnknown = problem.code === "unauthorized" && sent;
  const told = isUnknown ? new Problem({ ...problem, code: "unknown_key" }) : problem;
  asking.refuse(sentence(told));
  return told;
}

/** What is sent of the key as it is now; empty: nothing that could be. */
function key() {
  try {
    return asking.header?.[1] ?? "";
  } catch {
    return "";
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

/** Asks what is served, until the service says. */
async function learn() {
  if (isLearning) return;
  isLearning = true;
  let served = await models().catch(() => null);
  while (!served) {
    asking.miss();
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    served = await models().catch(() => null);
  }
  isLearning = false;
  for (const { name, title } of served.models) titles.set(name, title);
  asking.offer(served);
  show(served.models, served.default);
  gallery.refresh();
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
