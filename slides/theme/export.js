// A phone held upright gets a slide of its own shape, on which text stays readable.
const upright = matchMedia("(max-width: 600px) and (orientation: portrait)");
const printing = /print-pdf/.test(location.search);
const size = () => (upright.matches && !printing ? { width: 600, height: 1067 } : { width: 1280, height: 720 });

Reveal.initialize({
  ...size(),
  margin: 0,
  center: false,
  controlsTutorial: false,
  display: "flex",
  hash: true,
  navigationMode: "linear", // ArrowRight visits every slide, also those stacked below another
  pdfSeparateFragments: false,
  scrollActivationWidth: null,
  slideNumber: "c/t",
  transition: "none",
  plugins: [RevealNotes],
}).then(() => {
  document.querySelectorAll("pre").forEach((pre) => (pre.dataset.preventSwipe = "")); // a finger scrolls it
  // reveal.js calls the deck an application, which keeps screen readers from reading it (reveal.js#3772).
  document.querySelector(".reveal").removeAttribute("role");
  upright.addEventListener("change", () => Reveal.configure(size()));
});
