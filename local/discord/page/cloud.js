// The view of the GPU cloud: how each provider misbehaves, and what became of every job.

import { get, post } from "./api.js";
import { el } from "./dom.js";
import { morph } from "./morph.js";

const EVERY_MS = 1000;
const MOST_JOBS = 40;
const NAMES = { runpod: "Runpod", sagemaker: "SageMaker" };
const MODES = [
  ["ok", "OK", "Works as it should"],
  ["no_capacity", "No capacity", "Jobs are taken, but no worker comes"],
  ["crash_loop", "Crash loop", "Workers end as they start"],
  ["down", "Down", "Every call is answered 503, nothing runs"],
  ["slow", "Slow", "Every job takes 20 s longer"],
  ["lost_reply", "Lost reply", "A job is taken, but the answer never arrives"],
  ["double_run", "Double run", "Every job is run twice"],
];
const JUDGEMENTS = [
  ["fit", "Fit", "Every picture may be shown"],
  ["unfit", "Unfit", "Every picture is found unfit: what follows depends on the channel"],
  ["silent", "Silent", "No picture can be judged"],
];
const UNDER_WAY = ["QUEUED", "DISPATCHED", "DELIVERING"];

/** Draws the view into `node` and keeps it up to date; returns a function that stops this. */
export function draw(node, world) {
  const fault = el("p", { class: "panel-fault", role: "alert", hidden: true });
  const switches = el("div", { class: "providers" });
  const judged = judge(async (pictures) =>
    drawJudge(judged, await post("/control/cloud/judge", { pictures })),
  );
  const jobs = el("section", { class: "jobs", "aria-label": "Jobs" });
  node.replaceChildren(
    el("p", { class: "panel-words" }, "Switch on a fault, ask for a picture, and watch what happens."),
    switches,
    el("div", { class: "providers" }, judged),
    fault,
    jobs,
  );
  const choose = async (provider, mode) => {
    const faults = await post("/control/cloud/faults", { provider, mode });
    drawSwitches(switches, faults, submissions, choose);
  };
  let submissions = [];
  let timer = 0;
  const refresh = async () => {
    try {
      const [faults, list, seen, judgement] = await Promise.all(
        ["faults", "jobs", "submissions", "judge"].map((part) => get(`/control/cloud/${part}`)),
      );
      submissions = seen;
      drawSwitches(switches, faults, submissions, choose);
      drawJudge(judged, judgement);
      drawJobs(jobs, list, world);
      fault.hidden = true;
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    }
    if (timer !== null) timer = setTimeout(refresh, EVERY_MS);
  };
  refresh();
  return () => {
    clearTimeout(timer);
    timer = null;
  };
}

/** Draws the switches once; later only what has changed, so that none loses its focus. */
function drawSwitches(node, faults, submissions, choose) {
  if (!node.children.length)
    node.append(...Object.keys(faults).map((provider) => provided(provider, choose)));
  for (const [provider, { mode }] of Object.entries(faults)) {
    const card = node.querySelector(`[data-provider="${provider}"]`);
    card.dataset.mode = mode;
    card.querySelector("select").value = mode;
    card.querySelector(".meaning").textContent = MODES.find(([name]) => name === mode)?.[2] ?? mode;
    const sent = submissions.filter((one) => one.provider === provider).length;
    card.querySelector(".sent").textContent = `${sent} ${sent === 1 ? "submission" : "submissions"}`;
  }
}

function drawJudge(card, { pictures }) {
  card.dataset.mode = pictures === "fit" ? "ok" : pictures;
  card.querySelector("select").value = pictures;
  card.querySelector(".meaning").textContent = JUDGEMENTS.find(([name]) => name === pictures)[2];
}

/** The switch of who judges pictures before they are shown. */
function judge(choose) {
  return el(
    "section",
    { class: "provider", "aria-label": "Picture check" },
    el("header", {}, el("span", { class: "lamp", "aria-hidden": "true" }), el("h3", {}, "Picture check")),
    el(
      "select",
      {
        "aria-label": "What the picture check finds",
        onchange: (event) => choose(event.currentTarget.value),
      },
      JUDGEMENTS.map(([value, label]) => el("option", { value }, label)),
    ),
    el("p", { class: "meaning" }),
  );
}

function provided(provider, choose) {
  const name = NAMES[provider] ?? provider;
  return el(
    "section",
    { class: "provider", dataset: { provider }, "aria-label": name },
    el(
      "header",
      {},
      el("span", { class: "lamp", "aria-hidden": "true" }),
      el("h3", {}, name),
      el("small", { class: "sent" }),
    ),
    el(
      "select",
      {
        "aria-label": `Fault of ${name}`,
        onchange: (event) => choose(provider, event.currentTarget.value),
      },
      MODES.map(([value, label]) => el("option", { value }, label)),
    ),
    el("p", { class: "meaning" }),
  );
}

function drawJobs(node, jobs, world) {
  const count = (...states) => jobs.filter((job) => states.includes(job.state)).length;
  const figure = (value, words) =>
    el("div", { class: "figure" }, el("b", {}, String(value)), el("span", {}, words));
  const fresh = el(
    "section",
    { class: "jobs", "aria-label": "Jobs" },
    el(
      "div",
      { class: "figures" },
      figure(count("QUEUED"), "in the line"),
      figure(count("DISPATCHED", "DELIVERING"), "at a GPU"),
      figure(count("SUCCEEDED"), "delivered"),
      figure(count("FAILED", "CANCELLED"), "failed or cancelled"),
    ),
    jobs.length
      ? el("ol", { class: "job-list" }, jobs.toReversed().slice(0, MOST_JOBS).map((job) => row(job, world)))
      : el("p", { class: "panel-words" }, "No job yet. Ask for a picture with /serve."),
  );
  morph(node, fresh);
}

function row(job, world) {
  const person = world.people.get(job.member)?.name ?? "Somebody";
  const facts = [
    person,
    NAMES[job.provider] ?? job.provider,
    job.attempt > 1 ? `attempt ${job.attempt}` : null,
    job.losses ? `lost ${job.losses}` : null,
    job.error_kind,
  ];
  return el(
    "li",
    { class: "job" },
    el("span", { class: "state", dataset: { state: job.state } }, job.state.toLowerCase()),
    el(
      "span",
      { class: "job-words" },
      el("b", {}, job.workflow),
      el("small", {}, facts.filter(Boolean).join(" · ")),
    ),
    el("span", { class: "age-of-job" }, `${seconds(job).toFixed(1)} s`),
  );
}

function seconds({ state, times }) {
  const end = UNDER_WAY.includes(state) ? Date.now() / 1000 : (times.delivered ?? times.concluded);
  return Math.max(0, (end ?? times.created) - times.created);
}
