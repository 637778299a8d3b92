/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-up form inside any page, by one script tag (docs/embedding.md). It writes no markup strings, no inline
   styles and no cookies, keeps to its own shadow root, and asks nobody but the installation it came from. What a
   person typed is never lost: every failure says what happened, and the form stays as it was. */
(function (data) {
"use strict";
const TIMEOUT_MS = 20000;
const PROOF_LASTS_MS = 480000;
const SLICE = 500;
const tag = document.currentScript;
const settings = tag ? tag.dataset : {};
const language = chosenLanguage();
const ours = [new URL(data.base).origin, ...data.origins];
const root = document.createElement("kvitto-form").attachShadow({ mode: "open" });
/* A language that the script came without is asked for; until then there are a title and a link. */
let { form, words } = data.shown[language] || { form: data.brief[language], words: data.brief[language] };
let view = null;
let isSending = false;
let task = null;
let shown = "";

function chosenLanguage() {
  const wanted = [settings.language, document.documentElement.lang, ...navigator.languages, data.language];
  const known = wanted.map((name) => (name || "").toLowerCase().split("-")[0]);
  return known.find((name) => Object.keys({ ...data.shown, ...data.brief }).includes(name));
}

/* An element; attributes that are false, null or undefined are left out, and functions listen. */
function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== ""));
  return made;
}

const link = (href, text) => make("a", { href, target: href.startsWith("http") && "_blank", rel: "noopener" }, text);
const hostedPage = () => `${data.base}/forms/${data.id}?language=${language}`;

/* ---- Talking to the installation ---- */

async function ask(path, body) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(`${data.base}/forms/${data.id}${path}`, {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      /* The page the form stands on is evidence; its query, which may name a person, is left out. */
      referrer: location.origin + location.pathname,
      referrerPolicy: "no-referrer-when-downgrade",
      signal: stop.signal,
    });
    return { ...(await response.json()), status: response.status };
  } finally {
    clearTimeout(timer);
  }
}

/* The proof of work begins when somebody first touches the form. Without one the form is sent all the same. */
function prepare() {
  if (!task || Date.now() - task.since > PROOF_LASTS_MS) {
    task = { since: Date.now(), proof: solve().catch(forget) };
  }
  return task.proof;
}

/* Asked in vain, it asks again; unable to solve, it does not. */
function forget() {
  if (!shown) task = null;
}

async function solve() {
  const found = await ask("/challenge"), bytes = new TextEncoder();
  shown = shown || found.shown || "";
  const wanted = BigInt(`0x${found.challenge.slice(0, 16)}`);
  for (let start = 0; start <= found.maxnumber; start += SLICE) {
    const tries = Array.from({ length: SLICE }, (_, step) =>
      crypto.subtle.digest("SHA-256", bytes.encode(found.salt + (start + step))));
    const at = (await Promise.all(tries)).findIndex((hash) => new DataView(hash).getBigUint64(0) === wanted);
    if (at >= 0) {
      const { algorithm, challenge, salt, signature } = found;
      return btoa(JSON.stringify({ algorithm, challenge, salt, signature, number: start + at }));
    }
    /* The page stays smooth. */
    await new Promise((resume) => setTimeout(resume));
  }
}

/* Sends the values and shows what became of them. */
async function submit(values, step) {
  if (isSending) return;
  isSending = true;
  view.wait();
  let answer = { status: 0 };
  try {
    const altcha = step ? undefined : await prepare();
    const about = { notice: form.notice, language, shown_as: "embed", tag: settings.tag, shown, altcha, step };
    answer = await ask("", { ...values, ...about });
  } catch {
    /* No answer; it says so below. */
  }
  /* A proof counts once. */
  task = null;
  isSending = false;
  view.ready();
  await follow(answer, values);
}

async function follow(answer, values) {
  const { status } = answer;
  if (status === 202) show(mailView(answer, values));
  else if (status === 428) show(stepView(answer, values));
  else if (status === 429) view.report(words.busy_title, [words.busy, words.why.other]);
  else if (status === 422 && answer.errors) view.blame(answer.errors.map(({ field, code }) => [field, code]), meant(answer, values));
  else if (answer.code === "stale_form") await renew(values);
  else view.report(words.lost_title, [words.retry, words.still_here], hostedPage());
}

