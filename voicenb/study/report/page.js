document.addEventListener("play", event => {
  for (const one of document.querySelectorAll("audio")) if (one !== event.target) one.pause();
}, true);
