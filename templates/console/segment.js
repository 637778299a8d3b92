(() => {
  const place = document.getElementById("counted");
  const show = (page) => {
    const fresh = page.getElementById("counted");
    const same = !fresh || place.innerHTML === fresh.innerHTML;
    if (!same && !place.contains(document.activeElement)) place.replaceChildren(...fresh.childNodes);
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