/* What the form says now, in the visitor's language. */
async function load() {
  const found = await ask(`/embed.json?language=${language}`);
  if (found.status !== 200) throw found;
  ({ form, words } = found);
}

/* The form was changed while the page was open: show what it says now, with what was typed. A tick was made beside
   other words, so none is carried over. */
async function renew(values) {
  try {
    await load();
    show(formView(Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === "string"))));
    view.report(words.changed, [words.still_here, words.nothing_sent]);
  } catch {
    view.report(words.lost_title, [words.retry, words.still_here], hostedPage());
  }
}

/* ---- What is shown ---- */

/* Shows a view and leaves the focus where it is. */
function put(next) {
  view = next;
  root.replaceChildren(next.element);
}

function show(next) {
  put(next);
  if (next.heading) next.heading.focus();
}

/* A view: a place for what went wrong, which is announced and focused, then its content. */
function frame(heading, content, button, controls) {
  const alert = make("div", { class: "summary", role: "alert", tabindex: "-1", hidden: true });
  const said = make("p", { class: "spoken", role: "status" });
  const label = button && button.textContent;
  function say(title, lines, more) {
    alert.replaceChildren(make("p", { class: "title" }, title), ...lines);
    if (more) alert.append(make("p", null, link(more, words.hosted)));
    alert.hidden = false;
    alert.focus();
  }
  function press(text, isOff) {
    if (!button) return;
    button.textContent = text;
    button.setAttribute("aria-disabled", isOff);
  }
  function clear() {
    alert.hidden = true;
    for (const one of controls || []) one.blame(null);
  }
  return {
    element: make("section", { lang: language, "aria-label": form.title }, alert, heading, content, said),
    heading,
    wait() {
      clear();
      said.textContent = words.sending;
      press(words.sending, true);
    },
    ready() {
      said.textContent = "";
      press(label, false);
    },
    report(title, lines, more) {
      say(title, lines.map((line) => make("p", null, line)), more);
    },
    blame(problems, more) {
      const known = new Map(problems);
      const wrong = (controls || []).filter((one) => known.has(one.name));
      if (!wrong.length) return this.report(words.lost_title, [words.retry]);
      const items = wrong.map((one) => {
        const text = problemText(one.item, known.get(one.name), one.value());
        one.blame(text);
        const jump = make("button", { type: "button", class: "link", click: () => one.input.focus() }, one.title);
        return make("li", null, jump, `${words.colon} ${text}`);
      });
      say(words.check_title, [make("ul", null, items), ...(more || []), make("p", null, words.nothing_sent)]);
    },
  };
}

function title(text) {
  return make("h2", { tabindex: "-1" }, text);
}

/* One question: its input, where its error is told, and what it answers. */
function control(item, input, title, parts) {
  const error = make("p", { class: "wrong", id: `e-${item.name}`, hidden: true });
  const hint = item.hint ? make("p", { class: "hint", id: `h-${item.name}` }, item.hint) : null;
  const isTicked = input.type === "checkbox";
  function describe(text) {
    const ids = [hint && hint.id, text && error.id].filter(Boolean);
    if (ids.length) input.setAttribute("aria-describedby", ids.join(" "));
    else input.removeAttribute("aria-describedby");
  }
  describe(null);
  return {
    item,
    name: item.name,
    title,
    input,
    element: make("div", { class: isTicked ? "box" : "field" }, ...parts(hint, error)),
    value: () => (isTicked ? input.checked : input.value),
    fill: (value) => {
      if (isTicked) input.checked = value === true;
      else input.value = value;
    },
    problem: () => problemOf(item, input.validity),
    blame: (text) => {
      error.textContent = text || "";
      error.hidden = !text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      describe(text);
    },
  };
}

