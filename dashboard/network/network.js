// The drawn network: a press on a layer makes it the one that the whole page is about.
export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".network");
  if (root.dataset.svg !== data.digest) {
    root.dataset.svg = data.digest;
    root.innerHTML = data.svg;
  }
  root.onclick = (event) => {
    const layer = event.target.closest(".layer");
    if (layer) setStateValue("picked", { name: layer.dataset.name, at: Date.now() });
  };
}
