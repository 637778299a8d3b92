(() => {
  const place = document.getElementById("progress");
  const show = (page) => {
    for (const id of ["state", "now", "numbers"]) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      const same = !fresh || old.innerHTML === fresh.innerHTML;
      if (!same && !old.contains(document.activeElement)) old.replaceChildren(...fresh.childNodes);
    }
    return page.querySelector("[data-moves]");
  };
  const look = async () => {
    const answer = document.hidden ? null : await fetch(place.dataset.from).catch(() => null);
    if (answer && (answer.redirected || answer.status === 404)) return;
    const page = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page || show(page)) setTimeout(look, 2000);
  };
  if (place.querySelector("[data-moves]")) setTimeout(look, 2000);
})();