/* What the browser finds wrong, in the server's own codes; the server judges for itself. */
function problemOf(item, validity) {
  if (validity.valid) return null;
  if (validity.valueMissing) return item.text ? "consent_missing" : "missing";
  const kind = { email: "malformed_address", url: "bad_url", number: "bad_number", date: "bad_date" }[item.type];
  return validity.rangeUnderflow || validity.rangeOverflow ? "out_of_range" : kind || "other";
}

function problemText(item, code, value) {
  const { problems } = words, low = item.min ?? item.earliest, high = item.max ?? item.latest;
  if (code === "missing" && item.type === "tick") return problems.unticked;
  if (code === "missing" && item.choices) return problems.not_a_choice;
  if (code !== "out_of_range") return (problems[code] || problems.other).replace("{}", () => `${value}`.split("@").pop());
  const range = high === undefined ? `≥ ${low}` : low === undefined ? `≤ ${high}` : `${low} – ${high}`;
  return `${problems[code]} (${range})`;
}

function mark(text) {
  return make("span", { class: "mark" }, ` ${text}`);
}

function field(item) {
  const id = `f-${item.name}`, isEmail = item.type === "email", isPlain = isEmail || item.type === "url";
  const common = { id, name: item.name, required: item.required, autocomplete: item.autocomplete };
  const input = item.choices
    ? make("select", common, make("option", { value: "" }, words.choose),
        item.choices.map(({ value, label }) => make("option", { value }, label)))
    : make("input", {
        ...common,
        type: item.type === "phone" ? "tel" : item.type,
        maxlength: ["number", "date"].includes(item.type) ? null : item.max_chars,
        inputmode: isEmail ? "email" : item.type === "number" ? "numeric" : null,
        autocapitalize: isPlain ? "none" : null,
        spellcheck: isPlain ? "false" : null,
        step: item.type === "number" ? 1 : null,
        min: item.min ?? item.earliest,
        max: item.max ?? item.latest,
      });
  const label = make("label", { for: id }, item.label, item.required ? null : mark(words.optional));
  return control(item, input, item.label, (hint, error) => [label, hint, input, error]);
}

/* A box is never ticked beforehand: nothing in the descriptor could say so. */
function box(item, text, title, isNeeded) {
  const id = `f-${item.name}`;
  const input = make("input", { id, name: item.name, type: "checkbox", required: isNeeded });
  const label = make("label", { for: id }, text, mark(isNeeded ? words.needed : words.optional));
  return control(item, input, title, (hint, error) => [input, label, hint, error]);
}

function group(legend, controls, more) {
  const inside = controls.map((one) => one.element);
  return inside.length ? make("fieldset", null, make("legend", null, legend), inside, more || null) : null;
}

/* For robots; hidden from people, readers of screens and keepers of passwords. */
function trap() {
  const input = make("input", {
    id: "f-leave_empty", name: "leave_empty", autocomplete: "off", tabindex: "-1", "data-1p-ignore": true,
    "data-lpignore": "true", "data-bwignore": true, "data-form-type": "other",
  });
  return { input, element: make("div", { "aria-hidden": "true", hidden: true },
    make("label", { for: input.id }, words.leave_empty), input) };
}

function part([name, ...inside]) {
  return make(name === "h2" ? "h3" : name, null, inside.map((one) => (typeof one === "string" ? one : one.href ? link(one.href, one.text) : part(one))));
}

