/* SPDX-License-Identifier: Apache-2.0 */
"use strict";
/* Checks the receipt on this page by itself. Nothing leaves the window: the page's policy forbids it. No check that
   did not run to its end passes. The formats are those of docs/spec/leaf.md and docs/spec/ledger.md. */
class CannotCheck extends Error {}
const MAX_SIZE = 2 ** 53;
const require = (isTrue, Kind = Error) => {
  if (!isTrue) throw new Kind();
};
const bytesOf = (text) => new TextEncoder().encode(text);
const latin = (data) => Array.from(data, (byte) => String.fromCharCode(byte)).join("");
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const toBase64Url = (data) => btoa(latin(data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const fromBase64Url = (text) => fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));

/* RFC 9162 section 2.1.3.2. */
async function rootOf(leaf, index, size, path) {
  let place = index, last = size - 1, hash = await sha256(join([0], leaf));
  require(Number.isSafeInteger(index) && index >= 0 && index < size && size < MAX_SIZE);
  for (const sibling of path) {
    require(last > 0 && sibling.length === 32);
    if (place % 2 === 1 || place === last) {
      hash = await sha256(join([1], sibling, hash));
      while (place % 2 === 0 && place > 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await sha256(join([1], hash, sibling));
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  require(last === 0);
  return hash;
}

function readCheckpoint(note) {
  const form = /^((\S+)\n([1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n)\n((?:\u2014 \S+ [A-Za-z0-9+/=]+\n)+)$/u;
  const match = form.exec(note);
  require(match);
  const [, text, origin, size, root, lines] = match;
  const signatures = lines.split("\n").slice(0, -1).map((line) => {
    const [, name, encoded] = line.split(" "), raw = fromBase64(encoded);
    return { name, keyId: raw.subarray(0, 4), signature: raw.subarray(4) };
  });
  return { text, origin, size: Number(size), root: fromBase64(root), signatures };
}

async function ed25519(key, signature, message) {
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  } catch {
    throw new CannotCheck();
  }
  return crypto.subtle.verify("Ed25519", imported, signature, message);
}

async function checkSignature(evidence) {
  const checkpoint = readCheckpoint(evidence.note);
  const [, name, keyId, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(evidence.key);
  const material = fromBase64(encoded), id = (await sha256(join(bytesOf(name + "\n"), material))).subarray(0, 4);
  require(material[0] === 1 && material.length === 33 && hex(id) === keyId && name === checkpoint.origin);
  const ours = checkpoint.signatures.filter((line) => line.name === name && equal(line.keyId, id));
  require(ours.length > 0);
  for (const line of ours) require(await ed25519(material.subarray(1), line.signature, bytesOf(checkpoint.text)));
}

async function checkLog(evidence) {
  const checkpoint = readCheckpoint(evidence.note);
  for (const entry of evidence.entries) {
    const root = await rootOf(bytesOf(entry.leaf), entry.index, checkpoint.size, entry.path.map(fromBase64));
    require(equal(root, checkpoint.root));
  }
}

/* The values that an entry's disclosures open, by name; every digest of the entry is accounted for. */
async function opened(entry) {
  const leaf = JSON.parse(entry.leaf), values = new Map();
  for (const disclosure of entry.disclosures) {
    require(leaf._sd.includes(toBase64Url(await sha256(bytesOf(disclosure)))));
    const [, name, value] = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64Url(disclosure)));
    require(!values.has(name));
    values.set(name, value);
  }
  require(values.size === 0 || values.size === leaf._sd.length);
  return values;
}

/* Whatever the page shows of an entry, in elements marked for this, is what the entry says. */
async function checkShown(evidence) {
  for (const entry of evidence.entries) {
    const leaf = JSON.parse(entry.leaf), values = await opened(entry);
    const iso = new Date(leaf.ts).toISOString();
    const marked = [...document.querySelectorAll(`[data-entry="${entry.name}"]`)];
    require(marked.length > 0);
    for (const element of marked) {
      const { shows, claim, member } = element.dataset;
      const said = {
        time: () => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`,
        type: () => leaf.typ,
        claim: () => values.get(claim)[member],
      };
      require(element.textContent === said[shows]());
    }
  }
}

async function checkTogether(evidence) {
  const [signup, act] = evidence.entries;
  require((await opened(act)).get("link").request === JSON.parse(signup.leaf).id);
}

async function checkNotice(evidence) {
  const shown = hex(await sha256(fromBase64(evidence.notice)));
  require(evidence.entries.every((entry) => JSON.parse(entry.leaf).ntc === shown));
}

const CHECKS = { log: checkLog, signature: checkSignature, shown: checkShown, together: checkTogether, notice: checkNotice };

async function outcomeOf(check, evidence) {
  if (!globalThis.crypto?.subtle) return "none";
  try {
    await check(evidence);
    return "pass";
  } catch (problem) {
    return problem instanceof CannotCheck ? "none" : "fail";
  }
}

async function main() {
  const list = document.getElementById("checks"), verdict = document.getElementById("verdict"), found = [];
  let evidence = null;
  try {
    evidence = JSON.parse(document.getElementById("evidence").textContent);
  } catch {
    evidence = null; // Every check fails on it.
  }
  for (const item of list.children) {
    const outcome = await outcomeOf(CHECKS[item.dataset.check], evidence);
    const label = document.createElement("strong");
    label.textContent = `${list.dataset[outcome]} `;
    item.className = outcome;
    item.replaceChildren(label, item.dataset[outcome]);
    found.push(outcome);
  }
  const worst = ["fail", "none"].find((outcome) => found.includes(outcome)) ?? "pass";
  verdict.className = `verdict ${worst}`;
  verdict.textContent = verdict.dataset[worst];
  document.getElementById("checked").hidden = false;
}
main();
