"use strict";
const timeline = document.getElementById("timeline");

function localTimes() {
  for (const time of timeline.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    const day = today ? {} : { day: "numeric", month: "short" };
    time.textContent = at.toLocaleString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", ...day });
    time.title = at.toLocaleString([], { dateStyle: "full", timeStyle: "long" });
  }
}

function show(markup) {
  const known = new Set(Array.from(timeline.querySelectorAll(".thread"), (thread) => thread.id));
  const open = new Set(Array.from(timeline.querySelectorAll("details[open]"), (fold) => fold.id));
  timeline.innerHTML = markup;
  for (const thread of timeline.querySelectorAll(".thread")) {
    thread.classList.toggle("new", !known.has(thread.id));
  }
  for (const fold of timeline.querySelectorAll("details")) {
    fold.open = open.has(fold.id);
  }
  localTimes();
}

async function follow() {
  let tag = "";
  for (;;) {
    await new Promise((resume) => setTimeout(resume, 1000));
    try {
      const path = encodeURIComponent(location.pathname);
      const answer = await fetch(`/sandbox/timeline?path=${path}`, { headers: { "If-None-Match": tag } });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        show(await answer.text());
      }
    } catch {
      // The sandbox has ended; what it showed stays.
    }
  }
}

localTimes();
if (document.documentElement.dataset.live === "yes") {
  follow();
}