function formView(values) {
  const fields = form.fields.filter((item) => item.type !== "tick").map(field);
  const ticks = form.fields.filter((item) => item.type === "tick").map((item) => box(item, item.label, item.label, item.required));
  const boxes = form.boxes.map((item) => box(item, item.text, words.consent, item.mandatory));
  const controls = [...fields, ...ticks, ...boxes], button = make("button", { type: "submit" }, words.submit), bait = trap();
  for (const one of controls) if (values && one.name in values) one.fill(values[one.name]);
  const element = make("form", { novalidate: true, submit: onSubmit, focusin: prepare },
    fields.map((one) => one.element),
    group(words.facts, ticks),
    group(words.consent, boxes, form.gift && make("p", null, words.gift.replace("{}", () => form.gift))),
    bait.element,
    button,
    make("p", { class: "hint" }, words.then));
  const about = make("details", { toggle: tell }, make("summary", null, words.about));
  const whose = make("p", { class: "foot" }, words.controller, make("br"), form.brand.address, make("br"), link(form.brand.privacy_url, words.privacy));
  const made = frame(title(form.title), make("div", null, make("p", null, form.promise), element, about, whose), button, controls);
  /* The long text of the notice comes when somebody opens it. */
  async function tell() {
    if (!about.open || about.children.length > 1) return;
    const terms = await ask(`/descriptor?language=${language}`).then((found) => found.terms.map(part), () => null);
    if (about.children.length === 1) about.append(...(terms || [make("p", null, link(hostedPage(), words.hosted))]));
  }
  function onSubmit(event) {
    event.preventDefault();
    const problems = controls.map((one) => [one.name, one.problem()]).filter(([, code]) => code);
    for (const one of controls) one.blame(null);
    if (problems.length) return made.blame(problems);
    const typed = Object.fromEntries(controls.map((one) => [one.name, one.value()]));
    submit(bait.input.value ? { ...typed, leave_empty: bait.input.value } : typed);
  }
  return made;
}

const emailName = () => form.fields.find((item) => item.type === "email").name;
const quote = (text) => make("p", { class: "quote" }, make("strong", null, text));

const again = (values, address) => submit({ ...values, [emailName()]: address });

/* The address that was probably meant, with a button of its own. */
function meant({ suggestion }, values) {
  return suggestion ? [
    make("h3", null, words.suggestion.replace("{}", () => suggestion)),
    make("p", null, make("button", { type: "button", click: () => again(values, suggestion) }, words.use)),
  ] : null;
}

function stepView(answer, values) {
  const { leave_empty, ...kept } = values;
  const button = make("button", { type: "button", click: () => submit(values, answer.step) }, words.step_button);
  const content = make("div", null,
    make("p", null, words.why[answer.cause] || words.why.other), make("p", null, words.step), quote(values[emailName()]), button,
    make("p", { class: "hint" }, words.nothing_sent), meant(answer, kept));
  return frame(title(words.step_title), content, button);
}

function mailView(answer, values) {
  const name = emailName();
  const corrected = field({ ...form.fields.find((item) => item.name === name), hint: null });
  corrected.fill(answer.address);
  const button = make("button", { type: "submit", class: "quiet" }, words.resend);
  const onSubmit = (event) => {
    event.preventDefault();
    const code = corrected.problem();
    if (code) made.blame([[name, code]]);
    else again(values, corrected.value());
  };
  const content = make("div", null,
    make("p", null, words.sent_to), quote(answer.address), meant(answer, values),
    make("dl", null, make("dt", null, words.from), make("dd", null, answer.from),
      make("dt", null, words.subject), make("dd", null, answer.subject)),
    make("p", null, words.open_it),
    make("h3", null, words.nothing_there),
    make("ul", null, make("li", null, words.spam), make("li", null, words.rule)),
    make("h3", null, words.correct),
    make("form", { novalidate: true, submit: onSubmit, focusin: prepare }, corrected.element, button));
  const made = frame(title(words.mail_title), content, button, [corrected]);
  return made;
}

/* The form's own page works from anywhere: also where the browser would block every answer. */
function linkView() {
  const promise = form.promise ? make("p", null, form.promise) : "";
  return frame(title(form.title), make("div", null, promise, make("p", null, link(hostedPage(), words.hosted))));
}

/* ---- Looks ---- */

