(() => {
  const form = document.querySelector("form[data-parts]");
  const [field, told, bar] = ["#f-file", "#told", "#told progress"].map((name) => form.querySelector(name));
  const PART = Number(form.dataset.parts);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const say = (word, ...values) => {
    told.hidden = false;
    told.querySelector("span").textContent = values.reduce((text, value, n) => text.replace(`{${n}}`, value), form.dataset[word]);
  };
  const send = async (path, options, wanted) => {
    for (let tries = 1; ; tries += 1) {
      const answer = await fetch(path, options).catch(() => null);
      if (answer && wanted(answer)) return answer;
      if (tries === 4 || (answer && answer.status < 500 && answer.status !== 429)) return null;
      await wait(1000 * 2 ** tries);
    }
  };
  let place = form.dataset.place || "";
  let next = 0;
  const begin = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("file");
    fields.set("in_parts", "1");
    const answer = await send(form.action, { method: "POST", body: fields }, (it) => it.status === 201 || it.status === 422);
    document.querySelectorAll("#problems").forEach((old) => old.remove());
    if (!answer || answer.status === 201) return answer ? answer.headers.get("Location") : "";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("h1").before(...page.querySelectorAll("#problems"));
    return "";
  };
  const upload = async (file) => {
    place ||= await begin();
    if (!place) return false;
    const headers = { "Content-Type": "application/octet-stream", "X-Form-Token": form.elements.form_token.value };
    const count = Math.ceil(file.size / PART);
    for (bar.max = count; next < count; next += 1) {
      bar.value = next;
      say("sending", next + 1, count);
      const body = file.slice(next * PART, (next + 1) * PART);
      const path = `${place}/parts/${next + 1}`;
      if (!(await send(path, { method: "PUT", headers, body }, (it) => it.status === 204))) return false;
    }
    bar.value = count;
    const fields = new URLSearchParams({ form_token: form.elements.form_token.value, language: form.elements.language.value, parts: count });
    const ended = await send(`${place}/uploaded`, { method: "POST", body: fields }, (it) => it.status === 204);
    if (ended) location.assign(`${place}?language=${form.elements.language.value}`);
    return Boolean(ended);
  };
  form.addEventListener("submit", async (event) => {
    const file = field.files[0];
    if (!file || file.size <= PART) return;
    event.preventDefault();
    if (file.size > Number(form.dataset.most)) return say("large");
    const button = form.querySelector("button");
    button.disabled = true;
    if (!(await upload(file))) say("stopped");
    button.disabled = false;
  });
  field.addEventListener("change", () => {
    next = 0;
    place = form.dataset.place || "";
    told.hidden = true;
  });
})();
