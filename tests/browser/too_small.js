// Targets smaller than WCAG 2.2, 2.5.8 (AA) asks for: 24 by 24 pixels.
() => [...document.querySelectorAll("button, select, summary, a")]
  .filter((e) => e.checkVisibility() && !e.closest(".skip"))
  .map((e) => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)