function style() {
  const { accent, on_accent, link_light, link_dark, corner_px, scheme } = data.look;
  const light = `--card:#fff;--ink:#1c1d1f;--soft:#54565c;--line:#d8d6cf;--edge:#74767c;--bad:#a01414;--bad-ground:#fdf1f0;--good-ground:#eaf4f1;--link:${link_light};color-scheme:light`;
  const dark = `--card:#1e2124;--ink:#f1f0ed;--soft:#b9bbc1;--line:#3a3e43;--edge:#8f9299;--bad:#ffb3aa;--bad-ground:#3a1f1d;--good-ground:#1b302b;--link:${link_dark};color-scheme:dark`;
  return `
:host{all:initial;display:block;max-width:36em;font-family:inherit;--accent:${accent};--on-accent:${on_accent};--corner:${corner_px}px;${scheme === "dark" ? dark : light}}
${scheme === "auto" ? `@media (prefers-color-scheme:dark){:host{${dark}}}` : ""}
*{box-sizing:border-box}
[hidden]{display:none!important}
section{background:var(--card);color:var(--ink);border:1px solid var(--line);border-radius:calc(var(--corner)*1.5);padding:1.25em;font-size:1.0625em;line-height:1.55;overflow-wrap:anywhere}
h2{font-size:1.4em;line-height:1.25;margin:0 0 .6em}
h3,summary{font-size:1em;margin:1.5em 0 .4em}
h3,summary,legend,dt,.title,.wrong,.field>label,button{font-weight:650}
p,ul,dl{margin:0 0 .9em}
button+p{margin-top:.7em}
ul{padding-left:1.25em}
a,.link{color:var(--link)}
input,select{width:100%;min-height:2.75em;padding:.5em .7em;font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:var(--corner)}
.field{margin:0 0 1.1em}
.field>label{display:block;margin-bottom:.25em}
fieldset{border:0;margin:0;padding:0;min-width:0}
legend{padding:0;margin-bottom:.5em}
.box{display:grid;grid-template-columns:1.5em 1fr;column-gap:.7em;margin:0 0 1.1em;align-items:start}
.box input{width:1.5em;height:1.5em;min-height:0;margin:.05em 0 0;accent-color:var(--accent)}
.box p{grid-column:2}
.mark,.hint,.foot{color:var(--soft)}
.mark{font-weight:400}
.hint,.foot,details{font-size:.9em}
.field .hint{margin:0 0 .3em}
.wrong{color:var(--bad);margin:.3em 0 0}
[aria-invalid=true]{outline:2px solid var(--bad);outline-offset:1px}
.summary{border:2px solid var(--bad);background:var(--bad-ground);border-radius:var(--corner);padding:.8em 1em;margin:0 0 1.25em}
.summary a,.summary .link{color:var(--bad)}
.quote{border-left:.25em solid var(--link);background:var(--good-ground);padding:.6em .8em}
button{min-height:2.75em;padding:.6em 1.3em;font:inherit;font-weight:650;border-radius:var(--corner);border:2px solid var(--accent);background:var(--accent);color:var(--on-accent);cursor:pointer;max-width:100%}
button.quiet{background:none;border-color:var(--link);color:var(--link)}
button.link{min-height:1.6em;padding:0;border:0;background:none;text-decoration:underline;text-align:left}
details{border-top:1px solid var(--line);margin:0 0 .9em}
summary{cursor:pointer;color:var(--link);margin:0;padding:.6em 0}
dd{margin:0 0 .6em}
.summary>:last-child,.foot,section>div>:last-child,section>div>form:last-child>:last-child{margin-bottom:0}
:focus-visible{outline:3px solid var(--link);outline-offset:3px;border-radius:.2em}
h2:focus{outline:none}
.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);margin:0}
@media (max-width:26em){button:not(.link){width:100%}}
@media (forced-colors:active){.quote,.summary{border-color:CanvasText}}`;
}

function dress() {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style());
    root.adoptedStyleSheets = [sheet];
  } catch {
    /* An old browser: the form works without its looks. */
  }
}

function start() {
  const place = settings.target && document.querySelector(settings.target);
  if (place) place.append(root.host);
  else if (tag && tag.parentNode && tag.parentNode !== document.head) tag.after(root.host);
  else document.body.append(root.host);
  dress();
  const isOurs = ours.includes(location.origin);
  if (!isOurs) console.warn(`Kvitto: ${location.origin} is not among the origins of form ${data.id}`);
  put(isOurs && data.shown[language] ? formView() : linkView());
  /* Unread, the link stays. */
  if (isOurs && !data.shown[language]) load().then(() => put(formView()), () => {});
}

if (document.readyState === "loading" && (settings.target || !tag || tag.parentNode === document.head)) {
  document.addEventListener("DOMContentLoaded", start);
} else {
  start();
}
})(/* data */);
