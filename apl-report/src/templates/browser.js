(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const { rows } = JSON.parse(find("browse-data").textContent);
  const form = document.querySelector("form.browse");
  const { row: rowChoice, layer: layerChoice, unit: unitChoice, back, on } = form.elements;
  const curve = find("browse-curve");
  const value = find("browse-value");
  const explanation = value.textContent;
  const frame = { left: 44, right: 552, top: 10, bottom: 240, bars: [252, 306] };
  const shown = { layer: null, unit: null, x: null, low: 0, high: 1 };

  const h = ([slopes, offsets], x) =>
    slopes.reduce((sum, a, s) => sum + a * Math.max(0, offsets[s] - x), Math.max(0, x));
  const text = (number, digits = 3) => {
    const rounded = number.toFixed(digits);
    return (Number(rounded) === 0 ? (0).toFixed(digits) : rounded).replace("-", "−");
  };
  const element = (name, attributes, words) => {
    const made = document.createElementNS(curve.namespaceURI, name);
    for (const [key, content] of Object.entries(attributes)) made.setAttribute(key, content);
    if (words !== undefined) made.textContent = words;
    return made;
  };
  const options = (choice, names) => {
    choice.replaceChildren(...names.map((name, i) => new Option(name, i)));
  };

  const across = (x) => {
    const [low, high] = shown.layer.x;
    return frame.left + ((x - low) / (high - low)) * (frame.right - frame.left);
  };
  const up = (y) =>
    frame.bottom - ((y - shown.low) / (shown.high - shown.low)) * (frame.bottom - frame.top);

  // Every kink and both ends: a line through them is the whole curve.
  const knots = (unit) => {
    const [low, high] = shown.layer.x;
    const inside = [0, ...unit[1]].filter((x) => low < x && x < high);
    return [low, ...inside.sort((a, b) => a - b), high];
  };
  const path = (places, height) =>
    places.map((x, i) => `${i ? "L" : "M"}${across(x).toFixed(1)} ${height(x).toFixed(1)}`).join("");
  const bars = ({ low, high, heights }) => {
    const step = (high - low) / heights.length;
    const [top, bottom] = frame.bars;
    const clamp = (x) => Math.min(frame.right, Math.max(frame.left, across(x)));
    const tops = heights.flatMap((height, i) => {
      const y = bottom - height * (bottom - top);
      return [[clamp(low + i * step), y], [clamp(low + (i + 1) * step), y]];
    });
    const points = [[clamp(low), bottom], ...tops, [clamp(high), bottom]];
    return `M${points.map((point) => point.map((p) => p.toFixed(1)).join(" ")).join("L")}z`;
  };
  const ticks = (low, high, most) => {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= rough * 0.999);
    const places = [];
    for (let i = Math.ceil(low / step - 1e-6); i * step <= high + 1e-6 * step; i += 1) {
      places.push(i * step);
    }
    return { places, digits: Math.max(0, -Math.floor(Math.log10(step))) };
  };

  const draw = () => {
    const { layer, unit } = shown;
    const moments = [unit.before, unit.after].filter(Boolean);
    const heights = moments.flatMap((moment) => knots(moment).map((x) => h(moment, x)));
    const least = Math.min(...heights);
    const most = Math.max(...heights);
    const more = 0.06 * (most - least || 1);
    [shown.low, shown.high] = [least - more, most + more];
    const parts = [];
    const vertical = ticks(shown.low, shown.high, 6);
    for (const y of vertical.places) {
      const kind = Math.abs(y) < 1e-9 ? "zero" : "grid";
      parts.push(element("path", { class: kind, d: `M${frame.left} ${up(y)}H${frame.right}` }));
      const place = { class: "tick", x: frame.left - 6, y: up(y) + 4, "text-anchor": "end" };
      parts.push(element("text", place, text(y, vertical.digits)));
    }
    layer.inputs.forEach((histogram, i) => {
      const kind = i === layer.inputs.length - 1 && i > 0 ? "after-fill" : "before-fill";
      parts.push(element("path", { class: kind, d: bars(histogram) }));
    });
    const bottom = frame.bars[1];
    parts.push(element("path", { class: "axis", d: `M${frame.left} ${bottom}H${frame.right}` }));
    const horizontal = ticks(...layer.x, 9);
    for (const x of horizontal.places) {
      const place = { class: "tick", x: across(x), y: bottom + 17, "text-anchor": "middle" };
      parts.push(element("text", place, text(x, horizontal.digits)));
    }
    if (layer.x[0] < 0 && layer.x[1] > 0) {
      parts.push(element("path", { class: "zero", d: `M${across(0)} ${frame.top}V${bottom}` }));
    }
    parts.push(element("path", { class: "before", d: path(knots(unit.before), (x) => up(h(unit.before, x))) }));
    if (unit.after) {
      parts.push(element("path", { class: "after", d: path(knots(unit.after), (x) => up(h(unit.after, x))) }));
    }
    parts.push(element("g", { id: "browse-cursor" }));
    curve.replaceChildren(...parts);
    cursor();
  };

  const cursor = () => {
    const mark = find("browse-cursor");
    if (!mark) return;
    if (shown.x === null) {
      mark.replaceChildren();
      value.textContent = explanation;
      return;
    }
    const { unit, x } = shown;
    const parts = [element("path", { class: "axis", d: `M${across(x)} ${frame.top}V${frame.bars[1]}` })];
    const said = [`x = ${text(x)}`];
    for (const [moment, kind, words] of [
      [unit.after, "after", "h(x)"],
      [unit.before, "before", "initially"],
    ]) {
      if (!moment) continue;
      const y = h(moment, x);
      parts.push(element("circle", { class: `${kind}-mark`, cx: across(x), cy: up(y), r: 4 }));
      said.push(`${words} = ${text(y)}`);
    }
    mark.replaceChildren(...parts);
    value.textContent = `${said.join(", ")}.`;
  };

  const numbers = () => {
    const { before, after } = shown.unit;
    const cell = (content) => {
      const made = document.createElement("td");
      made.className = "n";
      made.textContent = content;
      return made;
    };
    const lines = before[0].map((_, s) => {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = s + 1;
      const pick = (moment, part) => (moment ? text(moment[part][s], 4) : "–");
      line.append(head, cell(pick(before, 0)), cell(pick(before, 1)), cell(pick(after, 0)), cell(pick(after, 1)));
      return line;
    });
    find("browse-numbers").replaceChildren(...lines);
  };

  const showUnit = () => {
    const { layer } = shown;
    shown.unit = layer.units[unitChoice.value];
    const moment = shown.unit.after ?? shown.unit.before;
    const left = -moment[0].reduce((sum, a) => sum + a, 0);
    find("browse-unit").textContent =
      `${layer.name}, ${shown.unit.name}: slope ${text(left, 2)} far left. ` +
      `Unit ${Number(unitChoice.value) + 1} of ${layer.units.length} shown here, of ${layer.total} in the layer.`;
    unitChoice.setAttribute("aria-valuetext", shown.unit.name);
    numbers();
    draw();
  };
  const showLayer = () => {
    shown.layer = rows[rowChoice.value].layers[layerChoice.value];
    shown.x = null;
    unitChoice.max = shown.layer.units.length - 1;
    unitChoice.value = 0;
    showUnit();
  };
  const showRow = () => {
    options(layerChoice, rows[rowChoice.value].layers.map((layer) => layer.name));
    showLayer();
  };
  const step = (by) => {
    unitChoice.value = Number(unitChoice.value) + by;
    showUnit();
  };

  rowChoice.addEventListener("change", showRow);
  layerChoice.addEventListener("change", showLayer);
  unitChoice.addEventListener("input", showUnit);
  back.addEventListener("click", () => step(-1));
  on.addEventListener("click", () => step(1));
  form.addEventListener("submit", (event) => event.preventDefault());
  curve.addEventListener("pointermove", (event) => {
    const box = curve.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * 560;
    const share = (at - frame.left) / (frame.right - frame.left);
    const [low, high] = shown.layer.x;
    shown.x = Math.min(high, Math.max(low, low + share * (high - low)));
    cursor();
  });
  curve.addEventListener("pointerleave", () => {
    shown.x = null;
    cursor();
  });
  curve.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const [low, high] = shown.layer.x;
    const from = shown.x ?? (low + high) / 2;
    shown.x = Math.min(high, Math.max(low, from + (by * (high - low)) / 100));
    value.setAttribute("aria-live", "polite");
    cursor();
  });
  curve.addEventListener("blur", () => value.setAttribute("aria-live", "off"));

  options(rowChoice, rows.map((row) => `${row.label}, seed ${row.seed}`));
  find("browse").hidden = false;
  showRow();
})();
